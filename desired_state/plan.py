"""The difference between what should be and what is, as values that can be printed, held or performed.

The truth table (`diff`), wish by observation:

| desired    | no record            | record is off                     | record is on                   |
|------------|----------------------|-----------------------------------|--------------------------------|
| active     | Create               | Resume (with all else that differs)| nothing if equal, else Update  |
| suspended  | nothing, or Create off where `create_suspended` | nothing if equal, else Update | Suspend |
| dormant    | nothing              | nothing                           | Suspend                        |
| absent     | nothing              | Delete                            | Delete                         |
| hold       | nothing              | nothing                           | nothing                        |

Besides, where the platform knows the record by another name and the operator wishes it, Rename comes before all but
Suspend and Delete, and the rest on the next look: one change per subscriber and look. `steps` gives both, for where the
name is not to be had (`turns.py`). What stands in the way of a wish
(`Desired.problems`) holds a new or a changed record, never a suspension or a deletion: that is a policy's business
(`policy.py`). But a Suspend then only turns off, lest the platform refuses it for the rest.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import ClassVar

from desired_state.account import Contact, Secret
from desired_state.desired import Desired
from desired_state.entitlement import Presence
from desired_state.subscriber import SPEC_FIELDS, Observation, SubscriberKey, SubscriberSpec

_CONTACT = tuple(field.name for field in fields(Contact))


class Kind(StrEnum):
    """The kinds of change, as metrics and plans name them."""

    CREATE = "create"
    UPDATE = "update"
    SUSPEND = "suspend"
    RESUME = "resume"
    DELETE = "delete"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Create:
    """Make the record, with everything in it."""

    kind: ClassVar[Kind] = Kind.CREATE
    desired: Desired
    after: SubscriberSpec
    observed: None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Change what differs; the service stays on or off as it is."""

    kind: ClassVar[Kind] = Kind.UPDATE
    desired: Desired
    after: SubscriberSpec
    observed: Observation


@dataclass(frozen=True, slots=True)
class Suspend:
    """Turn the service off."""

    kind: ClassVar[Kind] = Kind.SUSPEND
    desired: Desired
    after: SubscriberSpec
    observed: Observation


@dataclass(frozen=True, slots=True)
class Resume:
    """Turn the service on again."""

    kind: ClassVar[Kind] = Kind.RESUME
    desired: Desired
    after: SubscriberSpec
    observed: Observation


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the record."""

    kind: ClassVar[Kind] = Kind.DELETE
    desired: Desired
    observed: Observation
    after: None = None


@dataclass(frozen=True, slots=True)
class Rename:
    """Give the record the name `desired.external_id`; nothing else of it changes."""

    kind: ClassVar[Kind] = Kind.RENAME
    desired: Desired
    after: SubscriberSpec
    observed: Observation


Change = Create | Update | Suspend | Resume | Delete | Rename


@dataclass(frozen=True, slots=True)
class Held:
    """A change that has to wait. `by` names the policy, `text` tells a person what to do."""

    change: Change
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes to perform and changes that wait; a subscriber occurs at most once in both together."""

    changes: tuple[Change, ...] = ()
    held: tuple[Held, ...] = ()

    @staticmethod
    def of(changes: Iterable[Change | None]) -> "Plan":
        """The plan of these changes, ordered by key whatever their order was."""
        return Plan(tuple(sorted((change for change in changes if change is not None), key=key_of)))

    def on(self, platform: str) -> "Plan":
        """The part of it that is about one platform."""
        return Plan(
            tuple(change for change in self.changes if key_of(change).platform == platform),
            tuple(held for held in self.held if key_of(held.change).platform == platform),
        )

    @property
    def hash(self) -> str:
        """What this plan would do, in 16 hex digits; equal for equal plans, whenever they were made."""
        everything = sorted((*self.changes, *(held.change for held in self.held)), key=key_of)
        digest = hashlib.blake2b(digest_size=8)
        for change in everything:
            digest.update(_identity(change).encode())
        return digest.hexdigest()


