"""The metrics by the names operators rely on."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.metrics import ACTION_RESULTS, PRIORITIES, RESULTS, TRIGGERS, Metrics
from controller.signals import PlatformSignal, ProcessSignal, TargetSignal
from desired_state.entitlement import Presence
from desired_state.plan import Kind
from desired_state.subscriber import State
from platforms.gate import Admission, Limit
from platforms.transport import Meter, Outcome

AT = datetime(2026, 1, 1, tzinfo=UTC)

INTERFACE = {
    "accounts": "platform state",
    "billing_accounts": "presence",
    "oldest_unconverged_timestamp_seconds": "platform",
    "convergence_seconds_bucket": "platform trigger",
    "out_of_sync_account_seconds_total": "platform",
    "reconcile_total": "platform result",
    "reconcile_seconds_bucket": "platform result",
    "actions_total": "platform kind result",
    "drift_total": "platform kind",
    "requests_total": "target operation outcome",
    "request_seconds_bucket": "target operation outcome",
    "brake_held": "platform",
    "budget_remaining": "platform",
    "breaker_open": "target",
    "breaker_opened_timestamp_seconds": "target",
    "queue_depth": "priority",
    "queue_wait_seconds_bucket": "priority",
    "queue_oldest_timestamp_seconds": "priority",
    "pass_last_attempt_timestamp_seconds": "target",
    "pass_last_success_timestamp_seconds": "target",
    "pass_seconds_bucket": "target",
    "events_total": "source outcome",
    "events_oldest_pending_timestamp_seconds": "",
    "charges_total": "platform kind",
    "charges_in_doubt": "platform kind",
    "charges_parked": "platform kind",
    "intents_open": "",
    "leader": "",
    "epoch": "",
    "paused": "platform",
    "build_info": "version python",
    "config_info": "fingerprint",
}
FOR_ALERTS = {
    "late_account_seconds_total": "platform",
    "platform_healthy": "platform",
    "oldest_waiting_timestamp_seconds": "platform",
    "held_for_attention": "platform",
    "first_contact": "platform",
    "records_owned": "platform",
    "records_foreign": "platform",
    "pause_expires_timestamp_seconds": "platform",
    "charges_reconcile_differences": "platform",
    "charges_reconcile_timestamp_seconds": "platform",
    "list_complete": "target",
    "details_due": "target",
    "access_refused": "target",
    "credentials_expire_timestamp_seconds": "target",
    "config_last_reload_successful": "",
    "config_last_reload_success_timestamp_seconds": "",
    "pass_interval_seconds": "",
    "store_usable": "",
    "store_bytes": "",
    "store_unused_bytes": "",
    "store_wal_bytes": "",
    "cut_back_rows_total": "table",
    "audit_cut_timestamp_seconds": "",
    "target_wait_seconds_total": "target limit",
    "target_places": "target",
    "store_busy_seconds_total": "",
    "store_volume_free_bytes": "",
    "store_volume_size_bytes": "",
}
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def fresh() -> Metrics:
    metrics = Metrics(["tv", "tv2"], {"billing": ["list"], "tv": ["get"], "tv2": ["get"]})
    metrics.set_build("1.2.3")
    metrics.set_config("abc")
    return metrics


def samples(metrics: Metrics) -> dict[str, float]:
    lines = metrics.render().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def value(metrics: Metrics, name: str) -> float:
    return samples(metrics)[f"iptv_reconciler_{name}"]


def test_names_and_labels_are_those_of_the_interface() -> None:
    shown: dict[str, set[str]] = {}
    for sample in samples(fresh()):
        name, _, labels = sample.partition("{")
        if name.startswith("iptv_reconciler_") and not name.endswith(("_sum", "_count")):
            shown.setdefault(name.removeprefix("iptv_reconciler_"), set()).update(re.findall(r'(\w+)="', labels))
    assert shown == {name: set(labels.split()) | _le(name) for name, labels in (INTERFACE | FOR_ALERTS).items()}


@pytest.mark.parametrize("name", [*INTERFACE, *FOR_ALERTS])
def test_readme_names_every_metric(name: str) -> None:
    assert f"`{name.removesuffix('_bucket')}`" in README.partition("## Endpoints, metrics, status")[2]


def _le(name: str) -> set[str]:
    return {"le"} if name.endswith("_bucket") else set()


def test_p23_every_child_exists_at_zero_and_no_other_comes() -> None:
    metrics = fresh()
    before = samples(metrics)
    assert {value for name, value in before.items() if name.startswith("iptv") and "_info" not in name} == {0}
    every_call(metrics)
    every_signal(metrics)
    assert set(samples(metrics)) == set(before)


def every_call(metrics: Metrics) -> None:
    """Whatever the daemon can report, once."""
    for platform in ("tv", "tv2"):
        metrics.set_accounts(platform, dict.fromkeys(State, 1))
        metrics.set_oldest_unconverged(platform, AT)
        metrics.set_brake_held(platform, 3)
        metrics.set_budget_remaining(platform, 20)
        metrics.set_paused(platform, True)
        metrics.late(platform, 1)
        for trigger in TRIGGERS:
            metrics.converged(platform, trigger, 1)
        for result in RESULTS:
            metrics.reconciled(platform, result, 0.1)
        for kind in Kind:
            metrics.drift(platform, kind)
            for result in ACTION_RESULTS:
                metrics.action(platform, kind, result)
    metrics.set_billing_accounts(dict.fromkeys(Presence, 1))
    metrics.meter("billing", "list", Outcome.OK, 0.1, Admission(0.3, Limit.RATE, 4))
    metrics.set_breaker("billing", AT)
    metrics.set_leader(True)
    metrics.set_epoch(3)
    metrics.pass_attempted("tv", AT)
    metrics.pass_succeeded("tv", AT, 3)
    for priority in PRIORITIES:
        metrics.set_queue(priority, 1, AT)
        metrics.waited(priority, 1)


def every_signal(metrics: Metrics) -> None:
    for platform_signal in PlatformSignal:
        metrics.show(platform_signal, 1, "tv2")
    for target_signal in TargetSignal:
        metrics.show(target_signal, AT, "billing")
    for process_signal in ProcessSignal:
        metrics.show(process_signal, None)


def test_a_state_that_is_not_named_has_no_accounts() -> None:
    metrics = fresh()
    metrics.set_accounts("tv", {State.IN_SYNC: 4, State.HELD: 2})
    metrics.set_accounts("tv", {State.IN_SYNC: 6})
    assert value(metrics, 'accounts{platform="tv",state="in_sync"}') == 6
    assert value(metrics, 'accounts{platform="tv",state="held"}') == 0


def test_instants_are_exported_and_none_is_zero() -> None:
    metrics = fresh()
    metrics.set_breaker("tv", AT)
    assert value(metrics, 'breaker_opened_timestamp_seconds{target="tv"}') == AT.timestamp()
    assert value(metrics, 'breaker_open{target="tv"}') == 1
    metrics.set_breaker("tv", None)
    assert value(metrics, 'breaker_opened_timestamp_seconds{target="tv"}') == 0
    assert value(metrics, 'breaker_open{target="tv"}') == 0


def test_counters_and_times_grow_together() -> None:
    metrics = fresh()
    metrics.reconciled("tv", "changed", 0.3)
    metrics.reconciled("tv", "changed", 0.2)
    labels = '{platform="tv",result="changed"}'
    assert value(metrics, f"reconcile_total{labels}") == 2
    assert value(metrics, f"reconcile_seconds_sum{labels}") == pytest.approx(0.5)
    metrics.action("tv", Kind.CREATE, "changed")
    assert value(metrics, 'actions_total{kind="create",platform="tv",result="changed"}') == 1
    metrics.out_of_sync("tv", 12.5)
    assert value(metrics, 'out_of_sync_account_seconds_total{platform="tv"}') == 12.5


def test_requests_are_counted_as_the_transport_tells_them() -> None:
    metrics = fresh()
    meter: Meter = metrics.meter
    meter("tv", "get", Outcome.THROTTLED, 0.2, Admission(0.7, Limit.CONCURRENCY, 4))
    meter("tv", "get", Outcome.OK, 0.2, Admission(0.0, None, 3))
    assert value(metrics, 'requests_total{operation="get",outcome="throttled",target="tv"}') == 1
    assert value(metrics, 'target_wait_seconds_total{limit="concurrency",target="tv"}') == 0.7
    assert value(metrics, 'target_places{target="tv"}') == 3, "the pace's last word"


def test_the_store_is_busy_as_long_as_its_transactions_take() -> None:
    metrics, instants = fresh(), iter([10.0, 10.5])
    with metrics.store_at_work(lambda: next(instants)):
        pass
    assert value(metrics, "store_busy_seconds_total") == 0.5


def test_a_new_configuration_replaces_the_old_ones_mark() -> None:
    metrics = fresh()
    metrics.set_config("def")
    infos = [name for name in samples(metrics) if "config_info" in name]
    assert infos == ['iptv_reconciler_config_info{fingerprint="def"}']


def test_two_sets_of_metrics_do_not_meet() -> None:
    one, other = fresh(), fresh()
    one.set_intents_open(3)
    assert value(other, "intents_open") == 0
    assert "process_resident_memory_bytes" in samples(one)
