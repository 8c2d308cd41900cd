"""P3: who vanished from billing is switched off after two lists and a look-up, and removed after a time of grace."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.deciding import approve, approve_gone, hash_of_the_lost, held_hash
from tests.loop.platforms import telebreeze
from tests.loop.vanishing import (
    APART,
    FIELDS,
    GRACE,
    INFO,
    LIST,
    MINUTE,
    come_back,
    due_next,
    facts,
    later,
    looks,
    neighbours,
    reason,
    resume,
    state_of,
    vanish,
)

HOUR = timedelta(hours=1)
MakeBed = Callable[..., Bed]


def spoil(bed: Bed, operation: str, **fault: object) -> None:
    bed.billing.faults.add(Fault.model_validate({"operation": operation, "count": None, **fault}))


async def test_p03_the_whole_life_of_an_absence(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    assert (state_of(bed), await reason(bed)) == ("active", "missing_from_billing")
    await later(bed, APART)
    assert (state_of(bed), await reason(bed)) == ("disabled", "absent_from_billing")
    await later(bed, GRACE - MINUTE)
    assert state_of(bed) == "disabled"
    await later(bed, 2 * MINUTE)
    assert state_of(bed) == "gone"
    assert state_of(bed, "tv000002_3") == "active"


async def test_p03_one_complete_list_is_not_enough_whatever_the_look_up_says(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    for number in range(3):
        await bed.espf("Account/Updated", i_event=number + 1, i_account=account)
        await bed.act_on_events()
    assert (state_of(bed), await reason(bed)) == ("active", "missing_from_billing")


async def test_p03_lists_that_are_less_than_fifteen_minutes_apart_are_one(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    for _ in range(3):
        await later(bed, APART / 3 - timedelta(seconds=1))
        assert state_of(bed) == "active"
    await later(bed, timedelta(seconds=3))
    assert state_of(bed) == "disabled"


async def test_p03_without_a_look_up_nothing_is_taken_away(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    spoil(bed, INFO, kind="status", status=503)
    for _ in range(5):
        await later(bed, APART)
    assert (state_of(bed), await reason(bed)) == ("active", "missing_from_billing")
    assert "503" in (await facts(bed))["look_up_failed"]

    bed.billing.faults.clear()
    await later(bed, MINUTE)
    assert state_of(bed) == "disabled", "what the lists had proven is not forgotten"


@pytest.mark.parametrize("switch", [{"not_found_is_fault": True}, {"refused_methods": [INFO]}])
async def test_p03_a_fault_neither_confirms_nor_ends_an_absence(bed: Bed, switch: dict[str, object]) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    bed.billing.switch(**switch)
    for _ in range(5):
        await later(bed, APART)
    assert (state_of(bed), await reason(bed)) == ("active", "missing_from_billing")
    assert int((await facts(bed))["complete_lists_without_it"]) > 2
    (trouble,) = (await bed.status())["platforms"]["tv"]["attention"]
    assert trouble["by"] == "missing_from_billing"


async def test_p03_an_incomplete_list_neither_counts_nor_resets(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    spoil(bed, LIST, kind="html")
    for _ in range(3):
        await later(bed, APART)
    assert state_of(bed) == "active"
    bed.billing.faults.clear()
    await later(bed, MINUTE)
    assert (await facts(bed))["complete_lists_without_it"] == "1"
    spoil(bed, LIST, kind="truncated")
    await later(bed, APART)
    assert (state_of(bed), (await facts(bed))["complete_lists_without_it"]) == ("active", "1")
    bed.billing.faults.clear()
    await later(bed, MINUTE)
    assert state_of(bed) == "disabled"


async def test_p03_an_account_that_any_list_shows_again_is_counted_from_the_beginning(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    gone = vanish(bed, account)
    await later(bed, MINUTE)
    come_back(bed, gone)
    spoil(bed, LIST, kind="html", after=1)  # a first page, and no proof
    await later(bed, MINUTE)
    assert await reason(bed) == "entitled"
    bed.billing.faults.clear()
    vanish(bed, account)
    await later(bed, APART)
    assert (state_of(bed), (await facts(bed))["complete_lists_without_it"]) == ("active", "1")
    await later(bed, APART)
    assert state_of(bed) == "disabled"


async def test_p03_an_account_that_a_look_up_finds_is_counted_from_the_beginning(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    bed.billing.installation.order.remove(account)  # the list hides it, its own call does not
    await later(bed, MINUTE)
    assert await reason(bed) == "missing_from_billing"
    for _ in range(4):
        await later(bed, APART)
    assert state_of(bed) == "active"
    assert int((await facts(bed)).get("complete_lists_without_it", "0")) < 2


async def test_p03_a_restart_forgets_neither_the_count_nor_the_grace(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    for _ in range(2):
        await later(bed, APART)
        bed.restart()
    assert state_of(bed) == "disabled"
    bed.world.advance(GRACE)
    bed.restart()
    await bed.full_pass()
    assert state_of(bed) == "gone"


async def test_p03_a_clock_that_was_set_back_begins_anew(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    bed.world.jump(2 * HOUR)
    vanish(bed, account)
    await later(bed, MINUTE)
    bed.restart()
    bed.world.jump(-2 * HOUR)
    await later(bed, APART)
    assert (state_of(bed), (await facts(bed))["complete_lists_without_it"]) == ("active", "1")
    await later(bed, APART)
    assert state_of(bed) == "disabled"


async def test_p03_a_clock_that_was_set_ahead_shortens_nothing(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    bed.world.jump(HOUR)
    await later(bed, MINUTE)
    assert state_of(bed) == "active"
    await later(bed, APART)
    assert state_of(bed) == "disabled"
    bed.world.jump(2 * GRACE)
    await later(bed, MINUTE)
    assert state_of(bed) == "disabled", "the grace is over by a clock that was set, not by time"


@pytest.mark.parametrize("due", ["disabled", "gone"])
async def test_p03_the_look_up_is_made_just_before_the_act(bed: Bed, due: str) -> None:
    """Everything was proven; what is proven may be over when the act comes."""
    account, _ = await neighbours(bed)
    gone = await due_next(bed, account, due)
    bed.billing.installation.accounts[account] = gone  # found by its number, though no list shows it yet
    await resume(bed)
    assert (state_of(bed), await reason(bed)) == ("active", "entitled")


@pytest.mark.parametrize("due", ["disabled", "gone"])
@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "garbage"}, {"kind": "truncated"}])
async def test_p03_where_that_look_up_fails_nothing_is_done(bed: Bed, due: str, fault: dict[str, object]) -> None:
    account, _ = await neighbours(bed)
    await due_next(bed, account, due)
    before = state_of(bed)
    spoil(bed, INFO, **fault)
    await resume(bed)
    assert state_of(bed) == before
    bed.billing.faults.clear()
    await bed.converge(2)
    assert state_of(bed) == due


async def test_p03_an_answer_about_another_account_proves_nothing(bed: Bed) -> None:
    account, other = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    bed.billing.installation.accounts[account] = bed.billing.installation.accounts[other]
    for _ in range(3):
        await later(bed, APART)
    assert (state_of(bed), await reason(bed)) == ("active", "unreadable_in_billing")
    del bed.billing.installation.accounts[account]
    await later(bed, APART)
    assert state_of(bed) == "disabled", "nor was the count lost"


async def test_p03_an_account_that_is_found_without_its_custom_fields_is_there(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    bed.billing.installation.order.remove(account)
    await later(bed, MINUTE)
    bed.billing.switch(refused_methods=["Account/get_custom_fields_values"])
    for _ in range(3):
        await later(bed, APART)
    assert state_of(bed) == "active"


async def test_p13_a_look_up_that_fails_stops_no_other(bed: Bed) -> None:
    accounts = await neighbours(bed, 9)
    for account in accounts[:8]:
        vanish(bed, account)
    await later(bed, MINUTE)
    bed.to_billing.refused = frozenset(accounts[:7])
    await later(bed, APART)
    assert [state_of(bed, f"tv00000{number}_3") for number in range(1, 10)] == [*["active"] * 7, "disabled", "active"]
    assert (await bed.status())["billing"]["details"]["resting_until"] is None


async def test_p03_look_ups_stop_where_billing_does_not_answer_and_are_few_where_it_does(bed: Bed) -> None:
    accounts = await neighbours(bed, 11)
    for account in accounts[:10]:
        vanish(bed, account)
    await later(bed, MINUTE)
    spoil(bed, INFO, kind="status", status=502)
    bed.billing.requests.reset()
    for _ in range(3):
        await later(bed, APART)
    assert 3 <= looks(bed) <= 3 * 7, "each pass tries a few and gives up"
    bed.billing.faults.clear()
    bed.billing.requests.reset()
    await later(bed, APART)
    assert looks(bed) == 2 * 10, "one to prove it, and one before the act"
    assert not bed.billing.requests.operations[FIELDS], "who is not there has no custom fields to ask for"
    bed.billing.requests.reset()
    bed.platform.requests.reset()
    for _ in range(3):
        await later(bed, APART)
    assert (looks(bed), bed.platform.requests.writes) == (0, 0)


async def test_p03_a_population_that_shrank_by_more_than_the_brake_counts_for_nobody(bed: Bed) -> None:
    accounts = await neighbours(bed, 14)
    for account in accounts[:11]:
        vanish(bed, account)
    for _ in range(4):
        await later(bed, APART)
    assert {row["status"] for row in bed.customers()} == {"active"}
    assert await reason(bed) == "entitled"


async def test_p11_a_population_that_shrank_for_good_is_believed_once_a_person_says_so(bed: Bed) -> None:
    accounts = await neighbours(bed, 25)
    for account in accounts[:11]:
        vanish(bed, account)
    await later(bed, MINUTE)
    assert await approve_gone(bed, "0" * 16) == {}
    plan = await hash_of_the_lost(bed)
    vanish(bed, accounts[11])
    await later(bed, MINUTE)
    assert await approve_gone(bed, plan) == {}, "one more is gone by now"
    assert await approve_gone(bed, await hash_of_the_lost(bed)) == {"billing": 12}
    await later(bed, MINUTE)
    assert (await bed.status())["billing"]["complete"]
    await later(bed, APART)
    assert (await bed.status())["billing"]["absent"]["accounts"] == 12
    assert {row["status"] for row in bed.customers()} == {"active"}, "the brake holds what follows"
    await approve(bed, await held_hash(bed))
    await bed.full_pass()
    assert sum(row["status"] == "active" for row in bed.customers()) == 13
    orders = (await bed.explain("tv000001"))["orders"]
    assert ("approve", "billing") in [(each["action"], each["target"]) for each in orders]


async def test_p11_terminated_accounts_that_are_purged_together_raise_no_doubt(bed: Bed) -> None:
    accounts = await neighbours(bed, 25)
    for account in accounts[:10]:
        bed.billing.change("terminate", i_account=account)
    await later(bed, MINUTE)
    for account in accounts[10:15]:
        bed.billing.change("terminate", i_account=account)
    await later(bed, MINUTE)
    for account in accounts[:15]:
        vanish(bed, account)
    await later(bed, MINUTE)
    assert (await bed.status())["billing"]["complete"]


async def test_p03_a_list_of_nobody_counts_for_nobody_however_few_there_were(bed: Bed) -> None:
    for account in await neighbours(bed, 2):
        vanish(bed, account)
    for _ in range(3):
        await later(bed, APART)
    assert {row["status"] for row in bed.customers()} == {"active"}
    assert "2 of 2 accounts" in ((await bed.status())["billing"]["text"] or "")


@pytest.mark.parametrize("over", [{"environment": 4}, {"url": "http://other.test"}])
async def test_p03_another_billing_says_nothing_about_the_accounts_of_this_one(
    bed: Bed, over: dict[str, object]
) -> None:
    """Few accounts, so that the brake's floor would let all of them go."""
    for account in await neighbours(bed, 3):
        vanish(bed, account)
    bed.tv_account(4), bed.tv_account(5)
    bed.reconfigure(billing=over)
    for _ in range(4):
        await later(bed, APART)
    assert [state_of(bed, f"tv00000{number}_3") for number in (1, 2, 3)] == ["active"] * 3


async def test_p03_at_a_new_address_of_billing_absences_are_counted_from_the_beginning(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    bed.reconfigure(billing={"url": "http://moved.test"})
    await later(bed, APART)
    assert (state_of(bed), (await facts(bed))["complete_lists_without_it"]) == ("active", "1")
    await later(bed, APART)
    assert state_of(bed) == "disabled"


async def test_p03_what_plan_found_by_a_look_up_ends_the_count(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    gone = vanish(bed, account)
    await later(bed, MINUTE)
    bed.world.advance(APART)
    bed.billing.installation.accounts[account] = gone  # found by its number, though no list shows it
    await bed.plan()
    assert (await bed.explain("tv000001"))["billing"]["missing_since"] is None


async def test_p12_a_terminated_account_that_is_purged_is_not_asked_for_again_and_again(make_bed: MakeBed) -> None:
    bed = make_bed(platforms={"tv": telebreeze(delete_enabled=False)})
    account, _ = await neighbours(bed)
    bed.billing.change("terminate", i_account=account)
    await later(bed, MINUTE)
    vanish(bed, account)
    bed.billing.requests.reset()
    for _ in range(3):
        await later(bed, APART)
    assert (state_of(bed), looks(bed)) == ("disabled", 0)
