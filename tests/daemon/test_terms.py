"""Terms: one configuration after the other, one leader after the other, and HTTP that is always there."""

import asyncio

import pytest

from controller.daemon import BETWEEN, DRAIN
from controller.store import store_error_in
from platforms.simulation import Fault
from tests.bed import TV, Bed
from tests.daemon.office import Lead, Office

TWO = {
    "platforms": {
        "tv": {"driver": "telebreeze", "url": TV, "api_key": "simulated", "requests_per_second": 10000},
        "tv2": {"driver": "telebreeze", "url": "http://tv2.test", "api_key": "simulated", "requests_per_second": 10000},
    }
}
SOON = BETWEEN + 2.0


async def test_it_works_from_the_start_to_the_end_in_one_term(office: Office) -> None:
    office.bed.tv_account()
    async with office.at_work():
        assert office.bed.customer("tv000001_3")["status"] == "active"
    assert len(office.made) == 1


async def test_another_configuration_begins_a_new_term_on_the_same_store(office: Office) -> None:
    account = office.bed.tv_account()
    async with office.at_work():
        made = office.bed.platform.requests.operations["customers.create"]
        await office.reconfigure(rules={"status": {"blocked": "active"}})
        office.bed.billing.change("block", i_account=account)
        await office.espf("Account/Blocked", i_event=1, i_account=account)
        await office.bed.world.sleep(SOON)
        assert office.bed.customer("tv000001_3")["status"] == "active"
        assert office.bed.platform.requests.operations["customers.create"] == made
    assert [each.config.rules.status.get("blocked") for each in office.made] == [None, "active"]


async def test_counters_go_on_over_terms_and_gauges_follow_the_platforms(office: Office) -> None:
    office.bed.tv_account()
    async with office.at_work():
        before = await office.metrics()
        await office.reconfigure(**TWO)
        await office.bed.world.sleep(SOON)
        with_two = await office.metrics()
        await office.reconfigure()
        await office.bed.world.sleep(SOON)
        after = await office.metrics()
    counters = [name for name in before if name.partition("{")[0].endswith(("_total", "_count", "_bucket"))]
    assert [name for name in counters if not before[name] <= with_two[name] <= after[name]] == []
    assert with_two['accounts{platform="tv2",state="in_sync"}'] == 0
    assert [name for name in after if "tv2" in name] == []
    (info,) = [name for name in after if name.startswith("config_info")]
    assert office.bed.config.fingerprint in info


async def test_health_stands_through_a_change_over(office: Office) -> None:
    async with office.at_work():
        assert (await office.get("/readyz")).status_code == 200
        office.bed.billing.faults.add(Fault(kind="delay", seconds=30, count=None))
        await office.espf("Account/New", i_event=1, i_account=office.bed.tv_account())
        await office.bed.world.sleep(1)
        await office.reconfigure(schedule={"full_pass": "5m"})
        for _ in range(int(DRAIN) + 30):
            await office.bed.world.sleep(1)
            assert (await office.get("/livez")).status_code == 200
            assert (await office.get("/readyz")).status_code == 200


async def test_p18_an_event_that_comes_during_a_change_over_is_acted_upon_by_the_next_term(office: Office) -> None:
    account = office.bed.tv_account()
    async with office.at_work():
        office.bed.platform.faults.add(Fault(kind="delay", seconds=8, count=1))
        office.bed.billing.change("product", i_account=account, i_product=62)
        await office.espf("Account/Updated", i_event=1, i_account=account)
        await office.bed.world.sleep(1)
        await office.reconfigure(schedule={"full_pass": "5m"})
        office.bed.billing.change("block", i_account=account)
        assert await office.espf("Account/Blocked", i_event=2, i_account=account) == 200
        await office.bed.world.sleep(8 + SOON)
        assert office.bed.customer("tv000001_3")["status"] == "disabled"


async def test_what_was_begun_is_finished_before_the_next_term_but_not_for_ever(office: Office) -> None:
    account = office.bed.tv_account()
    async with office.at_work():
        office.bed.billing.faults.add(Fault(kind="delay", seconds=10_000, count=1))
        await office.espf("Account/Updated", i_event=1, i_account=account)
        await office.bed.world.sleep(1)
        await office.reconfigure(schedule={"full_pass": "5m"})
        office.bed.billing.change("block", i_account=account)
        await office.espf("Account/Blocked", i_event=2, i_account=account)
        await office.bed.world.sleep(DRAIN + SOON)
        assert office.bed.customer("tv000001_3")["status"] == "disabled"


async def test_what_was_begun_is_finished_at_the_end(office: Office) -> None:
    account = office.bed.tv_account()
    async with office.at_work():
        office.bed.platform.faults.add(Fault(kind="delay", seconds=8))
        office.bed.billing.change("block", i_account=account)
        await office.espf("Account/Blocked", i_event=1, i_account=account)
        await office.bed.world.sleep(1)
        assert office.bed.platform.requests.in_flight == 1
    assert office.bed.customer("tv000001_3")["status"] == "disabled"
    assert (await office.bed.store()).journal.count_open() == 0


