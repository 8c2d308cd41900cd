"""The difference between what should be and what is: the truth table, copied by hand from `plan.py`'s docstring."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desired_state.account import Secret
from desired_state.desired import Desired, Problem
from desired_state.entitlement import Presence
from desired_state.plan import (
    Change,
    Create,
    Delete,
    Held,
    Kind,
    Plan,
    Rename,
    Resume,
    Suspend,
    Update,
    diff,
    is_destructive,
    key_of,
    lost_packages,
    name_after,
    only_off,
    steps,
)
from desired_state.subscriber import SubscriberKey, SubscriberSpec
from tests.desired_state.builders import CONTACT, KEY, OFF, ON, record, wish

RICHER = replace(ON, packages=("1", "2"))
ACTIVE, SUSPENDED = wish(Presence.ACTIVE, ON), wish(Presence.SUSPENDED, OFF)
DORMANT = wish(Presence.DORMANT, SubscriberSpec(enabled=False))
ABSENT, HOLD = wish(Presence.ABSENT), wish(Presence.HOLD)
NEVER = replace(SUSPENDED, may_create=False)

TRUTH_TABLE = [
    # wish,    no record, record is off, record is on
    ("active", ACTIVE, Kind.CREATE, Kind.RESUME, None),
    ("suspended", NEVER, None, None, Kind.SUSPEND),
    ("suspended, create_suspended", SUSPENDED, Kind.CREATE, None, Kind.SUSPEND),
    ("dormant", DORMANT, None, None, Kind.SUSPEND),
    ("absent", ABSENT, None, Kind.DELETE, Kind.DELETE),
    ("hold", HOLD, None, None, None),
    ("nothing wished of it", wish(Presence.ACTIVE), None, None, None),
]


@pytest.mark.parametrize(("name", "desired", "none", "off", "on"), TRUTH_TABLE, ids=[row[0] for row in TRUTH_TABLE])
def test_truth_table(name: str, desired: Desired, none: Kind | None, off: Kind | None, on: Kind | None) -> None:
    changes = [diff(desired, observed) for observed in (None, record(OFF), record(ON))]
    assert [change and change.kind for change in changes] == [none, off, on], name


def test_truth_table_where_the_record_differs_in_other_fields() -> None:
    more = replace(ACTIVE, spec=RICHER)
    more_but_off = replace(SUSPENDED, spec=replace(RICHER, enabled=False))

    assert diff(more, record(ON)) == Update(more, RICHER, record(ON))
    assert diff(more, record(OFF)) == Resume(more, RICHER, record(OFF))
    assert diff(more_but_off, record(OFF)) == Update(more_but_off, replace(RICHER, enabled=False), record(OFF))
    assert diff(more_but_off, record(ON)) == Suspend(more_but_off, replace(RICHER, enabled=False), record(ON))


def test_a_creation_carries_everything() -> None:
    assert diff(ACTIVE, None) == Create(ACTIVE, ON, None)
    assert diff(ABSENT, record(ON)) == Delete(ABSENT, record(ON), None)


def test_an_active_account_that_may_not_create_makes_nothing() -> None:
    assert diff(replace(ACTIVE, may_create=False), None) is None


def test_a_change_carries_the_whole_record_as_it_will_be() -> None:
    turned_off = diff(DORMANT, record(RICHER))
    assert turned_off == Suspend(DORMANT, replace(RICHER, enabled=False), record(RICHER))


def test_a_suspension_only_turns_off_where_something_stands_in_the_way_of_the_rest() -> None:
    contested = replace(SUSPENDED, spec=replace(OFF, device_ids=("taken",)), problems=(Problem("duplicate", "taken"),))

    assert diff(contested, record(ON)) == Suspend(contested, OFF, record(ON))


# --- renaming --------------------------------------------------------------------------------------------------------

OLD = record(ON, external_id="old_3")


def test_a_record_under_another_name_is_renamed_first_and_nothing_else_of_it_changes() -> None:
    renamed = replace(ACTIVE, may_rename=True, spec=RICHER)

    assert diff(renamed, OLD) == Rename(renamed, ON, OLD)
    assert diff(renamed, record(OFF, "old_3")) == Rename(renamed, OFF, record(OFF, "old_3"))
    assert diff(renamed, record(RICHER)) is None
    assert diff(replace(renamed, may_rename=False), OLD) == Update(replace(renamed, may_rename=False), RICHER, OLD)


@pytest.mark.parametrize("desired", [SUSPENDED, DORMANT])
def test_turning_off_does_not_wait_for_a_new_name(desired: Desired) -> None:
    renamed = replace(desired, may_rename=True)

    assert diff(renamed, OLD) == Suspend(renamed, OFF, OLD)
    assert diff(renamed, record(OFF, "old_3")) == Rename(renamed, OFF, record(OFF, "old_3"))


def test_what_goes_is_deleted_under_whatever_name() -> None:
    goes = replace(ABSENT, may_rename=True)
    assert diff(goes, OLD) == Delete(goes, OLD)
    assert diff(replace(HOLD, may_rename=True), OLD) is None


def test_the_new_name_and_the_rest_are_two_steps_either_of_which_can_be_made_without_the_other() -> None:
    richer = replace(ACTIVE, spec=RICHER)

    assert steps(richer, OLD, renames=True) == (Rename(richer, ON, OLD), Update(richer, RICHER, OLD))
    assert steps(richer, OLD, renames=False) == (Update(richer, RICHER, OLD),)
    assert steps(ACTIVE, OLD, renames=True) == (Rename(ACTIVE, ON, OLD),)
    assert steps(ACTIVE, record(ON), renames=True) == ()
    assert steps(ACTIVE, None, renames=True) == (Create(ACTIVE, ON),)
    assert steps(DORMANT, OLD, renames=True) == (Suspend(DORMANT, OFF, OLD),)
    assert steps(ABSENT, OLD, renames=True) == (Delete(ABSENT, OLD),)
    assert steps(HOLD, OLD, renames=True) == steps(replace(HOLD, spec=ON), OLD, renames=True) == ()
    assert steps(wish(Presence.ACTIVE), OLD, renames=True) == ()


def test_a_terminated_account_bears_its_full_name_and_not_that_of_its_life() -> None:
    terminated = replace(DORMANT, full_name="tv000101-old000_3")
    makes_way = Rename(replace(terminated, external_id="tv000101-old000_3"), OFF, record(OFF))

    assert (DORMANT.bears, terminated.bears) == ("tv000101_3", "tv000101-old000_3")
    assert steps(terminated, record(OFF), renames=True) == (makes_way,)
    assert steps(terminated, record(OFF, "tv000101-old000_3"), renames=True) == ()


def test_the_name_after_a_change() -> None:
    assert name_after(Create(ACTIVE, ON)) == "tv000101_3"
    assert name_after(Rename(ACTIVE, ON, OLD)) == "tv000101_3"
    assert name_after(Update(ACTIVE, RICHER, OLD)) == "old_3"
    assert name_after(Delete(ABSENT, OLD)) is None


def test_turning_off_only_leaves_everything_else() -> None:
    suspend = Suspend(DORMANT, replace(OFF, packages=("9",), device_ids=()), record(RICHER))
    assert only_off(suspend) == Suspend(DORMANT, replace(RICHER, enabled=False), record(RICHER))


# --- what is destructive ---------------------------------------------------------------------------------------------


def test_deleting_suspending_and_taking_packages_are_destructive() -> None:
    rich = record(RICHER)
    other_contact = replace(RICHER, contact=replace(CONTACT, city="Brno"))

    assert is_destructive(Delete(ABSENT, rich))
    assert is_destructive(Suspend(DORMANT, replace(RICHER, enabled=False), rich))
    assert is_destructive(Update(ACTIVE, ON, rich))
    assert is_destructive(Resume(ACTIVE, ON, rich))
    assert is_destructive(Update(ACTIVE, replace(ON, packages=("1", "3")), rich)), "a swap takes one"
    assert not is_destructive(Update(ACTIVE, other_contact, rich))
    assert not is_destructive(Update(ACTIVE, RICHER, record(ON)))
    assert not is_destructive(Resume(ACTIVE, ON, record(OFF)))
    assert not is_destructive(Rename(ACTIVE, ON, OLD))
    assert not is_destructive(Create(ACTIVE, RICHER))


def test_lost_packages_are_named() -> None:
    rich = record(RICHER)

    assert lost_packages(Update(ACTIVE, replace(ON, packages=("2", "3")), rich)) == ("1",)
    assert lost_packages(Update(ACTIVE, replace(ON, packages=()), rich)) == ("1", "2")
    assert lost_packages(Update(ACTIVE, replace(ON, packages=None), rich)) == ("1", "2")
    assert lost_packages(Update(ACTIVE, RICHER, record(replace(ON, packages=None)))) == ()
    assert lost_packages(Create(ACTIVE, ON)) == ()
    assert lost_packages(Delete(ABSENT, rich)) == ()


# --- plans -----------------------------------------------------------------------------------------------------------

FIRST, SECOND_KEY, THIRD = SubscriberKey("a", 9), SubscriberKey("a", 10), SubscriberKey("b", 1)


def test_a_plan_is_ordered_by_key_and_has_no_empty_changes() -> None:
    changes = [Create(replace(ACTIVE, key=key), ON) for key in (THIRD, FIRST, SECOND_KEY)]
    plan = Plan.of([None, *changes, None])

    assert [key_of(change) for change in plan.changes] == [FIRST, SECOND_KEY, THIRD]
    assert plan.held == ()
    assert Plan.of([]) == Plan(()) == Plan((), ())


def test_the_hash_has_sixteen_hex_digits_and_is_stable_over_releases() -> None:
    plan = Plan.of([Update(replace(ACTIVE, key=KEY), RICHER, record(ON))])

    assert Plan(()).hash == "e4a6a0577479b2b4"
    assert len(plan.hash) == 16
    assert int(plan.hash, 16)


def test_the_hash_does_not_depend_on_when_the_record_was_read_nor_on_what_is_held() -> None:
    change = Update(ACTIVE, RICHER, record(ON))
    later = replace(change, observed=replace(change.observed, observed_at=change.observed.observed_at + timedelta(1)))
    held = Plan((), (Held(change, "brake", "too many"),))

    assert Plan.of([change]).hash == Plan.of([later]).hash == held.hash


def test_the_hash_does_not_depend_on_whether_the_clear_text_is_at_hand() -> None:
    clear = Create(ACTIVE, replace(ON, password=Secret("f", "clear")))
    assert Plan.of([clear]).hash == Plan.of([Create(ACTIVE, clear.after.sealed())]).hash


def test_p05_the_hash_changes_with_everything_that_would_be_done() -> None:
    base = Update(ACTIVE, RICHER, record(ON))
    others: list[Change] = [
        Resume(ACTIVE, RICHER, record(ON)),
        replace(base, desired=replace(ACTIVE, key=SubscriberKey("tv", 1))),
        replace(base, desired=replace(ACTIVE, key=SubscriberKey("tv2", 70101))),
        replace(base, desired=replace(ACTIVE, external_id="other")),
        replace(base, after=replace(RICHER, packages=("2",))),
        replace(base, after=replace(RICHER, contact=replace(CONTACT, phone="1"))),
        replace(base, after=replace(RICHER, login="other")),
        replace(base, after=replace(RICHER, device_ids=("other",))),
        replace(base, after=replace(RICHER, pin=Secret("other"))),
        replace(base, observed=record(replace(ON, packages=("9",)))),
        replace(base, observed=record(ON, external_id="other")),
        replace(base, observed=record(ON, record_id="other")),
    ]
    hashes = {Plan.of([change]).hash for change in (base, *others)}
    assert len(hashes) == 1 + len(others)
