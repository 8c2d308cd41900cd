"""Charges and credits at PortaBilling, and what it has booked (contract, section 6): the one door for both.

Rules of this module:

1. Billing has no key that makes a repeated call harmless. So a call is made once, and its end is one of four: booked,
   not sent, refused, or in doubt. Only what billing itself says in a fault about this call is a refusal; whatever else
   keeps its answer from us is a doubt.
2. A list of xDRs counts only if as many distinct ones came as billing stated, on its first page at least.
3. A fault about rights, or about a site that only reads now, is nobody's own: everybody waits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from controller.billing.client import MAX_PAGE, BillingClient
from controller.billing.faults import BillingFault
from controller.billing.values import Unreadable, money, whole
from desired_state.charges import DECIMALS, Action
from desired_state.doubt import Xdr
from platforms.driver import PlatformError, Resting, Transient

MAKE, LIST = "Account/make_transaction", "Account/get_xdr_list"
OPERATIONS = (MAKE, LIST)

_MOST_PAGES = 1000
_EVERYBODYS = ("standalone", "access_denied", "maintenance")

_UNCLEAR = ("internal", "timeout", "timed_out", "deadlock", "database")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be booked, a positive amount; `comment` is what the customer sees, with the reference in it."""

    i_account: int
    action: Action
    amount: Decimal
    comment: str = field(repr=False)
    reference: str


class NotMade(Exception):
    """Billing has certainly not booked it. `is_everybodys`: the reason is not about this charge."""

    def __init__(self, text: str, *, is_everybodys: bool) -> None:
        super().__init__(text)
        self.text = text
        self.is_everybodys = is_everybodys


class InDoubt(Exception):
    """Billing may have booked it, or not."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Transactions:
    """Booking at one billing; `i_service` is the service it goes under, billing's usual one where none is given."""

    def __init__(self, client: BillingClient, i_service: int | None = None) -> None:
        self._client = client
        self._i_service = i_service

    async def ready(self) -> None:
        """Have a session, so that the next call is not kept from being made. Raises `PlatformError`."""
        await self._client.log_in()

    async def make(self, order: Order) -> int:
        """Have it booked; returns the xDR. Raises `NotMade` or `InDoubt`, nothing else that comes from outside."""
        try:
            answer = await self._client.call(MAKE, self._params(order))
        except Resting as rest:
            raise NotMade(rest.text, is_everybodys=True) from None
        except BillingFault as fault:
            raise _refusal(fault) from None
        except PlatformError as error:
            raise InDoubt(error.text) from None
        i_xdr = _number(answer.get("i_xdr"))
        if not i_xdr:
            raise InDoubt("billing's answer does not name an xDR")
        return i_xdr

    async def booked(self, i_account: int, begins: datetime, ends: datetime) -> list[Xdr]:
        """Every xDR of an account between two instants, hidden ones too. Raises `PlatformError` unless all came."""
        found: dict[int, Xdr] = {}
        total, offset = None, 0
        for _ in range(_MOST_PAGES):
            params = {**_window(i_account, begins, ends), "limit": MAX_PAGE, "offset": offset, **_FLAGS}
            answer = await self._client.call(LIST, params)
            rows = answer.get("xdr_list")
            total = _number(answer.get("total")) if total is None else total
            if not isinstance(rows, list) or total is None:
                raise Transient("billing's answer is no list of xDRs with a total")
            found |= {xdr.i_xdr: xdr for xdr in map(_xdr, rows)}
            offset += len(rows)
            if len(found) >= total:
                return list(found.values())
            if not rows:
                break
        raise Transient(f"billing counts {total} xDRs of i_account {i_account}, {len(found)} came")

    def _params(self, order: Order) -> Mapping[str, object]:
        service = {} if self._i_service is None else {"i_service": self._i_service}
        return {
            "i_account": order.i_account,
            "action": order.action.value,
            "amount": order.amount,
            "visible_comment": order.comment,
            "internal_comment": f"iptv-reconciler {order.reference}",
            "suppress_notification": 1,
            **service,
        }


_FLAGS: Mapping[str, object] = {"get_total": 1, "show_hidden": 1, "show_unsuccessful": 1}


def _window(i_account: int, begins: datetime, ends: datetime) -> Mapping[str, object]:
    return {"i_account": i_account, "from_date": _written(begins), "to_date": _written(ends)}


def _refusal(fault: BillingFault) -> NotMade | InDoubt:
    """`Client.*` and faults about accounts and sessions are refusals; another may have come in the middle of it."""
    code = fault.code.lower()
    if any(word in code for word in _UNCLEAR):
        return InDoubt(fault.text)
    if any(word in code for word in _EVERYBODYS) or code.startswith(("server.session", "client.session")):
        return NotMade(fault.text, is_everybodys=True)
    if code.startswith(("client.", "server.account.")):
        return NotMade(fault.text, is_everybodys=False)
    return InDoubt(fault.text)


def _xdr(row: object) -> Xdr:
    """One xDR. An amount that makes no sense is none; one without a number would not be known again."""
    fields = row if isinstance(row, Mapping) else {}
    i_xdr = _number(fields.get("i_xdr"))
    if not i_xdr:
        raise Transient("billing lists an xDR without its number")
    return Xdr(i_xdr, _amount(fields.get("charged_amount")), tuple(_texts(fields)))


def _amount(value: object) -> Decimal | None:
    """What billing booked. It keeps 5 decimals of a float: what is written beyond them is noise."""
    try:
        amount = money("charged_amount", value)
        kept = None if amount is None else round(amount, DECIMALS)
        return amount if amount == kept else kept
    except (Unreadable, InvalidOperation):
        return None


def _texts(value: object) -> Iterator[str]:
    """Every text in it, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _number(value: object) -> int | None:
    try:
        number = whole("i_xdr", value)
    except Unreadable:
        return None
    return number if number is not None and number >= 0 else None


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
