"""Accounts on Ministra, through the real loop and the real store."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from controller.billing.simulator.changes import Action
from platforms.ministra.simulated import Plan
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.platforms import announced, box, catalog, entry, ministra, said, user, writes

UPDATE, ADDONS = "users.update", "account_subscription.update"


@pytest.fixture
def bed(make_bed: Callable[..., Bed]) -> Bed:
    return make_bed(platforms={"box": ministra()}, catalog=catalog("box"))


def opened(bed: Bed, account_id: str = "tv000001", i_product: int = 65) -> int:
    """A new account with a TV product; its device is its own."""
    return bed.billing.change("create", id=account_id, i_product=i_product)


def logins(bed: Bed) -> list[str]:
    return sorted(each.login for each in box(bed).portal.users)


async def quiet(bed: Bed) -> None:
    """Several passes, in which nothing may be written and no viewer's box may hear anything."""
    before = (writes(box(bed).requests), [list(each.events) for each in box(bed).portal.users])
    await bed.converge(3)
    assert (writes(box(bed).requests), [list(each.events) for each in box(bed).portal.users]) == before


LIFE: tuple[tuple[Mapping[str, Any], Mapping[str, int], list[str]], ...] = (
    ({"action": "block"}, {UPDATE: 1}, ["cut_off"]),
    ({"action": "unblock"}, {UPDATE: 1}, ["cut_on"]),
    ({"action": "addon_add", "i_product": 89}, {ADDONS: 1}, ["reboot"]),
    ({"action": "product", "i_product": 66}, {UPDATE: 1}, []),
    ({"action": "addon_remove", "i_product": 89}, {ADDONS: 1}, ["reboot"]),
    ({"action": "device", "devices": ["001a.7900.0099"]}, {UPDATE: 1}, []),
    ({"action": "contact", "contact": {"firstname": "Eva", "phone1": "+420999"}}, {UPDATE: 1}, []),
    ({"action": "product", "i_product": 70}, {UPDATE: 1}, ["cut_off"]),
    ({"action": "product", "i_product": 65}, {UPDATE: 2}, ["cut_on"]),  # on only when the plan is right
)


