"""The door of prometheus_client: everything that can be counted, by the names operators rely on.

Rules of this module:

1. Labels are bounded by platforms x kinds x results (promise P23): no account, device or text from outside ever is one.
2. Children exist at 0 from the start, so that a first failure is an increase and not a new series.
3. Instants are exported, never ages; 0 means "never" or "none". Seconds, and `_total` on counters.
4. What only alerts ask for stands in `signals.py`.
5. Who does not lead counts, but shows no states: those of the accounts are the leader's to tell.
"""

import platform as machine
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from controller.metric_parts import PREFIX, Children, M, OfAStandby
from controller.signals import PlatformSignal, ProcessSignal, Signal, TargetSignal
from controller.store import CUT_BACK
from desired_state.entitlement import Presence
from desired_state.plan import Kind
from desired_state.sales import SaleKind
from desired_state.subscriber import State
from platforms.gate import Admission, Limit
from platforms.transport import Outcome

RESULTS = ("noop", "changed", "held", "rejected", "transient", "unavailable", "bug")
ACTION_RESULTS = ("changed", "rejected", "transient", "unavailable", "bug")
TRIGGERS = ("event", "pass", "timer", "operator")
EVENT_SOURCES = ("espf", "nsps")
EVENT_OUTCOMES = ("stored", "duplicate", "ignored", "refused")
PRIORITIES = ("operator", "event", "timer", "retry", "sweep")

_CONVERGENCE = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
_WORK = (0.005, 0.02, 0.1, 0.5, 2, 10)
_REQUEST = (0.01, 0.05, 0.1, 0.5, 1, 5, 10)
_WAIT = (0.01, 0.1, 1, 10, 60, 300)
_PASS = (1, 5, 15, 60, 300, 900, 3600)


