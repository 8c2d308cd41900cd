"""What is not done, and what a person is told about it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.bed import Bed


def foreign(bed: Bed, external_id: str, **fields: object) -> dict[str, Any]:
    """A customer that somebody made by hand in the operator panel."""
    row = {"externalId": external_id, "status": "active", "packages": ["4"], "notes": "VIP, do not touch", **fields}
    return dict(bed.platform.operator.create(row))


async def test_p01_records_that_are_not_ours_stay_byte_identical(bed: Bed) -> None:
    account = bed.tv_account(1)
    named_like_ours = foreign(bed, "tv000001_3")
    stranger = foreign(bed, "somebody else")
    before = [dict(row) for row in bed.customers()]

    await bed.full_pass()
    bed.billing.change("block", i_account=account)
    await bed.converge()
    bed.billing.change("terminate", i_account=account)
    await bed.converge()

    assert bed.customers() == before
    assert {row["id"] for row in before} == {named_like_ours["id"], stranger["id"]}


async def test_p01_a_record_of_our_name_that_is_not_ours_is_a_conflict_with_a_sentence(bed: Bed) -> None:
    bed.tv_account(1)
    foreign(bed, "tv000001_3")

    await bed.full_pass()

    subscriber = (await bed.explain("tv000001"))["platforms"]["tv"]
    assert subscriber["state"] == "conflict"
    assert subscriber["held"] is not None
    assert subscriber["held"]["by"] == "ownership"
    assert "'tv000001_3' on platform 'tv' bears no mark of ours" in subscriber["held"]["text"]
    assert not (await bed.status())["healthy"]


async def test_p01_our_record_stays_ours_when_its_note_was_wiped(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    bed.world.advance(60)
    bed.platform.operator.change(bed.customer("tv000001_3")["id"], {"notes": ""})

    await bed.full_pass()

    assert bed.customer("tv000001_3")["notes"].startswith("iptv-reconciler")


async def test_p04_more_suspensions_than_the_brake_allows_are_all_held_before_the_first_write(bed: Bed) -> None:
    accounts = [bed.tv_account(number) for number in range(1, 31)]
    await bed.full_pass()
    bed.platform.requests.reset()
    for account in accounts[:11]:
        bed.billing.change("block", i_account=account)
    bed.tv_account(40)

    await bed.converge()

    assert bed.platform.requests.operations["customers.update"] == 0
    assert bed.customer("tv000040_3")["status"] == "active", "creations go on"
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert (held["destructive"], held["limit"]) == (11, 10)
    assert (await bed.explain("tv000001"))["platforms"]["tv"]["state"] == "held"


async def test_p04_as_many_as_the_brake_allows_are_performed(bed: Bed) -> None:
    accounts = [bed.tv_account(number) for number in range(1, 31)]
    await bed.full_pass()
    for account in accounts[:10]:
        bed.billing.change("block", i_account=account)

    await bed.full_pass()

    assert sum(row["status"] == "disabled" for row in bed.customers()) == 10


async def test_p09_a_platform_that_is_only_observed_is_never_written_to(make_bed: Callable[..., Bed]) -> None:
    tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "mode": "observe"}
    bed = make_bed(platforms={"tv": tv})
    bed.tv_account()

    await bed.converge()

    assert bed.platform.requests.writes == 0
    assert (await bed.explain("tv000001"))["platforms"]["tv"]["held"] is not None


async def test_an_account_without_a_device_is_held_with_a_sentence_and_touches_nobody_else(bed: Bed) -> None:
    account = bed.tv_account(1)
    bed.billing.change("device", i_account=account, devices=[])
    bed.tv_account(2)

    await bed.full_pass()

    assert [row["externalId"] for row in bed.customers()] == ["tv000002_3"]
    subscriber = (await bed.explain("tv000001"))["platforms"]["tv"]
    assert subscriber["state"] == "held"
    assert "needs a device id" in (subscriber["text"] or "")
    (trouble,) = (await bed.status())["platforms"]["tv"]["attention"]
    assert trouble["account"] == "tv000001"


async def test_two_accounts_with_one_device_the_older_has_it_the_other_is_a_conflict(bed: Bed) -> None:
    bed.tv_account(1)
    second = bed.tv_account(2)
    bed.billing.change("device", i_account=second, devices=["001a.7900.0001"])

    await bed.converge()

    assert [row["externalId"] for row in bed.customers()] == ["tv000001_3"]
    subscriber = (await bed.explain("tv000002"))["platforms"]["tv"]
    assert subscriber["state"] == "conflict"
    assert "001A…01" in (subscriber["text"] or "")
    assert bed.platform.requests.writes == 1


async def test_a_device_that_a_foreign_record_has_is_a_conflict_with_a_sentence_and_no_call(bed: Bed) -> None:
    bed.tv_account(1)
    shop = foreign(bed, "shop demo", devices=[{"deviceId": "001A79000001"}])

    await bed.converge()

    subscriber = (await bed.explain("tv000001"))["platforms"]["tv"]
    assert subscriber["state"] == "conflict"
    assert "device '001A…01' is on record 'shop demo' of platform 'tv', which is not ours" in (subscriber["text"] or "")
    assert bed.platform.requests.writes == 0

    bed.world.advance(60)
    bed.platform.operator.delete(shop["id"])
    await bed.full_pass()

    assert bed.customer("tv000001_3")["status"] == "active", "once it is free, this goes on by itself"


async def test_a_package_the_platform_does_not_offer_holds_whom_it_touches_and_names_it(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(catalog=[
        {"product": {"i_product": 61}, "platform": "tv", "packages": ["basic"]},
        {"product": {"i_product": 62}, "platform": "tv", "packages": ["gold"]},
    ])  # fmt: skip
    bed.tv_account(1)
    bed.tv_account(2, i_product=62)

    await bed.full_pass()

    assert [row["externalId"] for row in bed.customers()] == ["tv000001_3"]
    text = (await bed.explain("tv000002"))["platforms"]["tv"]["text"] or ""
    assert "'gold'" in text
    assert "it offers: basic, cinema, kids, sport" in text


async def test_an_unknown_status_holds_the_account_as_it_is_until_a_rule_names_it(bed: Bed) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.installation.accounts[account].marks.add("reseller_blocked")

    await bed.full_pass()

    assert bed.customer("tv000001_3")["status"] == "active"
    explained = await bed.explain("tv000001")
    assert explained["decision"]["reason"] == "unknown_status"
    assert explained["platforms"]["tv"]["state"] == "held"


@pytest.mark.parametrize("closed", [False, True])
async def test_an_exported_customer_is_never_touched(bed: Bed, closed: bool) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.platform.requests.reset()
    if closed:
        bed.billing.change("terminate", i_account=account)
    bed.billing.installation.accounts[account].customer.bill_status = "E"

    await bed.converge()

    assert bed.platform.requests.writes == 0


async def test_another_rule_is_applied_to_everybody_at_the_next_pass(bed: Bed) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.change("block", i_account=account)

    bed.reconfigure(rules={"status": {"blocked": "active"}})
    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "active"

    bed.reconfigure(rules={"status": {}})
    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_catalog_entries_that_cannot_mean_what_they_say_are_named_by_status(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(catalog=[
        {"product": {"i_product": 61}, "platform": "tv", "packages": ["basic"]},
        {"product": {"name": "IPTV Sprot"}, "platform": "tv", "packages": ["sport"]},
        {"product": {"name": "IPTV Sport"}, "platform": "tv", "packages": ["gold"]},
    ])  # fmt: skip
    bed.tv_account(1)

    await bed.full_pass()

    status = await bed.status()
    assert status["catalog"] == [
        "catalog[1]: name 'IPTV Sprot' matches no product that billing has",
        "catalog[2]: platform 'tv' does not offer a package 'gold'",
    ]
    assert not status["healthy"]
    assert bed.customer("tv000001_3")["status"] == "active"
