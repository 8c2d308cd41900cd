"""What has to wait, and why.

Rules of this module:

1. A policy is a function Plan -> Plan. It only moves a change to `Held(change, by, text)`; it never invents, alters or
   drops one (a property test checks exactly that of every policy).
2. Policies do not look outside: what they need to know is given when they are made.
3. Their order matters only for which reason a change that has several is given: the first one's.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from desired_state.desired import Auth, Problem
from desired_state.plan import Change, Create, Delete, Held, Kind, Plan, Suspend, is_destructive, key_of
from desired_state.subscriber import Observation, Owner, SubscriberKey

Policy = Callable[[Plan], Plan]


class Brake(BaseModel):
    """How much of a platform may change before a person is asked (promise P4). Fractions are of the owned records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    floor: int = Field(default=10, ge=0)
    destructive_fraction: float = Field(default=0.05, ge=0, le=1)
    update_fraction: float = Field(default=0.30, ge=0, le=1)
    daily_floor: int = Field(default=20, ge=0)
    daily_fraction: float = Field(default=0.10, ge=0, le=1)

    def destructive_limit(self, owned: int) -> int:
        """The most records that one pass may delete, suspend or take packages from."""
        return max(self.floor, math.floor(owned * self.destructive_fraction))

    def update_limit(self, owned: int) -> int:
        """The most existing records that one pass may change in other ways."""
        return max(self.floor, math.floor(owned * self.update_fraction))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one platform's brake: destructive changes and other changes of existing records."""

    destructive: int
    updates: int


Exempt = Callable[[Change], bool]
"""Whether a change goes on in any case."""

_NOTHING = Allowance(destructive=0, updates=0)


def apply_policies(plan: Plan, policies: Iterable[Policy]) -> Plan:
    """Pass the plan through every policy, in order."""
    for policy in policies:
        plan = policy(plan)
    return plan


def owned_only(bound: Mapping[int, str], platform: str) -> Policy:
    """Hold what would write to a record that is not ours (promise P1).

    `bound` maps `i_account` to the record id that our store remembers having made on `platform`.
    """

    def reason(change: Change) -> str | None:
        if change.observed is None or change.desired.key.platform != platform:
            return None
        owner = change.desired.owner
        if is_ours(change.observed, owner, bound.get(owner.i_account)):
            return None
        return _not_ours(change.observed, platform)

    return _holding("ownership", reason)


def _not_ours(observed: Observation, platform: str) -> str:
    named = observed.owner
    whose = (
        f"was made for i_account {named.i_account} of environment {named.i_env}" if named else "bears no mark of ours"
    )
    return (
        f"record {observed.external_id!r} on platform {platform!r} {whose};"
        " it stays untouched until a person renames or removes it there"
    )


def is_ours(observed: Observation, owner: Owner, bound_record_id: str | None) -> bool:
    """Whether the record was made for this account by us: its note says so, or our store does and no note objects."""
    if observed.owner is not None:
        return observed.owner == owner
    return bound_record_id is not None and observed.record_id == bound_record_id


def fit_for_platform(plan: Plan) -> Plan:
    """Hold changes whose wish the platform cannot take; turning off and deleting always work."""

    return _holding("condition", lambda change: _texts(hindrances(change)))(plan)


def in_turn(plan: Plan) -> Plan:
    """Hold changes that wait for what another record gives up first (`turns.py`)."""
    return _holding("waiting", lambda change: _texts(_problems(change, waiting=True)))(plan)


def possible(platform: str, impossible: Collection[Kind]) -> Policy:
    """Hold what the platform has no call for: records that cannot be renamed, or not be deleted."""

    def reason(change: Change) -> str | None:
        if change.kind not in impossible or key_of(change).platform != platform:
            return None
        return f"platform {platform!r} cannot {change.kind} records; {_INSTEAD.get(change.kind, 'do it there by hand')}"

    return _holding("condition", reason)


_INSTEAD = {
    Kind.DELETE: "set delete_enabled: false to have them switched off instead",
    Kind.RENAME: "set rename: false to have them keep their names",
}


def moved_first(arrivals: Mapping[SubscriberKey, str]) -> Policy:
    """Hold what ends the service here of an account that has moved, until it has its service there.

    `arrivals` has a sentence for each that has not arrived yet.
    """

    def reason(change: Change) -> str | None:
        return arrivals.get(key_of(change)) if isinstance(change, Delete | Suspend) else None

    return _holding("waiting", reason)


