"""Feeds repeat, come late, in any order, and broken; each sale is booked once, and none is lost."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import cast

import msgspec
import pytest

from platforms.simulation import Fault
from platforms.telebreeze.simulator import API_KEY
from tests.bed import TV, Bed
from tests.charges.market import assert_exactly_once, book, booked, charge, in_time, opened, sell, stands
from tests.charges.test_whose_sale import TWO, buy, cable

MakeBed = Callable[..., Bed]
FEED = "transactions.list"


@pytest.mark.parametrize("overlap", [0, 1, 3, 1000])
async def test_p06_a_record_that_is_shown_again_and_again_is_booked_once(bed: Bed, overlap: int) -> None:
    bed.platform.feed_overlap = overlap
    await opened(bed)
    for _ in range(4):
        await sell(bed)
        await in_time(bed, rounds=2, seconds=5)

    assert_exactly_once(bed)


async def test_a_feed_of_many_pages_is_read_to_its_end(make_bed: MakeBed) -> None:
    tv = {"driver": "telebreeze", "url": TV, "api_key": API_KEY, "dialect": {"feed": {"page_size": 7}}}
    bed = make_bed(platforms={"tv": tv})
    await opened(bed)
    await sell(bed, amount="0.01")
    row = bed.platform.transactions[0]
    bed.platform.transactions.extend({**row, "id": f"t-{number}"} for number in range(2, 45))

    await book(bed)

    assert_exactly_once(bed)


async def test_what_shows_late_and_what_was_sold_out_of_order_is_booked(bed: Bed) -> None:
    await opened(bed)
    bed.platform.feed_lag = 90
    await sell(bed, amount="1.00")
    await book(bed)
    await sell(bed, amount="2.00", createdAt="2026-03-01T11:00:00Z")
    assert bed.billing.installation.transactions == []

    await in_time(bed, rounds=6)

    assert_exactly_once(bed)


async def test_a_purchase_that_shows_after_one_of_a_higher_sequence_is_booked(make_bed: MakeBed) -> None:
    bed = make_bed(**TWO)
    account = bed.tv_account(i_product=63)
    await bed.full_pass()
    await book(bed)
    for amount in ("1.00", "2.00", "3.00"):
        await buy(bed, amount=amount)
    cable(bed).platform.late.add(2)
    await in_time(bed, rounds=2)
    assert booked(bed, account) == [Decimal(1), Decimal(3)]

    cable(bed).platform.late.clear()
    await in_time(bed, rounds=2)

    assert sorted(booked(bed, account)) == [Decimal(1), Decimal(2), Decimal(3)]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 404},
        {"kind": "status", "status": 422},
        {"kind": "html"},
        {"kind": "garbage"},
        {"kind": "truncated"},
        {"kind": "lost_answer"},
    ],
    ids=str,
)
async def test_a_feed_that_cannot_be_read_moves_nothing(bed: Bed, fault: dict[str, object]) -> None:
    await opened(bed)
    store = await bed.store()
    before = store.feeds.get("tv")
    await sell(bed)
    bed.platform.faults.add(Fault.model_validate({"operation": FEED, **fault}))

    await bed.application.ledger.run(lambda _: None)
    await book(bed)
    failed = store.feeds.get("tv")
    assert (failed.cursor, failed.read_at) == (before.cursor, before.read_at)
    assert failed.text
    view = await bed.status()
    assert (view["platforms"]["tv"]["text"], view["healthy"]) == (failed.text, False)
    assert bed.billing.installation.transactions == []

    await in_time(bed, rounds=3)
    assert_exactly_once(bed)
    assert store.feeds.get("tv").text is None


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        "sold",
        {},
        {"id": None, "amount": "3.99"},
        {"id": "x", "externalId": {"a": 1}, "amount": [], "createdAt": 5, "type": True},
        {"id": "x", "type": "vod", "amount": "NaN", "currency": "EUR", "createdAt": "0001-01-01T00:00:00+09:00"},
    ],
    ids=str,
)
async def test_a_record_that_makes_no_sense_is_parked_and_stops_nobody(bed: Bed, row: object) -> None:
    (account,) = await opened(bed)
    rows: list[object] = cast(list[object], bed.platform.transactions)
    rows.append(row)
    bed.platform.transactions.append({**(await sold_row(bed)), "id": "fine"})

    await in_time(bed, rounds=2)

    assert booked(bed, account) == [Decimal("3.99")] * 2
    store = await bed.store()
    assert [found.reason for found in store.charges.listed() if found.state.value == "parked"] == ["unreadable"]


@pytest.mark.parametrize("odd", [b'"\\ud83d"', b"1e999999", b'"\xff"', b'"\\u0000"', b"NaN"], ids=repr)
async def test_half_a_character_in_a_title_does_not_keep_the_rest_from_being_read(bed: Bed, odd: bytes) -> None:
    (account,) = await opened(bed)
    bed.platform.transactions.append({**(await sold_row(bed)), "id": "odd", "title": msgspec.Raw(odd)})

    await in_time(bed, rounds=2)

    assert booked(bed, account) == [Decimal("3.99")] * 2


async def sold_row(bed: Bed) -> Mapping[str, object]:
    await sell(bed)
    return bed.platform.transactions[-1]


async def test_a_record_that_comes_again_as_another_is_a_persons(bed: Bed) -> None:
    (account,) = await opened(bed)
    waiting, done = await sell(bed, amount="150"), await sell(bed, amount="2.00")
    await book(bed)
    bed.platform.feed_overlap = 10
    rows = bed.platform.transactions
    rows[:] = [{**row, "amount": "1.00"} for row in rows]

    await in_time(bed)

    assert await stands(bed, waiting) == ("parked", "changed")
    assert await stands(bed, done) == ("booked", None)
    assert booked(bed, account) == [Decimal(2)]
    store = await bed.store()
    events = [each.event for each in store.charges.history((await charge(bed, done)).number)]
    assert events.count("changed") == 1


async def test_p13_a_feed_that_is_down_holds_up_no_other(make_bed: MakeBed) -> None:
    bed = make_bed(**TWO)
    first, second = bed.tv_account(1, i_product=61), bed.tv_account(2, i_product=63)
    await bed.full_pass()
    await book(bed)
    bed.platform.faults.add(Fault(operation=FEED, kind="status", status=503, count=None))
    await sell(bed)
    await buy(bed, "tv000002_3")

    await in_time(bed, rounds=2)

    assert (booked(bed, first), booked(bed, second)) == ([], [Decimal("3.99")])


async def test_p06_what_comes_again_under_another_name_of_the_platform_is_for_a_person(bed: Bed) -> None:
    (account,) = await opened(bed)
    sale = await sell(bed)
    await book(bed)
    renamed = replace((await charge(bed, sale)).record, platform="telly")

    store = await bed.store()
    with store.transaction():
        store.charges.keep("billing", [(renamed, True)], bed.world.now())

    assert await stands(bed, sale, "telly") == ("parked", "other_name")
    assert await stands(bed, sale) == ("booked", None)
    assert booked(bed, account) == [Decimal("3.99")]
