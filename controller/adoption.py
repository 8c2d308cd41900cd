"""Adopting records that others made: which could be ours, what adopting them would change, and doing it.

Rules of this module:

1. Adoptable is a record that bears the name we would give, as the only one, and no mark of anybody: it is made ours by
   being bound to its account. The next look writes our mark, and the credentials anew, since nobody can read them.
2. The plan has a hash over everything in it. What is approved is what was shown: if anything has changed since, the
   hash is another one, and nothing is done.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from controller.census import candidates, is_candidate
from controller.store import HeldChange, Store, StoredRecord, StoredSubscriber
from controller.targets import Platform
from desired_state.plan import Change, diff, identity
from desired_state.subscriber import Observation


@dataclass(frozen=True, slots=True)
class Adoption:
    """A record, the account that it would belong to, and what the next look would change of it."""

    platform: str
    i_account: int
    observed: Observation
    change: Change | None


@dataclass(frozen=True, slots=True)
class AdoptionPlan:
    """Everything that can be adopted."""

    adoptions: tuple[Adoption, ...]

    @property
    def hash(self) -> str:
        """What would be done, in 16 hex digits."""
        digest = hashlib.blake2b(b"adopt", digest_size=8)
        for each in self.adoptions:
            change = identity(each.change) if each.change is not None else ""
            digest.update(repr((each.platform, each.i_account, each.observed.record_id, change)).encode())
        return digest.hexdigest()


def adoption_plan(store: Store, platforms: Iterable[Platform]) -> AdoptionPlan:
    """What could be adopted on these platforms now."""
    return AdoptionPlan(tuple(each for platform in platforms for each in _adoptable(store, platform)))


def adopt(store: Store, plan: AdoptionPlan, now: datetime) -> None:
    """Make the records ours. What this changes was shown with the plan, so the brake does not count it."""
    for each in plan.adoptions:
        platform, change = each.platform, each.change
        store.records(platform, 0).bind(each.observed.record_id, each.i_account)
        if change is not None:
            store.holds.approve_adoption(platform, HeldChange(each.i_account, identity(change)), plan.hash, now)


def is_adoptable(store: Store, platform: Platform, subscriber: StoredSubscriber, record: StoredRecord) -> bool:
    """Whether a record that bears the account's name could be made the account's, if it is the only one."""
    is_bound = store.records(platform.name, platform.i_env).is_bound(subscriber.desired.key.i_account)
    return not is_bound and is_candidate(subscriber, record)


def _adoptable(store: Store, platform: Platform) -> Iterator[Adoption]:
    for wished, observed in candidates(store, platform.name, platform.i_env):
        yield Adoption(platform.name, wished.key.i_account, observed, diff(wished, observed))
