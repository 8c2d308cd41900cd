"""Having billing book what was decided, and finding out what it has booked where nobody knows.

Rules of this module:

1. One call for each charge, announced before and settled after; the call in between is never repeated here.
2. Whatever ends a call without a clear word of billing's leaves the charge in doubt, bugs of ours included.
3. So many accounts at a time, each with one charge: one that takes long delays no other.
4. While billing rests, refuses everybody or cannot be logged in to, nothing is sent, and nothing is announced.
"""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from controller.billing.transactions import InDoubt, NotMade, Order, Transactions
from controller.charges import deciding
from controller.charges.deciding import Delay, Job, Look, Send
from controller.charges.rules import ChargeRules, Desk, selling
from controller.store import Store
from controller.targets import Billing
from desired_state.retry import backoff
from desired_state.sales import comment
from platforms.driver import PlatformError

PLACES = 4
SKEW = timedelta(days=1)  # what clocks may differ, and then some: a window costs nothing, a missed xDR costs money


class Till:
    """Books the charges of one billing."""

    def __init__(self, billing: Billing, transactions: Transactions, rules: ChargeRules, desk: Desk) -> None:
        self._billing = billing
        self._transactions = transactions
        self._rules = rules
        self._desk = desk
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._rests_until = 0.0
        self.changed = asyncio.Event()

    async def begin(self) -> None:
        """A process has started: what the last one was sending is in doubt."""
        now = self._desk.clock.now()
        left = await self._desk.run(lambda store: self._resume(store, now), durable=True)
        if left:
            self._desk.log.warning("charges are in doubt since the last process ended", charges=left)

    async def dispatch(self) -> int:
        """Begin what may begin now; returns how many charges were looked at, since there may be more."""
        room = PLACES - len(self._tasks)
        if room <= 0 or self._rests() or not await self._is_anything_due() or not await self._is_ready():
            return 0
        with self._desk.traces.begin("charges", billing=self._billing.name):
            jobs, decided = await self._desk.run(partial(self._take, room=room), durable=True)
        for job in jobs:
            task = asyncio.create_task(self._perform(job))
            self._tasks.add(task)
            task.add_done_callback(self._done)
        if decided:
            self.changed.set()
        return decided

    async def work_off(self) -> None:
        """Do all that can be done now."""
        try:
            while await self.dispatch() or self._tasks:
                await self.finish()
        finally:
            await self.abandon()

    async def finish(self) -> None:
        """Wait for what was begun."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def abandon(self) -> None:
        """Call off what is left, as the end of the process would: it is in doubt when the next one starts."""
        left = tuple(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.changed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._desk.log.error("a charge could not be settled in the store", exc_info=error)

    def _rests(self) -> bool:
        now = self._desk.clock.monotonic()
        return now < self._rests_until or self._billing.breaker.rests(now) > 0

    async def _is_anything_due(self) -> bool:
        return await self._desk.ledger.run(self._due)

    def _due(self, store: Store) -> bool:
        now = self._desk.clock.now()
        return deciding.is_anything_due(store, selling(store, self._billing, now), now)

    async def _is_ready(self) -> bool:
        try:
            await self._transactions.ready()
        except PlatformError as error:
            self._rest(error.text)
            return False
        return True

    def _rest(self, text: str) -> datetime:
        """Ask billing for nothing for a while; returns until when."""
        self._failures += 1
        delay = backoff(self._failures, self._desk.draw())
        self._rests_until = self._desk.clock.monotonic() + delay.total_seconds()
        self._desk.log.warning("nothing is booked for now", billing=self._billing.name, text=text)
        return self._desk.clock.now() + delay

    def _resume(self, store: Store, now: datetime) -> int:
        store.charges.reopen(self._rules.limits.since, now)
        return store.charges.resume(now)

    def _take(self, store: Store, *, room: int) -> tuple[list[Job], int]:
        now = self._desk.clock.now()
        return deciding.take(store, selling(store, self._billing, now), self._rules, now, room)

    async def _perform(self, job: Job) -> None:
        platform, billing = job.charge.record.platform, self._billing.name
        with self._desk.traces.begin("charge", platform=platform, billing=billing, i_account=job.i_account):
            match job:
                case Send():
                    await self._send(job)
                case Look():
                    await self._look(job)
                case _:
                    assert_never(job)

    async def _send(self, job: Send) -> None:
        record, order = job.charge.record, job.order
        made = Order(job.i_account, order.action, order.amount, comment(record), record.reference)
        try:
            with self._desk.ledger.calling():
                i_xdr = await self._transactions.make(made)
        except NotMade as refusal:
            await self._not_made(job, refusal)
        except InDoubt as doubt:
            await self._in_doubt(job, doubt.text)
        except Exception as bug:
            self._desk.log.error("a charge ended by a bug", platform=record.platform, exc_info=bug)
            await self._in_doubt(job, "the call ended by a bug of ours")
        else:
            self._failures = 0
            await self._book(job.charge.number, i_xdr)

    async def _book(self, number: int, i_xdr: int) -> None:
        def keep(store: Store) -> tuple[str, str] | None:
            charge = store.charges.get(number)
            is_own = deciding.booked(store, charge, i_xdr, self._desk.clock.now())
            return (charge.record.platform, charge.record.kind.value) if is_own else None

        counted = await self._desk.run(keep, durable=True, patient=True)
        if counted is not None:
            self._desk.on_booked(*counted)

    async def _not_made(self, job: Send, refusal: NotMade) -> None:
        now = self._desk.clock.now()
        if refusal.is_everybodys:
            later = self._rest(refusal.text)
            keep = partial(deciding.not_sent, before=job.charge, text=refusal.text, next_at=later, now=now)
        else:
            keep = partial(deciding.refused, before=job.charge, text=refusal.text, now=now)
        await self._desk.run(keep, durable=True, patient=True)

    async def _in_doubt(self, job: Send, text: str) -> None:
        now = self._desk.clock.now()
        self._desk.log.warning("a charge is in doubt", platform=job.charge.record.platform, text=text)
        keep = partial(deciding.in_doubt, before=job.charge, text=text, now=now)
        await self._desk.run(keep, durable=True, patient=True)

    async def _look(self, job: Look) -> None:
        charge, now = job.charge, self._desk.clock.now()
        begins = min(at for at in (charge.first_sent_at, charge.record.sold_at, charge.received_at) if at is not None)
        try:
            xdrs = await self._transactions.booked(job.i_account, begins - SKEW, now + SKEW)
        except PlatformError as error:
            after = Delay(self._desk.clock.now(), backoff(charge.failures + 1, self._desk.draw()))
            keep = partial(deciding.not_looked, number=charge.number, text=error.text, rules=self._rules, after=after)
            await self._desk.run(keep, patient=True)
            return
        settle = partial(deciding.looked, number=charge.number, xdrs=xdrs, rules=self._rules, now=now)
        is_booked = await self._desk.run(settle, durable=True, patient=True)
        if is_booked:
            self._desk.on_booked(charge.record.platform, charge.record.kind.value)
