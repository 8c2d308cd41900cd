"""What persons and circumstances say about a plan: approvals, the budget of a day, pauses, rejections."""

import pytest

from desired_state.allowance import Allowance, Brake
from desired_state.brake import brake, room
from desired_state.plan import Change, Kind, Plan, identity, key_of
from desired_state.policy import at_rest, moved_first, paused, possible, rejected
from tests.desired_state.test_policy import CREATE, DELETE, RENAME, RESUME, SUSPEND, UPDATE, at, held, many


def test_p05_what_is_exempt_is_neither_counted_nor_held() -> None:
    plan = Plan.of([*many(DELETE, 3), *many(UPDATE, 4)[3:]])
    approved = {identity(plan.changes[0])}
    policy = brake({"tv": Allowance(2, 1)}, lambda change: identity(change) in approved)
    assert policy(plan) == plan
    tighter = brake({"tv": Allowance(1, 1)}, lambda change: identity(change) in approved)(plan)
    assert [each.change for each in tighter.held] == list(plan.changes[1:3])


@pytest.mark.parametrize(
    ("change", "left", "needs", "goes"),
    [
        (DELETE, Allowance(1, 0), 1, True),
        (DELETE, Allowance(0, 9), 1, False),
        (UPDATE, Allowance(0, 1), 1, True),
        (UPDATE, Allowance(9, 0), 1, False),
        (UPDATE, Allowance(0, 2), 3, False),
        (UPDATE, Allowance(0, 3), 3, True),
        (CREATE, Allowance(0, 0), 1, True),
        (RESUME, Allowance(0, 0), 1, True),
    ],
)
def test_between_two_passes_a_change_needs_room(change: Change, left: Allowance, needs: int, goes: bool) -> None:
    plan = Plan((change,))
    assert (room(left, needs)(plan) == plan) is goes
    assert room(left, needs, lambda _: True)(plan) == plan
    assert {by for by, _ in held(room(left, needs)(plan))} <= {"brake"}


def test_p04_the_days_budget_counts_besides_the_pass() -> None:
    default = Brake()
    assert default.allowance(100, 0) == Allowance(10, 30)
    assert default.allowance(100, 10) == Allowance(10, 30)
    assert default.allowance(100, 11) == Allowance(9, 30, is_daily=True)
    assert default.allowance(100, 999) == Allowance(0, 30, is_daily=True)
    assert default.daily_limit(1000) == 100
    (text,) = {text for _, text in held(brake({"tv": Allowance(1, 0, is_daily=True)})(Plan.of(many(DELETE, 2))))}
    assert "more than the 1 left of the 24 hours' budget" in text


def test_a_platform_or_an_account_that_rests_holds_its_changes_and_no_others() -> None:
    plan = Plan.of([at(DELETE, 1), at(CREATE, 2)])
    assert held(at_rest("window", {"tv": "closed"})(plan)) == [("window", "closed")] * 2
    assert at_rest("window", {"tv2": "closed"})(plan) == plan
    resting = paused({key_of(plan.changes[0]): "paused by ops"})(plan)
    assert (held(resting), resting.changes) == ([("paused", "paused by ops")], plan.changes[1:])


def test_a_rejected_change_waits_as_long_as_it_is_the_same() -> None:
    plan = Plan.of([at(DELETE, 1), at(DELETE, 2)])
    policy = rejected({identity(plan.changes[0])})
    assert [each.change for each in policy(plan).held] == [plan.changes[0]]
    assert rejected(())(plan) == plan


def test_what_a_platform_has_no_call_for_is_held_with_a_way_out() -> None:
    plan = Plan.of([at(DELETE, 1), at(RENAME, 2), at(UPDATE, 3)])
    found = held(possible("tv", [Kind.DELETE, Kind.RENAME])(plan))
    assert [by for by, _ in found] == ["condition", "condition"]
    assert "delete_enabled: false" in found[0][1]
    assert "rename: false" in found[1][1]
    assert possible("tv2", [Kind.DELETE])(plan) == plan


def test_what_has_moved_ends_here_only_once_it_is_there() -> None:
    plan = Plan.of([at(DELETE, 1), at(SUSPEND, 2), at(UPDATE, 3)])
    waiting = {key_of(change): "not there yet" for change in plan.changes}
    moved = moved_first(waiting)(plan)
    assert [each.change for each in moved.held] == list(plan.changes[:2])
    assert moved_first({})(plan) == plan
