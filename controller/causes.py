"""Who or what caused a call, in words: for the audit, and for whoever asks later (promise P20).

Rules of this module:

1. It reads the store, and nothing else. It decides nothing: what is done does not depend on what is said here.
2. An event is told by its source, its type and the number its sender gave it; a person by name; a repetition by the
   request id of the call before it, whose own row has the cause that led to both.
"""

from controller.events.vocabulary import Scope
from controller.look import Look
from controller.store import Order, Store, StoredEvent, StoredSubscriber
from desired_state.account import Account
from desired_state.subscriber import SubscriberKey

_LONGEST = 100  # of what others gave an event for a number and a type
_ORDERS = ("requeue", "approve", "adopt", "resume")


def noticed(
    store: Store, billing: str, look: Look, subscriber: StoredSubscriber | None, *, is_announced: bool
) -> str | None:
    """Why the subscriber is looked at, as far as that is known at the look's begin.

    `is_announced`: an event announced it, and billing has not been read for that yet.
    """
    asked = _asked(store, billing, look, is_announced)
    return "; ".join(filter(None, (asked, _again(store, look, subscriber)))) or None


def _asked(store: Store, billing: str, look: Look, is_announced: bool) -> str | None:
    """The person or the event that the look is due to, if it is to any."""
    if look.trigger == "operator":
        return _ordered(store, billing, look)
    if look.trigger == "event" or is_announced:
        return _announced(store, billing, look.i_account)
    return None


def _ordered(store: Store, billing: str, look: Look) -> str | None:
    orders = store.operator.orders(billing, look.i_account, 10)
    latest = next((each for each in orders if each.action in _ORDERS), None)
    return _order(latest) if latest is not None else None


def _order(order: Order) -> str:
    return f"{order.action} by {order.owner}"


def _announced(store: Store, billing: str, i_account: int) -> str | None:
    stored = store.accounts(billing).get(i_account)
    subjects = [(Scope.ACCOUNT, i_account), *(_wider(stored.account) if stored is not None else ())]
    event = store.events(billing).latest_about(subjects)
    return _event(event) if event is not None else None


def _wider(account: Account) -> list[tuple[Scope, int]]:
    """What else an event about the account may have been about: its customer, its products."""
    products = [account.product, *(account.details.addons if account.details is not None else ())]
    subjects = [(Scope.PRODUCT, product.i_product) for product in products if product is not None]
    return subjects if account.i_customer is None else [(Scope.CUSTOMER, account.i_customer), *subjects]


def _event(event: StoredEvent) -> str:
    """The event as its sender would know it; the key begins with its source and, if it had one, its number."""
    source, _, key = event.key.partition(":")
    number = key.partition(" ")[0]
    return f"{source} event {event.event_type[:_LONGEST]} {number[:_LONGEST]} about {event.scope} {event.number}"


def _again(store: Store, look: Look, subscriber: StoredSubscriber | None) -> str | None:
    """After a call that came to nothing, or after a wait for others."""
    if subscriber is not None and subscriber.progress.held_by == "waiting":
        return f"its turn came: {subscriber.progress.text}"
    last = next(iter(store.journal.latest(SubscriberKey(look.platform.name, look.i_account), 1)), None)
    if last is None or last.result == "ok":
        return None
    return f"again after request {last.request_id}"
