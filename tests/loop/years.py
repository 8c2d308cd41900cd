"""Years of work in a store, without anybody who works: what calls and orders leave there."""

from datetime import datetime, timedelta

from controller.store import Intent, Order, Store
from desired_state.plan import Kind
from desired_state.subscriber import SubscriberKey

CHANGES = 10  # a day
ACCOUNTS = 30
_SHOWN = '{"enabled":true,"packages":["1"],"auth":"device","device_ids":["001A..01"],"max_connections":2}'


def key(number: int) -> SubscriberKey:
    """The subscriber that the nth change is about: all have their turns."""
    return SubscriberKey("tv", 90001 + number % ACCOUNTS)


def work(store: Store, begins: datetime, days: int, *, changes: int = CHANGES) -> None:
    """So many days, each with its changes of accounts, and an order in the morning."""
    with store.transaction():
        for day in range(days):
            morning = begins + timedelta(days=day)
            note(store, morning)
            for number in range(changes):
                change(store, key(number + day * changes), morning + timedelta(days=1) * number / changes)


def change(store: Store, who: SubscriberKey, at: datetime) -> int:
    """One change that was announced and done at once; returns its number."""
    number = announce(store, who, at)
    store.journal.close(number, "ok", None, at)
    return number


def announce(store: Store, who: SubscriberKey, at: datetime) -> int:
    """One change of which nobody knows yet what became; returns its number."""
    intent = Intent(
        key=who,
        account_id=f"tv{who.i_account}",
        kind=Kind.SUSPEND,
        external_id=f"tv{who.i_account}_3",
        reason="blocked",
        cause="event",
        request_id="0" * 32,
        before=_SHOWN,
        after=_SHOWN,
        spent="destructive",
    )
    return store.journal.open(intent, at)


def note(store: Store, at: datetime, plan: str | None = None) -> None:
    """A person has ordered something."""
    order = Order(action="approve", owner="anna", at=at, target="tv", billing="billing", i_account=90001, plan=plan)
    store.operator.note([order])
