"""What becomes of sales on the real paths: refunds, limits, and what an operator decided."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from controller.orders import Person, Whose, resume
from controller.store import Decider, Pause, Store
from platforms.simulation import Fault
from platforms.telebreeze.simulator import API_KEY
from tests.bed import TV, Bed
from tests.charges.market import assert_exactly_once, book, booked, charge, in_time, opened, sell, stands

MAKE = "Account/make_transaction"
MakeBed = Callable[..., Bed]


async def refund(bed: Bed, of: str, amount: str = "3.99", customer: str = "tv000001_3", **details: object) -> str:
    return await sell(bed, customer, amount, type="refund", refundOf=of, **details)


async def approve(bed: Bed, sale: str) -> None:
    def decide(store: Store) -> None:
        found = store.charges.find("tv", sale)
        assert found is not None
        store.charge_decisions.approve(found, Decider("ana", bed.world.now(), "known"))

    await bed.application.ledger.run(decide)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"amount": "0.00"}, ("refused", "amount")),
        ({"amount": "-3.99"}, ("refused", "amount")),
        ({"amount": "3.999999"}, ("parked", "decimals")),
        ({"amount": "free"}, ("parked", "unreadable")),
        ({"amount": None}, ("parked", "unreadable")),
        ({"currency": "USD"}, ("parked", "currency")),
        ({"currency": None}, ("parked", "currency")),
        ({"type": "gift"}, ("parked", "unreadable")),
        ({"createdAt": "yesterday"}, ("parked", "unreadable")),
        ({"amount": "100.01"}, ("waiting", "approval")),
        ({"amount": "99.99999"}, ("booked", None)),
        ({"amount": 3.99}, ("booked", None)),
        ({"currency": "eur"}, ("booked", None)),
    ],
    ids=str,
)
async def test_a_sale_stands_as_it_should(bed: Bed, details: dict[str, object], expected: tuple[str, str]) -> None:
    (account,) = await opened(bed)
    sale = await sell(bed, **{"amount": "3.99", **details})
    fine = await sell(bed, amount="1.00")

    await in_time(bed, rounds=2)

    assert await stands(bed, sale) == expected
    assert await stands(bed, fine) == ("booked", None), "it stops no other"
    assert len(booked(bed, account)) == 1 + (expected[0] == "booked")


async def test_a_refund_that_comes_before_its_sale_waits_for_it(bed: Bed) -> None:
    (account,) = await opened(bed)
    early = await refund(bed, of="t-2")
    await book(bed)
    assert await stands(bed, early) == ("waiting", "no_sale_yet")

    await sell(bed)
    await book(bed)
    await book(bed)

    assert booked(bed, account) == [Decimal("3.99"), Decimal("-3.99")]


async def test_a_refund_of_a_sale_that_never_comes_is_parked(bed: Bed) -> None:
    await opened(bed)
    lost = await refund(bed, of="t-99")

    await in_time(bed, rounds=2, seconds=timedelta(days=7).total_seconds())

    assert await stands(bed, lost) == ("parked", "no_sale")


async def test_partial_refunds_are_credited_up_to_the_sale(bed: Bed) -> None:
    (account,) = await opened(bed)
    sale = await sell(bed, amount="5.00")
    refunds = [await refund(bed, of=sale, amount=amount) for amount in ("2.00", "2.50", "0.51", "0.50")]

    await in_time(bed)

    assert sum(booked(bed, account)) == 0
    assert [(await stands(bed, each))[0] for each in refunds] == ["booked", "booked", "parked", "booked"]
    assert await stands(bed, refunds[2]) == ("parked", "refund_exceeds")


async def test_a_refund_waits_while_its_sale_does_and_is_refused_with_it(bed: Bed) -> None:
    (account,) = await opened(bed)
    dear = await sell(bed, amount="150")
    back = await refund(bed, of=dear, amount="50")
    nothing = await sell(bed, amount="0")
    of_nothing = await refund(bed, of=nothing, amount="1")
    await book(bed)
    assert await stands(bed, dear) == ("waiting", "approval")
    assert await stands(bed, back) == ("waiting", "sale_not_booked")
    assert await stands(bed, of_nothing) == ("refused", "sale_not_charged")
    assert booked(bed, account) == []

    await approve(bed, dear)
    await book(bed)
    await book(bed)

    assert booked(bed, account) == [Decimal(150), Decimal(-50)]


async def test_a_refund_of_a_charge_that_a_person_dropped_is_refused(bed: Bed) -> None:
    (account,) = await opened(bed)
    dear = await sell(bed, amount="150")
    back = await refund(bed, of=dear)
    await book(bed)

    def drop(store: Store) -> None:
        found = store.charges.find("tv", dear)
        assert found is not None
        store.charge_decisions.resolve(found, Decider("ana", bed.world.now(), "a test of theirs"))

    await bed.application.ledger.run(drop)
    await book(bed)

    assert await stands(bed, dear) == ("resolved", "dropped")
    assert await stands(bed, back) == ("refused", "sale_not_charged")
    assert booked(bed, account) == []
    store = await bed.store()
    logged = store.charges.history((await charge(bed, dear)).number)
    assert [(each.event, each.by, each.text) for each in logged][-1] == ("resolve", "ana", "a test of theirs")


async def test_a_refund_of_another_accounts_sale_is_parked(bed: Bed) -> None:
    first, second = await opened(bed, 2)
    sale = await sell(bed)
    wrong = await refund(bed, of=sale, customer="tv000002_3")

    await in_time(bed, rounds=2)

    assert await stands(bed, wrong) == ("parked", "other_account")
    assert (booked(bed, first), booked(bed, second)) == ([Decimal("3.99")], [])


async def test_a_daily_limit_brakes_a_runaway_feed_and_lets_go_with_time(bed: Bed) -> None:
    (account,) = await opened(bed)
    sales = [await sell(bed, amount="60.00") for _ in range(5)]
    await in_time(bed, rounds=2)
    assert booked(bed, account) == [Decimal(60)] * 3
    assert await stands(bed, sales[3]) == ("waiting", "daily_account")
    assert not (await bed.status())["healthy"]

    await approve(bed, sales[4])
    await book(bed)
    assert len(booked(bed, account)) == 4
    await in_time(bed, rounds=3, seconds=13 * 3600)

    assert_exactly_once(bed)


async def test_a_daily_limit_of_a_platform_brakes_everybody_on_it(make_bed: MakeBed) -> None:
    bed = make_bed(charges={"enabled": True, "daily_platform": 10})
    await opened(bed, 3)
    for number in (1, 2, 3):
        await sell(bed, f"tv00000{number}_3", "4.00")

    await in_time(bed, rounds=3)

    assert len(bed.billing.installation.transactions) == 2


async def test_what_was_sold_before_since_is_kept_and_not_booked(make_bed: MakeBed) -> None:
    bed = make_bed(charges={"enabled": True, "since": "2026-03-01T13:00:00Z"})
    (account,) = await opened(bed)
    former = await sell(bed)
    bed.world.advance(3601)
    ours = await sell(bed, amount="1.00")
    back = await refund(bed, of=former)
    await in_time(bed, rounds=3)

    assert await stands(bed, former) == ("refused", "before_since")
    assert await stands(bed, back) == ("parked", "former_sale")
    assert await stands(bed, ours) == ("booked", None)

    bed.reconfigure(charges={"enabled": True, "since": "2026-03-01T11:00:00Z"})
    await bed.full_pass()
    await in_time(bed, rounds=3)
    assert sorted(booked(bed, account)) == [Decimal("1.00"), Decimal("3.99")]


async def test_charges_of_an_account_are_made_one_at_a_time_in_the_order_of_the_feed(bed: Bed) -> None:
    (account,) = await opened(bed)
    amounts = [f"{number}.00" for number in range(1, 9)]
    for amount in amounts:
        await sell(bed, amount=amount)
    bed.billing.requests.reset()

    await book(bed)

    assert booked(bed, account) == [Decimal(amount) for amount in amounts]


async def test_p13_one_account_in_doubt_holds_up_no_other(bed: Bed) -> None:
    first, second = await opened(bed, 2)
    bed.billing.faults.add(Fault(operation=MAKE, kind="lost_answer"))
    bed.billing.faults.add(Fault(operation="Account/get_xdr_list", kind="status", status=503, count=None))
    await sell(bed)
    await sell(bed, amount="1.00")
    await sell(bed, "tv000002_3")

    await in_time(bed, rounds=2, seconds=10)

    assert booked(bed, first) == [Decimal("3.99")], "the next waits for the doubt"
    assert booked(bed, second) == [Decimal("3.99")]


async def pause(bed: Bed, target: str, account: int | None = None, *, maintenance: bool = False) -> None:
    now = bed.world.now()
    resting = Pause(target, "billing", account, "works", "ana", now, now + timedelta(hours=1), maintenance)
    await bed.application.ledger.run(lambda store: store.holds.pause(resting))


@pytest.mark.parametrize("target", ["all", "tv", "tv000001"])
async def test_p09_what_is_paused_books_nothing_and_goes_on_afterwards(bed: Bed, target: str) -> None:
    (account,) = await opened(bed)
    await pause(bed, target, account if target == "tv000001" else None)
    sale = await sell(bed)
    before = bed.billing.requests.writes

    await in_time(bed)
    assert bed.billing.requests.writes == before
    assert (await charge(bed, sale)).state.value == "pending", "it is kept meanwhile"

    await in_time(bed, rounds=2, seconds=3600)
    assert_exactly_once(bed)


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_when_the_pause_of_an_account_ends_its_charges_go_on_at_once(bed: Bed, is_resumed: bool) -> None:
    (account,) = await opened(bed)
    await pause(bed, "tv000001", account)
    await sell(bed)
    await sell(bed, amount="4.99")
    for seconds in (0, 3595):
        bed.world.advance(seconds)
        await book(bed)
    assert booked(bed, account) == []

    if is_resumed:
        store, ana = await bed.store(), Person("ana", bed.world.now())
        with store.transaction():
            resume(store, ana, "tv000001", Whose("billing", account))
    else:
        bed.world.advance(5)
    await book(bed)

    assert booked(bed, account) == [Decimal("3.99"), Decimal("4.99")]


async def test_p09_a_platform_in_maintenance_is_not_called(bed: Bed) -> None:
    await opened(bed)
    await pause(bed, "tv", maintenance=True)
    await sell(bed)
    bed.platform.requests.reset()

    await in_time(bed)
    assert bed.platform.requests.operations["transactions.list"] == 0

    await in_time(bed, rounds=6, seconds=1000)
    assert_exactly_once(bed)


async def test_p09_an_observed_platform_books_nothing(make_bed: MakeBed) -> None:
    bed = make_bed()
    await opened(bed)
    tv = {"driver": "telebreeze", "url": TV, "api_key": API_KEY, "mode": "observe"}
    bed.reconfigure(charges={"enabled": True}, platforms={"tv": tv})
    await bed.full_pass()
    sale = await sell(bed)

    await in_time(bed)

    assert bed.billing.installation.transactions == []
    assert (await charge(bed, sale)).state.value == "pending"