class Metrics:
    """All metrics of one process, in a registry of their own. Which targets it has may change: `cover`.

    `platforms` are the instances' names; `operations` names, for every target (billing or platform), what its client
    asks for.
    """

    def __init__(self, platforms: Iterable[str], operations: Mapping[str, Iterable[str]]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._leads = True
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._by_platform: list[tuple[Children[Any], tuple[Iterable[str], ...]]] = []
        self._by_target: list[tuple[Children[Any], tuple[Iterable[str], ...]]] = []
        self._declare_accounts()
        self._declare_work()
        self._declare_targets()
        self._declare_charges()
        self._declare_queue()
        self._declare_events()
        self._declare_process()
        self._declare_signals()
        self.cover(platforms, operations)

    def cover(self, platforms: Iterable[str], operations: Mapping[str, Iterable[str]]) -> None:
        """Have children for exactly these; what was counted of those that stay goes on."""
        names = tuple(platforms)
        targets = tuple(dict.fromkeys((*operations, *names)))
        for children, axes in self._by_platform:
            children.keep(names)
            children.add(names, *axes)
        for children, axes in self._by_target:
            children.keep(targets)
            children.add(targets, *axes)
        for children in (self._requests, self._request_seconds):
            children.keep(operations)
            for target, asked in operations.items():
                children.add((target,), tuple(asked), Outcome)

    def render(self) -> bytes:
        """All of it, in Prometheus's text format; may take some milliseconds, so not on the event loop."""
        return generate_latest(self._registry if self._leads else OfAStandby(self._registry))

    def set_accounts(self, platform: str, counts: Mapping[State, int]) -> None:
        """How many subscribers of a platform are in which state; a state that is not named has none."""
        for state in State:
            self._accounts[platform, state.value].set(counts.get(state, 0))

    def set_billing_accounts(self, counts: Mapping[Presence, int]) -> None:
        """What should become of the accounts of the last complete snapshot."""
        for presence in Presence:
            self._billing_accounts[(presence.value,)].set(counts.get(presence, 0))

    def set_oldest_unconverged(self, platform: str, since: datetime | None) -> None:
        """Since when the longest waiting subscriber differs from what it should be; `None` if none does."""
        self._oldest_unconverged[(platform,)].set(_seconds(since))

    def converged(self, platform: str, trigger: str, seconds: float) -> None:
        """A subscriber became what it should be, so long after the first sign of the difference."""
        self._convergence[platform, trigger].observe(seconds)

    def out_of_sync(self, platform: str, account_seconds: float) -> None:
        """Time that subscribers spent other than they should be, summed over them."""
        self._out_of_sync[(platform,)].inc(account_seconds)

    def late(self, platform: str, account_seconds: float) -> None:
        """Of that time, what the service level does not allow (`service_level.py`)."""
        self._late[(platform,)].inc(account_seconds)

    def reconciled(self, platform: str, result: str, seconds: float) -> None:
        """One look at one subscriber ended (one of `RESULTS`)."""
        self._reconcile[platform, result].inc()
        self._reconcile_seconds[platform, result].observe(seconds)

    def action(self, platform: str, kind: Kind, result: str) -> None:
        """One write to a platform ended (one of `ACTION_RESULTS`)."""
        self._actions[platform, kind.value, result].inc()

    def drift(self, platform: str, kind: Kind, count: int = 1) -> None:
        """So many records were found other than we had left them; `kind` is the change that mends them."""
        self._drift[platform, kind.value].inc(count)

    def set_brake_held(self, platform: str, changes: int) -> None:
        """How many changes of the platform the brake holds."""
        self._brake_held[(platform,)].set(changes)

    def set_budget_remaining(self, platform: str, records: int) -> None:
        """From how many records of the platform something may still be taken in these 24 hours."""
        self._budget_remaining[(platform,)].set(records)

    def set_paused(self, platform: str, paused: bool) -> None:
        """Whether a person has paused the platform."""
        self._paused[(platform,)].set(paused)

    def meter(self, target: str, operation: str, outcome: str, seconds: float, admission: Admission) -> None:
        """One request ended; fits `platforms.transport.Meter`."""
        self._requests[target, operation, outcome].inc()
        self._request_seconds[target, operation, outcome].observe(seconds)
        self._places[(target,)].set(admission.places)
        if admission.limit is not None:
            self._target_wait[target, admission.limit.value].inc(admission.waited)

    def set_breaker(self, target: str, opened_at: datetime | None) -> None:
        """The breaker of a target opened at an instant, or is closed."""
        self._breaker_open[(target,)].set(opened_at is not None)
        self._breaker_opened[(target,)].set(_seconds(opened_at))

    def pass_attempted(self, target: str, at: datetime) -> None:
        """A full pass over the target began."""
        self._pass_attempt[(target,)].set(_seconds(at))

    def pass_succeeded(self, target: str, at: datetime, seconds: float) -> None:
        """A full pass over the target read everything; it ended at an instant and took so long."""
        self.set_pass_success(target, at)
        self._pass_seconds[(target,)].observe(seconds)

    def set_pass_success(self, target: str, at: datetime) -> None:
        """When a full pass last read everything, known from before a restart."""
        self._pass_success[(target,)].set(_seconds(at))

    def set_queue(self, priority: str, depth: int, oldest: datetime | None) -> None:
        """How many keys wait with a priority, and since when the one that waits longest."""
        self._queue_depth[(priority,)].set(depth)
        self._queue_oldest[(priority,)].set(_seconds(oldest))

    def waited(self, priority: str, seconds: float) -> None:
        """A key was taken from the queue so long after it became due."""
        self._queue_wait[(priority,)].observe(seconds)

    def event(self, source: str, outcome: str) -> None:
        """An event came in (one of `EVENT_SOURCES`, one of `EVENT_OUTCOMES`)."""
        self._events[source, outcome].inc()

    def set_events_oldest_pending(self, since: datetime | None) -> None:
        """Since when the event waits that has waited longest to be acted upon."""
        self._events_oldest.set(_seconds(since))

    def set_intents_open(self, count: int) -> None:
        """How many writes were announced in the store and have no outcome yet."""
        self._intents_open.set(count)

    @contextmanager
    def store_at_work(self, monotonic: Callable[[], float]) -> Iterator[None]:
        """A transaction of the store goes on within, of which there is one at a time."""
        began = monotonic()
        try:
            yield
        finally:
            self._store_busy.inc(max(0.0, monotonic() - began))

    def cut_back(self, table: str, rows: int) -> None:
        """So many rows of a table (one of `CUT_BACK`) were old enough to go."""
        self._cut_back[(table,)].inc(rows)

    def charged(self, platform: str, kind: str) -> None:
        """Billing has booked a sale or a refund."""
        self._charges[platform, kind].inc()

    def set_charges(self, platform: str, kind: str, in_doubt: int, parked: int) -> None:
        """How many charges nobody knows the outcome of, and how many wait for a person."""
        self._charges_in_doubt[platform, kind].set(in_doubt)
        self._charges_parked[platform, kind].set(parked)

    def set_reconciled(self, platform: str, at: datetime, differences: int) -> None:
        """When the platform's feed was last compared with billing, and how many differences there were."""
        self._reconcile_differences[(platform,)].set(differences)
        self._reconcile_at[(platform,)].set(_seconds(at))

    def set_leader(self, leads: bool) -> None:
        """Whether this process is the one that writes; one that does not has no states to show."""
        self._leader.set(leads)
        self._leads = leads

    def set_epoch(self, epoch: int) -> None:
        """Under which number it writes; it grows whenever another process, or another store, takes over."""
        self._epoch.set(epoch)

    def show(self, signal: Signal, value: float | datetime | None, *about: str) -> None:
        """A gauge of `signals.py`, about a platform or target where it has one."""
        self._signals[signal][about].set(value if isinstance(value, int | float) else _seconds(value))

    def set_build(self, version: str) -> None:
        """What is running."""
        self._build.clear()
        self._build.labels(version, machine.python_version()).set(1)

    def set_config(self, fingerprint: str) -> None:
        """Which configuration is in force (`Config.fingerprint`)."""
        self._config.clear()
        self._config.labels(fingerprint).set(1)

    def _declare_accounts(self) -> None:
        self._accounts = self._of_platforms(self._gauge("accounts", "Subscribers by state", "platform", "state"), State)
        self._billing_accounts = Children(
            self._gauge("billing_accounts", "Accounts by what should become of them", "presence"), Presence
        )
        self._oldest_unconverged = self._of_platforms(
            self._gauge(
                "oldest_unconverged_timestamp_seconds", "Since when the oldest difference lasts; 0 = none", "platform"
            )
        )
        self._convergence = self._of_platforms(
            self._histogram("convergence_seconds", "From a difference to its end", _CONVERGENCE, "platform", "trigger"),
            TRIGGERS,
        )
        self._out_of_sync = self._of_platforms(
            self._counter("out_of_sync_account_seconds", "Time out of sync, summed over subscribers", "platform")
        )
        late = self._counter("late_account_seconds", "Time out of sync beyond the objective of 5 minutes", "platform")
        self._late = self._of_platforms(late)

    def _declare_work(self) -> None:
        self._reconcile = self._of_platforms(
            self._counter("reconcile", "Looks at one subscriber", "platform", "result"), RESULTS
        )
        self._reconcile_seconds = self._of_platforms(
            self._histogram("reconcile_seconds", "Time of a look at one subscriber", _WORK, "platform", "result"),
            RESULTS,
        )
        self._actions = self._of_platforms(
            self._counter("actions", "Writes to platforms", "platform", "kind", "result"), Kind, ACTION_RESULTS
        )
        self._drift = self._of_platforms(
            self._counter("drift", "Records changed by others, by the change that mends them", "platform", "kind"), Kind
        )
        self._brake_held = self._of_platforms(self._gauge("brake_held", "Changes the brake holds", "platform"))
        self._budget_remaining = self._of_platforms(
            self._gauge("budget_remaining", "Records left of the brake's 24 hours' budget", "platform")
        )
        self._paused = self._of_platforms(self._gauge("paused", "1 where a person paused the platform", "platform"))

    def _declare_targets(self) -> None:
        self._requests = Children(self._counter("requests", "Requests sent", "target", "operation", "outcome"))
        self._request_seconds = Children(
            self._histogram("request_seconds", "Time of a request", _REQUEST, "target", "operation", "outcome")
        )
        self._target_wait = self._of_targets(
            self._counter("target_wait_seconds", "Time that requests waited to be sent", "target", "limit"), Limit
        )
        self._places = self._of_targets(
            self._gauge("target_places", "Requests that may be under way at a time, as of late", "target")
        )
        self._breaker_open = self._of_targets(self._gauge("breaker_open", "1 where nothing is tried", "target"))
        self._breaker_opened = self._of_targets(
            self._gauge("breaker_opened_timestamp_seconds", "When the breaker opened; 0 = closed", "target")
        )
        self._pass_attempt = self._of_targets(
            self._gauge("pass_last_attempt_timestamp_seconds", "When the last full pass began", "target")
        )
        self._pass_success = self._of_targets(
            self._gauge("pass_last_success_timestamp_seconds", "When a full pass last read everything", "target")
        )
        self._pass_seconds = self._of_targets(
            self._histogram("pass_seconds", "Time of a full pass that read everything", _PASS, "target")
        )

    def _declare_charges(self) -> None:
        labels = ("platform", "kind")
        self._charges = self._of_platforms(
            self._counter("charges", "Sales and refunds that billing has booked", *labels), SaleKind
        )
        self._charges_in_doubt = self._of_platforms(
            self._gauge("charges_in_doubt", "Charges that billing may have booked or not", *labels), SaleKind
        )
        self._charges_parked = self._of_platforms(
            self._gauge("charges_parked", "Charges that wait for a person", *labels), SaleKind
        )
        self._reconcile_differences = self._of_platforms(
            self._gauge("charges_reconcile_differences", "Of the last comparison of feed and billing", "platform")
        )
        self._reconcile_at = self._of_platforms(
            self._gauge(
                "charges_reconcile_timestamp_seconds", "When feed and billing were last compared; 0 = never", "platform"
            )
        )

    def _declare_queue(self) -> None:
        self._queue_depth = Children(self._gauge("queue_depth", "Keys that wait", "priority"), PRIORITIES)
        self._queue_wait = Children(
            self._histogram("queue_wait_seconds", "Time from due to taken", _WAIT, "priority"), PRIORITIES
        )
        self._queue_oldest = Children(
            self._gauge("queue_oldest_timestamp_seconds", "Since when the oldest key waits; 0 = none", "priority"),
            PRIORITIES,
        )

    def _declare_events(self) -> None:
        self._events = Children(
            self._counter("events_total", "Events that came in", "source", "outcome"), EVENT_SOURCES, EVENT_OUTCOMES
        )
        self._events_oldest = self._gauge(
            "events_oldest_pending_timestamp_seconds", "Since when the oldest event waits to be acted upon; 0 = none"
        )

    def _declare_process(self) -> None:
        self._intents_open = self._gauge("intents_open", "Writes announced and without an outcome")
        self._leader = self._gauge("leader", "1 in the process that writes")
        self._epoch = self._gauge("epoch", "The number under which it writes")
        self._cut_back = Children(self._counter("cut_back_rows", "Old rows taken out of the store", "table"), CUT_BACK)
        self._store_busy = self._counter("store_busy_seconds", "Time that the store was at work")
        self._build = self._gauge("build_info", "What is running", "version", "python")
        self._config = self._gauge("config_info", "The configuration in force", "fingerprint")

    def _of_platforms(self, metric: M, *axes: Iterable[str]) -> Children[M]:
        """Children of every platform, by further labels as well."""
        children = Children(metric)
        self._by_platform.append((children, axes))
        return children

    def _of_targets(self, metric: M, *axes: Iterable[str]) -> Children[M]:
        """Children of every target, by further labels as well."""
        children = Children(metric)
        self._by_target.append((children, axes))
        return children

    def _declare_signals(self) -> None:
        self._signals: dict[Signal, Children[Gauge]] = {}
        for about in PlatformSignal:
            self._signals[about] = self._of_platforms(self._gauge(about.name, about.text, "platform"))
        for of in TargetSignal:
            self._signals[of] = self._of_targets(self._gauge(of.name, of.text, "target"))
        for process in ProcessSignal:
            gauge = self._gauge(process.name, process.text)
            self._signals[process] = Children(gauge)
            self._signals[process][()] = gauge

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", text, labels, buckets=buckets, registry=self._registry)


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at is not None else 0.0
