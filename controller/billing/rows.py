"""One page of `Account/get_account_list` -> rows and their fingerprints (contract, section 2.1). Pure.

Rules of this module:

1. A page is decoded in one go into `AccountRow`s, in the form PortaBilling was seen to send. Where that fails, every
   row is taken on its own; one that fails again is read tolerantly, field by field; one that still makes no sense
   becomes an `UnreadableRow` and stops nobody.
2. A row that exists is sound: nothing that is made of it can fail.
3. Names, addresses and the like are in a row only to be part of its fingerprints. They leave it as a hash.
4. A page has a mark: a hash of its bytes, by which it is known again without being decoded.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import blake2b, sha256
from typing import Annotated, Literal, NamedTuple

import msgspec

from controller.billing.values import Unreadable, day, flag, is_unset, money, text, unreadable, whole
from desired_state.account import BillingModel

GARBLED = -1
_NOTHING = msgspec.Raw(b"")

IAccount = Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)]
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class AccountRow(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What matters of one row of `Account/get_account_list`, as PortaBilling writes it."""

    i_account: IAccount
    id: Annotated[str, msgspec.Meta(min_length=1)]
    i_customer: Whole | None = None
    i_product: Whole | None = None
    product_name: str | None = None
    billing_model: BillingModel = BillingModel.CREDIT
    bill_status: str | None = None
    blocked: Literal["Y", "N"] = "N"
    status: str | None = None
    dual_version_system: str | None = None
    i_account_balance_control_type: Whole | None = None
    balance: Decimal | None = None
    credit_limit: Decimal | None = None
    iso_4217: str | None = None
    activation_date: date | None = None
    expiration_date: date | None = None
    login: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone1: str | None = None
    phone2: str | None = None
    baddr1: str | None = None
    baddr2: str | None = None
    baddr3: str | None = None
    baddr4: str | None = None
    baddr5: str | None = None
    address_line_2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    i_time_zone: Whole | None = None
    time_zone_name: str | None = None
    assigned_addons: msgspec.Raw = _NOTHING

    def __post_init__(self) -> None:
        """Refuse what the types let through: a blank id, amounts that are not numbers."""
        if self.id.isspace():
            raise ValueError("blank")
        for amount in (self.balance, self.credit_limit):
            if amount is not None and not amount.is_finite():
                raise ValueError("not a number")

    def __repr__(self) -> str:
        """Which account it is; never who."""
        return f"AccountRow(i_account={self.i_account}, id={self.id!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """The same, for tracebacks drawn by rich."""
        return [("i_account", self.i_account), ("id", self.id)]

    def fingerprint(self) -> bytes:
        """Changes whenever anything changes that we use of the row. 16 bytes."""
        return blake2b(_ENCODER.encode(self), digest_size=16).digest()

    def details_fingerprint(self) -> "DetailsFingerprint":
        """Changes when the row suggests that the account's own calls would answer differently: not with its
        balance, nor with what only charges have to know.
        """
        rest = msgspec.structs.replace(self, balance=None, credit_limit=None, iso_4217=None, assigned_addons=_NOTHING)
        addons = blake2b(bytes(self.assigned_addons), digest_size=8).digest()
        return DetailsFingerprint(rest.fingerprint()[:8], addons)

    @property
    def shows_addons(self) -> bool:
        """Whether it names add-ons; where it names none, the list may just not tell them."""
        return bytes(self.assigned_addons) not in _NO_ADDONS


_ENCODER = msgspec.msgpack.Encoder()
_NO_ADDONS = (b"", b"[]", b"null")


class DetailsFingerprint(NamedTuple):
    """What of a row tells about the account's details, 8 bytes each: its add-ons, and the rest."""

    rest: bytes
    addons: bytes


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that makes no sense. `i_account` is `None` where not even that could be read; `text` is a sentence."""

    i_account: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list. `total` is `None` where billing does not say; `listed` is whether there was a list.

    `recalled` are the accounts on a page that was known by its mark; it has no `rows` then.
    """

    rows: tuple[AccountRow, ...]
    unreadable: tuple[UnreadableRow, ...] = ()
    total: int | None = None
    listed: bool = True
    mark: bytes = b""
    recalled: Sequence[int] = ()

    def __len__(self) -> int:
        """How many rows billing sent, readable or not."""
        return len(self.rows) + len(self.unreadable) + len(self.recalled)


@dataclass(frozen=True, slots=True)
class Unread:
    """A page as it came."""

    body: bytes
    mark: bytes

    def decode(self) -> Page:
        """What it says, with its mark; as `decode_page`."""
        return replace(decode_page(self.body), mark=self.mark)


