"""The daemon's loop: passes, lanes, and a clean end.

Rules of this module:

1. A pass runs when it is asked for: by the scheduler, or by the watchdog on the monotonic clock where the scheduler's
   tick did not come. One at a time; what is asked for meanwhile is one more pass.
2. Lanes work while a pass runs.
3. `stop` lets what is being worked on finish; nothing new is begun.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from controller.fleet import Fleet, PassOptions, PassReport
from controller.gather import Gatherer
from controller.lane import Lane, Tools
from controller.store import Store, StoreError
from controller.targets import Billing
from controller.waiting import first_of
from controller.watch import Watch

PULSE = 1.0


@dataclass(frozen=True, slots=True)
class Installation:
    """One billing source with what works on it."""

    billing: Billing
    fleet: Fleet
    gatherer: Gatherer
    lanes: tuple[Lane, ...]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often everything is read: the list, and (spread over that time) every account's details."""

    full_pass: timedelta
    detail_audit: timedelta


class Loop:
    """Everything that runs as long as the daemon does."""

    def __init__(self, installations: Sequence[Installation], tools: Tools, rhythm: Rhythm, watch: Watch) -> None:
        self._installations = tuple(installations)
        self._tools = tools
        self._rhythm = rhythm
        self._watch = watch
        self._asked = asyncio.Event()
        self._stopping = asyncio.Event()
        self._audited_at: dict[str, float] = {}
        self._owed: dict[str, float] = {}

    def ask_for_pass(self) -> None:
        """Have a full pass run as soon as the one that may be running has ended."""
        self._asked.set()

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping.set()
        for installation in self._installations:
            for lane in installation.lanes:
                lane.stop()

    async def begin(self) -> None:
        """A process has started: what the old one was refused is tried once more, by other settings perhaps."""
        for installation in self._installations:
            for platform in installation.billing.platforms:
                await self._tools.ledger.run(partial(_unpark, name=platform.name))

    async def run(self) -> None:
        """Work until `stop`; returns when everything that was begun has ended."""
        await self.begin()
        async with asyncio.TaskGroup() as group:
            for installation in self._installations:
                for lane in installation.lanes:
                    group.create_task(lane.work())
            group.create_task(self._pass_again_and_again())
            group.create_task(self._pulse())

    async def full_pass(self) -> list[PassReport]:
        """One pass over every installation; a failing one does not touch the others."""
        return list(await asyncio.gather(*(self._pass(installation) for installation in self._installations)))

    async def _pass(self, installation: Installation) -> PassReport:
        name = installation.billing.name
        options = PassOptions(horizon=2 * self._rhythm.full_pass, audit=await self._share(name))
        report = await installation.fleet.survey(options)
        await installation.fleet.hand_over(report, options)
        self._watch.passed(report)
        return report

    async def _share(self, name: str) -> int:
        """How many accounts' details the rolling audit owes since the last pass."""
        now = self._tools.clock.monotonic()
        elapsed = now - self._audited_at.setdefault(name, now)
        self._audited_at[name] = now
        population = await self._tools.ledger.run(lambda store: store.accounts(name).population())
        owed = self._owed.get(name, 0.0) + population * elapsed / self._rhythm.detail_audit.total_seconds()
        share = min(int(owed), population)
        self._owed[name] = owed - int(owed)
        return share

    async def _pass_again_and_again(self) -> None:
        while not self._stopping.is_set():
            self._asked.clear()
            passing = asyncio.create_task(self.full_pass())
            await first_of(asyncio.shield(passing), self._stopping.wait())
            passing.cancel()
            (outcome,) = await asyncio.gather(passing, return_exceptions=True)
            if isinstance(outcome, StoreError):
                raise outcome
            if isinstance(outcome, Exception):
                self._tools.log.error("a full pass failed by a bug", exc_info=outcome)
            await self._until_asked()

    async def _until_asked(self) -> None:
        """Until a pass is asked for; a tick that is overdue by as much again is taken for lost."""
        patience = 2 * self._rhythm.full_pass.total_seconds() + 1
        await first_of(self._asked.wait(), self._stopping.wait(), self._tools.clock.sleep(patience))

    async def _pulse(self) -> None:
        """Show that the event loop turns and the store answers; `/livez` looks at it."""
        while not self._stopping.is_set():
            await self._tools.ledger.run(self._watch.look)
            self._watch.progressed()
            await first_of(self._stopping.wait(), self._tools.clock.sleep(PULSE))


def _unpark(store: Store, *, name: str) -> None:
    store.subscribers(name).unpark()
