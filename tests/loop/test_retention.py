"""What grows with time is cut back by age and by number, in steps, and nothing goes on which others rest."""

import sqlite3  # noqa: TID251  another program that reads the database
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from controller.keep import Keep
from controller.retention import BETWEEN_ROUNDS, Retention
from controller.store import HeldChange, Store
from controller.store.database import WAL_BYTES
from controller.store.ledger import Ledger
from controller.store.retention import FEW_PAGES, PAGES, ROWS
from desired_state.subscriber import SubscriberKey
from tests.bed import Bed
from tests.clocks import START, VirtualClock
from tests.loop.years import ACCOUNTS, CHANGES, announce, change, key, note, work

DAY = timedelta(days=1)
MEGABYTE = 1024 * 1024
MONTH = Keep(30 * DAY, rows=1_000_000)
FEW = Keep(400 * DAY, rows=50)
NOBODY = SubscriberKey("tv", 1)
SOON = 3


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "state.db")
    yield opened
    opened.close()


async def cut_back(store: Store, keep: Keep, now: datetime, *, steps: int = 10_000) -> dict[str, int]:
    """A round, or so many steps of it; says how many rows went from which table."""
    went: dict[str, int] = {}
    retention = Retention(
        keep,
        Ledger(lambda: store, threaded=False),
        VirtualClock(now),
        lambda table, rows: went.update({table: went.get(table, 0) + rows}),
    )
    for _ in range(steps):
        if await retention.step() == BETWEEN_ROUNDS:
            break
    return went


def calls(store: Store) -> list[datetime]:
    """When each call ended that the audit has, the oldest first."""
    return [row.row.closed_at for row in store.journal.latest_of_all(100_000)[::-1] if row.row.closed_at]


def pages(store: Store) -> int:
    return int(store.db.conn.execute("PRAGMA page_count").fetchone()[0])


def wish(store: Store, who: SubscriberKey) -> None:
    """Have a subscriber of that account."""
    with store.transaction():
        store.db.conn.execute(
            "INSERT INTO subscribers (platform, i_account, desired, desired_fp, external_id, state)"
            " VALUES (?, ?, '', x'00', '', 'in_sync')",
            (who.platform, who.i_account),
        )


def write(store: Store, megabytes: int) -> None:
    """Have something large in the file."""
    with store.transaction():
        store.db.conn.execute("INSERT INTO meta VALUES ('large', zeroblob(?))", (megabytes * MEGABYTE,))


def take_out(store: Store) -> None:
    with store.transaction():
        store.db.conn.execute("DELETE FROM meta WHERE key = 'large'")


async def test_what_is_older_than_the_retention_goes_and_all_younger_stays(store: Store) -> None:
    work(store, START, days=100)
    now = START + 100 * DAY

    went = await cut_back(store, MONTH, now)

    assert went == {"audit": 70 * CHANGES, "orders": 70}
    assert calls(store)[0] == now - 30 * DAY
    assert len(calls(store)) == 30 * CHANGES
    assert store.retention.cut_until("audit") == now - 30 * DAY - DAY / CHANGES


async def test_of_more_calls_than_may_be_kept_the_oldest_go(store: Store) -> None:
    work(store, START, days=100)
    await cut_back(store, FEW, START + 100 * DAY)
    assert calls(store) == [START + 95 * DAY + DAY / CHANGES * each for each in range(50)]


async def test_nothing_goes_where_nothing_is_old(store: Store) -> None:
    work(store, START, days=10)
    assert await cut_back(store, MONTH, START + 10 * DAY) == {"audit": 0, "orders": 0}
    assert store.retention.cut_until("audit") is None


async def test_p04_what_the_brake_counts_of_the_last_day_stays_however_few_may_be_kept(store: Store) -> None:
    work(store, START, days=20, changes=100)
    now = START + 20 * DAY
    counted = store.journal.destructive_since("tv", now - DAY)

    await cut_back(store, Keep(2 * DAY, rows=1), now)

    assert store.journal.destructive_since("tv", now - DAY) == counted == 99
    assert calls(store)[0] == now - 2 * DAY


