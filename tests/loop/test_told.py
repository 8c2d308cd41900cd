"""What billing was told, held against how its accounts stand: a million rows cost a walk over keys."""

from pathlib import Path

import pytest

from controller.store import Audience, Provisioning, Store, Telling, told_counts
from controller.store.told import PROVISIONING
from desired_state.subscriber import State

AUDIENCE = Audience("billing", ("tv", "vod"), ("watched",))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "state.db")


def put(store: Store, platform: str, i_account: int, state: State, text: str | None = None) -> None:
    store.db.conn.execute(
        "INSERT INTO subscribers (platform, i_account, desired, desired_fp, external_id, state, text)"
        " VALUES (?, ?, '', x'', '', ?, ?)",
        (platform, i_account, state.value, text),
    )


def test_every_state_has_a_status() -> None:
    assert set(PROVISIONING) == set(State)


@pytest.mark.parametrize("state", State)
def test_a_state_is_told_as_its_status(store: Store, state: State) -> None:
    put(store, "tv", 1, state, "why")
    status = PROVISIONING[state]
    assert store.told(AUDIENCE).differing([1]) == [Telling(1, status, "why" if status else "")]


def test_the_worst_platform_speaks_with_its_own_sentence(store: Store) -> None:
    put(store, "tv", 1, State.IN_SYNC)
    put(store, "vod", 1, State.BACKOFF, "later")
    put(store, "watched", 1, State.PARKED, "refused")
    assert store.told(AUDIENCE).differing([1]) == [Telling(1, Provisioning.RETRY, "later")]


def test_what_was_told_is_not_told_again_and_another_sentence_is(store: Store) -> None:
    told = store.told(AUDIENCE)
    put(store, "tv", 1, State.PARKED, "refused")
    told.note(Telling(1, Provisioning.FAILED, "refused"), refused=False)
    assert told.differing([1]) == []
    store.db.conn.execute("UPDATE subscribers SET text = 'refused again'")
    assert told.differing([1]) == [Telling(1, Provisioning.FAILED, "refused again")]


def test_what_was_refused_waits_for_another_status(store: Store) -> None:
    told = store.told(AUDIENCE)
    put(store, "tv", 1, State.PARKED, "refused again")
    told.note(Telling(1, Provisioning.FAILED, "refused"), refused=True)
    assert told.differing([1]) == []
    assert told_counts(store.db, "billing") == (dict.fromkeys(Provisioning, 0), 1)
    store.db.conn.execute("UPDATE subscribers SET state = 'backoff'")
    assert told.differing([1]) == [Telling(1, Provisioning.RETRY, "refused again")]


def test_the_walk_meets_every_account_once_whatever_table_it_stands_in(store: Store) -> None:
    told = store.told(AUDIENCE)
    for i_account in range(1, 30):
        put(store, ("tv", "vod")[i_account % 2], i_account, State.IN_SYNC)
    put(store, "tv", 7, State.IN_SYNC)
    told.note(Telling(40, Provisioning.FAILED, ""), refused=False)
    put(store, "other billing's", 50, State.IN_SYNC)

    met: list[int] = []
    while part := told.after(met[-1] if met else 0, 4):
        met += part

    assert met == [*range(1, 30), 40]
    assert told.differing([40]) == [Telling(40, Provisioning.OK, "")]


def test_the_comparison_only_searches_by_key(store: Store) -> None:
    statements: list[str] = []
    store.db.conn.set_trace_callback(statements.append)
    store.told(AUDIENCE).differing([1])
    store.told(AUDIENCE).after(0, 10)
    store.db.conn.set_trace_callback(None)

    plans = [row[3] for each in statements for row in store.db.conn.execute(f"EXPLAIN QUERY PLAN {each}")]

    assert any(plan.startswith("SEARCH s USING PRIMARY KEY") for plan in plans), plans
    assert [plan for plan in plans if plan.startswith(("SCAN s", "SCAN t"))] == []
