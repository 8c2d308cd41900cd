"""Accounts whose details are due, read in the background while passes, lanes and events go on.

Rules of this module:

1. Who has a record comes first: something may have to be taken away. Every pass says anew who is due.
2. A pass waits for the details for a short time only, so that its plan, and with it the brake, sees at once whatever
   can be seen at once. What takes longer is served account by account, as it comes, within what the pass left of the
   brake.
3. To the brake, one reading is one pass, however many passes go by: none of them renews the allowance while records
   wait that were due when the reading began, unless none of these was read since the pass before. So a change of
   everybody is not let through in portions.
4. An account that could not be read although billing answers is left to its lane, which backs off from it.
5. Whoever is missing in billing's lists comes last, and is asked for by its number: that alone is waited for before
   its absence counts (promise P3). Where billing does not answer, the next pass asks again.
6. Where billing does not answer the reading rests, ever longer, and says so; then it tries with a few, and goes on with
   whoever was not tried yet. A pass that could read the list ends the rest, unless billing asked for it.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import islice

from controller.gather import DETAILS_PATIENCE, Gatherer
from controller.lane import Tools
from controller.rests import Rest, note_rest
from controller.store import StoreUnavailable
from controller.targets import Billing, Moment
from controller.waiting import first_of
from controller.workqueue import Priority
from desired_state.retry import backoff
from desired_state.subscriber import SubscriberKey
from platforms.driver import PlatformError

PATIENCE = 10.0  # seconds that a pass waits for details
SHORTEST_REST = timedelta(seconds=1)
LONGEST_REST = timedelta(minutes=5)


class Backlog:
    """The accounts of one billing source whose details are due. `is_renewing`: this pass may renew the brake."""

    def __init__(self, billing: Billing, gatherer: Gatherer, tools: Tools) -> None:
        self._billing = billing
        self._gatherer = gatherer
        self._tools = tools
        self._due: deque[int] = deque()
        self._missing: deque[int] = deque()
        self._records: set[int] = set()
        self._come: list[int] = []
        self._failed: list[int] = []
        self._tried: set[int] = set()
        self._serving = False
        self._has_read = False
        self._reading: asyncio.Task[None] | None = None
        self._rest: Rest | None = None
        self._rests = asyncio.Event()
        self._rested = asyncio.Event()
        self._asked_until = 0.0
        self._stops = 0
        self.is_renewing = True

    @property
    def is_reading(self) -> bool:
        """Whether there is something to read, and billing answers."""
        return self._reading is not None and not self._reading.done() and not self._rests.is_set()

    async def read(self) -> None:
        """Read who is due; returns when all are read, when it rests, or after `PATIENCE`, and then goes on reading."""
        self._serving = False
        names = [platform.name for platform in self._billing.platforms]
        accounts = self._billing.name
        self._begin(*await self._gatherer.due_details())
        self._missing = deque(await self._tools.ledger.run(lambda store: store.absences(accounts).to_look_up(names)))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        elif self._tools.clock.monotonic() >= self._asked_until:
            self._rests.clear()
            self._rested.set()
        try:
            await first_of(asyncio.shield(self._reading), self._rests.wait(), self._tools.clock.sleep(PATIENCE))
        except asyncio.CancelledError:
            self._reading.cancel()
            raise
        if self._reading.done():
            self._reading.result()
        self._come.clear()  # they are in the plan that is made next

    def serve(self) -> None:
        """The plan was handed over: from now on each account is put on the queues as soon as it was read."""
        self._serving = True
        self._put(self._come)

    async def ended(self) -> None:
        """Wait until nothing is being read any more, or not for a while."""
        if self._reading is not None:
            await first_of(asyncio.wait({self._reading}), self._rests.wait())

    def stop(self) -> None:
        """Read nothing more."""
        self._rests.clear()
        if self._reading is not None:
            self._reading.cancel()

    def _begin(self, with_record: list[int], without: list[int]) -> None:
        everybody = [*with_record, *without]
        self._tried &= set(everybody)
        self._due = deque(sorted(everybody, key=self._tried.__contains__))
        self._failed.clear()
        self._records &= set(with_record)
        self.is_renewing = not (self._records and (self.is_reading or self._has_read))
        self._has_read = False
        if self.is_renewing:
            self._records = set(with_record)

    async def _read(self) -> None:
        try:
            await self._read_all()
        except* StoreUnavailable:
            self._failed.clear()  # when the store can be used again, a pass says who is due

    async def _read_all(self) -> None:
        while self._due or self._missing:
            if not self._due:
                await self._look_up()
                continue
            turns = islice(self._next(), None if self._rest is None else DETAILS_PATIENCE)
            stopped = await self._gatherer.read_details(turns, self._told, for_lanes=True)
            if stopped is not None:
                self._due.extend(self._failed)
                self._failed.clear()
                await self._rest_from(stopped)
            else:
                await self._go_on()
        await self._go_on()
        self._put(self._failed)

    async def _look_up(self) -> None:
        """Ask for the missing, as long as nobody's details are due."""
        turns = iter(lambda: self._missing.popleft() if self._missing and not self._due else None, None)
        if not await self._gatherer.look_up(turns, self._told_of_missing):
            self._missing.clear()

    def _told_of_missing(self, i_account: int, was_read: bool) -> None:
        if was_read:
            self._come.append(i_account)
        if self._serving:
            self._put(self._come)

    async def _rest_from(self, error: PlatformError) -> None:
        """Wait until billing may answer again."""
        self._stops += 1
        moment = Moment.of(self._tools.clock)
        asked = getattr(error, "retry_after", None) or timedelta(0)
        self._asked_until = moment.monotonic + asked.total_seconds()
        pause = asked + min(backoff(self._stops, self._tools.draw(), SHORTEST_REST), LONGEST_REST)
        since = self._rest.since if self._rest is not None else moment.now
        await self._note(Rest(since, moment.now + pause, error.text))
        self._tools.log.warning("the reading of details rests", seconds=pause.total_seconds(), text=error.text)
        self._rested.clear()
        self._rests.set()
        try:
            await first_of(self._rested.wait(), self._tools.clock.sleep(pause.total_seconds()))
        finally:
            self._rests.clear()

    async def _go_on(self) -> None:
        """Billing answers, or has nothing more to answer."""
        self._stops = 0
        if self._rest is not None:
            await self._note(None)

    async def _note(self, rest: Rest | None) -> None:
        self._rest = rest
        await self._tools.ledger.run(partial(note_rest, name=self._billing.name, rest=rest))

    def _next(self) -> Iterator[int]:
        while self._due:
            yield self._due.popleft()

    def _told(self, i_account: int, was_read: bool) -> None:
        if was_read:
            self._has_read |= i_account in self._records
            self._records.discard(i_account)
            self._tried.discard(i_account)
            self._come.append(i_account)
        else:
            self._tried.add(i_account)
            self._failed.append(i_account)
        if self._serving:
            self._put(self._come)

    def _put(self, i_accounts: list[int]) -> None:
        """Put these on the queues and off the list."""
        now = self._tools.clock.monotonic()
        self._records.difference_update(i_accounts)
        for i_account in i_accounts:
            for platform in self._billing.platforms:
                platform.queue.add(SubscriberKey(platform.name, i_account), Priority.SWEEP, now)
        i_accounts.clear()
