"""The daemon's loop: passes, lanes, and a clean end.

Rules of this module:

1. A pass runs when it is asked for: by the scheduler, or by the watchdog on the monotonic clock where the scheduler's
   tick did not come. One at a time; what is asked for meanwhile is one more pass. Each billing source has passes of
   its own: one that is slow keeps no other waiting. One is asked for as well when a rest that persons or change windows
   ordered has ended.
2. Lanes work while a pass runs, and so do the reading of details that are due and the audit of the others.
3. `stop` lets what is being worked on finish; nothing new is begun.
4. While the store cannot be used but will be again (a full disk, a lock), everything rests but the pulse, which tries
   it every second; then everything begins anew, with a pass. Trouble with it that does not pass ends the loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from controller.audit import Audit
from controller.charges.cashier import Cashier
from controller.events.inbox import Inbox
from controller.events.spreading import Spreader
from controller.fleet import Fleet, PassOptions, PassReport
from controller.gather import Gatherer
from controller.holding import at_rest_now
from controller.lane import Lane, Tools
from controller.marker import Marker
from controller.recovery import take_stock
from controller.rests import note_rest
from controller.retention import FIRST, Retention
from controller.rounds import LONGEST_PAUSE
from controller.store import Store, StoreError, StoreUnavailable, store_error_in
from controller.targets import Billing
from controller.waiting import first_of
from controller.watch import Watch
from controller.workqueue import Priority
from controller.writeback import Writer
from desired_state.subscriber import SubscriberKey

PULSE = 1.0
_MOST_URGENT = 1000  # accounts that people ask for at a time


@dataclass(frozen=True, slots=True)
class Installation:
    """One billing source with what works on it."""

    billing: Billing
    fleet: Fleet
    gatherer: Gatherer
    audit: Audit
    lanes: tuple[Lane, ...]
    spreader: Spreader
    writer: Writer | None = None
    cashier: Cashier | None = None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often everything is read: the list, and (spread over that time) every account's details.

    `retention` is what goes on beside: what grows in the store is cut back.
    """

    full_pass: timedelta
    detail_audit: timedelta
    retention: Retention


