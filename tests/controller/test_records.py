"""What the store keeps of a platform's lists: nothing of a record that is as before, and all that follows from one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controller.store import Reading, Store
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.listing import Listed
from tests.clocks import START
from tests.desired_state.builders import ON

LAG = timedelta(seconds=10)
HOUR = timedelta(hours=1)
THEIRS = replace(ON, note="VIP")
OURS = replace(ON, note=Owner(3, 1).note)


def record(record_id: str, spec: SubscriberSpec = THEIRS) -> Observation:
    return Observation(f"name of {record_id}", record_id, spec, START)


class Counted(Listed, frozen=True):
    """A row that tells when it is understood."""

    shown: Observation
    understood: list[str]

    def observe(self) -> Observation:
        self.understood.append(self.record_id)
        return self.shown


@dataclass(frozen=True)
class Platform:
    """A store that reads a platform's lists."""

    store: Store
    understood: list[str]

    def read(self, records: Sequence[Observation], began: datetime) -> Reading:
        """Read these, as far as nothing follows from their end."""
        mine, reading = self.store.records("tv", 3), Reading(began, LAG)
        rows = [Counted(each.record_id, Listed.of(each).fingerprint, each, self.understood) for each in records]
        differing, _ = mine.differing(rows, reading)
        mine.merge([(row, row.observe()) for row in differing], reading, began)
        return reading

    def read_whole(self, records: Sequence[Observation], began: datetime, *, drop: bool = True) -> list[str]:
        """Read these as all there are; returns which of ours are not among them."""
        mine, reading = self.store.records("tv", 3), self.read(records, began)
        after = mine.find_missing(reading)
        while after is not None:
            after = mine.find_missing(reading, after)
        now = began + timedelta(hours=1)
        lost = mine.unlisted(reading.missing, reading, now)
        if drop:
            mine.drop_unlisted(reading.missing, reading, now)
        mine.note_missing(reading.missing)
        mine.note_listed(reading)
        return lost

    def seen(self, record_id: str) -> datetime | None:
        """When the record was last seen, if there is one."""
        known = self.store.records("tv", 3).get(record_id)
        return known.observation.observed_at if known is not None else None


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    store = Store.open(tmp_path / "state.db")
    yield Platform(store, [])
    store.close()


def test_a_record_that_is_listed_as_before_is_neither_understood_nor_written(platform: Platform) -> None:
    records = [record("a"), record("b", OURS)]
    platform.read(records, START)
    platform.understood.clear()
    before = platform.store.db.conn.total_changes

    platform.read(records, START + HOUR)

    assert platform.understood == []
    assert platform.store.db.conn.total_changes == before


def test_only_what_differs_is_understood(platform: Platform) -> None:
    platform.read([record("a"), record("b"), record("c")], START)
    platform.understood.clear()

    off = replace(THEIRS, enabled=False)
    platform.read([record("a"), record("b", off), replace(record("c"), external_id="x"), record("d")], START + HOUR)

    assert platform.understood == ["b", "c", "d"]
    known = platform.store.records("tv", 3).get("b")
    assert known is not None
    assert known.observation.spec.enabled is False


def test_a_record_is_seen_whenever_a_whole_list_shows_it(platform: Platform) -> None:
    platform.read_whole([record("a")], START)
    platform.read_whole([record("a")], START + HOUR)
    assert platform.seen("a") == START + HOUR


def test_a_list_that_is_cut_off_says_nothing_about_the_rest(platform: Platform) -> None:
    platform.read_whole([record("a"), record("b")], START)
    platform.read([record("b", OURS)], START + HOUR)
    assert (platform.seen("a"), platform.seen("b")) == (START, START + HOUR)


def test_what_a_whole_list_does_not_show_is_forgotten(platform: Platform) -> None:
    platform.read_whole([record("a"), record("b", OURS), record("c")], START)
    assert platform.read_whole([record("c")], START + HOUR) == ["b"]
    assert [platform.seen(each) for each in "abc"] == [None, None, START + HOUR]


def test_what_is_kept_although_a_list_did_not_show_it_was_seen_before(platform: Platform) -> None:
    platform.read_whole([record("a", OURS), record("b")], START)
    platform.read_whole([record("b")], START + HOUR, drop=False)
    platform.read_whole([record("b")], START + 2 * HOUR, drop=False)
    assert (platform.seen("a"), platform.seen("b")) == (START, START + 2 * HOUR)

    platform.read_whole([record("a", OURS), record("b")], START + 3 * HOUR)
    assert platform.seen("a") == START + 3 * HOUR


def test_a_list_that_is_older_than_a_write_does_not_contradict_it(platform: Platform) -> None:
    platform.read_whole([record("a", OURS)], START)
    records, at = platform.store.records("tv", 3), START + HOUR
    records.note_written(replace(record("a", replace(OURS, enabled=False)), observed_at=at), 1, at)

    assert platform.read_whole([record("a", OURS)], at + LAG / 2) == []
    assert platform.read_whole([], at + LAG / 2) == []
    known = records.get("a")
    assert known is not None
    assert known.observation.spec.enabled is False
    assert platform.seen("a") == at

    platform.read_whole([record("a", OURS)], at + 2 * LAG)
    known = records.get("a")
    assert known is not None
    assert known.observation.spec.enabled is True


def test_a_record_that_was_removed_is_not_brought_back_by_an_older_list(platform: Platform) -> None:
    platform.read_whole([record("a", OURS)], START)
    records, at = platform.store.records("tv", 3), START + HOUR
    records.note_removed("a", at)

    platform.read_whole([record("a", OURS)], at + LAG / 2)
    assert not records.is_bound(1)
    platform.read_whole([record("a", OURS)], at + 2 * LAG)
    assert records.is_bound(1)


def test_a_look_is_newer_than_the_list_before_it(platform: Platform) -> None:
    platform.read_whole([record("a")], START)
    records = platform.store.records("tv", 3)
    records.note_observed("a", replace(record("a", OURS), observed_at=START + HOUR))
    assert platform.seen("a") == START + HOUR

    platform.read_whole([record("a")], START + 2 * HOUR)
    known = records.get("a")
    assert known is not None
    assert known.observation.spec == THEIRS


def test_of_many_records_exactly_those_are_missing_that_were_not_shown(platform: Platform) -> None:
    records = [record(f"{number}", replace(ON, note=Owner(3, number).note)) for number in range(5100)]
    platform.read_whole(records, START)
    gone = {"0", "1", "7", "8", "4999", "5000", "5001", "5099"}
    assert set(platform.read_whole([each for each in records if each.record_id not in gone], START + HOUR)) == gone


def test_the_account_bore_its_record_until_the_last_list_that_showed_it(platform: Platform) -> None:
    platform.read_whole([record("a", OURS)], START)
    platform.read_whole([record("a", OURS)], START + HOUR)
    platform.read_whole([], START + 2 * HOUR)
    bore = platform.store.db.conn.execute("SELECT i_account, since, until FROM bearers").fetchall()
    assert bore == [(1, START.timestamp(), (START + HOUR).timestamp())]


def test_a_record_that_is_adopted_is_borne_since_it_was_seen_last(platform: Platform) -> None:
    platform.read_whole([record("a")], START)
    platform.read_whole([record("a")], START + HOUR)
    platform.store.records("tv", 3).bind("a", 1)
    (since,) = platform.store.db.conn.execute("SELECT borne_since FROM records").fetchone()
    assert since == (START + HOUR).timestamp()
