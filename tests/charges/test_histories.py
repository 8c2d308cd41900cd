"""Whatever is sold and whatever fails, in any order: in the end each account has paid what it bought (promise P6)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desired_state.sales import reference, references_in
from platforms.simulation import Fault
from tests.bed import Bed
from tests.charges.market import CREDITS, book, booked, in_time, opened, sell
from tests.charges.test_crashes import is_killed_after

MAKE, LIST, FEED = "Account/make_transaction", "Account/get_xdr_list", "transactions.list"
NOBODY_IS_BRAKED = {"enabled": True, "daily_account": 100_000, "max_amount": 1000}


@dataclass
class Town:
    """An installation, and what its customers bought: the reference, the account and the amount of each."""

    bed: Bed
    accounts: Sequence[int]
    sold: list[tuple[str, int, Decimal]] = field(default_factory=list)
    left: dict[str, tuple[int, Decimal]] = field(default_factory=dict)

    async def sell(self, who: int, amount: Decimal) -> str:
        """Somebody buys something."""
        sale = await sell(self.bed, f"tv00000{who + 1}_3", str(amount))
        self.sold.append((reference("tv", sale), self.accounts[who], amount))
        self.left[sale] = who, amount
        return sale

    async def refund(self, of: str, who: int, amount: Decimal) -> None:
        """Something is given back of a sale, which may be one to come."""
        sale = await sell(self.bed, f"tv00000{who + 1}_3", str(amount), type="refund", refundOf=of)
        self.sold.append((reference("tv", sale), self.accounts[who], -amount))

    def spoil(self, operation: str, fault: dict[str, object], count: int) -> None:
        """The next calls fail."""
        simulator = self.bed.platform if operation == FEED else self.bed.billing
        simulator.faults.add(Fault.model_validate({"operation": operation, "count": count, **fault}))


Event = Callable[[Town], Coroutine[None, None, object]]
AMOUNTS = st.integers(1, 99_999).map(lambda number: Decimal(number).scaleb(-3))
WHO = st.integers(0, 1)


def buys(who: int, amounts: Sequence[Decimal]) -> Event:
    async def happens(town: Town) -> None:
        for amount in amounts:
            await town.sell(who, amount)

    return happens


def gives_back(which: int, tenths: int) -> Event:
    """A part of what is left of an earlier sale, or all of it."""

    async def happens(town: Town) -> None:
        if town.left:
            of = list(town.left)[which % len(town.left)]
            who, left = town.left[of]
            part = (left * tenths / 10).quantize(Decimal("0.00001"))
            if part:
                town.left[of] = who, left - part
                await town.refund(of, who, part)

    return happens


def gives_back_early(who: int, amount: Decimal) -> Event:
    """The feed shows the refund before its sale."""

    async def happens(town: Town) -> None:
        coming = f"t-{len(town.bed.platform.transactions) + 2}"
        await town.refund(coming, who, amount)
        await book(town.bed)
        assert await town.sell(who, amount) == coming
        del town.left[coming]

    return happens


def fails(operation: str, fault: dict[str, object], count: int) -> Event:
    async def happens(town: Town) -> None:
        town.spoil(operation, fault, count)

    return happens


def is_killed(turns: int) -> Event:
    async def happens(town: Town) -> None:
        await is_killed_after(town.bed, turns)

    return happens


def loses_the_database(with_time: int) -> Event:
    async def happens(town: Town) -> None:
        town.bed.lose_the_database()
        await town.bed.full_pass()
        town.bed.world.advance(with_time)

    return happens


def shows(xdr_lag: int, feed_lag: int, feed_overlap: int) -> Event:
    """Billing and the feed show late, the feed again what it has shown."""

    async def happens(town: Town) -> None:
        town.bed.billing.switch(xdr_lag=xdr_lag)
        town.bed.platform.feed_lag, town.bed.platform.feed_overlap = feed_lag, feed_overlap

    return happens


def passes(seconds: int) -> Event:
    async def happens(town: Town) -> None:
        await book(town.bed)
        town.bed.world.advance(seconds)

    return happens


FAULTS: list[dict[str, object]] = [
    {"kind": "lost_answer"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "html"},
    {"kind": "truncated"},
]
EVENTS = st.one_of(
    st.builds(buys, WHO, st.lists(AMOUNTS, min_size=1, max_size=3)),
    st.builds(gives_back, st.integers(0, 9), st.integers(1, 10)),
    st.builds(gives_back_early, WHO, AMOUNTS),
    st.builds(fails, st.sampled_from([MAKE, MAKE, LIST, FEED]), st.sampled_from(FAULTS), st.integers(1, 2)),
    st.builds(is_killed, st.integers(0, 80)),
    st.builds(loses_the_database, st.sampled_from([0, 30, 900])),
    st.builds(shows, st.integers(0, 55), st.sampled_from([0, 90]), st.sampled_from([0, 1, 9])),
    st.builds(passes, st.sampled_from([0, 5, 61, 700])),
)


HISTORIES = st.lists(EVENTS, min_size=4, max_size=14)


@settings(max_examples=10, deadline=None)
@given(HISTORIES)
def test_p06_in_the_end_everybody_has_paid_what_he_bought(history: list[Event]) -> None:
    _live_through(history)


@pytest.mark.long
@settings(max_examples=80, deadline=None)
@given(HISTORIES)
def test_p06_in_the_end_of_many_histories_too(history: list[Event]) -> None:
    _live_through(history)


def _live_through(history: Sequence[Event]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_lived_through(Path(folder), history))


async def _lived_through(folder: Path, history: Sequence[Event]) -> None:
    bed = Bed(folder, {"charges": NOBODY_IS_BRAKED})
    try:
        town = Town(bed, await opened(bed, 2))
        for happens in history:
            await happens(town)
        for simulator in (bed.billing, bed.platform):
            simulator.faults.clear()
        await in_time(bed, rounds=8, seconds=901)
        assert _booked(bed) == Counter(town.sold)
        for account in town.accounts:
            assert sum(booked(bed, account)) == sum(amount for _, who, amount in town.sold if who == account)
        counts = (await bed.status())["charges"]
        assert {state: count for state, count in counts.items() if count} == Counter("booked" for _ in town.sold)
    finally:
        await bed.aclose()


def _booked(bed: Bed) -> Counter[tuple[str, int, Decimal]]:
    """What billing has booked, by reference, account and amount; credits are negative."""
    return Counter(
        (
            " ".join(references_in(each.visible_comment)),
            each.i_account,
            -each.amount if each.action.lower() == CREDITS else each.amount,
        )
        for each in bed.billing.installation.transactions
    )