async def test_what_each_change_in_the_life_of_an_account_costs_and_what_its_box_hears(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    assert writes(box(bed).requests) == {"users.create": 1}
    assert user(bed).events == []
    for change, calls, heard in LIFE:
        await quiet(bed)
        box(bed).requests.reset()
        user(bed).events.clear()
        bed.billing.change(i_account=account, **change)
        await announced(bed, account)
        assert (writes(box(bed).requests), user(bed).events) == (calls, heard), change
    texts = user(bed).texts
    assert (texts["stb_mac"], texts["account_number"]) == ("00:1A:79:00:00:99", "tv000001")
    assert (texts["full_name"].split()[0], texts["phone"]) == ("Eva", "+420999")
    assert (user(bed).plan, box(bed).portal.subscribed(user(bed))) == ("basic", [])
    await quiet(bed)
    box(bed).requests.reset()
    bed.billing.change("terminate", i_account=account)
    await announced(bed, account)
    assert writes(box(bed).requests) == {"users.delete": 1}
    await quiet(bed)


async def test_several_add_ons_change_in_one_call_and_one_reboot(make_bed: Callable[..., Bed]) -> None:
    entries = [entry("box", 65, "basic"), entry("box", 86, "sport"), entry("box", 87, "kids")]
    bed = make_bed(platforms={"box": ministra()}, catalog=entries)
    account = opened(bed)
    bed.billing.change("addon_add", i_account=account, i_product=86)
    await bed.full_pass()
    user(bed).events.clear()
    box(bed).requests.reset()
    bed.billing.change("addon_remove", i_account=account, i_product=86)
    bed.billing.change("addon_add", i_account=account, i_product=87)
    await announced(bed, account)
    assert (writes(box(bed).requests), user(bed).events) == ({ADDONS: 1}, ["reboot"])
    assert box(bed).portal.subscribed(user(bed)) == ["kids"]
    await quiet(bed)


async def test_a_whole_fleet_that_is_as_it_should_be_hears_nothing(bed: Bed) -> None:
    for number in range(1, 8):
        account = opened(bed, f"tv{number:06}", i_product=65 + number % 2)
        if number % 3 == 0:
            bed.billing.change("addon_add", i_account=account, i_product=89)
    await bed.full_pass()
    await quiet(bed)
    bed.restart()
    await quiet(bed)


async def test_add_ons_of_a_terminated_account_are_cleared_first_lest_the_next_of_its_id_has_them(bed: Bed) -> None:
    account = opened(bed)
    bed.billing.change("addon_add", i_account=account, i_product=89)
    await bed.full_pass()
    box(bed).requests.reset()
    bed.billing.change("terminate", i_account=account)
    await bed.full_pass()
    assert writes(box(bed).requests) == {"account_subscription.delete": 1, "users.delete": 1}
    opened(bed)
    await bed.full_pass()
    assert box(bed).portal.subscribed(user(bed)) == []


async def test_a_user_who_shares_an_account_number_is_not_written_to(bed: Bed) -> None:
    box(bed).portal.create({"login": "stranger", "account_number": "tv000001", "tariff_plan": "family"})
    account = opened(bed)
    bed.billing.change("addon_add", i_account=account, i_product=89)
    await bed.full_pass()
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    stranger = user(bed, "stranger")
    assert (stranger.is_on, stranger.plan, stranger.events) == (True, "family", [])
    assert not user(bed).is_on


async def test_of_two_ids_that_differ_in_case_only_the_lower_i_account_has_the_login_and_neither_flaps(
    bed: Bed,
) -> None:
    first, second = opened(bed, "Carol"), opened(bed, "carol")
    await bed.full_pass()
    assert logins(bed) == ["carol"]
    assert f"i_account={first}" in user(bed, "carol").texts["comment"]
    assert (await said(bed, "box", "Carol"))[0] == "in_sync"
    state, text = await said(bed, "box", "carol")
    assert (state, "'carol'" in text) == ("conflict", True)
    await quiet(bed)
    assert f"i_account={first}" in user(bed, "carol").texts["comment"]
    bed.billing.change("terminate", i_account=first)
    await bed.converge(2)
    assert f"i_account={second}" in user(bed, "carol").texts["comment"]
    assert (await said(bed, "box", "carol"))[0] == "in_sync"
    await quiet(bed)


async def test_whoever_came_first_keeps_a_login_that_an_older_account_asks_for_later(bed: Bed) -> None:
    older = opened(bed, "other")
    younger = opened(bed, "carol")
    await bed.full_pass()
    bed.billing.change("terminate", i_account=older)
    third = opened(bed, "CAROL")
    await bed.converge(2)
    assert f"i_account={younger}" in user(bed, "carol").texts["comment"]
    assert (await said(bed, "box", "CAROL"))[0] == "conflict"
    assert third > younger
    await quiet(bed)


@pytest.mark.parametrize("degrade", [[], ["devices"]])
async def test_an_account_with_two_devices_is_held_or_served_with_the_first(
    make_bed: Callable[..., Bed], degrade: list[str]
) -> None:
    bed = make_bed(platforms={"box": ministra(degrade=degrade)}, catalog=catalog("box"))
    account = opened(bed)
    bed.billing.change("device", i_account=account, devices=["00:1A:79:00:00:02", "00:1A:79:00:00:01"])
    await bed.converge()
    state, text = await said(bed, "box")
    if degrade:
        assert (state, user(bed).mac) == ("in_sync", "00:1A:79:00:00:02")
    else:
        assert (state, logins(bed)) == ("held", [])
        assert "the account has 2 devices, more than 1 (degrade: [devices] takes the first)" in text
    await quiet(bed)


@pytest.mark.parametrize("degrade", [[], ["connection_limit"]])
async def test_a_limit_of_connections_is_held_or_done_without(make_bed: Callable[..., Bed], degrade: list[str]) -> None:
    limited = {**entry("box", 65, "basic"), "max_connections": 3}
    bed = make_bed(platforms={"box": ministra(degrade=degrade)}, catalog=[limited])
    opened(bed)
    await bed.converge()
    state, text = await said(bed, "box")
    assert (state, logins(bed)) == (("in_sync", ["tv000001"]) if degrade else ("held", []))
    assert ("there is no limit of connections, and 3 are allowed" in text) is not bool(degrade)


@pytest.mark.parametrize(
    ("packages", "sentence"),
    [
        (["sport"], "needs exactly one tariff plan, and among 'sport' there is none"),
        (["basic", "family"], "exactly one tariff plan, and these are several: 'basic', 'family'"),
        (["basic", "cinema"], "the tariff plan 'basic' does not offer 'cinema' as optional"),
    ],
)
async def test_packages_that_are_not_one_plan_with_its_add_ons_are_held_with_a_sentence(
    make_bed: Callable[..., Bed], packages: list[str], sentence: str
) -> None:
    bed = make_bed(platforms={"box": ministra()}, catalog=[entry("box", 65, *packages), entry("box", 66, "family")])
    opened(bed)
    opened(bed, "tv000002", i_product=66)
    await bed.converge()
    state, text = await said(bed, "box")
    assert (state, sentence in text) == ("held", True), text
    assert logins(bed) == ["tv000002"], "nobody else waits for it"


async def test_who_is_served_stays_as_he_is_when_his_plan_is_gone(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    box(bed).portal.plans = {"family": Plan(("base",), ("sport",)), "trial": Plan(("base",))}
    box(bed).requests.reset()
    await bed.converge()
    assert writes(box(bed).requests) == {}
    assert (await said(bed, "box"))[0] == "held"
    bed.billing.change("block", i_account=account)
    await bed.converge(1)
    assert not user(bed).is_on, "to be turned off nobody needs a plan"


async def test_an_account_number_too_long_for_add_ons_is_held_where_there_is_no_mac(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(platforms={"box": ministra(auth="login")}, catalog=catalog("box"))
    account = opened(bed, "tv0000000001")
    opened(bed, "tv1")
    for each in bed.billing.installation.accounts.values():
        bed.billing.change("addon_add", i_account=each.i_account, i_product=89)
    await bed.converge()
    state, text = await said(bed, "box", "tv0000000001")
    assert (state, "need a device, or an account number of less than 12 characters" in text) == ("held", True)
    assert logins(bed) == ["tv1"]
    bed.billing.change("addon_remove", i_account=account, i_product=89)
    await announced(bed, account)
    assert logins(bed) == ["tv0000000001", "tv1"], "without add-ons there is nothing that could not be addressed"


async def test_a_password_is_set_and_a_viewer_can_log_in_by_the_name_of_the_record(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(platforms={"box": ministra(auth="login")}, catalog=catalog("box"))
    account = opened(bed)
    await bed.full_pass()
    fields = bed.billing.installation.accounts[account].custom_fields
    assert user(bed).password == fields["TV Password"]
    await quiet(bed)
    box(bed).requests.reset()
    fields["TV Password"] = "Another-1"
    await announced(bed, account)
    assert (user(bed).password, writes(box(bed).requests)) == ("Another-1", {UPDATE: 1})
    await quiet(bed)


async def test_a_user_follows_its_account_to_another_id_where_rename_is_set(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"box": ministra(rename=True)}, catalog=catalog("box"))
    account = opened(bed)
    bed.billing.change("addon_add", i_account=account, i_product=89)
    await bed.full_pass()
    user(bed).events.clear()
    box(bed).requests.reset()
    bed.billing.change("rename", i_account=account, id="Tv000009")
    await bed.converge(2)
    assert logins(bed) == ["tv000009"]
    renamed = user(bed, "tv000009")
    assert (renamed.texts["account_number"], renamed.events) == ("Tv000009", [])
    assert box(bed).portal.subscribed(renamed) == ["sport"]
    assert writes(box(bed).requests) == {UPDATE: 2}, "its name, and its account number"
    await quiet(bed)


async def test_a_renamed_account_keeps_its_login_where_rename_is_not_set(bed: Bed) -> None:
    account = opened(bed)
    await bed.full_pass()
    bed.billing.change("rename", i_account=account, id="tv000009")
    await bed.converge(2)
    assert (logins(bed), user(bed).texts["account_number"]) == (["tv000001"], "tv000009")
    await quiet(bed)


async def test_an_unknown_plan_by_hand_and_wiped_marks_are_healed(bed: Bed) -> None:
    opened(bed)
    await bed.full_pass()
    bed.world.advance(60)
    box(bed).portal.change([user(bed)], {"tariff_plan": "no such", "comment": "", "status": "0"})
    await bed.full_pass()
    healed = user(bed)
    assert (healed.plan, healed.is_on) == ("basic", True)
    assert healed.texts["comment"].startswith("iptv-reconciler")
    await quiet(bed)


@pytest.mark.parametrize("kind", ["html", "garbage", "lost_answer", "status"])
@pytest.mark.parametrize("operation", ["users.create", "account_subscription.update", "users.update", "users.get"])
async def test_a_call_that_fails_in_any_way_ends_with_one_user_as_it_should_be(
    bed: Bed, operation: str, kind: str
) -> None:
    account = opened(bed)
    bed.billing.change("addon_add", i_account=account, i_product=89)
    actions: tuple[Action, ...] = ("contact", "block", "unblock")
    for action in actions:
        box(bed).faults.add(Fault.model_validate({"operation": operation, "kind": kind}))
        await bed.full_pass()
        bed.billing.change(action, i_account=account)
        await announced(bed, account)
    box(bed).faults.clear()
    await bed.converge(2)
    assert logins(bed) == ["tv000001"]
    assert (user(bed).is_on, box(bed).portal.subscribed(user(bed))) == (True, ["sport"])
    assert user(bed).reboots == 1, "however often it was tried"
    await quiet(bed)
