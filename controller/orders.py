"""What persons order: done to the store, and noted with who and when, in the caller's transaction (promise P20).

Rules of this module:

1. Whatever a person has the program do begins here, so that no order goes without its note.
2. An order about many accounts is noted for each of them: whoever asks about one of them later finds it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.adoption import AdoptionPlan, adopt
from controller.holding import approve_first_contact
from controller.store import FIRST_CONTACT, Charge, Decider, Order, Pause, Store
from desired_state.policy import UNPROVEN


@dataclass(frozen=True, slots=True)
class Person:
    """Who gives an order, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Whose:
    """An account of a billing source; the target by which pauses know it."""

    billing: str
    i_account: int

    @property
    def target(self) -> str:
        """How it is written where platforms may stand as well."""
        return f"i_account:{self.i_account}@{self.billing}"


def approve(store: Store, person: Person, billing: str, platform: str) -> int:
    """Let the plan go that is held on the platform; returns how many accounts it is about."""
    held = store.targets.held_plan(platform)
    if held is None:
        return 0
    accounts = store.holds.approve(platform, held.hash, person.at)
    store.targets.forget_held(platform)
    if held.by == FIRST_CONTACT:
        approve_first_contact(store, platform)
    _note(store, person, ("approve", platform, held.hash), [Whose(billing, each) for each in accounts])
    for i_account in accounts:
        store.operator.requeue(billing, i_account, person.at)
    return len(accounts)


def reject(store: Store, person: Person, billing: str, platform: str) -> int:
    """Have the plan wait that is held on the platform until it is another one; returns how many it is about."""
    held = store.targets.held_plan(platform)
    if held is None:
        return 0
    accounts = store.holds.reject(platform, held.hash, person.at)
    store.targets.forget_held(platform)
    _note(store, person, ("reject", platform, held.hash), [Whose(billing, each) for each in accounts])
    return len(accounts)


def adopt_all(store: Store, person: Person, plan: AdoptionPlan, billing_of: Mapping[str, str]) -> None:
    """Make the records ours that an adoption plan shows; `billing_of` names the billing source of each platform."""
    adopt(store, plan, person.at)
    for each in plan.adoptions:
        whose = Whose(billing_of[each.platform], each.i_account)
        _note(store, person, ("adopt", each.platform, plan.hash), [whose])
    for each in plan.adoptions:
        store.operator.requeue(billing_of[each.platform], each.i_account, person.at)


def requeue(store: Store, person: Person, whose: Whose, platforms: Mapping[str, int], *, secrets: bool) -> None:
    """Have an account looked at before all others on its platforms (name -> environment); with `secrets`, its
    passwords and PINs are written anew."""
    for name, i_env in platforms.items():
        known = store.subscribers(name).get(whose.i_account)
        if known is not None and known.progress.held_by == UNPROVEN:
            found = f"the answer was lost; {person.name} has looked for the record"
            store.journal.give_up(name, whose.i_account, found, person.at)
        store.subscribers(name).try_again(whose.i_account)
        if secrets:
            store.records(name, i_env).forget_secrets(whose.i_account)
    store.operator.requeue(whose.billing, whose.i_account, person.at)
    text = "its password and PIN are written anew" if secrets else None
    store.operator.note([_order(person, "requeue", whose, text)])


def pause(store: Store, asked: Pause) -> None:
    """Do nothing for a target until an instant."""
    store.holds.pause(asked)
    until = asked.until.isoformat(timespec="seconds")
    order = Order(
        action="maintenance" if asked.maintenance else "pause",
        owner=asked.owner,
        at=asked.since,
        target=asked.target,
        billing=asked.billing,
        i_account=asked.i_account,
        text=f"until {until}: {asked.reason}",
    )
    store.operator.note([order])


def resume(store: Store, person: Person, target: str, whose: Whose | None) -> bool:
    """End a pause before its time; says whether there was one. An account (`whose`) is looked at next."""
    if not store.holds.resume(target):
        return False
    if whose is None:
        store.operator.note([Order(action="resume", owner=person.name, at=person.at, target=target)])
    else:
        store.operator.note([_order(person, "resume", whose)])
        store.operator.requeue(whose.billing, whose.i_account, person.at)
        store.charges.wake_next(whose.billing, whose.i_account, person.at)
    return True


def approve_charge(store: Store, person: Person, charge: Charge, why: str) -> None:
    """Let a charge exceed the limits. Raises `NotDecidable`."""
    store.charge_decisions.approve(charge, Decider(person.name, person.at, why))
    _note_charge(store, person, charge, "approve", why)


def retry_charge(store: Store, person: Person, charge: Charge, why: str) -> None:
    """Have a parked charge decided anew. Raises `NotDecidable`."""
    store.charge_decisions.retry(charge, Decider(person.name, person.at, why))
    _note_charge(store, person, charge, "retry", why)


def resolve_charge(store: Store, person: Person, charge: Charge, why: str, i_xdr: int | None) -> None:
    """State that billing has booked a charge as an xDR, or (`None`) that it is not to be. Raises `NotDecidable`."""
    store.charge_decisions.resolve(charge, Decider(person.name, person.at, why), i_xdr)
    text = "not to be booked" if i_xdr is None else f"booked as xDR {i_xdr}"
    _note_charge(store, person, charge, "resolve", f"{text}: {why}")


def _note_charge(store: Store, person: Person, charge: Charge, action: str, text: str) -> None:
    order = Order(
        action=f"charges {action}",
        owner=person.name,
        at=person.at,
        target=charge.name,
        billing=charge.billing,
        i_account=charge.i_account,
        text=text or None,
    )
    store.operator.note([order])


def _note(store: Store, person: Person, what: tuple[str, str, str], accounts: Iterable[Whose]) -> None:
    action, platform, plan = what
    store.operator.note(
        Order(
            action=action,
            owner=person.name,
            at=person.at,
            target=platform,
            billing=each.billing,
            i_account=each.i_account,
            plan=plan,
        )
        for each in accounts
    )


def _order(person: Person, action: str, whose: Whose, text: str | None = None) -> Order:
    return Order(
        action=action,
        owner=person.name,
        at=person.at,
        target=whose.target,
        billing=whose.billing,
        i_account=whose.i_account,
        text=text,
    )
