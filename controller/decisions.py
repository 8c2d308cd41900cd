"""What persons decide about plans that wait for them.

Rules of this module:

1. A decision is about exactly what is held under the hash it names, at the instant at which it is made, in one
   transaction: of two operators at once one decides, and the other is told that there is nothing left to decide.
2. The hash is that of a held plan, or that of a whole plan: then it is about all that was held of that plan. Where a
   platform holds something else by now, the whole plan is another one, and nothing is decided (promise P5).
3. What the brake holds is another plan as soon as an account of it is to be changed otherwise, or not at all: as far as
   the store knows, and by what both sides show when somebody approves (`cli/confirm.py`). A first plan is of everybody,
   and never as still as that: what of it still is as it was shown goes on.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from controller.holding import held_since, whole_plan
from controller.judgement import compare
from controller.orders import Person, approve, reject
from controller.store import FIRST_CONTACT, HeldChange, Store
from controller.targets import Platform
from desired_state.plan import identity


class Verdict(StrEnum):
    """What a person says of a plan."""

    APPROVED = "approved"
    REJECTED = "rejected"


def decide(store: Store, billing_of: Mapping[str, str], plan: str, verdict: Verdict, person: Person) -> dict[str, int]:
    """Let what is held under a hash go, or have it wait until it is something else; returns how many, by platform.

    Runs within a transaction. Empty where nothing is held under the hash: it is unknown, decided, or outdated.
    `billing_of` has the billing source of every platform.
    """
    act = approve if verdict is Verdict.APPROVED else reject
    return {name: act(store, person, billing_of[name], name) for name in _meant(store, billing_of, plan)}


def waiting(store: Store, platforms: Sequence[Platform], plan: str) -> dict[str, list[HeldChange]]:
    """The changes that the brake holds under the hash, by platform."""
    meant = _meant(store, {platform.name: platform.billing for platform in platforms}, plan)
    held = {name: store.targets.held_plan(name) for name in meant}
    return {name: store.holds.held(name) for name, each in held.items() if each and each.by != FIRST_CONTACT}


def is_outdated(store: Store, platforms: Sequence[Platform], plan: str) -> bool:
    """Whether something that is held under the hash is not due any more, as far as the store knows."""
    held = waiting(store, platforms, plan)
    return any(_is_passed(store, platform, each) for platform in platforms for each in held.get(platform.name, ()))


def _is_passed(store: Store, platform: Platform, held: HeldChange) -> bool:
    """Whether the account was read since the change was planned, and it is not to be made any more."""
    since, stored = held_since(store, platform.name), store.accounts(platform.billing).get(held.i_account)
    if since is None or (stored is not None and (stored.details_at is None or stored.details_at <= since)):
        return False
    return not is_due(store, platform, held)


def is_due(store: Store, platform: Platform, held: HeldChange) -> bool:
    """Whether this very change is still to be made, by what the store has of both sides."""
    comparison = compare(store, platform, held.i_account)
    change = comparison.change if comparison is not None else None
    return change is not None and identity(change) == held.identity


def _meant(store: Store, billing_of: Mapping[str, str], plan: str) -> list[str]:
    held = {name: each.hash for name in billing_of if (each := store.targets.held_plan(name)) is not None}
    return [name for name, each in held.items() if each == plan] or _of_whole_plan(store, billing_of, held, plan)


def _of_whole_plan(store: Store, billing_of: Mapping[str, str], held: Mapping[str, str], plan: str) -> list[str]:
    for billing in dict.fromkeys(billing_of.values()):
        known = whole_plan(store, billing)
        if known is not None and known.hash == plan:
            still = [name for name in known.held if name in held]
            return still if all(held[name] == known.held[name] for name in still) else []
    return []