async def test_p21_the_last_call_of_each_subscriber_stays_however_old(store: Store) -> None:
    wish(store, key(0))
    with store.transaction():
        for day in range(3):
            change(store, key(0), START + day * DAY)
            change(store, NOBODY, START + day * DAY)
    work(store, START + 10 * DAY, days=100)

    await cut_back(store, MONTH, START + 800 * DAY)

    assert len(store.journal.latest(key(0), 10)) == 1
    assert not store.journal.latest(NOBODY, 10), "of whom nothing is wished, and nothing held, all goes in the end"


async def test_p21_an_account_that_nothing_happened_to_for_years_is_explained_with_its_last_call(bed: Bed) -> None:
    bed.tv_account()
    await bed.full_pass()
    bed.world.advance(1000 * DAY)
    store = await bed.store()
    work(store, bed.world.now() - 500 * DAY, days=100)

    went = await cut_back(store, MONTH, bed.world.now())

    explained = await bed.explain("tv000001")
    assert went["audit"] == 100 * CHANGES - 1, "and the newest of all stays as well"
    assert [each["kind"] for each in explained["platforms"]["tv"]["last_actions"]] == ["create"]


async def test_p08_a_database_of_which_all_calls_are_cut_back_is_not_taken_for_an_old_copy(bed: Bed) -> None:
    store = await bed.store()
    work(store, bed.world.now(), days=10)
    bed.tv_account()
    await bed.full_pass()
    await bed.application.loop.marker.write()
    before = store.recovery.identity()
    bed.world.advance(1000 * DAY)

    await cut_back(store, Keep(2 * DAY, rows=1), bed.world.now())
    bed.restart()
    await bed.full_pass()

    assert (await bed.store()).recovery.identity() == before
    assert (await bed.store()).recovery.rebuilding("tv") is None


async def test_p16_a_call_whose_outcome_nobody_knows_is_never_cut_back(store: Store) -> None:
    with store.transaction():
        in_doubt = announce(store, NOBODY, START)
    work(store, START, days=10)

    await cut_back(store, MONTH, START + 500 * DAY)
    assert [intent.number for intent in store.journal.open_of("tv", NOBODY.i_account)] == [in_doubt]

    with store.transaction():
        store.journal.close(in_doubt, "ok", None, START + 500 * DAY)
    await cut_back(store, MONTH, START + 501 * DAY)
    assert [row.result for row in store.journal.latest(NOBODY, 10)] == ["ok"], "its age counts from its outcome"


async def test_who_approved_a_plan_is_known_until_all_of_it_is_done(store: Store) -> None:
    with store.transaction():
        note(store, START, plan="abc")
        note(store, START, plan="spent")
        store.holds.approve_adoption("tv", HeldChange(70001, "change"), "abc", START)
        note(store, START + 499 * DAY)

    assert await cut_back(store, MONTH, START + 500 * DAY) == {"audit": 0, "orders": 1}
    assert store.operator.who_decided("abc") == "anna"
    assert store.operator.who_decided("spent") is None


async def test_in_a_year_the_store_grows_to_what_is_kept_and_no_further(store: Store) -> None:
    for number in range(ACCOUNTS):
        wish(store, key(number))
    sizes = []
    for ten_days in range(36):
        begins = START + 10 * ten_days * DAY
        work(store, begins, days=10)
        await cut_back(store, MONTH, begins + 10 * DAY)
        sizes.append(pages(store))

    assert len(calls(store)) == 30 * CHANGES
    assert sizes[-1] <= sizes[5] + 2


async def test_a_step_takes_a_few_rows_and_the_next_goes_on_where_it_was(store: Store) -> None:
    work(store, START, days=100)
    for step in range(1, 4):
        went = await cut_back(store, MONTH, START + 500 * DAY, steps=1)
        assert went == {"audit": ROWS}
        assert len(calls(store)) == 100 * CHANGES - step * ROWS


