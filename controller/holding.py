"""Which policies a plan passes: one list for the full pass and for a single look, so that they cannot disagree.

Rules of this module:

1. The order says which reason a change is given that has several: first what is wrong with it, then who said that it
   has to wait, then what guards against mistakes. The brake counts what is left, and what only waits for its turn.
2. Everything policies need is read here; they look at nothing themselves.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import msgspec

from controller.moves import arrivals
from controller.recovery import precautions
from controller.store import EVERYTHING, HeldChange, HeldPlan, Store
from controller.targets import Billing, Platform
from desired_state.brake import Allowance, Exempt, brake, is_limited_update, room
from desired_state.plan import Change, Plan, identity, is_destructive, key_of
from desired_state.policy import (
    Policy,
    apply_policies,
    at_rest,
    certain_absence,
    complete_source,
    fit_for_platform,
    in_turn,
    moved_first,
    observe_only,
    owned_only,
    parked,
    paused,
    possible,
    rejected,
)
from desired_state.subscriber import SubscriberKey

FIRST_CONTACT = "first_contact"
FOR_A_PERSON = ("brake", FIRST_CONTACT)
"""What is held by these goes on when a person approves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known about a plan besides the store: `bound` has our records by account, `refusals` what is parked.

    `doubt` is why billing's list is not proven complete, `None` if it is. `completing` go on with swaps that have
    begun. `alone`: this is a single look between two passes, whose change needs room for so many updates.
    """

    billing: Billing
    platform: Platform
    now: datetime
    bound: Mapping[int, str]
    allowance: Allowance
    refusals: Mapping[SubscriberKey, str] = field(default_factory=dict)
    doubt: str | None = None
    completing: Collection[SubscriberKey] = frozenset()
    alone: int = 0


@dataclass(frozen=True, slots=True)
class Safeguards:
    """The policies of a plan: those before the brake, the brake with what is exempt from it, and those after it."""

    before: tuple[Policy, ...]
    brake: Callable[[Exempt], Policy]
    after: tuple[Policy, ...]
    completing: Collection[SubscriberKey]
    approved: Collection[str]

    def apply(self, plan: Plan) -> Plan:
        """The plan, with all that has to wait held."""
        return apply_policies(plan, (*self.before, self.brake(self._goes_on), *self.after))

    def is_void(self, plan: Plan) -> bool:
        """Whether the approval is about another plan: more would be taken away, or altered, than was approved."""
        changes = apply_policies(plan, self.before).changes
        return any(_exceeds(changes, self.approved, counts) for counts in (is_destructive, is_limited_update))

    def _goes_on(self, change: Change) -> bool:
        return key_of(change) in self.completing or (bool(self.approved) and identity(change) in self.approved)


def safeguards(store: Store, around: Circumstances, changes: Iterable[Change]) -> Safeguards:
    """Everything that may hold one of these changes."""
    platform, changes = around.platform, tuple(changes)
    before: tuple[Policy, ...] = (
        *precautions(store, platform),
        owned_only(around.bound, platform.name),
        fit_for_platform,
        parked(around.refusals),
        possible(platform.name, platform.impossible),
        observe_only((platform.name,) if platform.observe_only else ()),
        *_pauses(store, around),
        at_rest("window", _outside_windows(around)),
        rejected(store.holds.rejected(platform.name)),
        at_rest(FIRST_CONTACT, _first_contact(store, platform)),
        *(() if around.doubt is None else (complete_source(False, around.doubt),)),
        certain_absence(_doubt_about(store, around.billing.name)),
    )
    after = (in_turn, moved_first(arrivals(store, around.billing, changes)))
    approved = store.holds.approved(platform.name, spent=not around.alone)
    return Safeguards(before, partial(_brake, around), after, around.completing, approved)


def _doubt_about(store: Store, billing: str) -> str | None:
    reading = store.targets.reading(billing)
    return None if reading.complete else reading.text or "it was not read yet"


def _brake(around: Circumstances, exempt: Exempt) -> Policy:
    if around.alone:
        return room(around.allowance, around.alone, exempt)
    return brake({around.platform.name: around.allowance}, exempt)


def _exceeds(changes: Iterable[Change], approved: Collection[str], counts: Exempt) -> bool:
    known = [identity(change) in approved for change in changes if counts(change)]
    return any(known) and not all(known)


def _pauses(store: Store, around: Circumstances) -> tuple[Policy, ...]:
    name, found = around.platform.name, store.holds.pauses(around.now)
    whole = next((each.text for each in found if each.target in (EVERYTHING, name)), None)
    accounts = {
        SubscriberKey(name, each.i_account): each.text
        for each in found
        if each.i_account is not None and each.billing == around.billing.name
    }
    return (at_rest("paused", {name: whole} if whole is not None else {}), paused(accounts))


def _outside_windows(around: Circumstances) -> Mapping[str, str]:
    platform = around.platform
    if platform.windows.is_open(around.now):
        return {}
    return {platform.name: f"outside the change windows of platform {platform.name!r} ({platform.windows})"}


def at_rest_now(store: Store, platforms: Iterable[Platform], now: datetime) -> frozenset[tuple[str, str]]:
    """What is paused or outside of its change windows, and by which of these: what goes on when that has ended."""
    paused_now = {(each.target, "maintenance" if each.maintenance else "paused") for each in store.holds.pauses(now)}
    return frozenset(paused_now | {(each.name, "window") for each in platforms if not each.windows.is_open(now)})


def is_first_contact(store: Store, platform: Platform) -> bool:
    """Whether the platform had its own customers before we came, and nobody has approved of us yet."""
    return store.targets.meta(_contact(platform)) == "open"


def make_contact(store: Store, platform: Platform, floor: int) -> None:
    """After a list was read: decide whether this is the first contact with a platform that has customers (P1).

    `floor` records that are not ours make it one, as long as none is ours.
    """
    known = store.targets.meta(_contact(platform))
    if known == "done":
        return
    records = store.records(platform.name, platform.i_env)
    is_open = records.foreign() >= max(floor, 1) and records.owned() == 0
    if is_open:
        begin_first_contact(store, platform)
    elif known is None and not platform.observe_only:
        store.targets.set_meta(_contact(platform), "done")


def begin_first_contact(store: Store, platform: Platform) -> None:
    """The platform has customers, and nobody has approved of us yet, as far as we know."""
    if store.targets.meta(_contact(platform)) is None:
        store.targets.set_meta(_contact(platform), "open")


def end_first_contact(store: Store, platform: str) -> None:
    """A person has approved of the first plan."""
    store.targets.set_meta(f"{platform}: first contact", "done")


def _contact(platform: Platform) -> str:
    return f"{platform.name}: first contact"


def _first_contact(store: Store, platform: Platform) -> Mapping[str, str]:
    if not is_first_contact(store, platform):
        return {}
    foreign = store.records(platform.name, platform.i_env).foreign()
    return {
        platform.name: f"platform {platform.name!r} has {foreign} records that are not ours: the first plan for it is"
        " approved or rejected as a whole, by its hash"
    }


@dataclass(frozen=True, slots=True)
class WholePlan:
    """The hash of a whole plan, and of what was held of it, by platform."""

    hash: str
    held: dict[str, str]


def keep_whole_plan(store: Store, billings: Sequence[str], plan: str, platforms: Iterable[str]) -> None:
    """Remember the hash of a whole plan, under which all can be approved that these platforms hold of it."""
    held = {name: each.hash for name in platforms if (each := store.targets.held_plan(name)) is not None}
    for name in billings:
        store.targets.set_meta(_whole_plan(name), msgspec.json.encode(WholePlan(plan, held)).decode())


def whole_plan(store: Store, billing: str) -> WholePlan | None:
    """The latest whole plan that has to do with a billing source."""
    kept = store.targets.meta(_whole_plan(billing))
    return None if kept is None else msgspec.json.decode(kept, type=WholePlan)


def _whole_plan(billing: str) -> str:
    return f"{billing}: held of the whole plan"


def note_held_plan(store: Store, platform: Platform, plan: Plan, limits: Allowance) -> None:
    """Keep what of a plan waits for a person, so that it can be approved or rejected by its hash.

    What somebody has decided about while the plan was made does not wait any more.
    """
    decided = store.holds.approved(platform.name, spent=True) | store.holds.rejected(platform.name)
    waiting = [change for change in for_a_person(plan) if identity(change) not in decided]
    store.holds.keep(platform.name, [HeldChange(key_of(change).i_account, identity(change)) for change in waiting])
    store.targets.forget_held(platform.name)
    if not waiting:
        return
    held_plan = HeldPlan(
        hash=Plan.of(waiting).hash,
        destructive=sum(is_destructive(change) for change in waiting),
        updates=sum(is_limited_update(change) for change in waiting),
        destructive_limit=limits.destructive,
        update_limit=limits.updates,
        by=FIRST_CONTACT if is_first_contact(store, platform) else "brake",
        is_daily=limits.is_daily,
    )
    store.targets.hold(platform.name, held_plan)


def for_a_person(plan: Plan) -> list[Change]:
    """The changes that go on when a person approves them."""
    return [held.change for held in plan.held if held.by in FOR_A_PERSON]
