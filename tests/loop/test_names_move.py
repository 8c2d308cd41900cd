"""Account ids that change, are swapped, or are left by one account to another: the binding to `i_account` stays."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.look import Result
from platforms.simulation import Fault
from tests.bed import Bed

TV = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated"}


def record_of(bed: Bed, account: int) -> dict[str, Any]:
    """The platform's one record that was made for the account."""
    (row,) = (row for row in bed.customers() if row["notes"] == f"iptv-reconciler env=3 i_account={account}")
    return dict(row)


def name_of(bed: Bed, account: int) -> str:
    return str(record_of(bed, account)["externalId"])


def rename(bed: Bed, account: int, account_id: str) -> None:
    bed.billing.change("rename", i_account=account, id=account_id)


async def settled(bed: Bed, count: int) -> list[int]:
    """Accounts `tv00000N`, all of which have their records; requests count from here."""
    accounts = [bed.tv_account(number) for number in range(1, count + 1)]
    await bed.full_pass()
    bed.world.advance(60)
    bed.platform.requests.reset()
    return accounts


async def platform_view(bed: Bed, account: int) -> tuple[str, str]:
    """How the account stands, and the sentence."""
    view = (await bed.explain(f"i_account:{account}"))["platforms"]["tv"]
    return view["state"], view["text"] or ""


async def look(bed: Bed, account: int, trigger: str) -> Result:
    lane = bed.application.installations[0].lanes[0]
    return await lane.reconciler.reconcile(lane.platform, account, trigger, bed.world.draw)


async def test_a_renamed_account_keeps_its_record_and_its_name_and_is_managed_on(bed: Bed) -> None:
    (account,) = await settled(bed, 1)
    rename(bed, account, "other")

    await bed.full_pass()
    assert bed.platform.requests.writes == 0
    bed.billing.change("block", i_account=account)
    await bed.full_pass()

    assert (name_of(bed, account), record_of(bed, account)["status"]) == ("tv000001_3", "disabled")


async def test_p11_an_id_that_comes_back_again_and_again_is_taken_over_each_time(bed: Bed) -> None:
    (account,) = await settled(bed, 1)
    for account_id in ("tv000007", "tv000001", "tv000007", "tv000001"):
        rename(bed, account, account_id)
        await look(bed, account, "event")
        explained = await bed.explain(account_id)
        assert explained["account"]["id"] == account_id
    assert sorted(each["id"] for each in explained["former_ids"]) == ["tv000001", "tv000007"]


