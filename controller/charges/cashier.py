"""Reading feeds and booking what they show, as long as the daemon runs.

Rules of this module:

1. Each feed has a task of its own, and so has the till: none waits for another, and nothing else waits for them.
2. At the end, what was begun is finished; nothing new is begun.
3. While the store cannot be used, everything rests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from controller.charges.feed import FeedReader
from controller.charges.rules import ChargeRules, Desk
from controller.charges.till import Till
from controller.store import StoreError, StoreUnavailable
from controller.waiting import first_of
from desired_state.retry import backoff
from platforms.driver import PlatformError

_PULSE = 1.0  # seconds; what a person decides by a command is seen then


class Cashier:
    """The feeds and the till of one billing."""

    def __init__(self, readers: Sequence[FeedReader], till: Till, rules: ChargeRules, desk: Desk) -> None:
        self.readers = tuple(readers)
        self.till = till
        self._rules = rules
        self._desk = desk
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`; returns when everything that was begun has ended."""
        await self._patiently(self.till.begin)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._book())
            for reader in self.readers:
                group.create_task(self._follow(reader))

    async def once(self) -> None:
        """Read every feed and book all that can be booked now; a feed that cannot be read keeps nobody."""
        for reader in self.readers:
            await self._read(reader, 0)
        await self.till.work_off()

    async def _book(self) -> None:
        try:
            while not self._stopping.is_set():
                self.till.changed.clear()
                await self._guarded(self.till.dispatch)
                await first_of(self.till.changed.wait(), self._stopping.wait(), self._desk.clock.sleep(_PULSE))
            await self.till.finish()
        finally:
            await self.till.abandon()

    async def _follow(self, reader: FeedReader) -> None:
        failures = 0
        while not self._stopping.is_set():
            failures = await self._read(reader, failures)
            delay = max(self._rules.poll, backoff(failures, self._desk.draw())) if failures else self._rules.poll
            await first_of(self._stopping.wait(), self._desk.clock.sleep(delay.total_seconds()))

    async def _read(self, reader: FeedReader, failures: int) -> int:
        """Read a feed; returns how often in a row it could not be read."""
        reading = asyncio.create_task(self._guarded(reader.read))
        await first_of(asyncio.shield(reading), self._stopping.wait())
        reading.cancel()
        (outcome,) = await asyncio.gather(reading, return_exceptions=True)
        if isinstance(outcome, StoreError):
            raise outcome
        if outcome is True:
            self.till.changed.set()
            return 0
        return failures + 1

    async def _guarded(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Do it once; says whether that went well. What the store cannot do now is waited for."""
        try:
            await self._patiently(work)
        except PlatformError as error:
            self._desk.log.warning("a feed of sales could not be read", text=error.text)
            return False
        except StoreError:
            raise
        except Exception as bug:
            self._desk.log.error("charging failed by a bug", exc_info=bug)
            return False
        return True

    async def _patiently(self, work: Callable[[], Awaitable[object]]) -> None:
        while not self._stopping.is_set():
            try:
                await work()
                return
            except StoreUnavailable:
                await self._desk.ledger.usable()