def hindrances(change: Change) -> list[Problem]:
    """What stands in the way of the change until a person mends it."""
    return [problem for problem in _problems(change, waiting=False) if _matters(problem, change)]


def _problems(change: Change, *, waiting: bool) -> list[Problem]:
    if isinstance(change, Delete | Suspend):
        return []
    return [problem for problem in change.desired.problems if (problem.code == "waiting") is waiting]


def _texts(problems: Iterable[Problem]) -> str | None:
    return "; ".join(problem.text for problem in problems) or None


def _matters(problem: Problem, change: Change) -> bool:
    """Missing credentials hinder a creation. Later a masked field changes nothing and a cleared device goes, but an
    empty login or password is never written where it was to be the way in, rather than one of two."""
    spec = change.desired.spec
    if problem.code != "credentials" or isinstance(change, Create):
        return True
    if spec is None or spec.auth == Auth.ALL:
        return False
    return spec.login == "" or (spec.password is not None and not spec.password.fingerprint)


def complete_source(complete: bool, doubt: str = "") -> Policy:
    """Hold destructive changes while billing's list is not proven to be whole (promise P2)."""

    def reason(change: Change) -> str | None:
        if complete or not is_destructive(change):
            return None
        return f"billing's list is not proven complete ({doubt or 'no proof'}); nothing is taken away on its word"

    return _holding("incomplete_source", reason)


def parked(refusals: Mapping[SubscriberKey, str]) -> Policy:
    """Hold what the platform refused and what has not changed since; `refusals` has its words (promise P14)."""

    def reason(change: Change) -> str | None:
        return refusals.get(key_of(change))

    return _holding("parked", reason)


def observe_only(platforms: Collection[str]) -> Policy:
    """Hold everything on platforms that are only watched (promise P9)."""

    def reason(change: Change) -> str | None:
        platform = change.desired.key.platform
        return f"platform {platform!r} is in mode 'observe'" if platform in platforms else None

    return _holding("observe", reason)


def brake(allowances: Mapping[str, Allowance], exempt: Exempt = lambda _: False) -> Policy:
    """Hold a platform's whole destructive plan where it is larger than allowed, and likewise its updates.

    A platform without an allowance is allowed nothing of either. What is `exempt` is neither counted nor held.
    """

    def limited(plan: Plan) -> Plan:
        counted = [change for change in plan.changes if not exempt(change)]
        destructive = Counter(key_of(change).platform for change in counted if is_destructive(change))
        updates = Counter(key_of(change).platform for change in counted if is_limited_update(change))

        def reason(change: Change) -> str | None:
            platform = key_of(change).platform
            allowance = allowances.get(platform, _NOTHING)
            if exempt(change):
                return None
            if is_destructive(change) and destructive[platform] > allowance.destructive:
                return _too_many(platform, destructive[platform], "take something from", allowance.destructive)
            if is_limited_update(change) and updates[platform] > allowance.updates:
                return _too_many(platform, updates[platform], "alter", allowance.updates)
            return None

        return _holding("brake", reason)(plan)

    return limited


def room(left: Allowance, needs: int = 1, exempt: Exempt = lambda _: False) -> Policy:
    """The same for a single change between two passes: hold it where the last pass has left no room for it.

    `needs`: how many updates there has to be room for, where others follow.
    """

    def reason(change: Change) -> str | None:
        has_room = left.destructive > 0 if is_destructive(change) else left.updates >= needs
        if exempt(change) or has_room or not (is_destructive(change) or is_limited_update(change)):
            return None
        return "the brake has no room left for this until the next full pass, which sees it with all the rest"

    return _holding("brake", reason)


def is_limited_update(change: Change) -> bool:
    """Whether the change counts against the brake's share of other updates: creations and resumptions never do."""
    return change.kind in ("update", "rename") and not is_destructive(change) and not isinstance(change, Create)


def _too_many(platform: str, count: int, verb: str, limit: int) -> str:
    return (
        f"would {verb} {count} records of platform {platform!r}, more than the brake's {limit};"
        " if that is right, raise brake in the configuration"
    )


def _holding(by: str, reason: Callable[[Change], str | None]) -> Policy:
    """A policy that holds the changes `reason` has words for."""

    def policy(plan: Plan) -> Plan:
        reasons = [(change, reason(change)) for change in plan.changes]
        going = tuple(change for change, text in reasons if text is None)
        held = tuple(Held(change, by, text) for change, text in reasons if text is not None)
        return Plan(going, (*plan.held, *held))

    return policy
