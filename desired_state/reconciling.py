"""What a platform's feed of sales says against what billing has booked, over a period. Pure.

Rules of this module:

1. An xDR belongs to a sale when it bears the sale's reference, or when it is known to be that sale's by its number and
   bears no other sale's reference.
2. xDRs of one account that cancel each other out (one that was reverted, and its reversal) count as none.
3. Every difference is a line. What is not booked by decision is a line, too, and no difference; what nobody has decided
   yet is one, since the two books do differ.
4. That a person said which xDR it is, settles its amount, currency and account; not that it is there.
5. `sold - decided - booked = difference`, for each currency; without differences, each of these is zero.

A sale that billing has not booked, by how it stands:

    pending, waiting, sending, in doubt, parked     open          a difference until it is booked or decided
    booked, or never kept by the store              missing       a difference
    a person said that it is an xDR                 missing       a difference
      the same, and whose it is, is not known       by_hand       no difference: there is nowhere to look
    refused, or dropped by a person                 not_booked    no difference
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from desired_state.charges import ChargeState
from desired_state.doubt import Xdr
from desired_state.sales import FeedRecord, SaleKind, is_of

NO_CURRENCY = "unknown"
_ZERO = Decimal(0)
_OPEN = (
    ChargeState.PENDING,
    ChargeState.WAITING,
    ChargeState.SENDING,
    ChargeState.IN_DOUBT,
    ChargeState.PARKED,
)


class LineKind(StrEnum):
    """What a line says."""

    MISSING = "missing"  # billing should have it
    OPEN = "open"  # billing has not booked it, and nobody has decided that it should not
    TWICE = "twice"
    AMOUNT = "amount"
    CURRENCY = "currency"
    ACCOUNT = "account"  # it is booked for another account than bought it
    UNWANTED = "unwanted"  # it is booked, though it was decided that it should not be
    UNKNOWN = "unknown"  # an xDR with a reference of the platform's that no record has
    NOT_BOOKED = "not_booked"  # by decision
    BY_HAND = "by_hand"  # a person said which xDR it is, and it differs or cannot be looked for

    @property
    def is_difference(self) -> bool:
        """Whether the feed and billing differ by it."""
        return self not in (LineKind.NOT_BOOKED, LineKind.BY_HAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A record of the feed and how it stands; without a `state` the store has never kept it.

    `i_account` is whose it is, as far as that is known; `i_xdr` what it is known to be booked as.
    """

    record: FeedRecord
    i_account: int | None
    state: ChargeState | None = None
    reason: str | None = None
    i_xdr: int | None = None

    @property
    def signed(self) -> Decimal:
        """What billing should show; a refund is negative. Zero where the amount is not known."""
        amount = self.record.amount or _ZERO
        return -amount if self.record.kind is SaleKind.REFUND else amount

    @property
    def currency(self) -> str:
        """As it can be compared."""
        return _currency(self.record.currency)

    @property
    def is_by_hand(self) -> bool:
        """Whether a person said which xDR it is."""
        return self.state is ChargeState.RESOLVED and self.i_xdr is not None

    @property
    def is_decided_against(self) -> bool:
        """Whether it is never to be booked."""
        return self.state is ChargeState.REFUSED or (self.state is ChargeState.RESOLVED and self.i_xdr is None)


@dataclass(frozen=True, slots=True)
class Booked:
    """An xDR, the account in whose list it is, and that account's currency (empty where it is not known)."""

    xdr: Xdr
    i_account: int
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that the two books do not have alike. `sold` is `None` for an xDR that no record has."""

    kind: LineKind
    reference: str
    text: str
    sold: Sold | None = None
    booked: tuple[Booked, ...] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """What was sold, how much of it decisions account for, and what is booked: refunds are negative."""

    sold: Decimal = _ZERO
    decided: Decimal = _ZERO
    booked: Decimal = _ZERO

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.sold + other.sold, self.decided + other.decided, self.booked + other.booked)

    @property
    def difference(self) -> Decimal:
        """What nothing accounts for."""
        return self.sold - self.decided - self.booked


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it; differences first, in the order of the sales. `xdrs` counts those of the platform's sales."""

    lines: tuple[Line, ...]
    sums: Mapping[str, Sum]
    records: int
    xdrs: int

    @property
    def differences(self) -> int:
        """How many lines are differences."""
        return sum(line.kind.is_difference for line in self.lines)


