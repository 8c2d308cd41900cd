"""What the store says without counting is what a count comes to, whatever was written."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.store import Store, told_counts
from controller.store.connection import Database
from controller.store.database import writing
from controller.store.migrations import migrate
from desired_state.subscriber import State
from tests.clocks import START

NUMBERS = st.integers(1, 4)
AT = st.sampled_from([None, 5.0, 7.0, 9.0])
PRESENCES = st.sampled_from([None, "active", "absent", "hold"])
HOLDERS = st.sampled_from([None, "brake", "observe", "waiting", "conflict", "decision"])
SAID = st.sampled_from(["0", "1it waits", "3refused"])


def put(table: str, keys: str, **columns: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[str, list[object]]]:
    """A statement that makes a row, or changes it where it is there."""
    names, changes = ", ".join(columns), ", ".join(f"{name} = excluded.{name}" for name in columns)
    query = (
        f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
        f" ON CONFLICT ({keys}) DO UPDATE SET {changes}"
    )
    return st.tuples(st.just(query), st.tuples(*columns.values()).map(list))


ACCOUNT = put(
    "accounts", "billing, i_account", billing=st.just("billing"), i_account=NUMBERS, id=st.just("x"),
    account=st.just("{}"), details_due=st.integers(0, 1), details_at=AT, missing_since=AT, presence=PRESENCES,
    unreadable=st.sampled_from([None, "odd"]),
)  # fmt: skip
SUBSCRIBER = put(
    "subscribers", "platform, i_account", platform=st.just("tv"), i_account=NUMBERS, desired=st.just("{}"),
    desired_fp=st.just(b"x"), external_id=st.just("x"), state=st.sampled_from(State), held_by=HOLDERS,
    unconverged_since=AT, failures=st.integers(0, 4),
)  # fmt: skip
RECORD = put(
    "records", "platform, record_id", platform=st.just("tv"), record_id=NUMBERS.map(str), external_id=st.just("x"),
    i_account=st.sampled_from([None, 1, 2]), spec=st.just("{}"), listed_fp=st.just(b""), observed_fp=st.just(b""),
    observed_at=st.just(1.0), gone=st.integers(0, 1), written_at=st.just(1.0),
)  # fmt: skip
TOLD = put(
    "told", "billing, i_account", billing=st.just("billing"), i_account=NUMBERS, said=SAID, refused=st.integers(0, 1)
)
GOES = st.tuples(
    st.sampled_from(["accounts", "subscribers", "records", "told"]).map("DELETE FROM {} WHERE i_account = ?".format),
    NUMBERS.map(lambda number: [number]),
)
HISTORIES = st.lists(st.tuples(st.one_of(ACCOUNT, SUBSCRIBER, RECORD, TOLD, GOES), st.booleans()), max_size=25)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "state.db"
    Store.open(path).close()
    return path


@contextmanager
def copied(path: Path) -> Iterator[Store]:
    store = Store.open(path)
    copy = store.copy()
    store.close()
    try:
        yield copy
    finally:
        copy.close()


def rows(store: Store, columns: str, table: str) -> list[tuple[Any, ...]]:
    return list(store.db.conn.execute(f"SELECT {columns} FROM {table}"))


@given(history=HISTORIES)
def test_what_is_not_counted_is_known_whatever_was_written_and_what_was_undone(
    empty: Path, history: list[tuple[tuple[str, list[object]], bool]]
) -> None:
    with copied(empty) as store:
        for (query, values), is_kept in history:
            with writing(store.db):
                store.db.conn.execute("SAVEPOINT one")
                store.db.conn.execute(query, values)
                if not is_kept:
                    store.db.conn.execute("ROLLBACK TO one")
        accounts_are_known(store)
        subscribers_are_known(store)
        ours = [i_account is not None for i_account, gone in rows(store, "i_account, gone", "records") if not gone]
        records = store.records("tv", 3)
        assert (records.owned(), records.foreign()) == (ours.count(True), ours.count(False))
        told = Counter(int(said[0]) for said, refused in rows(store, "said, refused", "told") if not refused)
        counts, refusals = told_counts(store.db, "billing")
        assert Counter({int(status): count for status, count in counts.items()}) == told
        assert refusals == sum(bool(refused) for (refused,) in rows(store, "refused", "told"))


def accounts_are_known(store: Store) -> None:
    accounts = store.accounts("billing")
    listed = [
        row[1:]
        for row in rows(store, "missing_since, presence, details_due, details_at, unreadable", "accounts")
        if row[0] is None
    ]
    known = [row for row in listed if row[0] != "absent"]
    read = [at for _, due, at, _ in known if not due and at is not None]
    assert accounts.count_by_presence() == Counter(presence for presence, *_ in listed if presence is not None)
    assert accounts.population() == len(known)
    assert accounts.unread() == sum(bool(due) and unreadable is None for _, due, _, unreadable in known)
    count, oldest = accounts.auditable()
    assert (count, oldest and oldest.timestamp()) == (len(read), min(read, default=None))
    assert len(accounts.oldest_details(9, START)) == len(read)


def subscribers_are_known(store: Store) -> None:
    subscribers = store.subscribers("tv")
    known = rows(store, "i_account, state, held_by, failures, unconverged_since", "subscribers")
    assert subscribers.counts() == dict.fromkeys(State, 0) | Counter(State(state) for _, state, *_ in known)
    waiting = [since for *_, since in known if since is not None]
    oldest = subscribers.oldest_unconverged()
    assert (oldest and oldest.timestamp()) == min(waiting, default=None)
    for_attention = [by for _, state, by, *_ in known if state == "held" and by in ("waiting", "conflict", "decision")]
    assert subscribers.held_for_attention() == len(for_attention)
    troubled = [
        (since is not None, since or 0.0, i_account)
        for i_account, state, by, failures, since in known
        if state in ("conflict", "parked")
        or (state == "backoff" and failures >= 3)
        or (state == "pending" and by == "waiting")
        or (state == "held" and by in ("brake", "waiting", "conflict", "decision"))
    ]
    in_trouble = [i_account for i_account, _ in subscribers.in_trouble(9)]
    assert in_trouble == [i_account for *_, i_account in sorted(troubled)]
    assert in_trouble[:2] == [i_account for i_account, _ in subscribers.in_trouble(2)]


CHARGE = (
    "INSERT INTO charges (billing, platform, id, reference, kind, record_id, external_id, title, currency, refund_of,"
    " problem, essence, received_at, must_look, state)"
    " VALUES ('billing', 'tv', ?, '', ?, '', '', '', '', '', '', '', 1, 0, 'parked')"
)


def test_a_store_of_an_older_version_knows_at_once_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(Database.connected(path)) as older:
        migrate(older, stop_before="tallies")
        older.conn.executemany(CHARGE, [("1", "sale"), ("2", "sale")])
        older.conn.execute("INSERT INTO told (billing, i_account, said, refused) VALUES ('billing', 1, '3no', 1)")
        older.conn.commit()
    with closing(Store.open(path)) as store:
        store.db.conn.execute(CHARGE, ("3", "refund"))
        assert sum(store.charges.counts().values()) == 3
        assert {key[2]: count for key, count in store.charges.unsettled().items()} == {"sale": 2, "refund": 1}
        assert told_counts(store.db, "billing")[1] == 1