def identity(change: Change) -> str:
    """What the change would do, in 16 hex digits; another one as soon as it would do anything else."""
    return Plan((change,)).hash


def key_of(change: Change) -> SubscriberKey:
    """Whom the change is about."""
    return change.desired.key


def diff(desired: Desired, observed: Observation | None) -> Change | None:
    """The one change that brings the record nearest to the wish; `None` if there is nothing to do."""
    return next(iter(steps(desired, observed, renames=desired.may_rename)), None)


def steps(desired: Desired, observed: Observation | None, *, renames: bool) -> tuple[Change, ...]:
    """The changes that lead to the wish, at most two, in the order of preference; each can be made without the other.

    `renames`: a record that is called otherwise than its account gets the account's name.
    """
    change = _change(desired, observed)
    is_kept = desired.spec is None or desired.presence is Presence.HOLD or isinstance(change, Delete | Suspend)
    if not renames or is_kept or observed is None or observed.external_id == desired.bears:
        return (change,) if change is not None else ()
    renaming = Rename(replace(desired, external_id=desired.bears), observed.spec, observed)
    return (renaming,) if change is None else (renaming, change)


def name_after(change: Change) -> str | None:
    """What the record is called once the change is made: only a creation and a renaming give it a name."""
    if change.observed is None or isinstance(change, Rename):
        return change.desired.external_id
    return None if isinstance(change, Delete) else change.observed.external_id


def is_destructive(change: Change) -> bool:
    """Whether the viewer loses something: the record, the service or a package."""
    if isinstance(change, Delete | Suspend):
        return True
    return bool(lost_packages(change))


def lost_packages(change: Change) -> tuple[str, ...]:
    """The packages the viewer has now and would not have afterwards."""
    if change.observed is None or change.after is None:
        return ()
    kept = change.after.packages or ()
    return tuple(package for package in change.observed.spec.packages or () if package not in kept)


def _change(desired: Desired, observed: Observation | None) -> Change | None:
    """The difference in everything but the name."""
    match desired.presence:
        case Presence.HOLD:
            return None
        case Presence.ABSENT:
            return Delete(desired, observed) if observed is not None else None
    if desired.spec is None:
        return None
    if observed is None:
        return Create(desired, desired.spec) if creates(desired) else None
    return _difference(desired, desired.spec.over(observed.spec), observed)


def creates(desired: Desired) -> bool:
    """Whether a record is made where there is none."""
    return desired.may_create and desired.presence in (Presence.ACTIVE, Presence.SUSPENDED)


def _difference(desired: Desired, after: SubscriberSpec, observed: Observation) -> Change | None:
    differing = after.differs_from(observed.spec)
    if not differing:
        return None
    if "enabled" not in differing:
        return Update(desired, after, observed)
    if after.enabled:
        return Resume(desired, after, observed)
    suspend = Suspend(desired, after, observed)
    return only_off(suspend) if desired.problems else suspend


def only_off(suspend: Suspend) -> Suspend:
    """The same, leaving all but the service as it is."""
    return replace(suspend, after=replace(suspend.observed.spec, enabled=False))


def _identity(change: Change) -> str:
    """Whom, how, which record, and what differs. What the change leaves as it is does not belong to it."""
    key, observed = key_of(change), change.observed
    record = observed and (observed.external_id, observed.record_id)
    return repr(
        (key.platform, key.i_account, change.kind.value, change.desired.external_id, record, *_differing(change))
    )


def _differing(change: Change) -> Iterator[tuple[str, object, object]]:
    """What a field holds, and what it will: of the fields that change, or of all that a creation sets."""
    after, before = change.after, change.observed and change.observed.spec
    for name in SPEC_FIELDS if after is not None else ():
        then, now = getattr(after, name), getattr(before, name, None)
        if then is not None and then != now:
            yield name, _plain(now), _plain(then)


def _plain(value: object) -> object:
    """A value by its content, whatever its class; a secret by its fingerprint."""
    if isinstance(value, Secret):
        return value.fingerprint
    if isinstance(value, Contact):
        return tuple(getattr(value, name) for name in _CONTACT)
    return str(value) if isinstance(value, str) else value