class Loop:
    """Everything that runs as long as the daemon does."""

    def __init__(
        self, installations: Sequence[Installation], inbox: Inbox, tools: Tools, rhythm: Rhythm, watch: Watch
    ) -> None:
        self._installations = tuple(installations)
        self._inbox = inbox
        self._tools = tools
        self._rhythm = rhythm
        self._watch = watch
        self._asked = {installation.billing.name: asyncio.Event() for installation in self._installations}
        self._stopping = asyncio.Event()
        self._at_rest: frozenset[tuple[str, str]] = frozenset()
        self.marker = Marker(tools.ledger, tools.clock, tools.log)
        inbox.on_many = self._spread
        for installation in self._installations:
            installation.fleet.readings.on_late = self._asked[installation.billing.name].set

    def ask_for_pass(self) -> None:
        """Have a full pass run as soon as the one that may be running has ended."""
        for asked in self._asked.values():
            asked.set()

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping.set()
        self._tools.ledger.give_up()
        for installation in self._installations:
            installation.fleet.stop()
            if installation.cashier is not None:
                installation.cashier.stop()
            for lane in installation.lanes:
                lane.stop()

    async def show(self) -> None:
        """Bring the gauges up to date, before anybody reads from them that there is nobody."""
        try:
            await self._tools.ledger.run(self._watch.look)
        except StoreError:
            raise
        except Exception as bug:
            self._tools.log.error("the gauges could not be taken, by a bug", exc_info=bug)

    async def begin(self) -> None:
        """A process has started: what the old one was refused is tried once more, by other settings perhaps."""
        ledger, billings = self._tools.ledger, [installation.billing for installation in self._installations]
        await ledger.run(partial(take_stock, billings=billings, now=self._tools.clock.now()), durable=True)
        await ledger.run(self._tools.breakers.restore)
        for installation in self._installations:
            await ledger.run(partial(_begin, billing=installation.billing))
            for lane in installation.lanes:
                lane.remember(await ledger.run(partial(_failing, platform=lane.platform.name)))
        await self.marker.write()

    async def run(self) -> None:
        """Work until `stop`; returns when everything that was begun has ended."""
        self._tools.ledger.watch()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pulse())
                await self._patiently(self.begin)
                await self._patiently(self._inbox.begin)
                await self._work()
        finally:
            for installation in self._installations:
                installation.fleet.stop()
                await installation.fleet.ended()
            with suppress(StoreError):
                await self.marker.write()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._step_by_step(self._rhythm.retention.step, FIRST, "the retention"))
            for installation in self._installations:
                group.create_task(self._patiently(partial(installation.spreader.work, self._stopping)))
                for lane in installation.lanes:
                    group.create_task(lane.work())
                if installation.writer is not None:
                    group.create_task(first_of(installation.writer.run(), self._stopping.wait()))
                if installation.cashier is not None:
                    group.create_task(installation.cashier.run())
                group.create_task(self._pass_again_and_again(installation))
                # in a process that begins, the first pass goes first
                first = min(LONGEST_PAUSE, self._rhythm.detail_audit.total_seconds() / 20)
                group.create_task(self._step_by_step(partial(self.audit_step, installation), first, "the audit"))

    async def _patiently(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do it, from its beginning again whenever the store could not be used meanwhile."""
        while not self._stopping.is_set():
            try:
                await work()
                return
            except StoreUnavailable:
                await self._tools.ledger.usable()

    def _spread(self) -> None:
        for installation in self._installations:
            installation.spreader.ask()

    async def full_pass(self) -> list[PassReport]:
        """One pass over every installation; a failing one does not touch the others."""
        return list(await asyncio.gather(*(self._pass(installation) for installation in self._installations)))

    async def _pass(self, installation: Installation) -> PassReport:
        with self._tools.traces.begin("pass", billing=installation.billing.name) as trace:
            report = await self._traced_pass(installation)
            trace.note(changes=len(report.plan.changes), held=len(report.plan.held), failed=len(report.failed))
            return report

    async def _traced_pass(self, installation: Installation) -> PassReport:
        name = installation.billing.name
        options = PassOptions(horizon=2 * self._rhythm.full_pass, announced=False, in_background=True)
        report = await installation.fleet.survey(options)
        await installation.fleet.hand_over(report, options)
        await self._tools.breakers.keep()
        called = [each.name for each in installation.billing.platforms if each.name not in report.resting]
        targets = [name, *called]
        self._watch.passed(name, report, await self._tools.ledger.run(partial(_troubles, targets=targets)))
        if installation.writer is not None:
            installation.writer.compare_all()
        return report

    async def _pass_again_and_again(self, installation: Installation) -> None:
        asked = self._asked[installation.billing.name]
        while not self._stopping.is_set():
            asked.clear()
            passing = asyncio.create_task(self._pass(installation))
            try:
                await first_of(asyncio.shield(passing), self._stopping.wait())
            finally:
                passing.cancel()
            (outcome,) = await asyncio.gather(passing, return_exceptions=True)
            if isinstance(outcome, Exception) and not await self._rested(outcome):
                name = installation.billing.name
                self._tools.log.error("a full pass failed by a bug", billing=name, exc_info=outcome)
            await self._until(asked)

    async def _step_by_step(self, step: Callable[[], Awaitable[float]], first: float, what: str) -> None:
        """Do what is never done in a steady small stream; a step says after how many seconds the next is due."""
        pause = first
        while not self._stopping.is_set():
            await first_of(self._stopping.wait(), self._tools.clock.sleep(pause))
            try:
                pause = await step()
            except Exception as error:
                pause = LONGEST_PAUSE
                if not await self._rested(error):
                    self._tools.log.error(f"{what} failed by a bug", exc_info=error)

    async def _rested(self, error: Exception) -> bool:
        """Wait until the store can be used, if that was the trouble; raises what does not pass."""
        trouble = store_error_in(error)
        if trouble is None:
            return False
        if not isinstance(trouble, StoreUnavailable):
            raise trouble
        await self._tools.ledger.usable()
        return True

    async def audit_step(self, installation: Installation) -> float:
        """Let the audit read whom it owes, if nothing is more urgent; returns the seconds until the next step."""

        def is_idle() -> bool:
            return not (installation.fleet.backlog.is_reading or self._stopping.is_set())

        return await installation.audit.step(self._rhythm.detail_audit, is_idle)

    async def _until(self, asked: asyncio.Event) -> None:
        """Until a pass is asked for; a tick that is overdue by as much again is taken for lost."""
        patience = 2 * self._rhythm.full_pass.total_seconds() + 1
        await first_of(asked.wait(), self._stopping.wait(), self._tools.clock.sleep(patience))

    async def serve_operators(self) -> None:
        """Put on the queues whom people have asked for.

        A whole fleet, whose first plan was approved say, is no more urgent than a pass, or events would wait behind it.
        """
        now = self._tools.clock.monotonic()
        for billing in (installation.billing for installation in self._installations):
            asked_for = await self._tools.ledger.run(partial(_requeued, billing=billing.name))
            priority = Priority.OPERATOR if len(asked_for) <= _MOST_URGENT else Priority.SWEEP
            for i_account in asked_for:
                for platform in billing.platforms:
                    platform.queue.add(SubscriberKey(platform.name, i_account), priority, now)

    async def _see_who_goes_on(self) -> None:
        """Where a pause or a maintenance has ended, or a change window begun, a pass sees to all that waited for it."""
        platforms = [platform for installation in self._installations for platform in installation.billing.platforms]
        at_rest = await self._tools.ledger.run(partial(at_rest_now, platforms=platforms, now=self._tools.clock.now()))
        if self._at_rest - at_rest:
            self.ask_for_pass()
            for installation in self._installations:
                for lane in installation.lanes:
                    lane.look_up()
        self._at_rest = at_rest

    async def _pulse(self) -> None:
        """Show that the event loop turns; `/livez` looks at it. See to it that the store can be used."""
        while not self._stopping.is_set():
            try:
                await self._see_to_store()
                await self.serve_operators()
                await self._inbox.listen()
                await self._see_who_goes_on()
                await self._tools.breakers.keep()
                await self._tools.ledger.run(self._watch.look)
                self._watch.look_at_queues()
                self._forget_secrets()
                await self.marker.keep_up()
            except StoreUnavailable as trouble:
                self._watch.store_failed(str(trouble))
            except StoreError:
                raise
            except Exception as bug:
                self._tools.log.error("the gauges could not be taken, by a bug", exc_info=bug)
            self._watch.progressed()
            await first_of(self._stopping.wait(), self._tools.clock.sleep(PULSE))

    def _forget_secrets(self) -> None:
        """What was read for a lane that never came for it is not kept (`fresh.py`)."""
        for installation in self._installations:
            for lane in installation.lanes:
                lane.reconciler.fresh.forget_old()

    async def _see_to_store(self) -> None:
        """Where the store could not be used, try whether it can: then all go on, and a pass sees to the rest."""
        ledger = self._tools.ledger
        if ledger.trouble is None:
            return
        self._watch.store_failed(str(ledger.trouble))
        if await ledger.try_again():
            self._watch.store_works()
            self.ask_for_pass()


def _troubles(store: Store, *, targets: Sequence[str]) -> dict[str, str]:
    readings = {target: store.targets.reading(target).text for target in targets}
    return {target: text for target, text in readings.items() if text}


def _requeued(store: Store, *, billing: str) -> list[int]:
    return store.operator.take_requeued(billing)


def _failing(store: Store, *, platform: str) -> Mapping[int, int]:
    return store.subscribers(platform).failing()


def _begin(store: Store, *, billing: Billing) -> None:
    for platform in billing.platforms:
        platform.offer = store.targets.offer(platform.name)
        store.subscribers(platform.name).unpark()
    note_rest(store, billing.name, None)
    key = f"{billing.name} is read by"
    if store.targets.meta(key) not in (None, billing.read_by):
        store.accounts(billing.name).forget_readings()
    store.targets.set_meta(key, billing.read_by)
