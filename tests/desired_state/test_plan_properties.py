"""What is true of every plan: carried out, it leads where the oracle says, and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from desired_state.desired import Desired
from desired_state.entitlement import Presence
from desired_state.plan import Change, Held, Kind, Plan, Suspend, diff, is_destructive, key_of
from desired_state.subscriber import SubscriberKey
from tests import strategies
from tests.desired_state.builders import NOW
from tests.desired_state.oracle import ModelPlatform, Record, expected, written

LOOKS = 3  # a suspension, then a new name, then the rest


@dataclass
class Fleet:
    """Wishes and the records they are about, on a platform that has others besides."""

    wishes: dict[SubscriberKey, Desired]
    records: dict[SubscriberKey, str]
    platform: ModelPlatform

    def look(self) -> Plan:
        """The plan as of now."""
        return Plan.of(
            diff(wish, self.platform.show(self.records[key], NOW) if key in self.records else None)
            for key, wish in self.wishes.items()
        )

    def perform(self, plan: Plan) -> None:
        """Carry it out, and remember which record is whose."""
        for change in plan.changes:
            before = set(self.platform.records)
            self.platform.perform(change)
            made = set(self.platform.records) - before
            self.records.update((key_of(change), record_id) for record_id in made)
            if change.kind is Kind.DELETE:
                del self.records[key_of(change)]

    def record(self, key: SubscriberKey) -> Record | None:
        """What the platform holds for a subscriber."""
        return self.platform.records.get(self.records.get(key, ""))


@cache
def records_shown() -> st.SearchStrategy[Record]:
    """A record as the model platform holds it."""
    return st.builds(
        lambda seen: {"password": None, "pin": None, **written(seen.spec), "name": seen.external_id},
        strategies.observations(),
    )


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """Some wishes; about half of them have a record; foreign records stand around."""
    pairs = draw(_pairs())
    shown = {f"r{number}": record for number, (_, record) in enumerate(pairs) if record is not None}
    keys = {f"r{number}": wish.key for number, (wish, _) in enumerate(pairs)}
    foreign = {f"foreign-{number}": record for number, record in enumerate(draw(_strangers()))}
    return Fleet(
        wishes={wish.key: wish for wish, _ in pairs},
        records={keys[record_id]: record_id for record_id in shown},
        platform=ModelPlatform({name: dict(record) for name, record in {**shown, **foreign}.items()}),
    )


@cache
def _pairs() -> st.SearchStrategy[list[tuple[Desired, Record | None]]]:
    pair = st.tuples(strategies.desireds(), st.none() | records_shown())
    return st.lists(pair, unique_by=lambda drawn: drawn[0].key, max_size=4)


@cache
def _strangers() -> st.SearchStrategy[list[Record]]:
    return st.lists(records_shown(), max_size=2)


@given(fleets())
def test_p11_what_is_carried_out_leads_where_the_oracle_says_and_then_it_is_quiet(fleet: Fleet) -> None:
    untouched = {name: dict(record) for name, record in fleet.platform.records.items() if name.startswith("foreign")}
    goal = {key: expected(wish, fleet.record(key)) for key, wish in fleet.wishes.items()}

    for _ in range(LOOKS):
        fleet.perform(fleet.look())

    assert {key: fleet.record(key) for key in fleet.wishes} == goal
    assert fleet.look() == Plan(())
    assert {name: fleet.platform.records[name] for name in untouched} == untouched
    assert len(fleet.platform.records) == len(untouched) + sum(record is not None for record in goal.values())


@given(fleets())
def test_one_look_is_enough_where_no_name_changes_and_nothing_is_in_the_way(fleet: Fleet) -> None:
    fleet.wishes = {key: replace(wish, may_rename=False, problems=()) for key, wish in fleet.wishes.items()}
    goal = {key: expected(wish, fleet.record(key)) for key, wish in fleet.wishes.items()}

    fleet.perform(fleet.look())

    assert {key: fleet.record(key) for key in fleet.wishes} == goal
    assert fleet.look().changes == ()


@given(fleets())
def test_p12_nothing_is_written_where_all_is_as_it_should_be(fleet: Fleet) -> None:
    for _ in range(LOOKS):
        fleet.perform(fleet.look())
    calls = fleet.platform.calls

    fleet.perform(fleet.look())

    assert fleet.platform.calls == calls


@given(fleets())
def test_the_first_look_turns_off_whatever_should_be_off(fleet: Fleet) -> None:
    off = [key for key, wish in fleet.wishes.items() if wish.presence in (Presence.SUSPENDED, Presence.DORMANT)]

    fleet.perform(fleet.look())

    assert not any(record["enabled"] for key in off if (record := fleet.record(key)) is not None)


@given(fleets())
def test_a_hold_changes_nothing(fleet: Fleet) -> None:
    fleet.wishes = {key: replace(wish, presence=Presence.HOLD) for key, wish in fleet.wishes.items()}
    assert fleet.look() == Plan(())


@given(fleets())
def test_p03_a_record_is_deleted_only_where_it_should_be_absent(fleet: Fleet) -> None:
    for change in fleet.look().changes:
        assert (change.kind is Kind.DELETE) == (change.desired.presence is Presence.ABSENT)
        assert (change.kind is Kind.CREATE) == (change.observed is None)


@given(fleets(), st.data())
def test_the_order_of_accounts_does_not_matter(fleet: Fleet, data: st.DataObject) -> None:
    plan = fleet.look()
    keys = data.draw(st.permutations(list(fleet.wishes)))
    shuffled = replace(fleet, wishes={key: fleet.wishes[key] for key in keys}).look()

    assert shuffled == plan
    assert shuffled.hash == plan.hash
    assert Plan.of(reversed(plan.changes)) == plan
    assert [key_of(change) for change in plan.changes] == sorted(key_of(change) for change in plan.changes)


# --- the hash --------------------------------------------------------------------------------------------------------


def content(changes: Sequence[Change]) -> list[tuple[object, ...]]:
    """What the changes would do, in the oracle's words."""
    return [
        (
            key_of(change),
            change.kind,
            change.desired.external_id,
            change.observed and (change.observed.external_id, change.observed.record_id, written(change.observed.spec)),
            change.after and written(change.after),
        )
        for change in changes
    ]


