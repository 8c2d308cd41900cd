"""What a platform holds: which records are ours, could be, or belong to others.

Adoptable is a record that bears the name we would give, as the only one, and no mark of anybody (`adoption.py`).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from controller.store import Store, StoredRecord, StoredSubscriber
from desired_state.desired import Desired
from desired_state.entitlement import Presence
from desired_state.subscriber import Observation, Owner


@dataclass(frozen=True, slots=True)
class Census:
    """How many records of a platform are `owned`; `adoptable`; `orphaned`: with our mark, of an account that billing
    does not have; and `foreign`, all others.
    """

    owned: int
    adoptable: int
    foreign: int
    orphaned: int


def census(store: Store, name: str, i_env: int, billing: str) -> Census:
    """Count what a platform holds, for whoever decides about the first contact with it (promise P1)."""
    records = store.records(name, i_env)
    adoptable, orphaned = sum(1 for _ in candidates(store, name, i_env)), records.orphaned(billing)
    return Census(records.owned() - orphaned, adoptable, records.foreign() - adoptable, orphaned)


def candidates(store: Store, name: str, i_env: int) -> Iterator[tuple[Desired, Observation]]:
    """Records that could be ours, each with what is wished of it."""
    records, subscribers = store.records(name, i_env), store.subscribers(name)
    namesakes = records.namesakes()
    bearers = Counter(i_account for i_account, _ in namesakes)
    for i_account, record_id in namesakes:
        subscriber, record = subscribers.get(i_account), records.get(record_id)
        if subscriber is None or record is None or bearers[i_account] > 1:
            continue
        if not records.is_bound(i_account) and is_candidate(subscriber, record):
            yield subscriber.desired, record.observation


def is_candidate(subscriber: StoredSubscriber, record: StoredRecord) -> bool:
    """Whether the record could be the subscriber's: nobody has marked it, and one is wished."""
    is_wished = subscriber.desired.presence in (Presence.ACTIVE, Presence.SUSPENDED)
    return is_wished and record.i_account is None and Owner.of(record.observation.spec.note) is None
