"""What persons decide about plans that wait for them.

Rules of this module:

1. A decision is about exactly what is held under the hash it names, at the instant at which it is made, in one
   transaction: of two operators at once one decides, and the other is told that there is nothing left to decide.
2. The hash is that of a held plan, or that of a whole plan: then it is about all that was held of that plan. Where a
   platform holds something else by now, the whole plan is another one, and nothing is decided (promise P5).
"""

from collections.abc import Mapping
from enum import StrEnum

from controller.holding import whole_plan
from controller.orders import Person, approve, reject
from controller.store import Store


class Verdict(StrEnum):
    """What a person says of a plan."""

    APPROVED = "approved"
    REJECTED = "rejected"


def decide(store: Store, billing_of: Mapping[str, str], plan: str, verdict: Verdict, person: Person) -> dict[str, int]:
    """Let what is held under a hash go, or have it wait until it is something else; returns how many, by platform.

    Runs within a transaction. Empty where nothing is held under the hash: it is unknown, decided, or outdated.
    `billing_of` has the billing source of every platform.
    """
    held = {name: each.hash for name in billing_of if (each := store.targets.held_plan(name)) is not None}
    meant = [name for name, each in held.items() if each == plan] or _of_whole_plan(store, billing_of, held, plan)
    act = approve if verdict is Verdict.APPROVED else reject
    return {name: act(store, person, billing_of[name], name) for name in meant}


def _of_whole_plan(store: Store, billing_of: Mapping[str, str], held: Mapping[str, str], plan: str) -> list[str]:
    for billing in dict.fromkeys(billing_of.values()):
        known = whole_plan(store, billing)
        if known is not None and known.hash == plan:
            still = [name for name in known.held if name in held]
            return still if all(held[name] == known.held[name] for name in still) else []
    return []
