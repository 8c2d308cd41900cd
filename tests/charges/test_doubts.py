"""A charge whose answer is missing is looked for, and repeated only when its absence is sure (promise P6)."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from controller.store import Decider, Store
from desired_state.charges import ChargeState
from platforms.simulation import Fault
from tests.bed import Bed
from tests.charges.market import assert_exactly_once, book, booked, charge, in_time, opened, sell, stands

MAKE, LIST = "Account/make_transaction", "Account/get_xdr_list"
MakeBed = Callable[..., Bed]

LOST, FAILED = {"kind": "lost_answer"}, {"kind": "status", "status": 500}
BEFORE: list[dict[str, object]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 302},
    {"kind": "status", "status": 404},
    {"kind": "html"},
    {"kind": "html", "status": 502},
    {"kind": "garbage"},
]
AFTER: list[dict[str, object]] = [{"kind": "lost_answer"}, {"kind": "truncated"}]
FIELDS = ["CLD", "CLI", "description", "other"]


def spoil(bed: Bed, operation: str, fault: Mapping[str, object], count: int | None = 1) -> None:
    bed.billing.faults.add(Fault.model_validate({"operation": operation, "count": count, **fault}))


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER], ids=str)
async def test_p06_a_lost_answer_never_charges_twice(bed: Bed, fault: dict[str, object]) -> None:
    await opened(bed)
    sale = await sell(bed)
    spoil(bed, MAKE, fault)

    await in_time(bed)

    assert_exactly_once(bed)
    assert await stands(bed, sale) == ("booked", None)
    assert bed.billing.requests.operations[MAKE] == (1 if fault in AFTER else 2)


@pytest.mark.parametrize("field", FIELDS)
async def test_p06_the_reference_is_found_wherever_billing_shows_it(make_bed: MakeBed, field: str) -> None:
    bed = make_bed()
    bed.billing.switch(comment_field=field, numbers_as_text=field == "CLI")
    await opened(bed)
    await sell(bed, title="x" * 300)
    spoil(bed, MAKE, LOST)

    await in_time(bed)

    assert_exactly_once(bed)


async def test_p06_where_billing_shows_no_comment_a_person_decides(bed: Bed) -> None:
    (account,) = await opened(bed)
    bed.billing.switch(comment_field="none")
    first = await sell(bed)
    await in_time(bed, rounds=1)
    second = await sell(bed)
    spoil(bed, MAKE, LOST)

    await in_time(bed)

    assert await stands(bed, first) == ("booked", None)
    assert await stands(bed, second) == ("parked", "unclear")
    assert booked(bed, account) == [Decimal("3.99")] * 2


async def test_p06_an_xdr_that_shows_late_is_waited_for(bed: Bed) -> None:
    await opened(bed)
    bed.billing.switch(xdr_lag=50)
    sale = await sell(bed)
    spoil(bed, MAKE, LOST)

    await book(bed)
    assert await stands(bed, sale) == ("in_doubt", "no_answer")
    bed.world.advance(59)
    await book(bed)
    assert bed.billing.requests.operations[MAKE] == 1

    await in_time(bed)
    assert_exactly_once(bed)
    assert bed.billing.requests.operations[MAKE] == 1


@pytest.mark.parametrize(
    "switches", [{"xdr_page_cap": 2}, {"xdr_page_cap": 2, "total": "text"}, {"xdr_page_cap": 1}], ids=str
)
async def test_all_pages_of_a_long_list_are_searched(bed: Bed, switches: dict[str, object]) -> None:
    await opened(bed)
    for _ in range(4):
        await sell(bed)
    await book(bed)
    bed.billing.switch(**switches)
    await sell(bed)
    spoil(bed, MAKE, LOST)

    await in_time(bed)

    assert_exactly_once(bed)


@pytest.mark.parametrize("fault", [*BEFORE, {"kind": "lost_answer"}], ids=str)
async def test_p06_a_list_that_cannot_be_read_whole_proves_nothing(bed: Bed, fault: dict[str, object]) -> None:
    await opened(bed)
    await sell(bed)
    spoil(bed, MAKE, LOST)
    spoil(bed, LIST, fault, count=2)

    await in_time(bed, rounds=8, seconds=600)

    assert_exactly_once(bed)


async def test_p06_a_list_without_a_total_is_no_proof_of_absence_and_a_person_decides_in_the_end(bed: Bed) -> None:
    await opened(bed)
    bed.billing.switch(total="missing")
    sale = await sell(bed)
    spoil(bed, MAKE, FAILED)

    await in_time(bed, rounds=8, seconds=3600)
    assert (await charge(bed, sale)).state is ChargeState.IN_DOUBT
    await in_time(bed, rounds=3, seconds=12 * 3600)

    assert await stands(bed, sale) == ("parked", "doubt")
    assert bed.billing.requests.operations[MAKE] == 1


async def test_a_doubt_that_grew_old_is_never_repeated_but_by_a_person(make_bed: MakeBed) -> None:
    bed = make_bed(charges={"enabled": True, "give_up": "10m"})
    (account,) = await opened(bed)
    sale = await sell(bed)
    spoil(bed, MAKE, FAILED)
    spoil(bed, LIST, FAILED, count=None)
    await in_time(bed, rounds=12, seconds=301)
    assert await stands(bed, sale) == ("parked", "doubt")

    bed.billing.faults.clear()
    await in_time(bed, seconds=1800)
    assert booked(bed, account) == []
    await decide(bed, sale)
    await in_time(bed)

    assert_exactly_once(bed)


async def decide(bed: Bed, sale: str) -> None:
    """A person has it tried again."""

    def retry(store: Store) -> None:
        found = store.charges.find("tv", sale)
        assert found is not None
        store.charge_decisions.retry(found, Decider("ana", bed.world.now(), "checked"))

    await bed.application.ledger.run(retry)


async def test_p06_what_is_tried_again_is_looked_for_first(make_bed: MakeBed) -> None:
    bed = make_bed(charges={"enabled": True, "give_up": "10m"})
    await opened(bed)
    sale = await sell(bed)
    spoil(bed, MAKE, LOST)
    spoil(bed, LIST, FAILED, count=None)
    await in_time(bed, rounds=12, seconds=301)
    assert await stands(bed, sale) == ("parked", "doubt")

    bed.billing.faults.clear()
    bed.world.advance(1800)
    await decide(bed, sale)
    await in_time(bed)

    assert_exactly_once(bed)
    assert await stands(bed, sale) == ("booked", None)


async def test_what_was_booked_twice_by_somebody_is_a_persons(bed: Bed) -> None:
    (account,) = await opened(bed)
    sale = await sell(bed)
    spoil(bed, MAKE, LOST)
    spoil(bed, LIST, FAILED)
    await book(bed)
    bed.billing.installation.transactions.append(bed.billing.installation.transactions[0])
    twice = bed.billing.installation.transactions
    twice[1] = type(twice[0])(**{name: getattr(twice[0], name) for name in twice[0].__slots__} | {"i_xdr": 5})

    await in_time(bed)

    assert await stands(bed, sale) == ("parked", "booked_twice")
    assert len(booked(bed, account)) == 2


async def test_a_clear_refusal_parks_the_charge_and_nobody_else(bed: Bed) -> None:
    first, second = await opened(bed, 2)
    bed.to_billing.refused = frozenset({first})
    refused, fine = await sell(bed), await sell(bed, "tv000002_3")

    await in_time(bed)

    assert await stands(bed, refused) == ("parked", "billing_refused")
    assert "Server.Account.refused" in ((await charge(bed, refused)).text or "")
    assert await stands(bed, fine) == ("booked", None)
    assert (booked(bed, first), booked(bed, second)) == ([], [Decimal("3.99")])
    assert bed.billing.requests.operations[LIST] == 0, "a clear refusal leaves no doubt"


@pytest.mark.parametrize(
    ("sick", "well"),
    [
        ({"standalone_mode": True}, {"standalone_mode": False}),
        ({"refused_methods": frozenset({MAKE})}, {"refused_methods": frozenset()}),
    ],
    ids=["standalone", "no rights"],
)
async def test_what_concerns_everybody_holds_all_charges_and_parks_none(
    bed: Bed, sick: dict[str, object], well: dict[str, object]
) -> None:
    await opened(bed, 3)
    sales = [await sell(bed, f"tv00000{number}_3") for number in (1, 2, 3)]
    bed.billing.switch(**sick)

    await in_time(bed, rounds=6, seconds=2000)
    assert {await stands(bed, sale) for sale in sales} <= {("pending", "later"), ("pending", None)}
    bed.billing.switch(**well)
    await in_time(bed, rounds=6, seconds=2000)

    assert_exactly_once(bed)


async def test_while_nobody_is_let_in_nothing_is_announced(bed: Bed) -> None:
    await opened(bed)
    bed.billing.switch(token="another")
    bed.billing.sessions.lose()
    sale = await sell(bed)

    await in_time(bed, rounds=3)
    found = await charge(bed, sale)
    assert (found.state, found.tries) in ((ChargeState.PENDING, 0), (ChargeState.IN_DOUBT, 1))

    bed.billing.switch(token="simulated-token")
    await in_time(bed, rounds=6, seconds=1000)
    assert_exactly_once(bed)


async def test_a_session_that_ends_in_between_is_renewed_and_the_charge_made_once(bed: Bed) -> None:
    await opened(bed)
    await sell(bed)
    bed.billing.sessions.lose()

    await in_time(bed)

    assert_exactly_once(bed)
    assert bed.billing.requests.operations[LIST] == 0


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER], ids=str)
async def test_p06_every_second_call_lost_on_the_way(bed: Bed, fault: dict[str, object]) -> None:
    await opened(bed, 3)
    bed.billing.faults.add(Fault.model_validate({"operation": MAKE, "count": 6, "probability": 0.5, **fault}))
    bed.billing.faults.add(Fault.model_validate({"operation": LIST, "count": 4, "probability": 0.5, **fault}))
    for number in (1, 2, 3):
        sale = await sell(bed, f"tv00000{number}_3", "4.00")
        await sell(bed, f"tv00000{number}_3", "1.25", type="refund", refundOf=sale)
        await sell(bed, f"tv00000{number}_3", "0.00001")

    await in_time(bed, rounds=24, seconds=700)

    assert_exactly_once(bed)
