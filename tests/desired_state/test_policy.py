"""What has to wait, and the sentence that says why."""

from dataclasses import replace

import pytest

from desired_state.account import Credentials, Secret
from desired_state.allowance import Allowance, Brake
from desired_state.brake import brake, is_limited_update
from desired_state.desired import Problem
from desired_state.entitlement import Presence
from desired_state.plan import (
    Change,
    Create,
    Delete,
    Held,
    Plan,
    Rename,
    Resume,
    Suspend,
    Update,
)
from desired_state.policy import (
    apply_policies,
    complete_source,
    fit_for_platform,
    hindrances,
    in_turn,
    is_ours,
    observe_only,
    owned_only,
    parked,
)
from desired_state.subscriber import Owner, SubscriberKey
from tests.desired_state.builders import OFF, ON, OWNER, record, wish

RICHER = replace(ON, packages=("1", "2"))
ACTIVE = wish(Presence.ACTIVE, ON)
UNMARKED, FOREIGN = replace(ON, note="VIP"), replace(ON, note=Owner(3, 5).note)

CREATE, UPDATE = Create(ACTIVE, ON), Update(ACTIVE, RICHER, record(ON))
SUSPEND, RESUME = Suspend(ACTIVE, OFF, record(ON)), Resume(ACTIVE, ON, record(OFF))
DELETE, RENAME = Delete(ACTIVE, record(ON)), Rename(ACTIVE, ON, record(ON, "old"))
POORER = Update(ACTIVE, ON, record(RICHER))
EVERY_KIND: list[Change] = [CREATE, UPDATE, SUSPEND, RESUME, DELETE, RENAME, POORER]


def at(change: Change, i_account: int, platform: str = "tv") -> Change:
    """The same change for another subscriber."""
    return replace(change, desired=replace(change.desired, key=SubscriberKey(platform, i_account)))


def many(change: Change, count: int, platform: str = "tv") -> list[Change]:
    return [at(change, number, platform) for number in range(count)]


def held(plan: Plan) -> list[tuple[str, str]]:
    return [(each.by, each.text) for each in plan.held]


# --- ownership -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("note", "bound", "ours"),
    [
        (OWNER.note, None, True),
        (OWNER.note, "another record", True),
        (f"VIP, {OWNER.note}", None, True),
        ("VIP", "r1", True),
        ("", "r1", True),
        ("VIP", None, False),
        ("VIP", "r2", False),
        (Owner(3, 5).note, "r1", False),  # the note objects
        (Owner(4, 70101).note, "r1", False),  # another billing environment
    ],
)
def test_p01_a_record_is_ours_by_its_note_or_by_our_memory_if_no_note_objects(
    note: str, bound: str | None, ours: bool
) -> None:
    observed = record(replace(ON, note=note))
    assert is_ours(observed, OWNER, bound) is ours

    plan = owned_only({} if bound is None else {70101: bound}, "tv")(Plan.of([Delete(ACTIVE, observed)]))
    assert (len(plan.changes), len(plan.held)) == ((1, 0) if ours else (0, 1))


@pytest.mark.parametrize("change", [UPDATE, SUSPEND, RESUME, DELETE, RENAME], ids=lambda change: str(change.kind))
def test_p01_nothing_is_written_to_a_record_that_is_not_ours(change: Change) -> None:
    assert change.observed is not None
    foreign = replace(change, observed=record(FOREIGN))

    assert held(owned_only({}, "tv")(Plan.of([foreign]))) == [
        (
            "ownership",
            "record 'tv000101_3' on platform 'tv' was made for i_account 5 of environment 3;"
            " it stays untouched until a person renames or removes it there",
        )
    ]


def test_p01_an_unmarked_record_is_said_to_be_so_and_creations_go_on() -> None:
    plan = owned_only({}, "tv")(Plan.of([at(CREATE, 1), Delete(ACTIVE, record(UNMARKED))]))

    assert plan.changes == (at(CREATE, 1),)
    assert held(plan)[0][1].startswith("record 'tv000101_3' on platform 'tv' bears no mark of ours;")