async def test_p18_events_are_taken_and_acted_upon_between_the_steps(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(store={"audit": {"max_rows": 1}})
    store = await bed.store()
    work(store, bed.world.now() - 100 * DAY, days=30, changes=100)
    account = bed.tv_account()

    async with bed.daemon():
        await bed.world.sleep(70)
        before = len(calls(store))
        bed.billing.change("block", i_account=account)
        answer = await bed.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(SOON)
        status, after = bed.customer("tv000001_3")["status"], len(calls(store))
        await bed.world.sleep(30)

    assert (answer.status_code, status) == (200, "disabled")
    assert 30 * 100 > before > after > 2, "the round was going on"
    assert len(calls(store)) == 2


async def test_p16_a_kill_between_two_steps_loses_nothing_and_the_next_process_goes_on(store: Store) -> None:
    work(store, START, days=100)
    now = START + 100 * DAY
    await cut_back(store, MONTH, now, steps=2)
    store.db.close()

    with closing(Store.open(store.path)) as another:
        assert len(calls(another)) == 100 * CHANGES - 2 * ROWS
        await cut_back(another, MONTH, now)
        assert len(calls(another)) == 30 * CHANGES


async def test_nothing_is_cut_back_while_the_store_is_in_trouble_and_it_goes_on_afterwards(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(store={"audit": {"max_rows": 1}})
    store = await bed.store()
    work(store, bed.world.now() - 100 * DAY, days=30)

    async with bed.daemon():
        await bed.world.sleep(30)
        store.db.conn.execute("PRAGMA query_only = 1")
        await bed.world.sleep(130)
        assert len(calls(store)) == 30 * CHANGES
        store.db.conn.execute("PRAGMA query_only = 0")
        await bed.world.sleep(130)

    assert len(calls(store)) == 1


async def test_room_that_is_left_goes_back_to_the_disk_in_steps_until_there_is_little(store: Store) -> None:
    write(store, 16)
    take_out(store)
    work(store, START, days=10)
    sizes = [pages(store)]
    while store.retention.unused_pages() > FEW_PAGES:
        with store.transaction():
            assert store.retention.vacuum()
        sizes.append(pages(store))

    assert all(1 <= before - after <= PAGES + 2 for before, after in pairwise(sizes))
    assert len(sizes) > 10
    with store.transaction():
        assert not store.retention.vacuum()
    assert len(calls(store)) == 10 * CHANGES
    assert store.db.conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_the_retention_gives_back_room_when_all_is_cut(store: Store) -> None:
    write(store, 16)
    take_out(store)
    await cut_back(store, MONTH, START)
    assert store.retention.unused_pages() <= FEW_PAGES


async def test_a_store_of_an_older_version_keeps_its_room_for_new_rows_until_it_is_vacuumed_by_hand(
    tmp_path: Path,
) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as conn:
        conn.execute("CREATE TABLE first (x)")
        conn.execute("DROP TABLE first")
    with closing(Store.open(tmp_path / "old.db")) as old:
        write(old, 16)
        large = pages(old)
        take_out(old)
        await cut_back(old, MONTH, START)
        assert pages(old) == large
        work(old, START, days=50)
        assert pages(old) == large

    with closing(sqlite3.connect(tmp_path / "old.db")) as conn:  # as deploy/operations.md has it
        conn.execute("PRAGMA auto_vacuum = 2")
        conn.execute("VACUUM")
    with closing(Store.open(tmp_path / "old.db")) as old:
        assert pages(old) < large / 2
        write(old, 16)
        take_out(old)
        await cut_back(old, MONTH, START)
        assert old.retention.unused_pages() <= FEW_PAGES


def test_the_log_beside_the_file_is_short_again_when_a_long_reader_has_ended(store: Store) -> None:
    wal = store.path.with_name("state.db-wal")
    with Store.as_it_stands(store.path) as reader:
        reader.targets.meta("large")
        write(store, WAL_BYTES // MEGABYTE + 2)
        assert wal.stat().st_size > WAL_BYTES
    take_out(store)
    write(store, 1)
    assert wal.stat().st_size <= WAL_BYTES
