"""What was sold, told from outside, and whether billing has booked just that.

Rules of this module:

1. It shares no code with the product: what was sold is what a step of the history sold, to an account that it named;
   what is booked is what billing's simulator holds; how sales stand is read from the database as another program does.
2. Money is `Decimal`, made of the texts that the platform was told. Credits are negative.
"""

import re
import sqlite3  # noqa: TID251  the file, as another program reads it
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from controller.billing.simulator.state import Transaction

_REFERENCE = re.compile(r"\[ref:[^\]]*\]")
_CREDIT = "manual credit"
_BY_NAME_ONLY = ("cable",)


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale of ours, or (below zero) a refund: what billing has to book, and for whom."""

    reference: str
    i_account: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """How a sale stands, as the file says."""

    state: str
    reason: str | None


class Market:
    """Everything that was sold."""

    def __init__(self) -> None:
        self.sold: list[Sold] = []
        self._by_name: dict[str, datetime] = {}
        self._unsure_before: datetime | None = None

    def note(self, sold: Sold, platform: str, at: datetime) -> None:
        """A platform has sold something."""
        self.sold.append(sold)
        if platform in _BY_NAME_ONLY:
            self._by_name[sold.reference] = at

    def unsure_before(self, instant: datetime) -> None:
        """The database is gone, or the clock was set back: where buyers have no ids, nobody knows who bore a name then.

        What was sold there before that instant may be left to a person, by design; it must still never be booked twice.
        """
        self._unsure_before = max(instant, self._unsure_before or instant)

    def wrong(self, transactions: Sequence[Transaction], store: Path) -> list[str]:
        """In what billing's books are not what was sold, and what is not settled."""
        stands = dict(_stands(store))
        before = self._unsure_before
        unsure = {ref for ref, at in self._by_name.items() if before is not None and at < before}
        left = {ref for ref in unsure if stands.get(ref) == Standing("parked", "foreign")}
        booked = Counter(map(_booked, transactions))
        return [
            *_differences(Counter(self.sold), booked, left),
            *_sums(self.sold, booked, left),
            *_unsettled([each.reference for each in self.sold], stands, left),
        ]


def references_of(comment: str) -> str:
    """What billing's comment names, which is to be one thing."""
    return " ".join(_REFERENCE.findall(comment))


def _booked(transaction: Transaction) -> Sold:
    sign = -1 if transaction.action.lower() == _CREDIT else 1
    return Sold(references_of(transaction.visible_comment), transaction.i_account, sign * transaction.amount)


def _differences(sold: Mapping[Sold, int], booked: Mapping[Sold, int], left: set[str]) -> Iterator[str]:
    for each in sorted({*sold, *booked}, key=repr):
        there, wanted = booked.get(each, 0), sold.get(each, 0)
        if there != wanted and not (there < wanted and each.reference in left):
            what = f"{each.amount} of account {each.i_account} for {each.reference or 'nothing'}"
            yield f"billing has booked {there} times {what}, not {wanted}"


def _sums(sold: Iterable[Sold], booked: Mapping[Sold, int], left: set[str]) -> Iterator[str]:
    wanted, there = defaultdict[int, Decimal](Decimal), defaultdict[int, Decimal](Decimal)
    for each in sold:
        wanted[each.i_account] += each.amount
    for each, count in booked.items():
        there[each.i_account] += each.amount * count
    for i_account in sorted({*wanted, *there}):
        if wanted[i_account] != there[i_account] and not left:
            yield f"account {i_account} has paid {there[i_account]}, and bought for {wanted[i_account]}"


def _unsettled(references: Sequence[str], stands: Mapping[str, Standing], left: set[str]) -> Iterator[str]:
    for each in references:
        if each not in stands:
            yield f"{each}: was never kept"
        elif stands[each] != Standing("booked", None) and each not in left:
            yield f"{each}: is {stands[each].state} ({stands[each].reason})"
    for each in sorted(stands.keys() - set(references)):
        yield f"{each}: was never sold"


def _stands(store: Path) -> Iterator[tuple[str, Standing]]:
    with closing(sqlite3.connect(store)) as other:
        for reference, state, reason in other.execute("SELECT reference, state, reason FROM charges"):
            yield reference, Standing(state, reason)


def being_sent(store: Path) -> frozenset[str]:
    """The references of the charges that are on their way to billing, as another program finds them committed."""
    with closing(sqlite3.connect(store)) as other:
        return frozenset(ref for (ref,) in other.execute("SELECT reference FROM charges WHERE state = 'sending'"))
