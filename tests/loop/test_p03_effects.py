"""P3: what an absence does to records is held, shown, undone and counted like any other change."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from controller.store import Store
from controller.views.explain_text import explain_lines
from controller.views.status_text import status_lines
from desired_state.entitlement import Presence
from tests.bed import Bed
from tests.loop.platforms import box, cable, catalog, customer, have_service, ministra, seachange, telebreeze
from tests.loop.vanishing import (
    APART,
    GRACE,
    MINUTE,
    come_back,
    facts,
    later,
    neighbours,
    pause,
    proven,
    reason,
    resume,
    state_of,
    vanish,
)

MakeBed = Callable[..., Bed]
TIGHT = {"floor": 1, "destructive_fraction": 0.0, "update_fraction": 1.0, "daily_floor": 1, "daily_fraction": 0.0}
SINCE = "absent from billing since 2026-03-01T12:01"


def with_tv(make_bed: MakeBed, **over: object) -> Bed:
    return make_bed(platforms={"tv": telebreeze(**over)})


async def held_by(bed: Bed, account: str = "tv000001") -> str | None:
    held = (await bed.explain(account))["platforms"]["tv"]["held"]
    return held["by"] if held is not None else None


@pytest.mark.parametrize("on_no_service", ["suspend", "delete"])
async def test_p03_where_accounts_without_service_are_deleted_an_absent_one_is_first_switched_off(
    make_bed: MakeBed, on_no_service: str
) -> None:
    bed = with_tv(make_bed, on_no_service=on_no_service)
    account, _ = await neighbours(bed)
    await proven(bed, account)
    assert state_of(bed) == "disabled"
    await later(bed, GRACE - MINUTE)
    assert state_of(bed) == "disabled"


async def test_p03_nothing_is_deleted_where_deleting_is_not_enabled(make_bed: MakeBed) -> None:
    bed = with_tv(make_bed, delete_enabled=False)
    account, _ = await neighbours(bed)
    await proven(bed, account)
    await later(bed, 10 * GRACE)
    assert state_of(bed) == "disabled"
    assert "because delete_enabled is false" in "\n".join(status_lines(await bed.status()))


async def test_p03_a_grace_of_nothing_still_switches_off_first(make_bed: MakeBed) -> None:
    bed = with_tv(make_bed, absence_grace="0s")
    account, _ = await neighbours(bed)
    await proven(bed, account)
    assert state_of(bed) == "gone"
    actions = (await bed.store()).journal.calls_since(0)
    assert actions["tv", "suspend", "ok"] == actions["tv", "delete", "ok"] == 1


async def test_p03_the_grace_counts_from_when_the_record_was_switched_off(bed: Bed) -> None:
    """A pause kept it on for a month after its absence was proven: the viewer has had no grace yet."""
    account, _ = await neighbours(bed)
    await pause(bed)
    await proven(bed, account)
    await later(bed, 2 * GRACE)
    assert state_of(bed) == "active"
    await resume(bed)
    assert state_of(bed) == "disabled"
    await later(bed, GRACE - 2 * MINUTE)
    assert state_of(bed) == "disabled"
    await later(bed, 3 * MINUTE)
    assert state_of(bed) == "gone"


async def test_p03_a_record_that_somebody_turned_on_again_is_switched_off_and_has_its_grace_anew(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    await proven(bed, account)
    bed.world.advance(GRACE + MINUTE)
    bed.platform.operator.change(bed.customer("tv000001_3")["id"], {"status": "active"})
    await bed.full_pass()
    assert state_of(bed) == "disabled"
    await later(bed, GRACE + MINUTE)
    assert state_of(bed) == "gone"


async def test_p03_the_daemon_acts_at_the_end_of_the_grace_without_a_pass(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    await proven(bed, account)
    ends = bed.world.now() + GRACE
    bed.restart()
    bed.world.advance(GRACE - timedelta(seconds=30))
    async with bed.daemon():
        await bed.world.sleep((ends - bed.world.now()).total_seconds() - 5)
        assert state_of(bed) == "disabled"
        await bed.world.sleep(10)
        assert state_of(bed) == "gone"


async def test_p03_an_account_that_comes_back_is_resumed_and_one_that_lost_its_record_gets_a_new_one(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    gone = await proven(bed, account)
    come_back(bed, gone)
    await bed.espf("Account/Updated", i_event=1, i_account=account)
    await bed.act_on_events()
    assert state_of(bed) == "active", "at once, by an event"
    await proven(bed, account)
    come_back(bed, gone)
    await later(bed, MINUTE)
    assert state_of(bed) == "active", "by the next list"
    await proven(bed, account)
    await later(bed, GRACE + MINUTE)
    assert state_of(bed) == "gone"
    come_back(bed, gone)
    await later(bed, MINUTE)
    assert (state_of(bed), await reason(bed)) == ("active", "entitled")


async def test_p03_a_termination_that_a_look_up_finds_is_a_fact_and_waits_for_no_grace(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    gone = await proven(bed, account)
    assert state_of(bed) == "disabled"
    bed.billing.installation.accounts[account] = gone
    bed.billing.change("terminate", i_account=account)
    await bed.espf("Account/Status/Closed", i_event=1, i_account=account)
    await bed.act_on_events()
    assert (state_of(bed), await reason(bed, f"i_account:{account}")) == ("gone", "closed")


async def test_p03_a_terminated_account_that_is_purged_from_billing_waits_for_no_grace_either(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    await pause(bed)
    bed.billing.change("terminate", i_account=account)
    await later(bed, MINUTE)
    vanish(bed, account)
    await later(bed, APART)
    await resume(bed)
    assert state_of(bed) == "gone"


async def test_p03_whom_billing_said_to_leave_alone_is_left_to_a_person(bed: Bed) -> None:
    """An exported customer vanishes because another PortaSwitch serves him now."""
    account, _ = await neighbours(bed)
    bed.billing.installation.accounts[account].customer.bill_status = "E"
    await later(bed, MINUTE)
    assert await reason(bed) == "customer_exported"
    await proven(bed, account)
    await later(bed, GRACE)
    assert (state_of(bed), await reason(bed)) == ("active", "missing_from_billing")
    assert "customer_exported" in (await facts(bed))["next"]


@pytest.mark.parametrize(
    ("over", "by"), [({"mode": "observe"}, "observe"), ({"change_windows": ["00:00-00:01"]}, "window")]
)
async def test_p09_where_nothing_is_written_absences_write_nothing(
    make_bed: MakeBed, over: dict[str, object], by: str
) -> None:
    bed = with_tv(make_bed)
    account, _ = await neighbours(bed)
    bed.reconfigure(platforms={"tv": telebreeze(**over)})
    bed.platform.requests.reset()
    await proven(bed, account)
    await later(bed, GRACE)
    assert (bed.platform.requests.writes, await held_by(bed)) == (0, by)


async def test_p09_a_platform_in_maintenance_is_not_called_for_an_absence(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    await pause(bed, maintenance=True)
    bed.platform.requests.reset()
    await proven(bed, account)
    assert not bed.platform.requests.operations
    await resume(bed)
    assert state_of(bed) == "disabled"


async def test_p01_a_record_that_became_anothers_is_not_touched_for_an_absence(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    record = bed.customer("tv000001_3")
    bed.platform.operator.change(record["id"], {"notes": "iptv-reconciler env=7 i_account=1"})
    before = dict(bed.customer("tv000001_3"))
    bed.platform.requests.reset()
    await proven(bed, account)
    await later(bed, GRACE)
    assert (bed.customer("tv000001_3"), bed.platform.requests.writes) == (before, 0)


@pytest.mark.parametrize("spent", [1, 0])
async def test_p04_absences_pass_the_brake_together_and_are_approved_by_their_hash(
    make_bed: MakeBed, spent: int
) -> None:
    bed = make_bed(brake={**TIGHT, "daily_floor": 5 if spent else 0, "floor": 2})
    accounts = await neighbours(bed, 6)
    for account in accounts[:2]:
        vanish(bed, account)
    await later(bed, MINUTE)
    if spent:
        bed.billing.change("block", i_account=accounts[4])
    await later(bed, APART)
    assert [row["status"] for row in bed.customers()] == ["active"] * 6
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert held["destructive"] == 2 + spent

    def approve(store: Store) -> None:
        store.holds.approve("tv", held["hash"], bed.world.now())
        store.targets.forget_held("tv")

    await bed.application.ledger.run(approve)
    await later(bed, MINUTE)
    assert [row["status"] for row in bed.customers()].count("disabled") == 2 + spent


async def test_p03_nothing_is_taken_between_passes_while_the_list_is_in_doubt(bed: Bed) -> None:
    account, *others = await neighbours(bed, 14)
    await proven(bed, account)
    for other in others[:11]:
        vanish(bed, other)
    bed.world.advance(GRACE + MINUTE)
    await bed.full_pass()
    await bed.espf("Account/Updated", i_event=1, i_account=account)
    await bed.act_on_events()
    assert (state_of(bed), await held_by(bed)) == ("disabled", "incomplete_source")


async def test_p11_a_device_of_an_absent_account_goes_to_who_needs_it(bed: Bed) -> None:
    account, other = await neighbours(bed)
    await proven(bed, account)
    devices = bed.customer("tv000001_3")["devices"]
    bed.billing.change("device", i_account=other, devices=[devices[0]["deviceId"]])
    await bed.espf("Account/CustomField/Changed", i_event=1, i_account=other)
    await bed.act_on_events()
    assert bed.customer("tv000002_3")["devices"] == devices
    assert bed.customer("tv000001_3")["devices"] == []


async def test_p11_the_id_of_an_absent_account_goes_to_the_account_that_has_it_now(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    gone = await proven(bed, account)
    heir = bed.billing.change("create", id="tv000001", i_product=61)
    bed.billing.change("device", i_account=heir, devices=["00:1A:79:00:00:77"])
    await later(bed, MINUTE)
    await bed.converge(1)
    assert (state_of(bed), state_of(bed, f"absent-{account}_3")) == ("active", "disabled")
    assert f"i_account={heir}" in bed.customer("tv000001_3")["notes"]
    gone.id = "tv000009"
    come_back(bed, gone)
    await later(bed, MINUTE)
    assert state_of(bed, f"absent-{account}_3") == "active", "a record keeps its name unless rename is set"


async def test_p03_on_platforms_of_other_kinds_too(make_bed: MakeBed) -> None:
    platforms = {"cable": seachange(), "box": ministra()}
    bed = make_bed(platforms=platforms, catalog=catalog("cable", "box"))
    accounts = [bed.tv_account(number, i_product=product) for number, product in enumerate((63, 65, 63, 65), start=1)]
    await bed.full_pass()
    for account in accounts[:2]:
        vanish(bed, account)
    await later(bed, MINUTE)
    assert len(have_service(bed)["cable"]) == len(have_service(bed)["box"]) == 2
    await later(bed, APART)
    assert (have_service(bed)["cable"], have_service(bed)["box"]) == (["tv000003_3"], ["tv000004"])
    assert (len(cable(bed).platform.customers), len(box(bed).portal.users)) == (2, 2)
    await later(bed, GRACE + MINUTE)
    assert (len(cable(bed).platform.customers), len(box(bed).portal.users)) == (1, 1)


async def test_p03_every_platform_with_a_record_lets_its_own_grace_go_by(make_bed: MakeBed) -> None:
    """The account moved from one platform to the other shortly before, and has a record on both."""
    platforms = {"tv": telebreeze(absence_grace="1d"), "cable": seachange()}
    bed = make_bed(platforms=platforms, catalog=catalog("tv", "cable"))
    account, _ = await neighbours(bed)
    bed.billing.change("product", i_account=account, i_product=63)
    await bed.converge(1)
    assert (state_of(bed), customer(bed).enabled) == ("disabled", True)
    await proven(bed, account)
    assert (state_of(bed), customer(bed).enabled) == ("disabled", False)
    await later(bed, timedelta(days=1, minutes=1))
    assert (state_of(bed), customer(bed).enabled) == ("gone", False)
    await later(bed, GRACE)
    assert not cable(bed).platform.customers


async def test_p19_an_absent_account_is_in_one_state_and_counts_add_up(bed: Bed) -> None:
    account, _, _ = await neighbours(bed, 3)
    vanish(bed, account)
    seen = []
    for pause_ in (MINUTE, APART, MINUTE, GRACE, MINUTE):
        await later(bed, pause_)
        store = await bed.store()
        assert sum(store.accounts("billing").count_by_presence().values()) == 2, "the accounts of the last list"
        counts = {state: count for state, count in store.subscribers("tv").counts().items() if count}
        assert sum(counts.values()) == len(bed.customers())
        counts["in_sync"] -= 2  # type: ignore[index]
        seen.append([state.value for state, count in counts.items() if count])
    assert seen == [["held"], ["no_service"], ["no_service"], [], []]
    assert (await bed.status())["healthy"]


async def test_p21_explain_status_plan_and_audit_tell_the_whole_story(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    told = await facts(bed)
    assert (told["missing_since"][:16], told["complete_lists_without_it"]) == ("2026-03-01T12:01", "1")
    assert "begins after 2026-03-01T12:16" in told["next"]
    bed.world.advance(APART)
    (change,) = (await bed.plan())["changes"]
    assert (change["kind"], change["reason"]) == ("suspend", "absent_from_billing")
    assert (change["because"] or "").startswith(SINCE)
    await bed.full_pass()
    explained = await bed.explain("tv000001")
    ends = (bed.world.now() + GRACE).isoformat(timespec="seconds")
    assert explained["decision"]["presence"] == Presence.ABSENT
    assert (explained["decision"]["valid_until"] or "")[:19] == ends[:19]
    sentence = explained["platforms"]["tv"]["because"] or ""
    assert sentence.startswith(SINCE)
    assert "confirmed by a look-up at 2026-03-01T12:16" in sentence
    assert sentence.endswith(f"will be deleted after {ends}")
    assert sentence in "\n".join(explain_lines(explained))
    assert sentence in "\n".join(status_lines(await bed.status()))
    (action, *_) = explained["platforms"]["tv"]["last_actions"]
    assert (action["kind"], action["reason"]) == ("suspend", "absent_from_billing")
    assert (action["text"] or "").startswith(SINCE)


async def test_p09_plan_shows_what_a_pass_would_do_and_counts_for_nothing(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    assert (await bed.plan())["changes"] == []
    await later(bed, APART)
    bed.world.advance(APART - MINUTE)
    assert (await bed.plan())["changes"] == [], "a pass would not do anything yet"
    bed.world.advance(2 * MINUTE)
    assert [change["kind"] for change in (await bed.plan())["changes"]] == ["suspend"]
    assert (state_of(bed), (await facts(bed))["complete_lists_without_it"]) == ("active", "1")


@pytest.mark.parametrize("turns", [3, 20, 60, 100, 140, 200])
async def test_p16_a_kill_in_a_pass_that_proves_an_absence_changes_nothing_about_its_end(bed: Bed, turns: int) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    bed.world.advance(APART)
    await bed.kill_in_the_middle_of_a_pass(turns)
    await later(bed, MINUTE)
    assert state_of(bed) == "disabled"
    actions = (await bed.store()).journal.calls_since(0)
    assert actions["tv", "suspend", "ok"] == 1