async def test_a_renamed_account_takes_its_record_s_name_along_where_the_operator_wishes(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(platforms={"tv": {**TV, "rename": True}})
    (account,) = await settled(bed, 1)
    rename(bed, account, "other")

    await bed.full_pass()

    assert name_of(bed, account) == "other_3"
    assert bed.platform.requests.writes == 1


async def test_p11_an_id_swap_needs_no_write_where_names_do_not_follow(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    rename(bed, first, "tv000002")
    rename(bed, second, "tv000001")

    await bed.converge()

    assert bed.platform.requests.writes == 0
    bed.billing.change("block", i_account=first)
    await bed.full_pass()
    assert (name_of(bed, first), record_of(bed, first)["status"]) == ("tv000001_3", "disabled")
    assert record_of(bed, second)["status"] == "active"


@pytest.mark.parametrize("count", [2, 3])
async def test_p11_ids_that_go_round_where_names_follow_take_an_interim_name(
    make_bed: Callable[..., Bed], count: int
) -> None:
    bed = make_bed(platforms={"tv": {**TV, "rename": True}})
    accounts = await settled(bed, count)
    for number, account in enumerate(accounts, start=1):
        rename(bed, account, f"tv{number % count + 1:06}")

    await bed.full_pass()

    assert [name_of(bed, account) for account in accounts] == [f"tv{n % count + 1:06}_3" for n in range(1, count + 1)]
    assert bed.platform.requests.writes == count + 1
    await bed.converge()
    assert bed.platform.requests.writes == count + 1


@pytest.mark.parametrize("calls", [1, 2])
async def test_p16_killed_in_the_middle_of_an_id_swap_no_record_stays_at_its_interim_name(
    make_bed: Callable[..., Bed], calls: int
) -> None:
    bed = make_bed(platforms={"tv": {**TV, "rename": True}})
    first, second = await settled(bed, 2)
    rename(bed, first, "tv000002")
    rename(bed, second, "tv000001")
    await bed.application.loop.full_pass()
    while bed.platform.requests.writes < calls:
        await bed.application.installations[0].lanes[0].look_once()
    assert name_of(bed, first) == f"moving-{first}_3"

    bed.restart()
    await bed.full_pass()

    assert (name_of(bed, first), name_of(bed, second)) == ("tv000002_3", "tv000001_3")
    assert bed.platform.requests.writes == 3


async def test_a_renamed_account_keeps_its_name_as_long_as_whoever_bears_its_old_id_needs_no_record(bed: Bed) -> None:
    (old,) = await settled(bed, 1)
    rename(bed, old, "other")
    new = bed.billing.change("create", id="tv000001", i_product=70)

    await bed.converge(2)
    assert (name_of(bed, old), bed.platform.requests.writes) == ("tv000001_3", 0)
    bed.billing.change("product", i_account=new, i_product=61)
    await bed.converge(2)

    assert (name_of(bed, old), name_of(bed, new)) == ("other_3", "tv000001_3")


@pytest.mark.parametrize("follows", [False, True])
async def test_the_old_id_of_a_renamed_account_goes_to_a_new_one_which_does_not_stay_dark(
    make_bed: Callable[..., Bed], follows: bool
) -> None:
    bed = make_bed(platforms={"tv": {**TV, "rename": follows}})
    (old,) = await settled(bed, 1)
    rename(bed, old, "other")
    new = bed.billing.change("create", id="tv000001", i_product=61)

    await bed.converge(2)

    assert (name_of(bed, old), name_of(bed, new)) == ("other_3", "tv000001_3")
    assert record_of(bed, old)["status"] == record_of(bed, new)["status"] == "active"
    assert bed.platform.requests.writes == 2


async def test_a_row_of_renamed_accounts_makes_way_one_after_the_other(bed: Bed) -> None:
    first, second = await settled(bed, 2)
    rename(bed, second, "tv000003")
    await bed.full_pass()
    rename(bed, first, "tv000002")
    await bed.full_pass()
    assert bed.platform.requests.writes == 0
    new = bed.tv_account(1)
    bed.billing.change("device", i_account=new, devices=["00:1A:79:00:00:77"])

    await bed.converge(2)

    assert [name_of(bed, account) for account in (first, second, new)] == ["tv000002_3", "tv000003_3", "tv000001_3"]
    assert bed.platform.requests.writes == 3


async def test_a_record_makes_way_though_its_own_name_is_on_a_foreign_one(bed: Bed) -> None:
    (old,) = await settled(bed, 1)
    theirs = dict(bed.platform.operator.create({"externalId": "other_3", "notes": "VIP"}))
    rename(bed, old, "other")
    new = bed.billing.change("create", id="tv000001", i_product=61)

    await bed.converge(2)

    assert (name_of(bed, old), name_of(bed, new)) == (f"moving-{old}_3", "tv000001_3")
    assert record_of(bed, old)["status"] == "active"
    conflict, text = await platform_view(bed, old)
    assert conflict == "conflict"
    assert "name 'other_3' is on record 'other_3' of platform 'tv', which is not ours" in text
    bed.billing.change("block", i_account=old)
    await bed.full_pass()
    assert record_of(bed, old)["status"] == "disabled", "a name that is not to be had stops nothing else"
    assert bed.customer("other_3") == theirs | {"password": bed.customer("other_3")["password"]}


async def test_a_record_makes_way_though_its_account_is_held_for_another_reason(make_bed: Callable[..., Bed]) -> None:
    catalog = [
        {"product": {"i_product": 61}, "platform": "tv", "packages": ["basic"]},
        {"product": {"i_product": 62}, "platform": "tv", "packages": ["gold"], "max_connections": 9},
    ]
    bed = make_bed(catalog=catalog)
    (old,) = await settled(bed, 1)
    bed.billing.change("product", i_account=old, i_product=62)
    rename(bed, old, "other")
    new = bed.billing.change("create", id="tv000001", i_product=61)

    await bed.converge(2)

    assert (name_of(bed, old), name_of(bed, new)) == ("other_3", "tv000001_3")
    assert (await platform_view(bed, old))[0] == "held"


async def test_an_account_without_service_lets_go_of_its_device_though_its_new_name_is_not_to_be_had(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(platforms={"tv": {**TV, "rename": True}})
    first, second = await settled(bed, 2)
    bed.platform.operator.create({"externalId": "other_3"})
    rename(bed, first, "other")
    bed.billing.change("product", i_account=first, i_product=70)
    bed.billing.change("device", i_account=second, devices=["00:1A:79:00:00:01"])
    await bed.application.installations[0].gatherer.read_details([second])

    await bed.converge(2)

    assert (record_of(bed, first)["devices"], record_of(bed, first)["status"]) == ([], "disabled")
    assert record_of(bed, second)["devices"] == [{"deviceId": "001A79000001"}]


async def test_a_name_that_is_not_to_be_had_does_not_stop_other_changes(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"tv": {**TV, "rename": True}})
    (account,) = await settled(bed, 1)
    bed.platform.operator.create({"externalId": "other_3"})
    rename(bed, account, "other")
    bed.billing.change("product", i_account=account, i_product=62)

    await bed.converge(2)

    assert (name_of(bed, account), record_of(bed, account)["packages"]) == ("tv000001_3", ["1", "4"])
    assert (await platform_view(bed, account))[0] == "conflict"


# --- terminated, and the id reused -----------------------------------------------------------------------------------


async def test_the_record_of_a_terminated_account_is_deleted_before_its_id_gets_a_new_one(bed: Bed) -> None:
    (old,) = await settled(bed, 1)
    bed.billing.change("terminate", i_account=old)
    new = bed.tv_account(1)

    await bed.full_pass()

    assert name_of(bed, new) == "tv000001_3"
    assert len(bed.customers()) == 1
    assert dict(bed.platform.requests.operations)["customers.delete"] == 1
    assert dict(bed.platform.requests.operations)["customers.create"] == 1, "and none that is refused"


async def test_a_new_account_looked_at_first_waits_and_touches_nothing_of_the_old_one(bed: Bed) -> None:
    (old,) = await settled(bed, 1)
    before = record_of(bed, old)
    bed.billing.change("terminate", i_account=old)
    new = bed.tv_account(1)
    await bed.application.installations[0].gatherer.read_details([old, new])

    result = await look(bed, new, "event")

    assert (result.result, result.wake) == ("held", (old,))
    assert bed.customers() == [before]
    state, text = await platform_view(bed, new)
    assert state == "pending"
    assert f"name 'tv000001_3' is still on the record 'tv000001_3' of i_account {old}" in text


async def test_the_new_account_waits_as_long_as_the_brake_holds_the_deletion(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(brake={"floor": 0, "destructive_fraction": 0, "update_fraction": 1})
    (old,) = await settled(bed, 1)
    before = record_of(bed, old)
    bed.billing.change("terminate", i_account=old)
    new = bed.tv_account(1)

    await bed.converge()

    assert bed.platform.requests.writes == 0
    assert bed.customers() == [before]
    assert (await platform_view(bed, old))[0] == "held"
    assert (await platform_view(bed, new))[0] == "pending"


async def test_the_new_account_waits_while_nobody_knows_whether_the_deletion_happened(bed: Bed) -> None:
    (old,) = await settled(bed, 1)
    bed.platform.faults.add(Fault(operation="customers.delete", kind="lost_answer"))
    bed.billing.change("terminate", i_account=old)
    new = bed.tv_account(1)
    await bed.full_pass()
    assert bed.customers() == []
    assert (await platform_view(bed, new))[0] == "pending"
    bed.world.advance(60)

    result = await look(bed, old, "retry")

    assert result.wake == (new,)
    await bed.full_pass()
    assert name_of(bed, new) == "tv000001_3"


async def test_where_deleting_is_disabled_the_old_record_makes_way_under_its_full_id(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(platforms={"tv": {**TV, "delete_enabled": False}})
    (old,) = await settled(bed, 1)
    bed.billing.change("terminate", i_account=old)
    await bed.full_pass()
    assert (name_of(bed, old), record_of(bed, old)["status"]) == ("tv000001_3", "disabled")
    bed.world.advance(60)
    new = bed.tv_account(1)

    await bed.converge(2)

    assert (name_of(bed, old), record_of(bed, old)["devices"]) == ("tv000001-old000_3", [])
    assert record_of(bed, new)["devices"] == [{"deviceId": "001A79000001"}]
    assert (name_of(bed, new), record_of(bed, new)["status"]) == ("tv000001_3", "active")
    assert record_of(bed, old)["status"] == "disabled"
    bed.platform.requests.reset()
    await bed.converge()
    assert bed.platform.requests.writes == 0


async def test_an_id_that_is_reused_again_and_again_leaves_each_record_to_its_own_account(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(platforms={"tv": {**TV, "delete_enabled": False}})
    accounts = []
    for _ in range(3):
        accounts.append(bed.tv_account(1))
        await bed.converge(2)
        bed.billing.change("terminate", i_account=accounts[-1])
    last = bed.tv_account(1)

    await bed.converge(2)

    names = [name_of(bed, account) for account in accounts]
    assert names == ["tv000001-old000_3", "tv000001-old001_3", "tv000001-old002_3"]
    assert name_of(bed, last) == "tv000001_3"


async def test_a_lost_creation_for_a_reused_id_is_not_taken_for_the_old_record(bed: Bed) -> None:
    (old,) = await settled(bed, 1)
    bed.platform.faults.add(Fault(operation="customers.create", kind="lost_answer"))
    bed.billing.change("terminate", i_account=old)
    new = bed.tv_account(1)

    await bed.converge(2)

    assert len(bed.customers()) == 1
    assert name_of(bed, new) == "tv000001_3"
    assert bed.platform.requests.operations["customers.create"] == 1
