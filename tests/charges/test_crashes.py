"""Wherever the process is killed, whatever became of the database: each sale is booked once (P6, P8, P16)."""

import asyncio
import shutil
from collections.abc import Callable
from itertools import count

import pytest

from controller.store import StoreUnavailable
from platforms.simulation import Fault
from tests.bed import Bed
from tests.charges.market import assert_exactly_once, book, booked, charge, in_time, opened, sell, stands

MAKE, LIST = "Account/make_transaction", "Account/get_xdr_list"
MakeBed = Callable[..., Bed]


async def is_killed_after(bed: Bed, turns: int) -> bool:
    """Book, and end the process after so many turns of the event loop; says whether it came to that."""
    booking = asyncio.create_task(book(bed))
    for _ in range(turns):
        await asyncio.sleep(0)
    was_busy = not booking.done()
    booking.cancel()
    await asyncio.gather(booking, return_exceptions=True)
    bed.restart()
    return was_busy


@pytest.mark.parametrize(
    ("first", "fault"), [(0, None), (1, {"kind": "lost_answer"}), (2, {"kind": "status", "status": 500})], ids=str
)
async def test_p06_p16_a_kill_at_any_turn_charges_nothing_twice(
    make_bed: MakeBed, first: int, fault: dict[str, object] | None
) -> None:
    bed = make_bed(charges={"enabled": True, "daily_account": 10000})
    await opened(bed)
    kills = 0
    for turns in count(first, 6):
        if fault is not None:
            bed.billing.faults.add(Fault.model_validate({"operation": MAKE, **fault}))
        sale = await sell(bed)
        await sell(bed, amount="1.00", type="refund", refundOf=sale)
        was_busy = await is_killed_after(bed, turns)
        kills += was_busy
        await in_time(bed, rounds=3)
        bed.billing.faults.clear()
        assert_exactly_once(bed)
        if not was_busy:
            break
    assert kills > 10


async def test_p06_p16_two_kills_in_a_row(make_bed: MakeBed) -> None:
    bed = make_bed(charges={"enabled": True, "daily_account": 10000})
    await opened(bed)
    for first in range(4, 60, 13):
        for second in range(2, 40, 12):
            await sell(bed)
            await is_killed_after(bed, first)
            bed.world.advance(61)
            await is_killed_after(bed, second)
    await in_time(bed, rounds=5)

    assert_exactly_once(bed)


async def test_p16_what_was_being_sent_is_in_doubt_when_the_next_process_starts(bed: Bed) -> None:
    await opened(bed)
    sale = await sell(bed)
    for turns in count(30):
        if not await is_killed_after(bed, turns) or (await charge(bed, sale)).state.value == "sending":
            break
    assert (await charge(bed, sale)).state.value == "sending"

    installation = bed.application.installations[0]
    assert installation.cashier is not None
    await installation.cashier.till.begin()

    assert await stands(bed, sale) == ("in_doubt", "killed")
    await in_time(bed)
    assert_exactly_once(bed)


@pytest.mark.parametrize("with_mark", [True, False], ids=["and its mark", "alone"])
async def test_p08_a_lost_database_charges_nothing_twice(bed: Bed, with_mark: bool) -> None:
    (account, _) = await opened(bed, 2)
    first = await sell(bed)
    await sell(bed, amount="1.00", type="refund", refundOf=first)
    await sell(bed, "tv000002_3")
    await in_time(bed, rounds=2)
    await sell(bed)
    before = len(booked(bed, account))

    if with_mark:
        bed.lose_the_database()
    else:
        await bed.application.loop.marker.write()
        for file in (path for path in bed.folder.glob("state.db*") if not path.name.endswith(".mark")):
            file.unlink()
        bed.restart()
    await bed.converge(2)
    await in_time(bed, rounds=6)

    assert len(booked(bed, account)) == before + 1
    assert_exactly_once(bed)


async def test_p08_nothing_is_booked_before_a_lost_database_is_rebuilt(bed: Bed) -> None:
    await opened(bed)
    await sell(bed)
    bed.lose_the_database()

    await in_time(bed)

    assert bed.billing.installation.transactions == []


@pytest.mark.parametrize("age", [30, 3600])
async def test_p08_an_old_copy_of_the_database_charges_nothing_twice(bed: Bed, age: int) -> None:
    await opened(bed)
    dear = await sell(bed, amount="99")
    await book(bed)
    await bed.application.loop.marker.write()
    await bed.application.ledger.close()
    copy = bed.folder / "copy.db"
    shutil.copy(bed.config.store.path, copy)
    bed.restart()
    await bed.full_pass()
    bed.world.advance(age)
    await sell(bed)
    await sell(bed, amount="9", type="refund", refundOf=dear)
    await in_time(bed, seconds=5 if age == 30 else 61)
    await bed.application.loop.marker.write()
    await bed.application.ledger.close()
    for file in bed.folder.glob("state.db-*"):
        file.unlink()
    shutil.copy(copy, bed.config.store.path)
    bed.restart()
    assert len(bed.billing.installation.transactions) == 3

    await bed.converge(2)
    await in_time(bed, rounds=6)

    assert_exactly_once(bed)
    assert len(bed.billing.installation.transactions) == 3


async def test_p08_after_a_gap_whatever_may_have_been_booked_is_looked_for_first(bed: Bed) -> None:
    await opened(bed)
    bed.world.advance(601)
    await sell(bed)

    await in_time(bed)

    assert bed.billing.requests.operations[LIST] >= 1
    assert_exactly_once(bed)


async def test_what_nobody_can_say_of_for_longer_than_give_up_needs_attention(make_bed: MakeBed) -> None:
    bed = make_bed(charges={"enabled": True, "give_up": "10m"})
    await opened(bed)
    bed.world.advance(3600)
    sale = await sell(bed)
    bed.billing.faults.add(Fault(operation=LIST, kind="status", status=500, count=None))
    await book(bed)
    assert await stands(bed, sale) == ("in_doubt", "may_be_booked")
    await bed.full_pass()
    assert (await bed.status())["healthy"]

    await in_time(bed, rounds=3, seconds=301)
    await bed.full_pass()

    assert await stands(bed, sale) == ("in_doubt", "may_be_booked")
    assert not (await bed.status())["healthy"]


async def test_while_the_feed_is_followed_a_charge_costs_one_call(bed: Bed) -> None:
    await opened(bed)
    for _ in range(5):
        await sell(bed)
        await in_time(bed, rounds=1)

    assert bed.billing.requests.operations[LIST] == 0
    assert bed.billing.requests.operations[MAKE] == 5


async def test_a_store_that_cannot_be_used_for_a_while_loses_no_outcome(bed: Bed) -> None:
    await opened(bed)
    ledger = bed.application.ledger
    async with bed.daemon():
        await bed.world.sleep(70)
        await sell(bed)
        await bed.world.sleep(59)
        ledger.trouble = StoreUnavailable("the disk is full")
        await bed.world.sleep(130)

    assert_exactly_once(bed)