def test_ownership_is_judged_platform_by_platform() -> None:
    elsewhere = at(Delete(ACTIVE, record(UNMARKED)), 1, "tv2")
    assert owned_only({}, "tv")(Plan.of([elsewhere])).changes == (elsewhere,)


# --- incomplete source, observe only ---------------------------------------------------------------------------------


def test_p02_nothing_is_taken_away_on_the_word_of_an_incomplete_list() -> None:
    plan = Plan(tuple(EVERY_KIND))
    checked = complete_source(False, "page 3 of 20 is missing")(plan)

    assert checked.changes == (CREATE, UPDATE, RESUME, RENAME)
    assert [each.change for each in checked.held] == [SUSPEND, DELETE, POORER]
    assert set(held(checked)) == {
        (
            "incomplete_source",
            "billing's list is not proven complete (page 3 of 20 is missing); nothing is taken away on its word",
        )
    }
    assert "(no proof)" in complete_source(False)(plan).held[0].text
    assert complete_source(True)(plan) == plan
    assert complete_source(True, "doubt")(plan) == plan


def test_p09_a_platform_that_is_only_watched_is_not_written_to() -> None:
    watched, other = Plan(tuple(EVERY_KIND)), at(DELETE, 1, "tv2")
    plan = observe_only({"tv"})(Plan((*watched.changes, other)))

    assert plan.changes == (other,)
    assert held(plan) == [("observe", "platform 'tv' is in mode 'observe'")] * len(EVERY_KIND)


def test_p14_what_the_platform_refused_waits_with_its_words_and_nobody_else_does() -> None:
    refused, other = at(UPDATE, 1), at(UPDATE, 2)
    elsewhere = at(UPDATE, 1, "tv2")
    plan = parked({SubscriberKey("tv", 1): "login already in use"})(Plan.of([refused, other, elsewhere]))

    assert plan.changes == (other, elsewhere)
    assert plan.held == (Held(refused, "parked", "login already in use"),)


# --- what a platform cannot take -------------------------------------------------------------------------------------

NOTHING_KNOWN = Credentials()
NO_PACKAGE, NO_DEVICE = Problem("package", "no such package."), Problem("credentials", "no device.")


def troubled(change: Change, *problems: Problem, credentials: Credentials = NOTHING_KNOWN) -> Change:
    spec = replace(ON, device_ids=credentials.device_ids, login=credentials.login, password=credentials.password)
    return replace(change, desired=replace(ACTIVE, spec=spec, problems=problems))


@pytest.mark.parametrize("change", EVERY_KIND)
def test_turning_off_and_deleting_always_work(change: Change) -> None:
    plan = fit_for_platform(Plan((troubled(change, NO_PACKAGE),)))

    if isinstance(change, Delete | Suspend):
        assert held(plan) == []
    else:
        assert held(plan) == [("condition", "no such package.")]
        assert plan.changes == ()


def test_all_problems_are_told() -> None:
    assert held(fit_for_platform(Plan((troubled(CREATE, NO_PACKAGE, NO_DEVICE),)))) == [
        ("condition", "no such package.; no device.")
    ]
    assert fit_for_platform(Plan(tuple(EVERY_KIND))) == Plan(tuple(EVERY_KIND))


@pytest.mark.parametrize(
    ("credentials", "changed"),
    [
        (Credentials(), True),  # masked or missing: it changes nothing, so it hinders nothing
        (Credentials(device_ids=()), True),  # cleared: the device goes
        (Credentials(login="ana"), True),
        (Credentials(login="ana", password=Secret("f")), True),
        (Credentials(login=""), False),  # an empty login or password is no way in
        (Credentials(login="ana", password=Secret("")), False),
    ],
)
@pytest.mark.parametrize("change", [UPDATE, RESUME, RENAME], ids=lambda change: str(change.kind))
def test_missing_credentials_hold_a_new_record_but_not_the_change_of_one_that_is_there(
    change: Change, credentials: Credentials, changed: bool
) -> None:
    def going(of: Change) -> bool:
        return bool(fit_for_platform(Plan((troubled(of, NO_DEVICE, credentials=credentials),))).changes)

    assert going(change) is changed
    assert not going(CREATE)