def compare(platform: str, sold: Iterable[Sold], booked: Iterable[Booked], elsewhere: Collection[str]) -> Comparison:
    """Every sale against every xDR of the accounts concerned.

    No two of `sold` are the same record. `elsewhere` are the references of records that are not compared here: xDRs
    that bear one are left out.
    """
    sales, desk = list(sold), _Desk(platform, booked)
    known = {each.record.reference for each in sales}
    found = [(each, desk.of(each, known)) for each in sales]
    theirs = [each for _, all_of in found for each in all_of]
    strays = desk.strays(known | set(elsewhere), {each.xdr.i_xdr for each in theirs})
    lines = [line for each, all_of in found for line in _lines(each, _net(all_of))]
    lines += [_stray(reference, left) for reference, all_of in strays.items() if (left := _net(all_of))]
    theirs += [each for all_of in strays.values() for each in all_of]
    return Comparison(
        lines=tuple(sorted(lines, key=_order)),
        sums=_sums(found, theirs),
        records=len(sales),
        xdrs=len({each.xdr.i_xdr for each in theirs}),
    )


@dataclass(slots=True)
class _Desk:
    """The xDRs by what they bear, each once, in the order of their numbers."""

    platform: str
    booked: Iterable[Booked]
    by_number: dict[int, Booked] = field(init=False)
    by_reference: dict[str, list[Booked]] = field(init=False)

    def __post_init__(self) -> None:
        unordered = {each.xdr.i_xdr: each for each in sorted(self.booked, key=lambda each: -each.i_account)}
        self.by_number = dict(sorted(unordered.items()))
        self.by_reference = {}
        for each in self.by_number.values():
            for reference in each.xdr.references:
                self.by_reference.setdefault(reference, []).append(each)

    def of(self, sold: Sold, known: AbstractSet[str]) -> list[Booked]:
        """The xDRs that belong to a sale."""
        bearing = self.by_reference.get(sold.record.reference, [])
        numbered = None if sold.i_xdr is None else self.by_number.get(sold.i_xdr)
        if numbered is None or not numbered.xdr.references.isdisjoint(known):
            return bearing
        return sorted([*bearing, numbered], key=lambda each: each.xdr.i_xdr)

    def strays(self, known: Collection[str], claimed: Collection[int]) -> dict[str, list[Booked]]:
        """The xDRs with a reference of the platform's that nothing has."""
        return {
            reference: left
            for reference, all_of in self.by_reference.items()
            if reference not in known and is_of(self.platform, reference)
            if (left := [each for each in all_of if each.xdr.i_xdr not in claimed])
        }


def _net(booked: Iterable[Booked]) -> list[Booked]:
    """What is left when those that cancel each other out are gone; the earliest of several alike."""
    left: list[Booked] = []
    for each in booked:
        reversed_ = next((other for other in left if _cancel(other, each)), None)
        if reversed_ is None:
            left.append(each)
        else:
            left.remove(reversed_)
    return left


def _cancel(one: Booked, other: Booked) -> bool:
    amounts = one.xdr.amount, other.xdr.amount
    return (
        None not in amounts and amounts[0] != 0 and one.i_account == other.i_account and sum(map(_value, amounts)) == 0
    )


def _value(amount: Decimal | None) -> Decimal:
    return amount or _ZERO


def _lines(sold: Sold, booked: list[Booked]) -> Iterator[Line]:
    """What there is to say about one sale and the xDRs that are left of it."""

    def line(kind: LineKind, text: str) -> Line:
        return Line(kind=kind, reference=sold.record.reference, text=text, sold=sold, booked=tuple(booked))

    if not booked:
        yield line(*_absent(sold))
    elif sold.is_decided_against and sold.reason != "before_since":
        yield line(LineKind.UNWANTED, f"it is {_state(sold)}, and billing has booked it")
    elif len(booked) > 1:
        yield line(LineKind.TWICE, f"billing has booked it {len(booked)} times")
    else:
        differing = dict(_differing(sold, booked[0]))
        if sold.is_by_hand and differing:
            yield line(LineKind.BY_HAND, f"a person said that it is this xDR; {'; '.join(differing.values())}")
        elif not sold.is_by_hand:
            yield from (line(kind, text) for kind, text in differing.items())


