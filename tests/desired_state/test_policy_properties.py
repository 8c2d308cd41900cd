"""What is true of every policy, whatever the plan: it moves changes to the held ones, and does nothing else."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from desired_state.allowance import Allowance
from desired_state.brake import brake, is_limited_update
from desired_state.plan import Change, Kind, Plan, is_destructive, key_of
from desired_state.policy import (
    Policy,
    apply_policies,
    certain_absence,
    complete_source,
    fit_for_platform,
    in_turn,
    observe_only,
    owned_only,
    parked,
    rebuilding,
    unambiguous,
)
from desired_state.subscriber import Owner, SubscriberKey
from tests import strategies
from tests.strategies import PLATFORMS


@cache
def bindings() -> st.SearchStrategy[dict[int, str]]:
    """Which record each account is remembered to have."""
    return st.dictionaries(st.integers(1, 30), st.integers(1, 9).map(str), max_size=10)


@cache
def allowances() -> st.SearchStrategy[dict[str, Allowance]]:
    """What is left of the brake, per platform; a platform may be missing."""
    allowance = st.builds(Allowance, st.integers(0, 4), st.integers(0, 4))
    return st.dictionaries(st.sampled_from(PLATFORMS), allowance)


@cache
def policies() -> st.SearchStrategy[Policy]:
    """Any policy there is."""
    keys = st.builds(SubscriberKey, st.sampled_from(PLATFORMS), st.integers(1, 30))
    return st.one_of(
        st.builds(owned_only, bindings(), st.sampled_from(PLATFORMS)),
        st.just(fit_for_platform),
        st.just(in_turn),
        st.builds(complete_source, st.booleans()),
        st.builds(certain_absence, st.none() | st.just("not read whole")),
        st.builds(parked, st.dictionaries(keys, st.just("refused"), max_size=9)),
        st.builds(observe_only, st.sets(st.sampled_from(PLATFORMS))),
        st.builds(rebuilding, st.sampled_from(PLATFORMS), st.none() | st.just("not read whole yet")),
        st.builds(unambiguous, st.sampled_from(PLATFORMS), st.dictionaries(st.integers(1, 30), st.just("two records"))),
        st.builds(brake, allowances()),
    )


def everything(plan: Plan) -> Counter[Change]:
    return Counter([*plan.changes, *(held.change for held in plan.held)])


@given(strategies.plans(), st.lists(policies(), max_size=6))
def test_no_policy_in_any_order_loses_invents_or_alters_a_change(plan: Plan, chain: Sequence[Policy]) -> None:
    judged = apply_policies(plan, chain)

    assert everything(judged) == everything(plan)
    assert judged.hash == plan.hash
    assert set(judged.held) >= set(plan.held), "what waits goes on waiting"
    assert all(held.by and held.text for held in judged.held)
    assert list(judged.changes) == [change for change in plan.changes if change in judged.changes]


@given(strategies.plans(), policies())
def test_a_policy_asked_twice_says_the_same(plan: Plan, policy: Policy) -> None:
    assert policy(policy(plan)) == policy(plan)


@given(strategies.plans(), st.lists(policies(), max_size=4), st.lists(policies(), max_size=4))
def test_p02_nothing_destructive_ever_passes_an_incomplete_source(
    plan: Plan, before: list[Policy], after: list[Policy]
) -> None:
    judged = apply_policies(plan, [*before, complete_source(False), *after])
    assert not any(is_destructive(change) for change in judged.changes)


@given(strategies.plans(), bindings(), st.lists(policies(), max_size=4), st.lists(policies(), max_size=4))
def test_p01_nothing_is_ever_written_to_a_record_that_is_not_ours(
    plan: Plan, bound: dict[int, str], before: list[Policy], after: list[Policy]
) -> None:
    ownership = [owned_only(bound, platform) for platform in PLATFORMS]

    for change in apply_policies(plan, [*before, *ownership, *after]).changes:
        assert change.observed is None or _is_ours(change, bound)


def _is_ours(change: Change, bound: dict[int, str]) -> bool:
    assert change.observed is not None
    owner, note = change.desired.owner, change.observed.spec.note or ""
    if "iptv-reconciler" in note:
        return note == Owner(owner.i_env, owner.i_account).note
    return change.observed.record_id == bound.get(owner.i_account)


@given(strategies.plans(), allowances())
def test_p04_the_brake_holds_all_or_nothing_of_a_platform(plan: Plan, left: dict[str, Allowance]) -> None:
    judged = brake(left)(plan)

    for platform in PLATFORMS:
        allowance = left.get(platform, Allowance(0, 0))
        for counts, limit in ((is_destructive, allowance.destructive), (is_limited_update, allowance.updates)):
            before = [change for change in plan.changes if key_of(change).platform == platform and counts(change)]
            after = [change for change in judged.changes if key_of(change).platform == platform and counts(change)]
            assert after == (before if len(before) <= limit else [])


@given(strategies.plans(), allowances())
def test_p04_the_brake_never_holds_a_creation_or_a_resumption_that_takes_nothing(
    plan: Plan, left: dict[str, Allowance]
) -> None:
    def gives(change: Change) -> bool:
        return change.kind in (Kind.CREATE, Kind.RESUME) and not is_destructive(change)

    assert [change for change in brake(left)(plan).changes if gives(change)] == [
        change for change in plan.changes if gives(change)
    ]


@given(strategies.plans(), allowances())
def test_p04_a_tighter_brake_never_lets_more_pass(plan: Plan, left: dict[str, Allowance]) -> None:
    tighter = {name: Allowance(max(0, each.destructive - 1), max(0, each.updates - 1)) for name, each in left.items()}
    assert set(brake(tighter)(plan).changes) <= set(brake(left)(plan).changes)


@given(strategies.plans())
def test_turning_off_and_deleting_are_never_held_for_a_wish_that_cannot_be_carried_out(plan: Plan) -> None:
    judged = fit_for_platform(plan)

    assert {change for change in plan.changes if change.kind in (Kind.SUSPEND, Kind.DELETE)} <= set(judged.changes)
    assert all(change.desired.problems for change in set(plan.changes) - set(judged.changes))
    assert not any(change.kind is Kind.CREATE and change.desired.problems for change in judged.changes)