def test_a_change_that_wishes_nothing_of_the_record_is_not_hindered_by_credentials() -> None:
    nothing = replace(RENAME, desired=replace(ACTIVE, spec=None, problems=(NO_DEVICE,)))
    assert fit_for_platform(Plan((nothing,))).changes == (nothing,)


def test_a_cleared_login_hinders_nothing_where_a_device_would_do_as_well() -> None:
    cleared = troubled(UPDATE, NO_DEVICE, credentials=Credentials(device_ids=(), login=""))
    assert cleared.desired.spec is not None
    either = replace(cleared, desired=replace(cleared.desired, spec=replace(cleared.desired.spec, auth="all")))

    assert hindrances(cleared) == [NO_DEVICE]
    assert hindrances(either) == []


# --- whose turn it is ------------------------------------------------------------------------------------------------

WAITING = Problem("waiting", "i_account 5 gives it up first")


@pytest.mark.parametrize("change", EVERY_KIND)
def test_what_waits_for_another_record_is_held_apart_from_what_a_person_has_to_mend(change: Change) -> None:
    plan = Plan((replace(change, desired=replace(ACTIVE, problems=(WAITING, NO_PACKAGE, WAITING))),))

    if isinstance(change, Delete | Suspend):
        assert in_turn(plan) == fit_for_platform(plan) == plan
    else:
        assert held(in_turn(plan)) == [("waiting", f"{WAITING.text}; {WAITING.text}")]
        assert held(fit_for_platform(plan)) == [("condition", "no such package.")]
    assert in_turn(Plan((troubled(change, NO_PACKAGE),))).held == ()


# --- the brake -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owned", "destructive", "updates"),
    [(0, 10, 10), (10, 10, 10), (40, 10, 12), (200, 10, 60), (219, 10, 65), (220, 11, 66), (20_000, 1000, 6000)],
)
def test_p04_a_pass_may_take_from_ten_records_or_five_percent(owned: int, destructive: int, updates: int) -> None:
    default = Brake()
    assert (default.destructive_limit(owned), default.update_limit(owned)) == (destructive, updates)
    assert (default.daily_floor, default.daily_fraction) == (20, 0.10)


def test_an_operator_may_set_the_brake_within_reason() -> None:
    tight = Brake(floor=0, destructive_fraction=0, update_fraction=1)
    assert (tight.destructive_limit(1000), tight.update_limit(1000)) == (0, 1000)

    for wrong in ({"floor": -1}, {"daily_floor": -1}, {"percent": 5}):
        with pytest.raises(ValueError, match="Brake"):
            Brake.model_validate(wrong)
    for name in ("destructive_fraction", "update_fraction", "daily_fraction"):
        for value in (-0.01, 1.01):
            with pytest.raises(ValueError, match=name):
                Brake.model_validate({name: value})
        assert Brake.model_validate({name: 0}) != Brake.model_validate({name: 1})
    assert Brake(floor=0, daily_floor=0).floor == 0
    with pytest.raises(ValueError, match="frozen"):
        tight.floor = 10  # type: ignore[misc]  # frozen: that is the point


@pytest.mark.parametrize("change", [DELETE, SUSPEND, POORER], ids=["delete", "suspend", "package"])
def test_p04_one_too_many_and_the_whole_destructive_plan_waits(change: Change) -> None:
    policy = brake({"tv": Allowance(destructive=3, updates=0)})
    three, four = Plan.of(many(change, 3)), Plan.of(many(change, 4))

    assert policy(three) == three
    assert policy(four).changes == ()
    assert set(held(policy(four))) == {
        (
            "brake",
            "would take something from 4 records of platform 'tv', more than the brake's 3;"
            " approve or reject the plan by its hash, which status shows",
        )
    }