@given(strategies.changes(), strategies.changes())
def test_p05_hashes_are_equal_exactly_where_the_contents_are(one: Change, other: Change) -> None:
    assert (Plan((one,)).hash == Plan((other,)).hash) == (content([one]) == content([other]))


@given(strategies.plans(), st.integers(0, 11))
def test_p05_a_plan_with_one_change_less_is_another_plan(plan: Plan, left_out: int) -> None:
    remaining = [change for number, change in enumerate(plan.changes) if number != left_out]
    assert (replace(plan, changes=tuple(remaining)).hash == plan.hash) == (len(remaining) == len(plan.changes))


@given(strategies.plans())
def test_the_hash_is_of_what_is_to_be_done_not_of_when_or_whether_it_waits(plan: Plan) -> None:
    everything = [*plan.changes, *(held.change for held in plan.held)]
    later = [_read_later(change) for change in everything]

    assert Plan.of(later).hash == plan.hash
    assert Plan((), tuple(Held(change, "any", "any") for change in later)).hash == plan.hash


def _read_later(change: Change) -> Change:
    if change.observed is None:
        return change
    later = replace(change.observed, observed_at=change.observed.observed_at + timedelta(minutes=1))
    return replace(change, observed=later, desired=replace(change.desired, reason="another"))


# --- what shows ------------------------------------------------------------------------------------------------------


@given(strategies.plans())
def test_p10_no_repr_of_a_plan_shows_clear_text_a_person_or_a_device(plan: Plan) -> None:
    shown = repr(plan)

    assert strategies.CLEAR_TEXT not in shown
    assert strategies.PERSONAL not in shown
    assert "001A79" not in shown


@given(strategies.changes())
def test_suspending_and_deleting_are_always_destructive_and_creating_never(change: Change) -> None:
    if isinstance(change, Suspend) or change.kind is Kind.DELETE:
        assert is_destructive(change)
    elif change.observed is None:
        assert not is_destructive(change)
    else:
        assert change.after is not None
        had, has = set(change.observed.spec.packages or ()), set(change.after.packages or ())
        assert is_destructive(change) == bool(had - has)
