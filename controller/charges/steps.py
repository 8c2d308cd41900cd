"""What happens to charges, told in the log: every step is a row of their history in the store, and a line."""

from collections.abc import Callable
from typing import TypeVar

from controller.decided import Decided
from controller.store import Charge, Logged, Store

T = TypeVar("T")


def with_steps(store: Store, work: Callable[[Store], T]) -> tuple[T, list[Decided]]:
    """Do something within a transaction; returns what it returned, and what happened to charges in it."""
    before = store.charges.last_logged()
    value = work(store)
    return value, [_line(store, charge, logged) for charge, logged in store.charges.logged_after(before)]


def _line(store: Store, charge: Charge, logged: Logged) -> Decided:
    """A step; no title and no amount: what somebody watches is nobody's business here."""
    stored = store.accounts(charge.billing).get(charge.i_account) if charge.i_account is not None else None
    return Decided(
        i_account=charge.i_account,
        account=stored.account.id if stored is not None else None,
        platform=charge.record.platform,
        billing=charge.billing,
        charge=charge.name,
        action="charge",
        reason=logged.text,
        result=logged.event,
    )
