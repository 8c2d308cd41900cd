"""What the loop does, told to those who watch it: metrics, the health endpoints, the log.

Rules of this module:

1. One way only: the loop tells, nothing here is ever asked for a decision.
2. Gauges are read from the store on the pulse, so that they are true after a restart too; counting the subscribers of
   a large fleet is done at most every `COUNTING` seconds, and takes at most a part (`SHARE`) of the store's time.
"""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from controller.fleet import PassReport
from controller.holding import FOR_A_PERSON, is_first_contact
from controller.log import logger
from controller.look import Result
from controller.metrics import Metrics
from controller.server.health import Health
from controller.service_level import ServiceLevel
from controller.signals import PlatformSignal, ProcessSignal, TargetSignal
from controller.store import EVERYTHING, Store
from controller.targets import Billing, Moment, Platform
from controller.workqueue import Priority
from desired_state.allowance import Brake
from desired_state.charges import ChargeState
from desired_state.entitlement import Presence
from desired_state.plan import Kind, key_of
from desired_state.sales import SaleKind
from desired_state.subscriber import State
from platforms.transport import Clock

COUNTING = 5.0
SHARE = 1 / 50
_DAY = timedelta(days=1)
_UNKNOWN = (ChargeState.SENDING, ChargeState.IN_DOUBT)
_WAITING = (State.PENDING, State.IN_FLIGHT, State.BACKOFF, State.PARKED, State.HELD, State.CONFLICT)


