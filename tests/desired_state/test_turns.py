"""Whose turn it is: who keeps, who gives up, who waits, who lets go."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from desired_state.account import Secret
from desired_state.desired import Desired, Problem
from desired_state.entitlement import Presence
from desired_state.plan import Change, Create, Delete, Rename, Resume, Suspend, Update
from desired_state.subscriber import SubscriberSpec
from desired_state.turns import (
    LONGEST_CHAIN,
    Obstacle,
    circle_broken_by,
    claimed,
    held,
    hindered,
    interim_name,
    keeps,
    letting_go,
    only_waits,
    released,
    to_interim_name,
    without,
)
from desired_state.unique import Value, unique_values
from tests.desired_state.builders import OFF, ON, OWNER, record, wish

NAME, OLD_NAME = Value("name", "tv000101_3"), Value("name", "old_3")
DEVICE, OTHER, LOGIN = Value("device", "001A79000001"), Value("device", "other"), Value("login", "ana")
MOVED = replace(ON, device_ids=("other",), login="Ana")
ACTIVE = wish(Presence.ACTIVE, MOVED)
DORMANT = wish(Presence.DORMANT, SubscriberSpec(enabled=False))
RENAMED = Rename(ACTIVE, ON, record(ON, "old_3"))
NO_PACKAGE = Problem("package", "no such package")

WAITS = Obstacle(OTHER, 5, "five_3", gives_up=True)
KEPT = Obstacle(LOGIN, 6, "six_3")
FOREIGN = Obstacle(NAME, None, "lobby")
OLDER = Obstacle(DEVICE, 4, None)


# --- what only one can have ------------------------------------------------------------------------------------------


def test_devices_count_as_they_are_and_logins_whatever_their_case() -> None:
    spec = replace(ON, device_ids=("a", "B"), login="Ana")
    assert list(unique_values(spec)) == [Value("device", "a"), Value("device", "B"), LOGIN]
    assert list(unique_values(replace(ON, device_ids=None, login=""))) == []
    assert list(unique_values(replace(ON, device_ids=(), login=None))) == []
    assert list(unique_values(None)) == []


def test_a_record_has_its_name_its_devices_and_its_login() -> None:
    assert held(record(replace(ON, login="ANA"))) == {NAME, DEVICE, LOGIN}
    assert held(record(ON, external_id="")) == {DEVICE}, "a record without a name does not have the empty one"


@pytest.mark.parametrize(
    ("change", "claims", "gives_up"),
    [
        (Create(ACTIVE, MOVED), {NAME, OTHER, LOGIN}, set[Value]()),
        (Update(ACTIVE, MOVED, record(ON)), {OTHER, LOGIN}, {DEVICE}),
        (Update(ACTIVE, MOVED, record(ON, "old_3")), {OTHER, LOGIN}, {DEVICE}),
        (RENAMED, {NAME}, {OLD_NAME}),
        (Suspend(DORMANT, OFF, record(ON)), set[Value](), set[Value]()),
        (Delete(wish(Presence.ABSENT), record(MOVED, "old_3")), set[Value](), {OLD_NAME, OTHER, LOGIN}),
    ],
)
def test_what_a_change_claims_and_what_it_sets_free(change: Change, claims: set[Value], gives_up: set[Value]) -> None:
    assert (set(claimed(change)), set(released(change))) == (claims, gives_up)


# --- who keeps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wished", "kept"),
    [
        (wish(Presence.ACTIVE, ON), {NAME, DEVICE}),
        (wish(Presence.ACTIVE, MOVED), {NAME, OTHER, LOGIN}),
        (wish(Presence.SUSPENDED, OFF), {NAME, DEVICE}),
        (wish(Presence.ACTIVE, replace(ON, device_ids=None, login=None)), {NAME, DEVICE, OTHER, LOGIN}),
        (wish(Presence.ACTIVE, replace(ON, device_ids=None)), {NAME, DEVICE, OTHER}),
        (wish(Presence.ACTIVE, replace(ON, login=None)), {NAME, DEVICE, LOGIN}),
        (wish(Presence.ACTIVE), {NAME, DEVICE, OTHER, LOGIN}),
        (wish(Presence.HOLD), {NAME, OLD_NAME, DEVICE, OTHER, LOGIN}),
        (DORMANT, {NAME}),
        (wish(Presence.ABSENT), set[Value]()),
        (replace(DORMANT, full_name="tv000101-old000_3"), set[Value]()),
    ],
)
def test_a_record_keeps_what_its_account_wishes_or_does_not_manage(wished: Desired, kept: set[Value]) -> None:
    assert {value for value in (NAME, OLD_NAME, DEVICE, OTHER, LOGIN) if keeps(wished, value)} == kept


# --- what stands in the way ------------------------------------------------------------------------------------------


def test_a_hindered_change_says_why_in_a_sentence_each_and_hides_devices_and_logins() -> None:
    change = Update(replace(ACTIVE, problems=(NO_PACKAGE,)), MOVED, record(ON))
    obstacles = [OLDER, FOREIGN, KEPT, replace(WAITS, value=DEVICE)]

    problems = hindered(change, obstacles, "tv").desired.problems

    assert problems == (
        NO_PACKAGE,
        Problem("duplicate", "device '001A…01' is also set on i_account 4, which has the older right to it on platform"
                " 'tv'; correct one of the two in billing"),
        Problem("waiting", "device '001A…01' is still on the record 'five_3' of i_account 5 on platform 'tv', which"
                " gives it up first; then this goes on by itself"),
        Problem("duplicate", "login '…' is on the record 'six_3' of i_account 6 on platform 'tv', which keeps it;"
                " correct one of the two accounts in billing"),
        Problem("duplicate", "name 'tv000101_3' is on record 'lobby' of platform 'tv', which is not ours; remove it"
                " there, or correct the account in billing"),
    )  # fmt: skip


def test_nothing_in_the_way_leaves_the_change_as_it_is() -> None:
    change = Update(ACTIVE, MOVED, record(ON))
    assert hindered(change, [], "tv") == change


def test_a_change_only_waits_if_everything_in_its_way_is_given_up() -> None:
    change = Update(ACTIVE, MOVED, record(ON))
    assert only_waits(change, [WAITS])
    assert not any(only_waits(change, [WAITS, other]) for other in (KEPT, FOREIGN, OLDER))
    assert not only_waits(replace(change, desired=replace(ACTIVE, problems=(NO_PACKAGE,))), [WAITS])


# --- letting go ------------------------------------------------------------------------------------------------------

RICH = replace(ON, device_ids=("001A79000001", "kept"), login="Ana", password=Secret("f"), packages=("1", "2"))


def test_letting_go_takes_the_needed_values_off_the_record_and_changes_nothing_else() -> None:
    wished = replace(ACTIVE, problems=(NO_PACKAGE,))

    change = without(wished, record(RICH), {DEVICE, LOGIN, OTHER})

    free = replace(wished, problems=())
    assert change == Update(free, replace(RICH, device_ids=("kept",), login=""), record(RICH))
    assert without(wished, record(RICH), {DEVICE}) == Update(free, replace(RICH, device_ids=("kept",)), record(RICH))
    assert without(wished, record(RICH), {LOGIN}) == Update(free, replace(RICH, login=""), record(RICH))
    assert without(wished, record(RICH), {OTHER, NAME}) is None
    bare = replace(RICH, device_ids=None, login=None)
    assert without(wished, record(bare), {DEVICE, LOGIN}) is None


def test_the_last_device_can_be_let_go_of() -> None:
    change = without(ACTIVE, record(ON), {DEVICE})
    assert change is not None
    assert change.after.device_ids == ()


@pytest.mark.parametrize("kind", [Update, Resume])
def test_a_change_that_cannot_be_made_lets_go_of_what_others_need(kind: type[Update | Resume]) -> None:
    change = kind(ACTIVE, MOVED, record(OFF))
    assert letting_go(change, [], {DEVICE}) == Update(ACTIVE, replace(OFF, device_ids=()), record(OFF))
    assert letting_go(change, [], set()) is None
    assert letting_go(change, [], {NAME}) is None


def test_a_name_is_left_for_an_interim_one_that_no_other_record_can_have() -> None:
    hindered_rename = replace(RENAMED, desired=replace(ACTIVE, problems=(NO_PACKAGE,)))
    interim = replace(RENAMED, desired=replace(ACTIVE, external_id="moving-70101_3"))

    assert interim_name(OWNER) == "moving-70101_3"
    assert letting_go(hindered_rename, [FOREIGN], {OLD_NAME}) == interim == to_interim_name(hindered_rename)
    assert letting_go(hindered_rename, [], {OLD_NAME}) == RENAMED, "its own is better where it is to be had"
    assert letting_go(hindered_rename, [FOREIGN], {NAME, DEVICE}) is None


def test_what_is_created_turned_off_or_deleted_has_nothing_to_let_go_of() -> None:
    everything = {NAME, DEVICE, OTHER, LOGIN}
    changes: list[Change] = [
        Create(ACTIVE, MOVED),
        Suspend(DORMANT, OFF, record(ON)),
        Delete(wish(Presence.ABSENT), record(ON)),
    ]
    assert [letting_go(change, [], everything) for change in changes] == [None, None, None]


# --- circles ---------------------------------------------------------------------------------------------------------


def breakers(waits: Mapping[int, set[int]]) -> list[int]:
    return [each for each in waits if circle_broken_by(each, lambda other: waits.get(other, ()))]


@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        ({1: set[int]()}, []),
        ({1: {2}, 2: set[int]()}, []),
        ({1: {2}, 2: {1}}, [1]),
        ({3: {2}, 2: {1}, 1: {3}}, [1]),
        ({1: {2}, 2: {3}, 3: {2}}, [2]),
        ({1: {2, 3}, 2: {1}, 3: {1}}, [1]),
        ({1: {2}, 2: {1}, 3: {4}, 4: {3}}, [1, 3]),
        ({1: {2}, 2: {3, 4}, 3: {1}, 4: {2}}, [1]),
        ({5: {5}}, [5]),
    ],
)
def test_the_lowest_of_a_circle_breaks_it_and_nobody_else(waits: Mapping[int, set[int]], expected: list[int]) -> None:
    assert breakers(waits) == expected


def test_a_row_that_ends_is_followed_to_its_end() -> None:
    row = {number: {number + 1} for number in range(LONGEST_CHAIN - 1)}
    assert breakers(row) == []


def test_in_a_row_too_long_to_be_followed_the_first_of_what_was_seen_lets_go_to_be_safe() -> None:
    rising = {number: {(number + 1) % 200} for number in range(200)}
    falling = {number: {(number - 1) % 200} for number in range(200)}

    assert breakers(falling) == [0]
    assert 0 in breakers(rising), "a circle however long is broken"
    assert not circle_broken_by(199, lambda other: rising[other])


def test_whoever_is_followed_is_asked_once() -> None:
    asked: list[int] = []

    def waits_for(each: int) -> set[int]:
        asked.append(each)
        return {1, 2, 3, 4}

    assert circle_broken_by(1, waits_for)
    assert sorted(asked) == [1, 2, 3, 4]
