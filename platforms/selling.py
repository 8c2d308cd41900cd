"""From what a platform tells of a sale to a `FeedRecord`, for every driver alike. Pure.

Rules of this module:

1. Nothing that is told of one sale raises: what cannot be understood becomes the record's `problem`.
2. A time without a zone is UTC. Texts of personal data are not quoted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from desired_state.sales import FeedRecord, SaleKind, nameless, read_amount

_LONGEST = 1000
_FIRST_YEAR, _LAST_YEAR = 1971, 2999  # what is beyond is a mistake, and no room to reckon with


_TEXTS = ("id", "kind", "record_id", "external_id", "title", "amount", "currency", "at", "refund_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a platform tells of a sale, as texts; empty is not told. `content` is all of it, for one without an id."""

    id: str
    kind: str
    record_id: str = ""
    external_id: str = ""
    title: str = field(default="", repr=False)
    amount: str
    currency: str
    at: str
    refund_of: str = ""
    content: str = field(repr=False)


def sale(platform: str, told: Told, kinds: Mapping[str, SaleKind]) -> FeedRecord:
    """The record; `kinds` translates the platform's words."""
    told = replace(told, **{name: _storable(getattr(told, name)) for name in _TEXTS})
    kind, sold_at = kinds.get(told.kind, SaleKind.OTHER), _instant(told.at)
    return FeedRecord(
        platform=platform,
        id=told.id or nameless(platform, told.content),
        kind=kind,
        record_id=told.record_id,
        external_id=told.external_id,
        title=told.title[:_LONGEST],
        amount=read_amount(told.amount),
        currency=told.currency.strip(),
        sold_at=sold_at,
        refund_of=told.refund_of,
        problem="; ".join(_problems(told, kind, sold_at)),
    )


def _storable(text: str) -> str:
    """The text, with what is half a character written out: other texts stay other ones."""
    return text.encode("utf-8", "backslashreplace").decode()


def _problems(told: Told, kind: SaleKind, sold_at: datetime | None) -> Iterator[str]:
    if not told.id:
        yield "it has no id"
    if kind is SaleKind.OTHER:
        yield f"its kind is {told.kind[:40]!r}, which is not known"
    if not (told.record_id or told.external_id):
        yield "it does not name a customer"
    if read_amount(told.amount) is None:
        yield f"its amount is {told.amount[:40]!r}, not a number"
    if sold_at is None:
        yield f"its time is {told.at[:40]!r}, not an instant"


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.strip())
        told = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return told if _FIRST_YEAR <= told.year <= _LAST_YEAR else None