class Watch:
    """Tells metrics, health and log about the billing sources and their platforms."""

    def __init__(
        self, billings: Sequence[Billing], brake: Brake, metrics: Metrics, health: Health, clock: Clock
    ) -> None:
        self._billings = tuple(billings)
        self._brake = brake
        self._metrics = metrics
        self._health = health
        self._clock = clock
        self._log = logger("loop")
        self._level = ServiceLevel()
        self._counted_at: float | None = None
        self._count_again_at = 0.0
        self._started_at = clock.now()
        self._successes: dict[str, datetime] = {}
        self._is_store_usable = True

    def looked(self, platform: str, trigger: str, result: Result, seconds: float) -> None:
        """A look at a subscriber ended."""
        self._health.progressed()
        self._metrics.reconciled(platform, result.result, seconds)
        if result.kind is not None:
            self._metrics.action(platform, result.kind, result.result)
        if result.converged_after is not None:
            cause = "pass" if trigger == "retry" else trigger
            self._metrics.converged(platform, cause, max(0.0, result.converged_after.total_seconds()))

    def waited(self, priority: str, seconds: float) -> None:
        """A key waited that long beyond the instant at which it was due."""
        self._metrics.waited(priority, seconds)

    def passed(self, billing: str, report: PassReport, troubles: Mapping[str, str]) -> None:
        """A full pass over a billing and its platforms ended; `troubles` says what went wrong with which target."""
        for target, text in troubles.items():
            self._log.warning("a target could not be read as it should", target=target, text=text)
        waiting = Counter((key_of(held.change).platform, held.by) for held in report.plan.held)
        for (platform, by), count in waiting.items():
            if by in FOR_A_PERSON:
                self._log.warning("a plan waits for approve or reject", platform=platform, by=by, changes=count)
        for (platform, kind), count in report.drift.items():
            self._metrics.drift(platform, Kind(kind), count)
        changes, held = len(report.plan.changes), len(report.plan.held)
        accounts = report.snapshot.accounts if report.snapshot is not None else None
        failed = list(report.failed)
        self._log.info("pass finished", billing=billing, accounts=accounts, changes=changes, held=held, failed=failed)

    def listed(self) -> None:
        """Billing's list was read completely; what a pass waits for after that does not count for being ready."""
        self._health.snapshot_taken()

    def progressed(self) -> None:
        """The event loop turns."""
        self._health.progressed()

    def store_failed(self, text: str) -> None:
        """The store cannot be used at present; said once for each such time."""
        if self._is_store_usable:
            self._log.error("the store cannot be used; nothing is done until it can", text=text)
        self._is_store_usable = False
        self._metrics.show(ProcessSignal.store_usable, 0)
        self._health.stored(usable=False)

    def store_works(self) -> None:
        """The store can be used."""
        if not self._is_store_usable:
            self._log.info("the store can be used again")
        self._is_store_usable = True
        self._health.stored()

    def look(self, store: Store) -> None:
        """Bring the gauges up to date that are read from the store; runs in the store's thread."""
        began = self._clock.monotonic()
        if began < self._count_again_at:
            return
        elapsed = 0.0 if self._counted_at is None else began - self._counted_at
        self._counted_at = began
        self._count(store, elapsed)
        taken = self._clock.monotonic() - began
        self._count_again_at = began + max(COUNTING, taken / SHARE)

    def _count(self, store: Store, elapsed: float) -> None:
        self._look_at_process(store)
        pending = [store.events(billing.name).oldest_pending() for billing in self._billings]
        self._metrics.set_events_oldest_pending(min((at for at in pending if at is not None), default=None))
        presences = dict.fromkeys(Presence, 0)
        for billing in self._billings:
            for presence, count in store.accounts(billing.name).count_by_presence().items():
                presences[Presence(presence)] += count
            self._look_at_target(store, billing)
            self._metrics.show(TargetSignal.details_due, store.accounts(billing.name).unread(), billing.name)
            for platform in billing.platforms:
                self._look_at_target(store, platform)
                self._look_at_platform(store, platform, elapsed)
                self._look_at_lateness(store, billing, platform, elapsed)
                self._look_at_budget(store, platform)
        self._metrics.set_billing_accounts(presences)
        self._look_at_charges(store)

    def _look_at_process(self, store: Store) -> None:
        self._metrics.set_leader(True)  # nobody else gets this far: the ledger refuses who does not lead
        self._metrics.set_epoch(store.recovery.identity().epoch)
        self._metrics.set_intents_open(store.journal.count_open())
        volume = shutil.disk_usage(store.path.parent)
        self._metrics.show(ProcessSignal.store_usable, 1)
        self._metrics.show(ProcessSignal.store_volume_free_bytes, volume.free)
        self._metrics.show(ProcessSignal.store_volume_size_bytes, volume.total)
        self._look_at_file(store)

    def _look_at_file(self, store: Store) -> None:
        wal = store.path.with_name(f"{store.path.name}-wal")
        self._metrics.show(ProcessSignal.store_bytes, store.path.stat().st_size)
        self._metrics.show(ProcessSignal.store_wal_bytes, wal.stat().st_size if wal.exists() else 0)
        self._metrics.show(ProcessSignal.store_unused_bytes, store.retention.unused_bytes())
        self._metrics.show(ProcessSignal.audit_cut_timestamp_seconds, store.retention.cut_until("audit"))

    def _look_at_charges(self, store: Store) -> None:
        counts, compared = store.charges.unsettled(), store.reconciliations.last()
        for platform in (each.name for billing in self._billings for each in billing.platforms):
            for kind in SaleKind:
                in_doubt = sum(counts.get((platform, state, kind.value), 0) for state in _UNKNOWN)
                parked = counts.get((platform, ChargeState.PARKED, kind.value), 0)
                self._metrics.set_charges(platform, kind.value, in_doubt, parked)
            if platform in compared:
                self._metrics.set_reconciled(platform, compared[platform].at, compared[platform].differences)

    def _look_at_target(self, store: Store, looked_at: Billing | Platform) -> None:
        target, breaker = looked_at.name, looked_at.breaker
        reading = store.targets.reading(target)
        self._metrics.set_breaker(target, reading.breaker_opened_at)
        self._metrics.show(TargetSignal.access_refused, breaker.is_open and breaker.is_refusal, target)
        self._metrics.show(TargetSignal.list_complete, reading.complete, target)
        if reading.attempt_at is not None:
            self._metrics.pass_attempted(target, reading.attempt_at)
        if reading.success_at is None or self._successes.get(target) == reading.success_at:
            return
        if reading.success_at < self._started_at:
            self._metrics.set_pass_success(target, reading.success_at)
        else:
            self._metrics.pass_succeeded(target, reading.success_at, reading.seconds or 0.0)
        self._successes[target] = reading.success_at

    def _look_at_platform(self, store: Store, platform: Platform, elapsed: float) -> None:
        name, subscribers, records = platform.name, store.subscribers(platform.name), store.records(platform.name, 0)
        counts = subscribers.counts()
        self._metrics.set_accounts(name, counts)
        self._metrics.set_oldest_unconverged(name, subscribers.oldest_unconverged())
        self._metrics.out_of_sync(name, elapsed * sum(counts[state] for state in _WAITING))
        self._metrics.show(PlatformSignal.held_for_attention, subscribers.held_for_attention(), name)
        self._metrics.set_brake_held(name, store.holds.count_held(name))
        self._metrics.show(PlatformSignal.first_contact, is_first_contact(store, platform), name)
        self._metrics.show(PlatformSignal.records_owned, records.owned(), name)
        self._metrics.show(PlatformSignal.records_foreign, records.foreign(), name)
        self._look_at_pauses(store, platform)

    def _look_at_pauses(self, store: Store, platform: Platform) -> None:
        pauses = store.holds.pauses(self._clock.now())
        whole = [pause for pause in pauses if pause.target in (EVERYTHING, platform.name)]
        accounts = [pause for pause in pauses if pause.i_account is not None and pause.billing == platform.billing]
        ends = max((pause.until for pause in (*whole, *accounts)), default=None)
        self._metrics.set_paused(platform.name, bool(whole))
        self._metrics.show(PlatformSignal.pause_expires_timestamp_seconds, ends, platform.name)

    def _look_at_lateness(self, store: Store, billing: Billing, platform: Platform, elapsed: float) -> None:
        now = self._clock.now()
        healthy = self._level.is_healthy(store, billing, platform, now)
        lateness = self._level.lateness(store, platform, now - timedelta(seconds=elapsed), now)
        self._metrics.show(PlatformSignal.platform_healthy, healthy, platform.name)
        self._metrics.show(PlatformSignal.oldest_waiting_timestamp_seconds, lateness.oldest_waiting, platform.name)
        self._metrics.late(platform.name, lateness.account_seconds)

    def _look_at_budget(self, store: Store, platform: Platform) -> None:
        spent = store.journal.destructive_since(platform.name, self._clock.now() - _DAY)
        limit = self._brake.daily_limit(store.records(platform.name, platform.i_env).owned())
        self._metrics.set_budget_remaining(platform.name, max(0, limit - spent))

    def look_at_queues(self) -> None:
        """Bring the gauges of the queues up to date; runs in the event loop, to which the queues belong."""
        queues = [platform.queue for billing in self._billings for platform in billing.platforms]
        depths, oldest = [queue.depth() for queue in queues], [queue.oldest() for queue in queues]
        now = Moment.of(self._clock)
        for priority in Priority:
            since = min((each[priority] for each in oldest if priority in each), default=None)
            instant = None if since is None else now.now - timedelta(seconds=now.monotonic - since)
            self._metrics.set_queue(priority.name.lower(), sum(each[priority] for each in depths), instant)
