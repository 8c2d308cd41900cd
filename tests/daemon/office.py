"""The daemon in this process: a bed's simulators and virtual time, one store for all terms, HTTP without a socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from controller.app import Application, Gauges, assemble
from controller.config import Config
from controller.daemon import Daemon
from controller.leadership import Alone, Leadership, Work
from controller.store.ledger import Ledger
from controller.waiting import first_of
from tests.bed import Bed, configuration


class Lead:
    """A lead that the test gives and takes."""

    is_given = False

    def __init__(self) -> None:
        self.won = asyncio.Event()
        self._lost = asyncio.Event()
        self.taken = asyncio.Event()

    def lose(self) -> None:
        self.won.clear()
        self._lost.set()

    async def aclose(self) -> None:
        pass

    async def lead(self, work: Work) -> None:
        while True:
            await self.won.wait()
            self._lost.clear()
            working = asyncio.create_task(work())
            try:
                await first_of(asyncio.shield(working), self._lost.wait())
            finally:
                working.cancel()
                (outcome,) = await asyncio.gather(working, return_exceptions=True)
                self.taken.set()
            if outcome is None:
                return
            if isinstance(outcome, Exception):
                raise outcome


class Office:
    """A daemon at work over a bed. `made` are its applications, one for each term (and for each time as a standby)."""

    def __init__(
        self, bed: Bed, leadership: Leadership | None = None, *, by: Callable[[Ledger], Leadership] | None = None
    ) -> None:
        """`by` makes the leadership, where that has to know the store."""
        self.bed = bed
        self.made: list[Application] = []
        self._ledger = Ledger(bed.opened_store, threaded=False)
        chosen = by(self._ledger) if by is not None else leadership or Alone()
        self.daemon = Daemon(bed.config, self._assembled, chosen, bed.world)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Daemon]:
        """Until the end of the context, at which it stops and ends in order."""
        await self.daemon.open()
        running = asyncio.create_task(self.daemon.run())
        try:
            await self.bed.world.sleep(5)
            yield self.daemon
        finally:
            self.daemon.stop()
            await running
            await self.daemon.aclose()

    async def reconfigure(self, **blocks: object) -> None:
        """Go on by another configuration."""
        self.bed.config = configuration(self.bed.folder, blocks)
        await self.daemon.reconfigure(self.bed.config)

    async def get(self, path: str) -> httpx.Response:
        """Ask the daemon."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.daemon), base_url="http://us") as client:
            return await client.get(path)

    async def espf(self, event_type: str, auth: tuple[str, str] = ("espf", "espf-secret"), **variables: object) -> int:
        """Send an event as ESPF does; returns the status of the answer."""
        body = {"event_type": event_type, "variables": variables}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.daemon), base_url="http://us") as client:
            return (await client.post("/espf", json=body, auth=auth)).status_code

    async def metrics(self) -> dict[str, float]:
        """Every sample by its name and labels, without the prefix."""
        lines = (await self.get("/metrics")).text.splitlines()
        pairs = (line.removeprefix("iptv_reconciler_").rpartition(" ") for line in lines if line[0] != "#")
        return {name: float(value) for name, _, value in pairs}

    def _assembled(self, config: Config, gauges: Gauges | None) -> Application:
        application = assemble(config, self._ledger, self.bed.world, self.bed.network(config), gauges)
        self.made.append(application)
        return application
