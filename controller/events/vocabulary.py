"""Whom an event is about (contract, section 7.2). Pure.

Rules of this module:

1. Types are matched by what they begin with, whatever their case and the rest of their spelling: releases rename them
   (`Account/Id/Changed`, `Account/ID/Changed`; `/Suspend`, `/Suspended`), and group them (`Subscriber/Updated`).
2. A type we do not know is about whom its ids name. One that names nobody is nothing to us.
3. An id is a number or the text of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.billing.values import Unreadable, whole


class Scope(StrEnum):
    """What an event's number counts."""

    ACCOUNT = "account"
    CUSTOMER = "customer"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event is about."""

    scope: Scope
    number: int


_ACCOUNT = ("i_account", Scope.ACCOUNT)
_CUSTOMER = ("i_customer", Scope.CUSTOMER)
_PRODUCT = ("i_product", Scope.PRODUCT)
_ANYBODY = (_ACCOUNT, _CUSTOMER, _PRODUCT)
_ENTITY = "billing_entity_id"  # an account or a customer, by the type (BalanceChanged)
_BY_PREFIX: Mapping[str, tuple[tuple[str, Scope], ...]] = {
    "account": (_ACCOUNT, (_ENTITY, Scope.ACCOUNT), _CUSTOMER),
    "subscriber": (_ACCOUNT, (_ENTITY, Scope.ACCOUNT), _CUSTOMER),
    "customer": (_CUSTOMER, (_ENTITY, Scope.CUSTOMER), _ACCOUNT),
    "product": (_PRODUCT, _ACCOUNT, _CUSTOMER),
}


def subject_of(event_type: str, variables: Mapping[str, object]) -> Subject | None:
    """Whom the event is about; `None` where it names nobody we could look at."""
    prefix = event_type.strip().partition("/")[0].lower()
    for name, scope in _BY_PREFIX.get(prefix, _ANYBODY):
        if (number := positive(variables.get(name))) is not None:
            return Subject(scope, number)
    return None


def positive(value: object) -> int | None:
    """A number as billing hands them out; `None` for what is none."""
    try:
        number = whole("id", int(value) if isinstance(value, float) and value.is_integer() else value)
    except Unreadable:
        return None
    return number if number is not None and 0 < number < 2**63 else None
