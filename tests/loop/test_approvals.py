"""What waits for a person: held plans that are approved or rejected by their hash, the day's budget, first contact."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.adoption import adopt, adoption_plan
from controller.billing.simulator.changes import Action
from controller.store import Store
from controller.views.status_text import status_lines
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.deciding import approve, held_hash, reject

FLOOR = 10
TIGHT = {"floor": 2, "destructive_fraction": 0.0, "daily_floor": 5, "daily_fraction": 0.0}


def enabled(bed: Bed) -> int:
    return sum(row["status"] == "active" for row in bed.customers())


async def fleet(bed: Bed, count: int) -> list[int]:
    accounts = [bed.tv_account(number) for number in range(1, count + 1)]
    await bed.full_pass()
    return accounts


async def test_p04_an_approved_plan_is_performed_and_nothing_else(bed: Bed) -> None:
    accounts = await fleet(bed, 14)
    for account in accounts[: FLOOR + 1]:
        bed.billing.change("terminate", i_account=account)
    await bed.full_pass()
    assert len(bed.customers()) == 14
    assert await approve(bed, await held_hash(bed)) == {"tv": FLOOR + 1}
    await bed.full_pass()
    assert len(bed.customers()) == 3
    assert (await bed.status())["platforms"]["tv"]["held_plan"] is None


async def test_the_daemon_acts_upon_an_approval_within_seconds(bed: Bed) -> None:
    accounts = await fleet(bed, 14)
    for account in accounts[: FLOOR + 1]:
        bed.billing.change("terminate", i_account=account)
    async with bed.daemon():
        await bed.world.sleep(30)
        assert len(bed.customers()) == 14
        await approve(bed, await held_hash(bed))
        await bed.world.sleep(5)
        assert len(bed.customers()) == 3


def metric(bed: Bed, name: str) -> float:
    lines = bed.application.metrics.render().decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"iptv_reconciler_{name}{{")).rpartition(" ")[2])


async def test_p04_metrics_show_what_waits_and_what_is_left_of_the_day(bed: Bed) -> None:
    accounts = await fleet(bed, 30)
    for account in accounts[:3]:
        bed.billing.change("block", i_account=account)
    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        assert (metric(bed, "budget_remaining"), metric(bed, "brake_held")) == (17, 0)
        for account in accounts[3:15]:
            bed.billing.change("block", i_account=account)
        loop.ask_for_pass()
        await bed.world.sleep(30)
        assert (metric(bed, "budget_remaining"), metric(bed, "brake_held")) == (17, 12)


async def test_p05_one_account_more_voids_the_approval(bed: Bed) -> None:
    accounts = await fleet(bed, 14)
    for account in accounts[: FLOOR + 1]:
        bed.billing.change("terminate", i_account=account)
    await bed.full_pass()
    first = await held_hash(bed)
    await approve(bed, first)
    bed.world.advance(60)
    bed.billing.change("terminate", i_account=accounts[-1])
    await bed.full_pass()
    assert len(bed.customers()) == 14, "what was approved was another plan"
    assert await held_hash(bed) != first


async def test_p05_one_account_less_voids_the_approval(bed: Bed) -> None:
    accounts = await fleet(bed, 30)
    for account in accounts[:12]:
        bed.billing.change("block", i_account=account)
    await bed.full_pass()
    await approve(bed, await held_hash(bed))
    bed.world.advance(60)
    bed.billing.change("unblock", i_account=accounts[0])
    await bed.full_pass()
    assert enabled(bed) == 30


@pytest.mark.parametrize("change", ["unblock", "terminate"])
async def test_p05_a_plan_that_an_event_has_shown_to_be_another_one_is_not_approved(bed: Bed, change: Action) -> None:
    accounts = await fleet(bed, 30)
    for account in accounts[:12]:
        bed.billing.change("block", i_account=account)
    await bed.full_pass()
    plan = await held_hash(bed)
    bed.billing.change(change, i_account=accounts[0])
    bed.world.advance(60)
    await bed.espf("Account/Updated", i_account=accounts[0], i_env=3)
    await bed.act_on_events()
    assert await approve(bed, plan) == {}
    await bed.full_pass()
    assert enabled(bed) == 30
    assert await held_hash(bed) != plan


async def test_p05_an_approved_change_whose_answer_was_lost_has_not_vanished(bed: Bed) -> None:
    accounts = await fleet(bed, 15)
    for account in accounts[: FLOOR + 2]:
        bed.billing.change("terminate", i_account=account)
    await bed.full_pass()
    await approve(bed, await held_hash(bed))
    bed.platform.faults.add(Fault(operation="customers.delete", kind="lost_answer"))
    bed.platform.faults.add(Fault(operation="customers.delete", kind="status", count=None))
    await bed.full_pass()
    assert len(bed.customers()) == 14
    bed.platform.faults.clear()
    await bed.converge()
    assert len(bed.customers()) == 3, "the approval of the others went with it"


async def test_p05_a_change_that_became_another_is_not_made_under_an_approval(bed: Bed) -> None:
    accounts = await fleet(bed, 14)
    for account in accounts[: FLOOR + 1]:
        bed.billing.change("block", i_account=account)
    await bed.full_pass()
    await approve(bed, await held_hash(bed))
    bed.billing.change("unblock", i_account=accounts[0])
    async with bed.daemon():
        await bed.world.sleep(5)
        assert enabled(bed) >= 4, "each is looked at anew before it is turned off"
    assert next(row for row in bed.customers() if row["externalId"] == "tv000001_3")["status"] == "active"


async def test_an_approval_outlives_a_kill_and_a_lost_answer(bed: Bed) -> None:
    accounts = await fleet(bed, 14)
    for account in accounts[: FLOOR + 1]:
        bed.billing.change("terminate", i_account=account)
    await bed.full_pass()
    await approve(bed, await held_hash(bed))
    bed.restart()
    bed.platform.faults.add(Fault(operation="customers.delete", kind="lost_answer", count=2))
    await bed.full_pass()
    await bed.converge()
    assert len(bed.customers()) == 3


async def test_a_rejected_plan_waits_and_asks_for_no_attention_until_it_is_another_one(bed: Bed) -> None:
    accounts = await fleet(bed, 14)
    for account in accounts[: FLOOR + 1]:
        bed.billing.change("block", i_account=account)
    await bed.full_pass()
    assert await reject(bed, await held_hash(bed)) == {"tv": FLOOR + 1}
    await bed.full_pass()
    assert enabled(bed) == 14
    status = await bed.status()
    assert (status["platforms"]["tv"]["held_plan"], status["healthy"]) == (None, True)
    view = (await bed.explain(f"i_account:{accounts[0]}"))["platforms"]["tv"]
    assert view["held"] == {
        "by": "rejected",
        "text": "a person has rejected this change; it waits until it is another one",
        "plan": None,
    }
    bed.billing.change("terminate", i_account=accounts[0])
    await bed.full_pass()
    assert len(bed.customers()) == 13


async def test_p04_any_24_hours_have_a_budget_that_survives_a_restart(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(brake=TIGHT)
    accounts = await fleet(bed, 12)
    for start in (0, 2, 4, 6):
        for account in accounts[start : start + 2]:
            bed.billing.change("block", i_account=account)
        bed.world.advance(600)
        bed.restart()
        await bed.full_pass()
    assert enabled(bed) == 8, "two a pass, and no more than five a day: so the third two wait, and with them the fourth"
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert (held["destructive"], held["limit"]) == (4, 1)
    bed.world.advance(24 * 3600)
    await bed.full_pass()
    assert enabled(bed) == 8, "four are more than a pass may"
    bed.billing.change("unblock", i_account=accounts[7])
    bed.billing.change("unblock", i_account=accounts[6])
    await bed.full_pass()
    assert enabled(bed) == 6


def others(bed: Bed, count: int, start: int = 1) -> None:
    for number in range(start, start + count):
        bed.platform.operator.create({"externalId": f"tv{number:06}_3", "notes": "theirs"})


async def test_p01_the_first_plan_for_a_platform_with_customers_is_held_as_a_whole(bed: Bed) -> None:
    others(bed, FLOOR)
    bed.platform.operator.create({"externalId": "left", "notes": "iptv-reconciler env=3 i_account=5"})
    accounts = [bed.tv_account(number) for number in range(8, 14)]
    before = bed.customers()
    await bed.full_pass()
    await bed.converge(2)
    assert bed.customers() == before
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert (held["by"], held["changes"]) == ("first_contact", 3)
    assert held["records"] == {"owned": 0, "adoptable": 3, "foreign": FLOOR - 3, "orphaned": 1}
    said = "  of its records are 0 owned, 3 adoptable, 7 foreign, 1 orphaned"
    assert said in list(status_lines(await bed.status()))
    view = (await bed.explain(f"i_account:{accounts[-1]}"))["platforms"]["tv"]
    assert view["state"] == "held"
    await approve(bed, held["hash"])
    await bed.full_pass()
    assert len(bed.customers()) == FLOOR + 4, "who bears a name of ours stays untouched until it is adopted"
    bed.tv_account(20)
    await bed.full_pass()
    assert len(bed.customers()) == FLOOR + 5, "after that, creations go on"


async def test_p01_fewer_records_than_the_floor_are_no_first_contact(bed: Bed) -> None:
    others(bed, FLOOR - 1, start=50)
    bed.tv_account(1)
    await bed.full_pass()
    assert len(bed.customers()) == FLOOR


async def test_what_is_adopted_is_ours_and_gets_everything_anew(bed: Bed) -> None:
    others(bed, 2)
    bed.platform.operator.create({"externalId": "tv000009_3", "notes": "iptv-reconciler env=9 i_account=5"})
    for number in (1, 2, 9):
        bed.tv_account(number)
    await bed.full_pass()
    platforms = bed.application.installations[0].billing.platforms
    plan = await bed.application.ledger.run(lambda store: adoption_plan(store, platforms))
    assert [each.observed.external_id for each in plan.adoptions] == ["tv000001_3", "tv000002_3"]
    again = await bed.application.ledger.run(lambda store: adoption_plan(store, platforms))
    assert again.hash == plan.hash
    await bed.application.ledger.run(lambda store: adopt(store, plan, bed.world.now()))
    await bed.full_pass()
    assert bed.customer("tv000001_3")["notes"] == "iptv-reconciler env=3 i_account=70001"
    assert bed.customer("tv000009_3")["notes"] == "iptv-reconciler env=9 i_account=5"
    assert len(bed.customers()) == 3


async def test_what_is_adopted_gets_its_password_anew(make_bed: Callable[..., Bed]) -> None:
    tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "auth": "login"}
    bed = make_bed(platforms={"tv": tv})
    bed.billing.installation.accounts[bed.tv_account(1)].custom_fields |= {"TV Login": "Ana", "TV Password": "Watch-1"}
    theirs = {"externalId": "tv000001_3", "status": "active", "packages": ["1"], "username": "Ana", "password": "old"}
    bed.platform.operator.create(theirs)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["password"] == "old"
    assert await adopt_everything(bed) == 1
    await bed.full_pass()
    assert bed.customer("tv000001_3")["password"] == "Watch-1"


async def test_of_two_records_with_one_name_none_is_adopted(bed: Bed) -> None:
    others(bed, 1)
    bed.tv_account(1)
    await bed.full_pass()

    def add_twin(store: Store) -> None:
        records = store.records("tv", 3)
        ((_, record_id),) = records.namesakes()
        record = records.get(record_id)
        assert record is not None
        records.note_observed(None, replace(record.observation, record_id="twin"))

    await bed.application.ledger.run(add_twin)
    assert await adopt_everything(bed) == 0


async def test_a_foreign_record_that_changes_makes_another_adoption_plan(bed: Bed) -> None:
    others(bed, 1)
    bed.tv_account(1)
    await bed.full_pass()
    platforms = bed.application.installations[0].billing.platforms
    plan = await bed.application.ledger.run(lambda store: adoption_plan(store, platforms))
    bed.platform.operator.change(str(bed.customer("tv000001_3")["id"]), {"status": "disabled"})
    await bed.full_pass()
    assert (await bed.application.ledger.run(lambda store: adoption_plan(store, platforms))).hash != plan.hash


async def test_p05_what_becomes_another_plan_before_it_begins_is_held_at_a_first_contact_too(bed: Bed) -> None:
    others(bed, FLOOR, start=50)
    bed.tv_account(1)
    await bed.full_pass()
    await approve(bed, await held_hash(bed))
    bed.world.advance(60)
    bed.tv_account(2)
    await bed.full_pass()
    assert bed.platform.requests.writes == 0
    await approve(bed, await held_hash(bed))
    await bed.full_pass()
    assert bed.platform.requests.writes == 2


async def test_p01_the_daemon_makes_what_was_approved_of_a_first_contact_and_goes_on_from_there(bed: Bed) -> None:
    others(bed, FLOOR, start=50)
    bed.tv_account(1)
    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        assert metric(bed, "brake_held") == 1, "an alert can fire"
        await approve(bed, await held_hash(bed))
        await bed.world.sleep(5)
        assert len(bed.customers()) == FLOOR + 1
        bed.tv_account(2)
        loop.ask_for_pass()
        await bed.world.sleep(30)
    assert len(bed.customers()) == FLOOR + 2


@pytest.mark.parametrize(("ours", "is_first"), [(FLOOR - 1, True), (FLOOR, False)])
async def test_p01_a_few_records_with_our_mark_do_not_make_a_platform_ours(bed: Bed, ours: int, is_first: bool) -> None:
    others(bed, FLOOR, start=50)
    for number in range(ours):
        note = f"iptv-reconciler env=3 i_account={number + 5}"
        bed.platform.operator.create({"externalId": f"old{number}_3", "notes": note})
    bed.tv_account(1)
    await bed.full_pass()
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert (held is not None and held["by"] == "first_contact") is is_first


async def adopt_everything(bed: Bed) -> int:
    platforms = bed.application.installations[0].billing.platforms
    plan = await bed.application.ledger.run(lambda store: adoption_plan(store, platforms))
    await bed.application.ledger.run(lambda store: adopt(store, plan, bed.world.now()))
    return len(plan.adoptions)


async def test_p05_an_adoption_has_an_approval_of_its_own_whatever_else_changes(bed: Bed) -> None:
    (ours,) = [bed.tv_account(90)]
    await bed.full_pass()
    for number in range(1, FLOOR + 2):
        theirs = {"externalId": f"tv{number:06}_3", "notes": "theirs", "status": "active", "packages": ["1", "2"]}
        bed.platform.operator.create(theirs)
        bed.tv_account(number)
    await bed.full_pass()
    assert await adopt_everything(bed) == FLOOR + 1
    bed.world.advance(60)
    bed.billing.change("block", i_account=ours)
    await bed.full_pass()
    assert sum("i_account" in row["notes"] for row in bed.customers()) == FLOOR + 2
    assert bed.customer("tv000090_3")["status"] == "disabled"


async def test_an_adoption_at_a_first_contact_goes_on_and_the_first_plan_still_waits(bed: Bed) -> None:
    others(bed, FLOOR)
    for number in (1, 20):
        bed.tv_account(number)
    await bed.full_pass()
    plan = await held_hash(bed)
    assert await adopt_everything(bed) == 1
    bed.world.advance(60)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["notes"].startswith("iptv-reconciler")
    assert len(bed.customers()) == FLOOR, "nobody has approved of anything else"
    assert await held_hash(bed) == plan
