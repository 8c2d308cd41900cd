"""Billing's facts, and what they mean in plain words (PortaBilling contract, sections 2.2 and 4)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

ENVIRONMENT = 3
REAL_ACCOUNTS = (-1, 1, 4)  # debit, credit, beneficiary; vouchers, aliases and internal accounts watch no television

ON = frozenset(
    {
        *(None, "customer_suspension_delayed", "customer_limiting_delayed", "customer_limited"),
        *("frozen", "screening", "quarantine"),
    }
)
OFF = frozenset(
    {
        *("blocked", "customer_blocked", "suspended", "customer_suspended", "customer_provisionally_terminated"),
        *("overdraft", "zero_balance", "credit_exceeded", "customer_has_no_available_funds", "customer_credit_exceed"),
        *("expired", "not_yet_active", "inactive"),
    }
)
CLOSED = "closed"


class AddOn(msgspec.Struct, frozen=True):
    """An add-on of an account; texts in UTC, no end = open."""

    i_product: int
    begins: str = msgspec.field(name="from")
    ends: str | None = msgspec.field(name="to")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one account, as billing's simulator dumps them."""

    i_account: int
    id: str
    i_product: int
    billing_model: int
    status: str | None
    addons: tuple[AddOn, ...] = ()
    contact: Mapping[str, str] = {}
    custom_fields: Mapping[str, str | None] = {}

    @property
    def devices(self) -> list[str]:
        """Its devices in the order in which they are written, MACs as 12 upper-case hex digits, each once."""
        texts = re.split(r"[,;\s]+", self.custom_fields.get("TV MAC") or "")
        return list(dict.fromkeys(text.replace(":", "").upper() for text in texts if text))

    @property
    def is_on(self) -> bool:
        """Whether it is to have service, if it has a product that gives any."""
        return self.status in ON

    def products(self, now: datetime) -> list[int]:
        """The main product and the add-ons that count now."""
        current = [each for each in self.addons if _instant(each.begins) <= now]
        return [self.i_product, *(each.i_product for each in current if each.ends is None or now < _instant(each.ends))]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
