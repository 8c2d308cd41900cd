"""How a platform stands towards an account at this moment, as one look at it would find it.

Rules of this module:

1. What holds a change is asked of the policies themselves, so that a pause that has just begun or ended shows at once.
   Only what the full pass alone can tell (the brake, an incomplete list, a refusal) is what it noted.
2. It reads the store, and nothing else.
"""

from dataclasses import dataclass
from datetime import datetime

from controller.adoption import is_adoptable
from controller.holding import FOR_A_PERSON, Circumstances, safeguards
from controller.judgement import Comparison
from controller.store import REFUSALS, Progress, Store
from controller.targets import Billing, Platform
from controller.views.answers import Hold, Standing
from desired_state.plan import Change, Plan, identity, key_of
from desired_state.policy import apply_policies
from desired_state.subscriber import State

_OF_A_PASS = ("brake", "incomplete_source", *REFUSALS)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one looks, and when."""

    billing: Billing
    platform: Platform
    now: datetime


def standing(store: Store, place: Place, comparison: Comparison) -> Standing:
    """How the platform stands towards the account of a comparison."""
    desired, record, platform = comparison.subscriber.desired, comparison.record, place.platform
    return Standing(
        platform=platform.name,
        presence=desired.presence,
        reason=desired.reason,
        because=desired.because,
        holds=record.observation.spec if record is not None else None,
        change=comparison.change,
        progress=comparison.subscriber.progress,
        hold=_hold(store, place, comparison),
        in_doubt=bool(store.journal.open_of(platform.name, desired.key.i_account)),
        rests_since=store.targets.reading(platform.name).breaker_opened_at,
        adoptable=record is not None and is_adoptable(store, platform, comparison.subscriber, record),
    )


def _hold(store: Store, place: Place, comparison: Comparison) -> Hold | None:
    progress, change = comparison.subscriber.progress, comparison.change
    if change is None:
        return _noted(progress)
    by_now = _held_now(store, place, comparison, change)
    if by_now is None and (progress.held_by not in _OF_A_PASS or _goes_on(store, change, progress)):
        return None
    hold = by_now or _noted(progress)
    if hold is None or hold.by not in FOR_A_PERSON:
        return hold
    return Hold(hold.by, hold.text, _plan_with(store, change))


def _plan_with(store: Store, change: Change) -> str | None:
    """The hash of the held plan that the change is part of, if a person can approve it."""
    platform = key_of(change).platform
    plan, mine = store.targets.held_plan(platform), identity(change)
    is_part = plan is not None and any(each.identity == mine for each in store.holds.held(platform))
    return plan.hash if plan is not None and is_part else None


def _noted(progress: Progress) -> Hold | None:
    return Hold(progress.held_by, progress.text or "") if progress.held_by is not None else None


def _goes_on(store: Store, change: Change, progress: Progress) -> bool:
    """Whether what the pass noted is over: a person approved it, or it is tried again already."""
    if progress.held_by in REFUSALS:
        return progress.state is not State.PARKED
    return identity(change) in store.holds.approvals(key_of(change))


def _held_now(store: Store, place: Place, comparison: Comparison, change: Change) -> Hold | None:
    record = comparison.record
    bound = record.i_account if record is not None else None
    around = Circumstances(
        billing=place.billing,
        platform=place.platform,
        now=place.now,
        bound={bound: record.observation.record_id} if record is not None and bound is not None else {},
        allowance=store.targets.allowance(place.platform.name),
    )
    guards = safeguards(store, around, [change])
    plan = apply_policies(Plan((change,)), (*guards.before, *guards.after))
    return next((Hold(each.by, each.text) for each in plan.held), None)
