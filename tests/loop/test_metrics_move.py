"""Every metric moves when the program does what the metric counts: by the real daemon, between simulators.

Each scene is one test. The last test says that none is left out.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from controller import orders
from controller.store import EVERYTHING, Pause
from platforms.simulation import Fault
from tests.bed import TV, Bed
from tests.charges.market import ON, sell
from tests.controller.test_metrics import FOR_ALERTS, INTERFACE
from tests.loop.test_moves import entry, instance
from tests.loop.years import CHANGES, work

BY_VALUE = {"pass_interval_seconds", "credentials_expire_timestamp_seconds", "late_account_seconds_total"}
HOUR = 3600.0
Make = Callable[..., Bed]
ELSEWHERE = {
    *("charges_reconcile_differences", "charges_reconcile_timestamp_seconds"),  # tests/cli/test_charges_reconcile
    "store_busy_seconds_total",  # tests/controller/test_metrics: here no time goes by while the store is at work
    *("config_last_reload_successful", "config_last_reload_success_timestamp_seconds"),  # tests/daemon/test_reloading
}


class Shown:
    """What `/metrics` shows at a moment."""

    def __init__(self, bed: Bed) -> None:
        self.at = bed.world.now()
        lines = bed.application.metrics.render().decode().splitlines()
        samples = (line.rpartition(" ") for line in lines if line.startswith("iptv_reconciler_"))
        self._samples = {name.removeprefix("iptv_reconciler_"): float(value) for name, _, value in samples}

    def moved(self, *names: str) -> bool:
        """Whether all these have left 0, where they began."""
        at_rest = [name for name in names if not any(self._of(name))]
        assert not at_rest
        return True

    def value(self, name: str, **labels: str) -> float:
        """The sum over all that have these labels."""
        return sum(self._of(name, *(f'{label}="{value}"' for label, value in labels.items())))

    def _of(self, name: str, *labels: str) -> list[float]:
        found = {key: value for key, value in self._samples.items() if key.partition("{")[0] == name}
        assert found, f"there is no {name}"
        return [value for key, value in found.items() if all(label in key for label in labels)]


def fail(bed: Bed, operation: str, kind: str = "status", **details: object) -> None:
    bed.platform.faults.add(Fault.model_validate({"operation": operation, "kind": kind, "count": None, **details}))


async def after(bed: Bed, seconds: float) -> Shown:
    """What is shown when so much time has passed in which the daemon did nothing but look."""
    bed.world.advance(seconds)
    await bed.application.loop.show()
    return Shown(bed)


async def test_a_first_pass_moves_what_counts_accounts_work_calls_passes_and_the_process(make_bed: Make) -> None:
    bed = make_bed(billing={"credentials_expire": "2027-01-01T00:00:00Z"}, schedule={"full_pass": "20m"})
    for number in (1, 2, 3):
        bed.tv_account(number)
    bed.billing.change("create", id="phone1", i_product=70)

    async with bed.daemon():
        await bed.world.sleep(60)
        shown = Shown(bed)

    assert shown.moved(
        "accounts", "billing_accounts", "convergence_seconds_bucket", "reconcile_total", "reconcile_seconds_bucket"
    )
    assert shown.moved("actions_total", "requests_total", "request_seconds_bucket", "budget_remaining")
    assert shown.moved("pass_last_attempt_timestamp_seconds", "pass_last_success_timestamp_seconds")
    assert shown.moved("pass_seconds_bucket", "queue_wait_seconds_bucket", "records_owned", "list_complete")
    assert shown.moved("leader", "epoch", "build_info", "config_info", "platform_healthy", "store_usable")
    assert shown.moved("target_wait_seconds_total", "target_places")
    assert shown.moved("store_volume_free_bytes", "store_volume_size_bytes", "store_bytes", "store_wal_bytes")
    assert shown.value("target_places", target="billing") == 4
    assert shown.value("target_wait_seconds_total", target="billing", limit="rate") > 0
    assert shown.value("accounts", platform="tv", state="in_sync") == 3
    assert shown.value("accounts", platform="tv") == 3, "the account that only telephones has no state here"
    assert shown.value("billing_accounts", presence="active") == 3
    assert shown.value("billing_accounts", presence="dormant") == 1
    assert shown.value("actions_total", kind="create", result="changed") == 3
    assert shown.value("convergence_seconds_count", platform="tv", trigger="pass") == 3
    assert shown.value("pass_interval_seconds") == 1200
    assert shown.value("credentials_expire_timestamp_seconds", target="billing") == 1798761600
    assert shown.value("credentials_expire_timestamp_seconds", target="tv") == 0
    assert shown.value("list_complete", target="tv") == shown.value("list_complete", target="billing") == 1
    assert shown.value("late_account_seconds_total") == 0


async def test_a_record_that_somebody_else_changes_is_drift(bed: Bed) -> None:
    bed.tv_account()
    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        bed.platform.operator.change(bed.customer("tv000001_3")["id"], {"status": "disabled"})
        loop.ask_for_pass()
        await bed.world.sleep(30)

    assert Shown(bed).moved("drift_total")
    assert Shown(bed).value("drift_total", platform="tv", kind="resume") == 1


async def test_who_is_refused_is_late_after_five_minutes_and_for_an_hour(bed: Bed) -> None:
    await after(bed, 0)
    await bed.full_pass()
    await after(bed, HOUR)
    fail(bed, "customers.create", status=422)
    bed.tv_account()
    await bed.full_pass()

    early = await after(bed, 240)
    later = await after(bed, HOUR)
    at_last = await after(bed, 10 * HOUR)

    assert early.value("accounts", state="parked") == 1
    assert early.moved("oldest_unconverged_timestamp_seconds", "out_of_sync_account_seconds_total")
    assert early.value("late_account_seconds_total") == 0
    assert early.value("oldest_waiting_timestamp_seconds") == 0, "a parked account waits for a person"
    assert later.value("late_account_seconds_total", platform="tv") == pytest.approx(HOUR - 60, abs=1)
    assert at_last.value("late_account_seconds_total") == pytest.approx(HOUR, abs=1)


async def test_a_call_that_fails_keeps_its_account_waiting_and_its_key_on_the_queue(bed: Bed) -> None:
    async with bed.daemon():
        await bed.world.sleep(30)
        fail(bed, "customers.create", status=500)
        bed.tv_account()
        await bed.espf("Account/Created", i_account=70001)
        await bed.world.sleep(20)
        shown = Shown(bed)

    assert shown.moved("oldest_waiting_timestamp_seconds", "queue_depth", "reconcile_total")
    assert shown.value("accounts", state="backoff") == 1
    assert shown.value("reconcile_total", result="transient") >= 1
    assert shown.value("queue_depth", priority="retry") == 1


async def test_a_platform_that_refuses_us_is_not_healthy_and_its_accounts_are_not_late(bed: Bed) -> None:
    async with bed.daemon():
        await bed.world.sleep(30)
        fail(bed, "*", status=403)
        for number in range(1, 5):
            bed.tv_account(number)
            await bed.espf("Account/Created", i_account=70000 + number)
        await bed.world.sleep(320)
        shown = Shown(bed)
        bed.platform.faults.clear()
        await bed.world.sleep(300)

    assert shown.moved("breaker_open", "breaker_opened_timestamp_seconds", "access_refused")
    assert shown.moved("queue_oldest_timestamp_seconds")
    assert shown.value("breaker_open", target="tv") == shown.value("access_refused", target="tv") == 1
    assert shown.value("platform_healthy", platform="tv") == 0
    healed = Shown(bed)
    assert healed.value("access_refused") == healed.value("breaker_open") == 0
    assert healed.value("platform_healthy", platform="tv") == 1
    assert healed.value("accounts", state="in_sync") == 4
    assert healed.value("late_account_seconds_total") == 0, "all had arrived within 5 minutes of the end of the outage"


async def test_what_the_brake_holds_is_counted_and_nobody_who_is_held_is_late(make_bed: Make) -> None:
    bed = make_bed(brake={"floor": 2})
    accounts = [bed.tv_account(number) for number in range(1, 7)]
    await bed.full_pass()
    await after(bed, HOUR)
    for i_account in accounts:
        bed.billing.change("block", i_account=i_account)
    await bed.full_pass()

    shown = await after(bed, HOUR)

    assert shown.moved("brake_held")
    assert shown.value("brake_held", platform="tv") == shown.value("accounts", state="held") == 6
    assert shown.value("held_for_attention") == 0, "a plan that waits is not told twice"
    assert shown.value("late_account_seconds_total") == 0


async def test_a_platform_with_customers_is_a_first_contact_and_its_records_are_foreign(bed: Bed) -> None:
    for number in range(12):
        bed.platform.operator.create({"externalId": f"theirs-{number}"})
    bed.tv_account()
    await bed.full_pass()

    shown = await after(bed, 60)

    assert shown.moved("first_contact", "records_foreign", "brake_held")
    assert shown.value("records_foreign", platform="tv") == 12
    assert shown.value("platform_healthy", platform="tv") == 0


async def test_a_name_that_somebody_else_has_is_a_conflict(bed: Bed) -> None:
    bed.platform.operator.create({"externalId": "tv000001_3"})
    bed.tv_account()
    await bed.full_pass()

    shown = await after(bed, 60)

    assert shown.value("accounts", platform="tv", state="conflict") == 1
    assert shown.value("records_foreign", platform="tv") == 1


async def test_a_package_that_is_not_offered_holds_its_accounts_for_somebody_to_mend(make_bed: Make) -> None:
    bed = make_bed(catalog=[{"product": {"i_product": 61}, "platform": "tv", "packages": ["no-such-package"]}])
    bed.tv_account()
    await bed.full_pass()

    shown = await after(bed, 60)

    assert shown.moved("held_for_attention")
    assert shown.value("held_for_attention", platform="tv") == shown.value("accounts", state="held") == 1


async def test_a_pause_shows_until_when_and_who_is_paused_is_not_late(bed: Bed) -> None:
    i_account = bed.tv_account()
    await bed.full_pass()
    now = (await after(bed, HOUR)).at
    until = now + timedelta(hours=2)
    pause = Pause(EVERYTHING, "", None, "works on the network", "operator", now, until)
    await bed.application.ledger.run(lambda store: orders.pause(store, pause))
    bed.billing.change("block", i_account=i_account)
    await bed.full_pass()
    paused = await after(bed, HOUR)
    await after(bed, HOUR + 5)
    await bed.full_pass()
    ended = await after(bed, 60)

    assert paused.moved("paused", "pause_expires_timestamp_seconds")
    assert paused.value("pause_expires_timestamp_seconds", platform="tv") == until.timestamp()
    assert paused.value("accounts", state="paused") == 1
    assert paused.value("platform_healthy") == 0
    assert ended.value("paused") == ended.value("pause_expires_timestamp_seconds") == 0
    assert ended.value("accounts", state="in_sync") == 1
    assert ended.value("late_account_seconds_total") == 0


async def test_who_waits_for_a_platform_that_is_only_observed_is_not_late_where_he_is(make_bed: Make) -> None:
    new = instance("http://tv-new.test", mode="observe")
    bed = make_bed(platforms={"tv": instance(TV), "new": new}, catalog=[entry("tv"), entry("new", 62)])
    i_account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("product", i_account=i_account, i_product=62)
    await bed.full_pass()
    await after(bed, 60)

    shown = await after(bed, HOUR)

    assert shown.value("accounts", platform="tv", state="pending") == 1
    assert shown.value("oldest_waiting_timestamp_seconds") == shown.value("late_account_seconds_total") == 0


async def test_events_are_counted_and_the_oldest_that_waits_for_billing_is_told(bed: Bed) -> None:
    i_account = bed.tv_account()
    async with bed.daemon():
        await bed.world.sleep(30)
        bed.billing.faults.add(Fault(operation="Account/*", kind="status", status=500, count=None))
        await bed.espf("Account/Blocked", i_account=i_account)
        await bed.post("/espf", {}, authorization="Basic d3Jvbmc6d3Jvbmc=")
        await bed.world.sleep(30)
        shown = Shown(bed)

    assert shown.moved("events_total", "events_oldest_pending_timestamp_seconds")
    assert shown.value("events_total", source="espf", outcome="stored") == 1
    assert shown.value("events_total", source="espf", outcome="refused") == 1


async def test_whose_details_billing_does_not_give_is_not_late(bed: Bed) -> None:
    bed.billing.faults.add(Fault(operation="Account/get_account_info", kind="status", status=500, count=None))
    bed.tv_account()
    await bed.full_pass()
    await after(bed, 60)

    shown = await after(bed, HOUR)

    assert shown.moved("details_due")
    assert shown.value("details_due", target="billing") == shown.value("accounts", platform="tv") == 1
    assert shown.value("oldest_waiting_timestamp_seconds") == shown.value("late_account_seconds_total") == 0


async def test_who_is_to_be_switched_off_is_late_though_details_are_to_be_read(bed: Bed) -> None:
    i_account = bed.tv_account()
    await bed.full_pass()
    await after(bed, HOUR)
    bed.billing.faults.add(Fault(operation="Account/get_account_info", kind="status", status=500, count=2))
    bed.billing.change("block", i_account=i_account)
    await bed.full_pass()

    shown = await after(bed, 600)

    assert shown.value("details_due", target="billing") == 1
    assert shown.value("oldest_waiting_timestamp_seconds") == pytest.approx(shown.at.timestamp() - 600, abs=1)
    assert shown.value("late_account_seconds_total") == pytest.approx(300, abs=1)


async def test_a_call_whose_answer_was_lost_is_an_open_intent(bed: Bed) -> None:
    async with bed.daemon():
        await bed.world.sleep(30)
        fail(bed, "customers.create", "lost_answer")
        fail(bed, "customers.list", status=500)
        bed.tv_account()
        await bed.espf("Account/Created", i_account=70001)
        await bed.world.sleep(10)
        shown = Shown(bed)

    assert shown.moved("intents_open")
    assert shown.value("accounts", state="in_flight") + shown.value("accounts", state="backoff") == 1


async def test_charges_are_counted_where_they_are_booked_in_doubt_and_parked(make_bed: Make) -> None:
    bed = make_bed(charges=ON)
    bed.tv_account()
    async with bed.daemon():
        await bed.world.sleep(70)
        await sell(bed)
        await bed.world.sleep(130)
        await sell(bed, currency="USD")
        bed.billing.faults.add(Fault(operation="Account/make_transaction", kind="lost_answer", count=None))
        bed.billing.faults.add(Fault(operation="Account/get_xdr_list", kind="status", status=500, count=None))
        await sell(bed)
        await bed.world.sleep(130)
        shown = Shown(bed)

    assert shown.moved("charges_total", "charges_in_doubt", "charges_parked")
    assert shown.value("charges_total", platform="tv", kind="vod") == 1
    assert shown.value("charges_in_doubt", platform="tv", kind="vod") == 1
    assert shown.value("charges_parked", platform="tv", kind="vod") == 1


async def test_what_is_cut_back_is_counted_and_leaves_room(make_bed: Make) -> None:
    bed = make_bed(store={"audit": {"max_rows": 1}})
    work(await bed.store(), begins=bed.world.now() - timedelta(days=30), days=20)
    bed.tv_account()
    async with bed.daemon():
        await bed.world.sleep(90)
    await after(bed, HOUR)

    shown = Shown(bed)
    assert shown.moved("cut_back_rows_total", "audit_cut_timestamp_seconds", "store_unused_bytes")
    assert shown.value("cut_back_rows_total", table="audit") == 20 * CHANGES


async def test_p19_the_states_add_up_at_every_scrape(make_bed: Make) -> None:
    bed = make_bed(brake={"floor": 2})
    accounts = [bed.tv_account(number) for number in range(1, 10)]
    bed.billing.change("create", id="phone1", i_product=70)
    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        for step, i_account in enumerate(accounts):
            bed.billing.change("block" if step % 3 else "terminate", i_account=i_account)
            loop.ask_for_pass()
            await bed.world.sleep(7)
            shown, store = Shown(bed), await bed.store()
            assert shown.value("accounts", platform="tv") == sum(store.subscribers("tv").counts().values())
            assert shown.value("billing_accounts") == len(accounts) + 1


def test_no_metric_is_left_out() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    moved = {
        name for call in re.findall(r"\.moved\((.*?)\)", source, re.DOTALL) for name in re.findall(r'"(\w+)"', call)
    }
    assert moved | BY_VALUE == (INTERFACE | FOR_ALERTS).keys() - ELSEWHERE
