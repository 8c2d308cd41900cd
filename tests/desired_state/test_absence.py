"""P3, the rule itself: two lists far enough apart and a look-up after them, in whatever order things happen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.absence import ABSENT, APART, Absence, Grace, because, denied, grace, next_step, off_since, unlisted
from desired_state.account import Account
from desired_state.desired import PlatformRules, desired
from desired_state.entitlement import Decision, Presence
from desired_state.plan import Delete, Plan, Suspend, Update, creates
from desired_state.policy import certain_absence
from tests import strategies
from tests.desired_state.builders import DAY, DETAILS, FINE, HOUR, NOW, OFF, OFFER, ON, SECOND, TV, decide, record, wish

MINUTE = timedelta(minutes=1)
PROVEN = Absence(NOW, 2, NOW + APART, NOW + APART, NOW + APART)


@dataclass(frozen=True, slots=True)
class Event:
    """Something about one account: `began` and `ended` are minutes. The kinds that say nothing are among them."""

    kind: str
    began: int
    ended: int


@cache
def histories() -> st.SearchStrategy[Sequence[Event]]:
    """Lists and look-ups one after the other, with pauses around the 15 minutes that matter."""
    kinds = st.sampled_from(["list", "list", "denied", "denied", "incomplete", "fault", "shown"])
    step = st.tuples(kinds, st.sampled_from([0, 1, 5, 14, 15, 16]), st.sampled_from([0, 1, 15]))
    return st.lists(step, max_size=12).map(_in_order)


def _in_order(steps: Sequence[tuple[str, int, int]]) -> Sequence[Event]:
    events, now = list[Event](), 0
    for kind, pause, lasts in steps:
        began, now = now + pause, now + pause + lasts
        events.append(Event(kind, began, now))
    return events


def after(known: Absence | None, event: Event) -> Absence | None:
    """What the shell does: only lists that are complete and denials are told, and being seen ends it."""
    began, ended = NOW + event.began * MINUTE, NOW + event.ended * MINUTE
    if event.kind == "shown":
        return None
    if event.kind == "list":
        return unlisted(known, began, ended)
    return denied(known, began) if event.kind == "denied" and known is not None else known


def is_proven(events: Sequence[Event]) -> bool:
    """P3 as it is written, over the whole history at once."""
    seen = max((number for number, event in enumerate(events) if event.kind == "shown"), default=-1)
    rest = events[seen + 1 :]
    lists = [event for event in rest if event.kind == "list"]
    return any(
        second.began - first.ended >= 15 and look_up.began >= second.ended
        for first in lists
        for second in lists
        for look_up in rest[rest.index(second) :]
        if look_up.kind == "denied"
    )


@given(histories())
def test_p03_an_absence_is_proven_exactly_by_two_lists_fifteen_minutes_apart_and_a_look_up_after_them(
    events: Sequence[Event],
) -> None:
    known = reduce(after, events, None)
    assert (known is not None and known.is_proven) is is_proven(events)


@given(histories())
def test_what_proves_nothing_may_come_at_any_time_or_not_at_all(events: Sequence[Event]) -> None:
    telling = [event for event in events if event.kind not in ("incomplete", "fault")]
    assert reduce(after, events, None) == reduce(after, telling, None)


@given(histories(), st.integers(1, 100_000), st.data())
def test_a_clock_that_was_set_back_proves_nothing_sooner(
    events: Sequence[Event], back: int, data: st.DataObject
) -> None:
    """The instants that a proof rests on are as far apart as they have to be, whatever the clock did between others."""
    turn = data.draw(st.integers(0, len(events)))
    late = [replace(event, began=event.began - back, ended=event.ended - back) for event in events[turn:]]
    known = reduce(after, [*events[:turn], *late], None)
    if known is not None and known.proven_at is not None:
        assert is_proven(events)


def test_the_fifteen_minutes_count_from_the_end_of_one_list_to_the_beginning_of_the_next() -> None:
    first = unlisted(None, NOW, NOW + HOUR)
    assert first == Absence(NOW, 1, NOW + HOUR)
    assert unlisted(first, NOW + HOUR + APART - SECOND, NOW + 2 * HOUR) is first
    second = unlisted(first, NOW + HOUR + APART, NOW + 2 * HOUR)
    assert (second.lists, second.counted_at, second.since) == (2, NOW + 2 * HOUR, NOW)
    assert (first.awaits_look_up, second.awaits_look_up) == (False, True)


def test_a_look_up_counts_when_it_is_the_last_word_and_the_first_proof_stays() -> None:
    two = Absence(NOW, 2, NOW + HOUR)
    assert denied(replace(two, lists=1), NOW + HOUR).proven_at is None
    early = denied(two, NOW + HOUR - SECOND)
    assert (early.looked_up_at, early.proven_at, early.awaits_look_up) == (NOW + HOUR - SECOND, None, True)
    proven = denied(two, NOW + HOUR)
    assert (proven.proven_at, proven.is_proven, proven.awaits_look_up) == (NOW + HOUR, True, False)
    assert denied(proven, NOW + DAY) == replace(proven, looked_up_at=NOW + DAY)
    assert unlisted(proven, NOW + DAY, NOW + DAY).proven_at == NOW + HOUR
    assert unlisted(proven, NOW, NOW + SECOND) == Absence(NOW, 1, NOW + SECOND), "that clock was wrong"


def test_the_grace_counts_from_when_the_record_is_off_and_no_wrong_clock_shortens_it() -> None:
    assert off_since(None, NOW, is_off=False) is None
    assert off_since(NOW - DAY, NOW, is_off=False) is None
    assert off_since(None, NOW, is_off=True) == NOW
    assert off_since(NOW - DAY, NOW, is_off=True) == NOW - DAY
    assert off_since(NOW, NOW, is_off=True) == NOW
    assert off_since(NOW + DAY, NOW, is_off=True) == NOW
    assert grace(None, DAY, NOW) == Grace(None, None, is_over=False)
    assert grace(NOW, DAY, NOW + DAY - SECOND) == Grace(NOW, NOW + DAY, is_over=False)
    assert grace(NOW, DAY, NOW + DAY) == Grace(NOW, NOW + DAY, is_over=True)


@cache
def absent() -> st.SearchStrategy[Decision]:
    """The decision about an account that is proven to be gone, whatever it had been."""
    return strategies.decisions().map(
        lambda decision: replace(decision, presence=Presence.ABSENT, reason=ABSENT, services=(), absence=PROVEN)
    )


@given(strategies.accounts(), absent(), strategies.platform_rules(), st.booleans())
def test_p03_no_setting_lets_an_absent_account_be_anything_but_off_before_its_grace_is_over(
    account: Account, decision: Decision, rules: PlatformRules, is_over: bool
) -> None:
    left = Grace(NOW, NOW + DAY, is_over=is_over)
    wished = desired(account, decision, rules, OFFER, left)

    goes = is_over and rules.delete_enabled
    assert wished.presence is (Presence.ABSENT if goes else Presence.DORMANT)
    assert wished.spec is None if goes else wished.spec is not None and not wished.spec.enabled
    assert (wished.reason, creates(wished), wished.moved_to) == (ABSENT, False, ())
    assert wished.because.startswith("absent from billing since 2026-03-10T12:00:00+00:00, confirmed")


def test_the_name_that_its_record_gets_when_another_account_needs_the_present_one() -> None:
    decision = replace(decide(FINE), presence=Presence.ABSENT, reason=ABSENT, services=(), absence=PROVEN)
    wished = desired(FINE, decision, TV, OFFER)
    assert (wished.external_id, wished.bears) == ("tv000101_3", "absent-70101_3")
    terminated = replace(FINE, bill_status="C", id="tv000101-old000", details=DETAILS)
    assert desired(terminated, decision, TV, OFFER).bears == "tv000101-old000_3"


def test_the_sentences_say_since_when_how_it_is_known_and_what_comes() -> None:
    fact = "absent from billing since 2026-03-10T12:00:00+00:00, confirmed by a look-up at 2026-03-10T12:15:00+00:00"
    assert because(PROVEN, Grace(NOW, NOW + DAY), DAY, deletes=True) == f"{fact}, will be deleted after {at(NOW + DAY)}"
    assert because(PROVEN, Grace(), 2 * DAY, deletes=True) == (
        f"{fact}; will be switched off, and deleted when it has been off for 2 days"
    )
    assert because(PROVEN, Grace(), 90 * MINUTE, deletes=True).endswith("deleted when it has been off for 1:30:00")
    stays = f"{fact}; stays switched off, because delete_enabled is false"
    assert because(PROVEN, Grace(NOW, NOW + DAY), DAY, deletes=False) == stays


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (None, "counts as the first"),
        (Absence(NOW, 1, NOW), "begins after 2026-03-10T12:15:00+00:00 counts as the second"),
        (Absence(NOW, 2, NOW), "is asked for the account itself with every pass"),
        (PROVEN, "are switched off"),
    ],
)
def test_what_comes_next(known: Absence | None, says: str) -> None:
    assert says in next_step(known)


def test_p03_while_the_last_list_is_in_doubt_nothing_is_taken_away_for_an_absence() -> None:
    gone = replace(wish(Presence.DORMANT, OFF), reason=ABSENT)
    off, delete = Suspend(gone, OFF, record(ON)), Delete(gone, record(OFF))
    lets_go = Update(gone, replace(OFF, device_ids=()), record(OFF))
    of_another = Suspend(wish(Presence.SUSPENDED, OFF), OFF, record(ON))
    plan = Plan((off, delete, lets_go, of_another))

    checked = certain_absence("page 3 is missing")(plan)

    assert checked.changes == (lets_go, of_another)
    text = (
        "billing's last list is not proven complete (page 3 is missing); until one is, no absence takes anything away"
    )
    assert [(each.change, each.by, each.text) for each in checked.held] == [
        (off, "incomplete_source", text),
        (delete, "incomplete_source", text),
    ]
    assert certain_absence(None)(plan) == plan


def at(instant: datetime) -> str:
    return instant.isoformat()