async def test_a_second_change_during_a_change_over_is_the_one_that_counts(office: Office) -> None:
    async with office.at_work():
        office.bed.billing.faults.add(Fault(kind="delay", seconds=8, count=1))
        await office.espf("Account/New", i_event=1, i_account=office.bed.tv_account())
        await office.bed.world.sleep(1)
        await office.reconfigure(schedule={"full_pass": "5m"})
        await office.reconfigure(schedule={"full_pass": "6m"})
        await office.bed.world.sleep(8 + SOON)
        assert office.daemon.present is office.made[2]
        assert office.bed.customers() != []


@pytest.mark.parametrize("turns", range(8))
async def test_it_ends_in_order_whenever_it_is_stopped(bed: Bed, turns: int) -> None:
    office = Office(bed)
    bed.tv_account()
    async with office.at_work():
        await office.reconfigure(schedule={"full_pass": "5m"})
        for _ in range(turns):
            await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1


async def test_one_that_is_stopped_before_it_runs_ends_at_once(office: Office) -> None:
    office.daemon.stop()
    await office.daemon.run()
    await office.daemon.aclose()
    assert office.bed.billing.requests.operations == {}


async def test_trouble_with_the_store_that_will_not_pass_ends_it_with_a_sentence(office: Office) -> None:
    async def lose_the_store() -> None:
        async with office.at_work():
            office.bed.config.store.path.unlink()
            await office.bed.world.sleep(5)

    with pytest.raises(ExceptionGroup) as raised:
        await lose_the_store()
    assert "was removed or replaced" in str(store_error_in(raised.value))


async def test_a_store_that_cannot_be_used_at_a_change_over_is_waited_for(office: Office) -> None:
    async with office.at_work():
        store = await office.daemon.present.ledger.run(lambda store: store)
        store.db.conn.execute("PRAGMA query_only = 1")
        await office.bed.world.sleep(5)
        await office.reconfigure(schedule={"full_pass": "5m"})
        await office.bed.world.sleep(30)
        assert (await office.get("/readyz")).status_code == 503
        assert await office.espf("Account/New", i_event=1, i_account=1) == 503
        assert (await office.get("/livez")).status_code == 200
        store.db.conn.execute("PRAGMA query_only = 0")
        office.bed.tv_account()
        await office.bed.world.sleep(SOON)
        assert (await office.get("/readyz")).status_code == 200
        assert office.bed.customer("tv000001_3")["status"] == "active"


class TestStandby:
    async def test_it_calls_nobody_keeps_events_and_lives(self, bed: Bed) -> None:
        office = Office(bed, lead := Lead())
        account = bed.tv_account()
        async with office.at_work():
            assert await office.espf("Account/New", i_event=1, i_account=account) == 200
            await bed.world.sleep(1000)
            assert (await office.get("/livez")).status_code == 200
            assert (await office.get("/readyz")).status_code == 503
            assert bed.billing.requests.operations == {}
            lead.won.set()
            await bed.world.sleep(SOON)
            assert bed.customer("tv000001_3")["status"] == "active"
            assert (await office.get("/readyz")).status_code == 200

    async def test_one_that_never_leads_ends_at_once(self, bed: Bed) -> None:
        async with Office(bed, Lead()).at_work():
            pass
        assert bed.billing.requests.operations == {}

    async def test_its_configuration_changes_as_well(self, bed: Bed) -> None:
        office = Office(bed, lead := Lead())
        async with office.at_work():
            await office.reconfigure(events={"espf": {"username": "tv", "password": "another"}})
            assert await office.espf("Account/New", i_event=1, i_account=1) == 401
            assert await office.espf("Account/New", ("tv", "another"), i_event=1, i_account=1) == 200
            (info,) = [name for name in await office.metrics() if name.startswith("config_info")]
            assert bed.config.fingerprint in info
            lead.won.set()
            await bed.world.sleep(SOON)
            assert (await office.get("/readyz")).status_code == 200


async def test_p07_who_loses_the_lead_ends_at_once_and_works_anew_when_it_comes_back(bed: Bed) -> None:
    office = Office(bed, lead := Lead())
    lead.won.set()
    account = bed.tv_account()
    async with office.at_work():
        bed.platform.faults.add(Fault(kind="delay", seconds=30, count=1))
        bed.billing.change("block", i_account=account)
        await office.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(1)
        lost_at = bed.world.monotonic()
        lead.taken.clear()
        lead.lose()
        await lead.taken.wait()
        assert bed.world.monotonic() - lost_at < 1
        written = bed.platform.requests.operations.total()
        assert await office.espf("Account/Blocked", i_event=2, i_account=account) == 200
        await bed.world.sleep(1000)
        assert bed.platform.requests.operations.total() == written
        assert (await office.get("/livez")).status_code == 200

        lead.won.set()
        await bed.world.sleep(SOON)
        assert bed.customer("tv000001_3")["status"] == "disabled"
        assert len(office.made) == 2


async def test_it_is_ready_once_billing_is_read_whatever_else_a_pass_waits_for(bed: Bed) -> None:
    (installation,) = bed.application.installations
    assert not bed.application.health.ready()["snapshot"].ok
    await installation.fleet.read([])
    assert bed.application.health.ready()["snapshot"].ok
