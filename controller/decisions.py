"""What persons decide about plans that wait for them.

Rules of this module:

1. A decision is about exactly what is held under the hash it names, at the instant at which it is made, in one
   transaction: of two operators at once one decides, and the other is told that there is nothing left to decide.
2. The hash is that of a held plan, or that of a whole plan: then it is about all that was held of that plan. Where a
   platform holds something else by now, the whole plan is another one, and nothing is decided (promise P5).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from controller.holding import FIRST_CONTACT, approve_first_contact, whole_plan
from controller.store import Store


class Verdict(StrEnum):
    """What a person says of a plan."""

    APPROVED = "approved"
    REJECTED = "rejected"


def decide(store: Store, billing_of: Mapping[str, str], plan: str, verdict: Verdict, now: datetime) -> dict[str, int]:
    """Let what is held under a hash go, or have it wait until it is something else; returns how many, by platform.

    Runs within a transaction. Empty where nothing is held under the hash: it is unknown, decided, or outdated.
    `billing_of` has the billing source of every platform.
    """
    held = {name: each.hash for name in billing_of if (each := store.targets.held_plan(name)) is not None}
    meant = [name for name, each in held.items() if each == plan] or _of_whole_plan(store, billing_of, held, plan)
    act = _approve if verdict is Verdict.APPROVED else _reject
    return {name: act(store, name, billing_of[name], now) for name in meant}


def _of_whole_plan(store: Store, billing_of: Mapping[str, str], held: Mapping[str, str], plan: str) -> list[str]:
    for billing in dict.fromkeys(billing_of.values()):
        known = whole_plan(store, billing)
        if known is not None and known.hash == plan:
            still = [name for name in known.held if name in held]
            return still if all(held[name] == known.held[name] for name in still) else []
    return []


def _approve(store: Store, platform: str, billing: str, now: datetime) -> int:
    held = store.targets.held_plan(platform)
    if held is None:
        return 0
    accounts = store.holds.approve(platform, held.hash, now)
    store.targets.forget_held(platform)
    if held.by == FIRST_CONTACT:
        approve_first_contact(store, platform)
    for i_account in accounts:
        store.operator.requeue(billing, i_account, now)
    return len(accounts)


def _reject(store: Store, platform: str, _billing: str, now: datetime) -> int:
    held = store.targets.held_plan(platform)
    accounts = store.holds.reject(platform, held.hash, now) if held is not None else []
    store.targets.forget_held(platform)
    return len(accounts)