def _absent(sold: Sold) -> tuple[LineKind, str]:
    if sold.is_decided_against:
        return LineKind.NOT_BOOKED, f"it is {_state(sold)}: not to be booked"
    if sold.state in _OPEN:
        return LineKind.OPEN, f"it is {_state(sold)}, and not booked so far"
    if sold.is_by_hand and sold.i_account is None:
        return LineKind.BY_HAND, f"a person said that it is xDR {sold.i_xdr}; of which account, is not known"
    if sold.is_by_hand:
        return LineKind.MISSING, f"a person said that it is xDR {sold.i_xdr}, which billing does not show"
    if sold.state is None:
        return LineKind.MISSING, "billing has no such xDR, and the store has never kept the record"
    return LineKind.MISSING, f"it was booked as xDR {sold.i_xdr}, which billing does not show"


def _state(sold: Sold) -> str:
    state = "" if sold.state is None else sold.state.value
    return state if sold.reason is None else f"{state} ({sold.reason})"


def _differing(sold: Sold, booked: Booked) -> Iterator[tuple[LineKind, str]]:
    if sold.i_account is None:
        yield LineKind.ACCOUNT, f"billing has it for i_account {booked.i_account}; whose it is, is not known"
    elif booked.i_account != sold.i_account:
        yield LineKind.ACCOUNT, f"billing has it for i_account {booked.i_account}, not for {sold.i_account}"
    told = None if sold.record.amount is None else sold.signed
    if told is None or booked.xdr.amount != told:
        yield LineKind.AMOUNT, f"billing has {_written(booked.xdr.amount)}, the feed {_written(told)}"
    if _currency(booked.currency) != sold.currency or sold.currency == NO_CURRENCY:
        yield LineKind.CURRENCY, f"billing has it in {_currency(booked.currency)}, the feed in {sold.currency}"


def _stray(reference: str, booked: list[Booked]) -> Line:
    text = "the feed has no record with this reference"
    return Line(kind=LineKind.UNKNOWN, reference=reference, text=text, booked=tuple(booked))


def _order(line: Line) -> tuple[bool, float, str, str]:
    at = None if line.sold is None else line.sold.record.sold_at
    return not line.kind.is_difference, _seconds(at), line.reference, line.kind.value


def _seconds(at: datetime | None) -> float:
    return float("inf") if at is None else at.timestamp()


def _sums(found: Iterable[tuple[Sold, list[Booked]]], booked: Iterable[Booked]) -> dict[str, Sum]:
    """Of each currency, sorted by its name; `booked` are all xDRs that count."""
    sums: dict[str, Sum] = {}

    def add(currency: str, more: Sum) -> None:
        sums[currency] = sums.get(currency, Sum()) + more

    for each, all_of in found:
        add(each.currency, Sum(sold=each.signed))
        if _is_settled_otherwise(each, _net(all_of)):
            add(each.currency, Sum(decided=each.signed))
            for xdr in all_of if each.is_by_hand else ():
                add(_currency(xdr.currency), Sum(decided=-_value(xdr.xdr.amount)))
    for xdr in booked:
        add(_currency(xdr.currency), Sum(booked=_value(xdr.xdr.amount)))
    return dict(sorted(sums.items()))


def _is_settled_otherwise(sold: Sold, booked: list[Booked]) -> bool:
    """Whether a decision accounts for what the books do not have alike."""
    kinds = {line.kind for line in _lines(sold, booked)}
    return bool(kinds & {LineKind.NOT_BOOKED, LineKind.BY_HAND, LineKind.UNWANTED})


def _currency(name: str) -> str:
    return name.strip().upper() or NO_CURRENCY


def _written(amount: Decimal | None) -> str:
    return "no amount" if amount is None else f"{amount:f}"
