"""Which policies a plan passes: one list for the full pass and for a single look, so that they cannot disagree.

Rules of this module:

1. The order says which reason a change is given that has several: first what is wrong with it, then who said that it
   has to wait, then what guards against mistakes. The brake counts what is left, and what only waits for its turn.
2. Everything policies need is read here; they look at nothing themselves.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial

import msgspec

from controller.judgement import unproven
from controller.moves import arrivals
from controller.recovery import precautions
from controller.store import EVERYTHING, FIRST_CONTACT, HeldChange, HeldPlan, Progress, Store
from controller.targets import Billing, Platform
from desired_state.allowance import Allowance
from desired_state.brake import Exempt, brake, is_limited_update, room
from desired_state.plan import Change, Held, Plan, identity, is_destructive, key_of
from desired_state.policy import (
    Policy,
    apply_policies,
    at_rest,
    certain_absence,
    complete_source,
    fit_for_platform,
    holding,
    in_turn,
    moved_first,
    observe_only,
    owned_only,
    parked,
    paused,
    possible,
    proven,
    rejected,
)
from desired_state.subscriber import State, SubscriberKey

FOR_A_PERSON = ("brake", FIRST_CONTACT)
"""What is held by these goes on when a person approves it."""
_CONFLICTS = ("ownership", "duplicate", "ambiguous", "unproven")
_OPEN, _APPROVED, _DONE = "open", "approved", "done"  # how the first contact with a platform stands


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
    """The policies of a plan: those before the brake, the brake with what is exempt from it, and those after it.

    `approved` are all changes that persons have approved, `adopted` (of a whole plan) those that belong to adoptions.
    """

    before: tuple[Policy, ...]
    brake: Callable[[Exempt], Policy]
    after: tuple[Policy, ...]
    completing: Collection[SubscriberKey]
    approved: Collection[str]
    adopted: Collection[str]

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All of them, in their order."""
        return (*self.before, self.brake(self._goes_on), *self.after)

    def apply(self, plan: Plan) -> Plan:
        """The plan, with all that has to wait held."""
        return apply_policies(plan, self.policies)

    def is_void(self, plan: Plan) -> bool:
        """Whether the approval is about another plan: more would be taken away, or altered, than was approved.

        At a first contact, whether more would be done at all.
        """
        plan, of_plans = apply_policies(plan, self.before), set(self.approved) - set(self.adopted)
        is_more = bool(of_plans) and any(held.by == FIRST_CONTACT for held in plan.held)
        others = [change for change in plan.changes if identity(change) not in self.adopted] if of_plans else []
        return is_more or any(_exceeds(others, of_plans, counts) for counts in (is_destructive, is_limited_update))

    def _goes_on(self, change: Change) -> bool:
        return key_of(change) in self.completing or (bool(self.approved) and identity(change) in self.approved)


def safeguards(store: Store, around: Circumstances, changes: Iterable[Change]) -> Safeguards:
    """Everything that may hold one of these changes."""
    platform, changes = around.platform, tuple(changes)
    of = key_of(changes[0]).i_account if around.alone else None
    approved = store.holds.approved(platform.name, spent=not around.alone, of=of)
    before: tuple[Policy, ...] = (
        *precautions(store, platform),
        proven(platform.name, unproven(store, platform)),
        owned_only(around.bound, platform.name),
        fit_for_platform,
        parked(around.refusals),
        possible(platform.name, platform.impossible),
        observe_only((platform.name,) if platform.observe_only else ()),
        *_pauses(store, around),
        at_rest("window", _outside_windows(around)),
        rejected(store.holds.rejected(platform.name, of)),
        _first_contact(store, platform, approved),
        *(() if around.doubt is None else (complete_source(False, around.doubt),)),
        certain_absence(_doubt_about(store, around.billing.name)),
    )
    after = (in_turn, moved_first(arrivals(store, around.billing, changes)))
    adopted = frozenset() if around.alone else store.holds.adopted(platform.name)
    return Safeguards(before, partial(_brake, around), after, around.completing, approved, adopted)


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
    """Whether the platform had its own customers before we came, and nothing was done there yet that was approved."""
    return store.targets.meta(_contact(platform.name)) in (_OPEN, _APPROVED)


def make_contact(store: Store, platform: Platform, floor: int) -> None:
    """After a list was read: decide whether this is the first contact with a platform that has customers (P1).

    `floor` records that are not ours make it one, as long as fewer than that are ours: else we were here before.
    """
    if store.targets.meta(_contact(platform.name)) is not None:
        return
    records, few = store.records(platform.name, platform.i_env), max(floor, 1)
    if records.foreign() >= few > records.owned():
        begin_first_contact(store, platform)
    elif not platform.observe_only:
        store.targets.set_meta(_contact(platform.name), _DONE)


def begin_first_contact(store: Store, platform: Platform) -> None:
    """The platform has customers, and nobody has approved of us yet, as far as we know."""
    if store.targets.meta(_contact(platform.name)) is None:
        store.targets.set_meta(_contact(platform.name), _OPEN)


def approve_first_contact(store: Store, platform: str) -> None:
    """A person has approved of the first plan: exactly that goes on, all else when that has begun."""
    store.targets.set_meta(_contact(platform), _APPROVED)


def conclude_contact(store: Store, platform: str, *, has_begun: bool, is_void: bool) -> None:
    """In a pass after the approval: from now on everything goes on, unless what was approved is another plan by now."""
    if store.targets.meta(_contact(platform)) == _APPROVED:
        store.targets.set_meta(_contact(platform), _OPEN if is_void and not has_begun else _DONE)


def _contact(platform: str) -> str:
    return f"{platform}: first contact"


def _first_contact(store: Store, platform: Platform, approved: Collection[str]) -> Policy:
    """Hold everything at the first contact but what was approved of it."""
    if not is_first_contact(store, platform):
        return at_rest(FIRST_CONTACT, {})

    @cache
    def text() -> str:
        foreign = store.records(platform.name, platform.i_env).foreign()
        return (
            f"platform {platform.name!r} has {foreign} records that are not ours: the first plan for it is"
            " approved or rejected as a whole, by its hash"
        )

    return holding(FIRST_CONTACT, lambda change: None if approved and identity(change) in approved else text())


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


def note_held_plan(store: Store, platform: Platform, plan: Plan, limits: Allowance, now: datetime) -> None:
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
    store.targets.set_meta(_held_since(platform.name), now.isoformat())


def held_since(store: Store, platform: str) -> datetime | None:
    """When the plan that is held on the platform was noted, as far as that is known."""
    noted = store.targets.meta(_held_since(platform))
    return None if noted is None else datetime.fromisoformat(noted)


def _held_since(platform: str) -> str:
    return f"{platform}: held plan noted at"


def for_a_person(plan: Plan) -> list[Change]:
    """The changes that go on when a person approves them."""
    return [held.change for held in plan.held if held.by in FOR_A_PERSON]


def hold_progress(held: Held) -> Progress:
    """How a subscriber stands whose change is held."""
    if held.by == "waiting":
        return Progress(State.PENDING, held.by, held.text)
    if held.by == "paused":
        return Progress(State.PAUSED, held.by, held.text)
    codes = {problem.code for problem in held.change.desired.problems} if held.by == "condition" else {held.by}
    state = State.CONFLICT if codes & set(_CONFLICTS) else State.HELD
    return Progress(state, held.by, held.text)
