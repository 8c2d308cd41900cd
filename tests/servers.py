"""ASGI apps on real loopback sockets, for as long as a test needs them."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

_GRACE_SECONDS = 1
_UP_SECONDS = 60


class _Server(uvicorn.Server):
    """Tells when it accepts connections, and stops at once when told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.stop = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        self.ready.set()
        await self.stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, without the tenth of a second that it always waits: there are hundreds of servers."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            _, late = await asyncio.wait(self.server_state.tasks, timeout=_GRACE_SECONDS)
            for task in late:
                task.cancel()


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve `app` on a free port of 127.0.0.1 and give its URL."""
    server = _Server(uvicorn.Config(app, log_config=None, log_level=60, lifespan="off", ws="none"))
    # Named TCP, or asyncio leaves Nagle's delay on: 40 ms for each answer in two parts.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        task = asyncio.create_task(server.serve([listener]))
        await server.ready.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stop.set()
            await task


@dataclass(frozen=True, slots=True)
class Beside:
    """Servers in a thread of their own: their URLs, in the order of the apps, and the loop that they run in."""

    urls: Sequence[str]
    loop: asyncio.AbstractEventLoop


@contextmanager
def serving_beside(*apps: ASGIApp) -> Iterator[Beside]:
    """Serve them all from one thread, for a test that talks to them by processes, and so has no loop itself."""
    loop, urls = asyncio.new_event_loop(), list[str]()
    up, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            urls.extend([await stack.enter_async_context(serving(app)) for app in apps])
            up.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    up.wait(_UP_SECONDS)
    try:
        yield Beside(urls, loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