def test_p04_deletions_suspensions_and_lost_packages_count_together() -> None:
    plan = Plan.of([at(DELETE, 1), at(SUSPEND, 2), at(POORER, 3)])

    assert brake({"tv": Allowance(3, 0)})(plan).held == ()
    assert brake({"tv": Allowance(2, 9)})(plan).changes == ()


def test_p04_creations_and_resumptions_go_on_while_the_brake_holds() -> None:
    takes, gives = many(DELETE, 5), [at(CREATE, 10), at(RESUME, 11), at(UPDATE, 12), at(RENAME, 13)]
    plan = brake({"tv": Allowance(4, 2)})(Plan.of([*takes, *gives]))

    assert plan.changes == tuple(gives)
    assert [each.change for each in plan.held] == takes


def test_p04_other_updates_have_a_share_of_their_own() -> None:
    changes = [*many(UPDATE, 2), at(RENAME, 2), at(CREATE, 3), at(RESUME, 4), at(DELETE, 5)]
    plan = Plan.of(changes)

    assert brake({"tv": Allowance(1, 3)})(plan) == plan
    braked = brake({"tv": Allowance(1, 2)})(plan)
    assert braked.changes == tuple(changes[3:])
    assert set(held(braked)) == {
        (
            "brake",
            "would alter 3 records of platform 'tv', more than the brake's 2;"
            " approve or reject the plan by its hash, which status shows",
        )
    }


@pytest.mark.parametrize(("change", "limited"), [(UPDATE, True), (RENAME, True), (POORER, False), (CREATE, False)])
def test_an_update_that_takes_a_package_counts_as_destructive_only(change: Change, limited: bool) -> None:
    assert is_limited_update(change) is limited
    assert not any(is_limited_update(other) for other in (RESUME, SUSPEND, DELETE))


def test_p13_the_brake_of_one_platform_does_not_hold_another() -> None:
    plan = Plan.of([*many(DELETE, 5), *many(DELETE, 2, "tv2")])
    braked = brake({"tv": Allowance(4, 0), "tv2": Allowance(2, 0)})(plan)

    assert {change.desired.key.platform for change in braked.changes} == {"tv2"}
    assert len(braked.held) == 5


def test_p04_a_platform_nobody_gave_an_allowance_loses_nothing() -> None:
    plan = brake({})(Plan.of([at(DELETE, 1), at(UPDATE, 2), at(CREATE, 3)]))
    assert plan.changes == (at(CREATE, 3),)


def test_what_an_earlier_policy_holds_does_not_count_against_the_brake() -> None:
    foreign = [at(Delete(ACTIVE, record(FOREIGN)), number) for number in (7, 8)]
    plan = Plan.of([*many(DELETE, 3), *foreign])
    braked = apply_policies(plan, [owned_only({}, "tv"), brake({"tv": Allowance(3, 0)})])

    assert braked.changes == tuple(many(DELETE, 3))
    assert [each.by for each in braked.held] == ["ownership", "ownership"]


# --- several policies ------------------------------------------------------------------------------------------------


def test_a_change_that_has_several_reasons_to_wait_is_given_the_first() -> None:
    policies = [observe_only({"tv"}), complete_source(False)]

    assert held(apply_policies(Plan((DELETE,)), policies))[0][0] == "observe"
    assert held(apply_policies(Plan((DELETE,)), reversed(policies)))[0][0] == "incomplete_source"
    assert apply_policies(Plan((DELETE,)), []) == Plan((DELETE,))


def test_what_was_held_before_stays_held_and_comes_first() -> None:
    before = Held(at(DELETE, 1), "person", "wait")
    assert complete_source(False)(Plan((at(DELETE, 2),), (before,))).held[0] == before
