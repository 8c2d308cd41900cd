"""Group commit: what was given out is committed, and what failed takes along only what it must."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.store import Ledger, Store, StoreError


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """A ledger with a thread of its own, as the daemon has it."""
    made = Ledger(lambda: Store.open(tmp_path / "state.db"), threaded=True)
    yield made
    await made.close()


async def test_one_that_fails_undoes_its_own_changes_and_nobody_elses(ledger: Ledger) -> None:
    def failing(store: Store) -> None:
        store.targets.set_meta("lost", "lost")
        raise ValueError("a bug")

    outcomes = await asyncio.gather(
        ledger.run(lambda store: store.targets.set_meta("a", "1")),
        ledger.run(failing),
        ledger.run(lambda store: store.targets.set_meta("b", "2"), durable=True),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
    kept = await ledger.run(lambda store: [store.targets.meta(word) for word in ("a", "lost", "b")])
    assert kept == ["1", None, "2"]


async def test_p16_on_a_full_disk_nothing_is_given_out_as_committed_that_is_not(ledger: Ledger) -> None:
    def limit(store: Store) -> None:
        (pages,) = store.db.conn.execute("PRAGMA page_count").fetchone()
        store.db.conn.execute(f"PRAGMA max_page_count = {pages + 3}")

    await ledger.run(limit)
    outcomes = await asyncio.gather(
        ledger.run(lambda store: store.targets.set_meta("intent", "announced"), durable=True),
        ledger.run(lambda store: store.targets.set_meta("large", "x" * 200_000)),
        return_exceptions=True,
    )

    announced = await ledger.run(lambda store: store.targets.meta("intent"))
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    assert announced is None


async def test_a_closed_store_refuses_with_a_sentence(tmp_path: Path) -> None:
    ledger = Ledger(lambda: Store.open(tmp_path / "state.db"), threaded=True)
    await ledger.close()
    with pytest.raises(StoreError, match="closed already"):
        await ledger.run(lambda store: store.targets.meta("word"))


async def test_another_process_sees_what_was_committed(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.run(lambda store: store.targets.set_meta("word", "kept"))
    other = Store.open(tmp_path / "state.db")
    assert other.targets.meta("word") == "kept"
    other.close()


async def test_who_works_next_waits_for_the_same_trouble(ledger: Ledger) -> None:
    store = await ledger.run(lambda store: store)
    await ledger.beside(lambda: store.db.conn.execute("PRAGMA query_only = 1"))
    assert not await ledger.try_again()
    ledger.watch()
    ledger.give_up()
    await asyncio.wait_for(ledger.usable(), 5)

    ledger.watch()
    waiting = asyncio.create_task(ledger.usable())
    assert not await ledger.try_again()
    assert not waiting.done()
    await ledger.beside(lambda: store.db.conn.execute("PRAGMA query_only = 0"))
    assert await ledger.try_again()
    await asyncio.wait_for(waiting, 5)
