"""Events about many accounts: who they are is found, and all of them are announced.

Rules of this module:

1. A customer's accounts are asked of billing: one that is new is in no list of ours yet. What is known of them was
   announced when the event came, so nobody waits for this.
2. A product's accounts are those we know with it, as main product or add-on; they are routine, since a change of a
   product may concern everybody.
3. A customer's accounts are asked for once more when `SETTLING` has gone by since the event: the first answer may have
   come before billing's database showed a new one.
4. An event stays until this has worked: what fails is tried again, and survives a restart.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from math import inf

from controller.billing.rows import AccountRow
from controller.events.inbox import Inbox, announce
from controller.events.vocabulary import Scope
from controller.fresh import SETTLING
from controller.lane import Tools
from controller.log import logger
from controller.pages import listed
from controller.store import Announced, Store, StoredEvent
from controller.targets import Billing
from controller.waiting import first_of
from desired_state.retry import backoff
from platforms.driver import PlatformError
from platforms.gate import urgent

REMEMBERED = timedelta(days=3)
_SLICE = 1000
_FORGOTTEN = 200  # events at a time: some milliseconds
_EVENTS_AT_ONCE = 100
_FORGETTING = 3600.0


class Spreader:
    """Spreads the events of one billing source."""

    def __init__(self, billing: Billing, inbox: Inbox, tools: Tools) -> None:
        self._billing = billing
        self._inbox = inbox
        self._ledger = tools.ledger
        self._clock = tools.clock
        self._traces = tools.traces
        self._log = logger("events")
        self._asked = asyncio.Event()
        self._failures = 0
        self._again_at: dict[str, float] = {}

    def ask(self) -> None:
        """There is something to spread."""
        self._asked.set()

    async def work(self, stopping: asyncio.Event) -> None:
        """Spread what comes, until stopped."""
        while not stopping.is_set():
            self._asked.clear()
            pause = min(await self.spread(stopping.is_set), _FORGETTING)
            await self._forget()
            await first_of(stopping.wait(), self._asked.wait(), self._clock.sleep(pause))

    async def spread(self, is_over: Callable[[], bool] = lambda: False) -> float:
        """Spread what waits, until it is over; returns the seconds after which to try again if nothing new comes."""
        while not is_over() and (events := await self._ledger.run(self._waiting)):
            for event in takewhile(lambda _: not is_over(), events):
                try:
                    with urgent(), self._traces.begin("spread", event.trace_id, scope=event.scope):
                        await self._spread(event)
                except PlatformError as error:
                    self._failures += 1
                    self._log.warning("an event could not be spread yet", event_type=event.event_type, text=error.text)
                    return backoff(self._failures, 1.0).total_seconds()
                self._failures = 0
        return max(0.0, min(self._again_at.values(), default=inf) - self._clock.monotonic())

    def _waiting(self, store: Store) -> list[StoredEvent]:
        """Those whose turn it is: first those that were not spread yet, then those whose second time has come."""
        most = _EVENTS_AT_ONCE + len(self._again_at)
        now = self._clock.monotonic()
        waiting = store.events(self._billing.name).to_spread(most)
        due = (event for event in waiting if self._again_at.get(event.key, now) <= now)
        return sorted(due, key=lambda event: event.key in self._again_at)

    async def _spread(self, event: StoredEvent) -> None:
        asked_at = self._clock.now()
        if event.scope == Scope.CUSTOMER:
            await self._spread_to_customer(event, asked_at)
        else:
            await self._spread_to_product(event)
        unsettled = SETTLING - (asked_at - event.received_at)
        if event.scope == Scope.CUSTOMER and unsettled > timedelta(0) and event.key not in self._again_at:
            self._again_at[event.key] = self._clock.monotonic() + min(unsettled, SETTLING).total_seconds()
            return
        await self._ledger.run(lambda store: store.events(self._billing.name).spread(event.key, self._clock.now()))
        self._again_at.pop(event.key, None)

    async def _spread_to_customer(self, event: StoredEvent, asked_at: datetime) -> None:
        rows = await self._billing.source.of_customer(event.number)
        keep = partial(self._announce_customer, event=event, rows=rows, asked_at=asked_at)
        self._enqueue(await self._ledger.run(keep))

    async def _spread_to_product(self, event: StoredEvent) -> None:
        after: int | None = 0
        while after is not None:
            some = partial(self._announce_product, event=event, after=after)
            announced, after = await self._ledger.run_slice(some)
            self._enqueue(announced)
            await self._clock.sleep(0)

    def _announce_customer(
        self, store: Store, *, event: StoredEvent, rows: Sequence[AccountRow], asked_at: datetime
    ) -> list[Announced]:
        """Rows are kept as those of a full list are; whoever ended long ago is left alone."""
        alive = [row.i_account for row in rows if not _ended(store, self._billing.name, row)]
        kept = [listed(row, self._billing.source.environment) for row in rows]
        store.account_list(self._billing.name).merge(kept, asked_at, self._clock.now())
        return announce(store, self._billing.name, alive, event)

    def _announce_product(self, store: Store, *, event: StoredEvent, after: int) -> tuple[list[Announced], int | None]:
        found, last = store.accounts(self._billing.name).with_product(event.number, after, _SLICE)
        return announce(store, self._billing.name, found, event), last

    def _enqueue(self, announced: Sequence[Announced]) -> None:
        self._inbox.enqueue(self._billing, announced)

    async def _forget(self) -> None:
        """Forget events nobody will send again, a few at a time."""
        before = self._clock.now() - REMEMBERED
        name = self._billing.name
        while await self._ledger.run_slice(lambda store: store.events(name).forget(before, _FORGOTTEN)):
            await self._clock.sleep(0)


def _ended(store: Store, billing: str, row: AccountRow) -> bool:
    """Whether the account is terminated, and known to be."""
    known = store.accounts(billing).get(row.i_account)
    return row.bill_status == "C" and known is not None and known.account.is_terminated
