"""uvicorn inside an event loop that is already running.

Rules of this module:

1. Signals belong to the loop of the product, never to uvicorn.
2. The socket is bound before anything starts, so that a taken port is one clear sentence and port 0 is known at once.
3. Leaving the context stops the server: open requests get a moment to finish, nothing is left running.
4. Requests are read in C (httptools), which bounds nothing by itself. No more is kept of a request that does not end
   than `_HEAD_BYTES` before its body, and `_REQUEST_BYTES` in all, whoever sends it.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from controller.server.address import Address

_BACKLOG = 512
_GRACE_SECONDS = 5
_HEAD_BYTES = 64 * 1024
_REQUEST_BYTES = 2 * 1024 * 1024


class ListenError(Exception):
    """The address cannot be listened on; the text says which and why."""


@asynccontextmanager
async def serving(app: ASGIApp, listen: str) -> AsyncIterator[Address]:
    """Serve `app` on `listen` while the context lasts; gives the address with its true port.

    Raises `ListenError` where the address is not free or not ours, ValueError where it is none.
    """
    with _listening(Address.parse(listen)) as (bound, sock):
        server = _Server(_settings(app))
        task = asyncio.create_task(server.serve([sock]), name=f"http server on {bound}")
        try:
            await _until_up(server, task)
            yield bound
        finally:
            server.should_exit = True
            await task


@contextmanager
def _listening(address: Address) -> Iterator[tuple[Address, socket.socket]]:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # Named, not left to the system: asyncio turns off Nagle's delay (40 ms an answer) only where it can see TCP.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address.host, address.port))
            sock.listen(_BACKLOG)
        except OSError as error:
            raise ListenError(f"cannot listen on {address}: {error.strerror or error}") from None
        sock.setblocking(False)
        yield Address(address.host, sock.getsockname()[1]), sock


async def _until_up(server: "_Server", task: "asyncio.Task[None]") -> None:
    up = asyncio.create_task(server.up.wait())
    await asyncio.wait({up, task}, return_when=asyncio.FIRST_COMPLETED)
    up.cancel()
    if task.done():
        await task
        raise ListenError("the HTTP server ended while it was starting")


def _settings(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Bounded,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


class _Bounded(HttpToolsProtocol):
    """Reads requests that end somewhere."""

    _size, _most = 0, _HEAD_BYTES

    def data_received(self, data: bytes) -> None:
        """More has come."""
        self._size += len(data)
        super().data_received(data)
        if self._size > self._most:
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._most = _REQUEST_BYTES
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next request begins after this one."""
        self._size, self._most = 0, _HEAD_BYTES
        super().on_message_complete()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Rule 1: takes none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()
