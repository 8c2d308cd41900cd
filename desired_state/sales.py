"""What a platform sold, as its feed shows it, and the reference under which billing knows it.

Rules of this module:

1. A record that cannot be understood whole is a record all the same: `problem` says what is wrong with it, and a person
   decides. It is never dropped, and it stops no other.
2. An amount is a `Decimal` made of the text that the platform sent, never by way of a float.
3. A reference is made of the platform's name and the record's id, and of nothing else: whoever lost everything makes
   the same one again. No reference is a part of another: the brackets belong to it.
4. The title may tell what somebody watches. It goes into billing's comment, which is its purpose; no `repr` shows it.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b

LONGEST_TITLE = 40  # characters, so that the reference behind it is not lost where billing cuts comments
_LONGEST_KEY = 56
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,12})?")
_REFERENCE = re.compile(r"\[ref:[A-Za-z0-9._-]+\]")
_UNSAFE_IN_ID = re.compile(rb"[^A-Za-z0-9.-]")
_UNSAFE_IN_NAME = re.compile(rb"[^A-Za-z0-9.]")
_BRACKETS = str.maketrans("[]", "()")


class SaleKind(StrEnum):
    """What a record of a feed is about; `OTHER` is a kind that we do not know."""

    VOD = "vod"
    PPV = "ppv"
    REFUND = "refund"
    OTHER = "other"


_LABELS = {SaleKind.VOD: "VOD", SaleKind.PPV: "PPV", SaleKind.REFUND: "Refund", SaleKind.OTHER: "Sale"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRecord:
    """One record of a platform's feed of sales; `id` is the platform's, unique for ever.

    The buyer is named by the platform's own id of the record (`record_id`, empty where it has none besides the name)
    and by the name it bears (`external_id`). `refund_of` is the id of the sale that is given back. What the platform
    did not tell is empty or `None`; `problem` is a sentence about what could not be understood.
    """

    platform: str
    id: str
    kind: SaleKind
    record_id: str = ""
    external_id: str = ""
    title: str = field(default="", repr=False)
    amount: Decimal | None = None
    currency: str = ""
    sold_at: datetime | None = None
    refund_of: str = ""
    problem: str = ""

    @property
    def essence(self) -> str:
        """What must never change of a record; its title may, and the name of a buyer who has an id as well."""
        buyer = self.record_id or self.external_id
        sold_at = None if self.sold_at is None else self.sold_at.isoformat()
        amount = None if self.amount is None else f"{self.amount:f}"
        return repr((self.kind.value, buyer, amount, self.currency, sold_at, self.refund_of))

    @property
    def reference(self) -> str:
        """What billing's comment names it by."""
        return reference(self.platform, self.id)


def read_amount(text: str) -> Decimal | None:
    """The amount that a platform wrote; `None` for what is no plain decimal number."""
    stripped = text.strip()
    return Decimal(stripped) if _NUMBER.fullmatch(stripped) else None


def nameless(platform: str, content: str) -> str:
    """An id for a record that has none: the same for the same content."""
    return f"nameless-{_digest(platform, content)}"


def reference(platform: str, record_id: str) -> str:
    """The reference of a record: `[ref:tv-t-123]`. Other ids give other ones; it has at most 62 characters."""
    key = f"{_escaped(_UNSAFE_IN_NAME, platform)}-{_escaped(_UNSAFE_IN_ID, record_id)}"
    if len(key) > _LONGEST_KEY:
        key = f"_h{_digest(platform, record_id)}"  # no escape begins so: their digits are 0-9 and A-F
    return f"[ref:{key}]"


def is_of(platform: str, reference: str) -> bool:
    """Whether a reference is that of a record of the platform, or may be: that of a long id does not tell."""
    return reference.startswith((f"[ref:{_escaped(_UNSAFE_IN_NAME, platform)}-", "[ref:_h"))


def references_in(text: str) -> list[str]:
    """Every reference that stands in a text."""
    return _REFERENCE.findall(text)


def comment(record: FeedRecord) -> str:
    """What billing shows the customer: `VOD: Northern Sea [ref:tv-t-123]`, at most 111 characters."""
    printable = "".join(char if char.isprintable() else " " for char in record.title)
    title = " ".join(printable.translate(_BRACKETS).split())
    shown = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 3]}..."
    return " ".join(part for part in (f"{_LABELS[record.kind]}:", shown, record.reference) if part)


def _escaped(unsafe: "re.Pattern[bytes]", text: str) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    return unsafe.sub(lambda found: b"_%02X" % found[0][0], raw).decode("ascii")


def _digest(*parts: str) -> str:
    raw = "\0".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
    return blake2b(raw, digest_size=16).hexdigest()