class _SoundPage(msgspec.Struct):
    account_list: list[AccountRow]
    total: int | None = None


class _RawPage(msgspec.Struct):
    account_list: list[msgspec.Raw] | None = None
    total: msgspec.Raw = _NOTHING


class _Name(msgspec.Struct):
    i_account: IAccount


_SOUND_PAGE = msgspec.json.Decoder(_SoundPage, strict=False)
_RAW_PAGE = msgspec.json.Decoder(_RawPage)
_ROW = msgspec.json.Decoder(AccountRow, strict=False)
_NAME = msgspec.json.Decoder(_Name, strict=False)
_OBJECT = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)
_VALUE = msgspec.json.Decoder(float_hook=Decimal)


def decode_object(body: bytes) -> dict[str, object]:
    """Any answer; an empty one is `{}` (contract, section 1.1). Raises `ValueError` if it is no JSON object."""
    return _OBJECT.decode(body) if body.strip() else {}


def decode_value(raw: msgspec.Raw) -> object:
    """A part of a row that was kept as it came. Raises `ValueError`."""
    return _VALUE.decode(raw)


def decode_page(body: bytes) -> Page:
    """An answer of `get_account_list`. Raises `ValueError` if it is no JSON object with a list of rows."""
    if not body.strip():
        return Page((), listed=False)
    try:
        page = _SOUND_PAGE.decode(body)
    except ValueError:
        return _page_by_rows(body)
    return Page(tuple(page.account_list), total=page.total)


def decode_unless_known(known: Container[bytes], body: bytes) -> Page | Unread:
    """As `decode_page`, with the page's mark; a page whose mark is among the known ones is left as it came."""
    page = Unread(body, sha256(body).digest())  # of the strong hashes the fastest, where processors know it
    return page if page.mark in known else page.decode()


def _page_by_rows(body: bytes) -> Page:
    page = _RAW_PAGE.decode(body)
    decoded = [_row(raw) for raw in page.account_list or ()]
    return Page(
        tuple(row for row in decoded if isinstance(row, AccountRow)),
        tuple(row for row in decoded if isinstance(row, UnreadableRow)),
        _total(page.total),
        listed=page.account_list is not None,
    )


def _total(raw: msgspec.Raw) -> int | None:
    """`total` as number or text (contract, section 2.1); one that makes no sense is `GARBLED`, and proves nothing."""
    try:
        return whole("total", decode_value(raw)) if bytes(raw) else None
    except (Unreadable, ValueError):
        return GARBLED


def _row(raw: msgspec.Raw) -> AccountRow | UnreadableRow:
    try:
        return _ROW.decode(raw)
    except ValueError:
        pass
    try:
        return tolerant_row(_OBJECT.decode(raw))
    except Unreadable as error:
        return _unreadable_row(raw, error.text)
    except ValueError:
        return _unreadable_row(raw, "the row is not a JSON object in UTF-8")


def _unreadable_row(raw: msgspec.Raw, problem: str) -> UnreadableRow:
    try:
        i_account = _NAME.decode(raw).i_account
    except ValueError:
        return UnreadableRow(None, f"a row of billing's account list cannot be read: {problem}")
    return UnreadableRow(i_account, f"account {i_account} cannot be read from billing's list: {problem}")


def tolerant_row(fields: Mapping[str, object]) -> AccountRow:
    """The row in untyped JSON values, of whatever types section 1.4 of the contract allows. Raises `Unreadable`."""
    known = {name: read(name, fields[name]) for name, read in _READERS.items() if not is_unset(fields.get(name))}
    for needed in ("i_account", "id"):
        if needed not in known:
            raise Unreadable(f"field {needed!r} is missing", needed)
    try:
        return msgspec.convert(known, AccountRow)
    except msgspec.ValidationError:
        raise unreadable("i_account", fields["i_account"], "an account's number") from None


def _model(name: str, value: object) -> BillingModel:
    try:
        return BillingModel(whole(name, value) or 0)
    except ValueError:
        raise unreadable(name, value, "a billing model that we know (-1 to 4)") from None


def _letter(name: str, value: object) -> str:
    return "Y" if flag(name, value) else "N"


def _raw(_name: str, value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


_READERS: dict[str, Callable[[str, object], object]] = {
    **dict.fromkeys(AccountRow.__struct_fields__, text),
    **dict.fromkeys(
        ("i_account", "i_customer", "i_product", "i_account_balance_control_type", "i_time_zone"),
        whole,
    ),
    **dict.fromkeys(("balance", "credit_limit"), money),
    **dict.fromkeys(("activation_date", "expiration_date"), day),
    "billing_model": _model,
    "blocked": _letter,
    "assigned_addons": _raw,
}
