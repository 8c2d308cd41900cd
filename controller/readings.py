"""Reading the platforms of one billing source side by side: none of them keeps a pass for ever (promise P13).

Rules of this module:

1. The daemon's pass waits for a platform for a short time only, and not at all for one that took longer the last time.
   It goes on without one that is still being read: its plan is not known in this pass.
2. That reading goes on. When it has ended a pass is asked for, which takes what it brought instead of reading anew.
3. Commands wait for everything.
"""

import asyncio
from collections.abc import Callable, Sequence

from controller.gather import Gatherer
from controller.log import logger
from controller.targets import Platform
from controller.waiting import first_of
from platforms.transport import Clock

PATIENCE = 60.0  # seconds, from when billing has been read


class Readings:
    """The readings that are under way. `on_late` is called when one has ended that a pass did not wait for."""

    def __init__(self, gatherer: Gatherer, clock: Clock) -> None:
        self.on_late: Callable[[], None] = lambda: None
        self._gatherer = gatherer
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[bool]] = {}
        self._slow: set[str] = set()

    def begin(self, platforms: Sequence[Platform]) -> None:
        """Begin to read these, and nobody else; what an earlier pass did not wait for is not begun anew."""
        before, self._under_way = self._under_way, {}
        for platform in platforms:
            known = before.pop(platform.name, None)
            if known is None or _came_to_nothing(known):
                known = asyncio.create_task(self._read(platform))
            self._under_way[platform.name] = known
        for reading in before.values():
            reading.cancel()

    async def read(self, platforms: Sequence[Platform], *, patiently: bool) -> list[Platform]:
        """Those of the begun that have been read, once all are or the patience is over."""
        if patiently and self._under_way:
            await asyncio.wait(self._under_way.values())
        elif awaited := [self._under_way[name] for name in self._under_way.keys() - self._slow]:
            await first_of(asyncio.wait(awaited), self._clock.sleep(PATIENCE))
        late = {name: reading for name, reading in self._under_way.items() if not reading.done()}
        done, self._under_way = self._under_way, late
        self._slow.update(late)
        for name, reading in late.items():
            logger("readings").warning("a platform is slow to be read; this pass goes on without it", target=name)
            reading.add_done_callback(self._ended)
        return [platform for platform in platforms if platform.name not in late and done[platform.name].result()]

    def stop(self) -> None:
        """Read nothing more."""
        for reading in self._under_way.values():
            reading.cancel()

    async def ended(self) -> None:
        """Wait until nothing is being read any more."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _read(self, platform: Platform) -> bool:
        began = self._clock.monotonic()
        was_read = await self._gatherer.read_platform(platform)
        if self._clock.monotonic() - began <= PATIENCE:
            self._slow.discard(platform.name)
        return was_read

    def _ended(self, reading: "asyncio.Task[bool]") -> None:
        if not reading.cancelled():
            self.on_late()


def _came_to_nothing(reading: "asyncio.Task[bool]") -> bool:
    """Whether the reading ended by the store's trouble; if that is not over, a new one comes to it as well."""
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
