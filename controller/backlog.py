"""Accounts whose details are due, read in the background while passes, lanes and events go on.

Rules of this module:

1. Who has a record comes first: something may have to be taken away. Every pass says anew who is due.
2. A pass waits for the details for a short time only, so that its plan, and with it the brake, sees at once whatever
   can be seen at once. What takes longer is served account by account, as it comes, within what the pass left of the
   brake.
3. To the brake, one reading is one pass, however many passes go by: none of them renews the allowance while records
   wait that were due when the reading began. So a change of everybody is not let through in portions.
4. An account that could not be read although billing answers is left to its lane, which backs off from it. Where
   billing does not answer, everybody is left for the next pass.
"""

import asyncio
from collections import deque
from collections.abc import Iterator

from controller.gather import Gatherer
from controller.store import Ledger
from controller.targets import Billing
from controller.waiting import first_of
from controller.workqueue import Priority
from desired_state.subscriber import SubscriberKey
from platforms.transport import Clock

PATIENCE = 10.0  # seconds that a pass waits for details


class Backlog:
    """The accounts of one billing source whose details are due. `is_renewing`: this pass may renew the brake."""

    def __init__(self, billing: Billing, gatherer: Gatherer, ledger: Ledger, clock: Clock) -> None:
        self._billing = billing
        self._gatherer = gatherer
        self._ledger = ledger
        self._clock = clock
        self._due: deque[int] = deque()
        self._records: set[int] = set()
        self._come: list[int] = []
        self._failed: list[int] = []
        self._serving = False
        self._reading: asyncio.Task[None] | None = None
        self.is_renewing = True

    @property
    def is_reading(self) -> bool:
        """Whether there is something to read, and billing answers."""
        return self._reading is not None and not self._reading.done()

    async def read(self) -> None:
        """Read who is due; returns when all are read, or after `PATIENCE`, and then goes on reading."""
        self._serving = False
        names = [platform.name for platform in self._billing.platforms]
        self._begin(*await self._ledger.run(lambda store: store.accounts(self._billing.name).due_details(names)))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        try:
            await first_of(asyncio.shield(self._reading), self._clock.sleep(PATIENCE))
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
        """Wait until nothing is being read any more."""
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)

    def stop(self) -> None:
        """Read nothing more."""
        if self._reading is not None:
            self._reading.cancel()

    def _begin(self, with_record: list[int], without: list[int]) -> None:
        self._due = deque([*with_record, *without])
        self._records &= set(with_record)
        self.is_renewing = not (self._records and self.is_reading)
        if self.is_renewing:
            self._records = set(with_record)

    async def _read(self) -> None:
        answered = True
        while self._due and answered:
            answered = await self._gatherer.read_details(self._next(), self._told, for_lanes=True)
        if answered:
            self._put(self._failed)
        self._failed.clear()

    def _next(self) -> Iterator[int]:
        while self._due:
            yield self._due.popleft()

    def _told(self, i_account: int, was_read: bool) -> None:
        self._records.discard(i_account)
        (self._come if was_read else self._failed).append(i_account)
        if self._serving:
            self._put(self._come)

    def _put(self, i_accounts: list[int]) -> None:
        """Put these on the queues and off the list."""
        now = self._clock.monotonic()
        for i_account in i_accounts:
            for platform in self._billing.platforms:
                platform.queue.add(SubscriberKey(platform.name, i_account), Priority.SWEEP, now)
        i_accounts.clear()
