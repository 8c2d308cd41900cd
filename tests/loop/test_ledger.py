"""Group commit: what was given out is committed, and what failed takes along only what it must."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from controller.store import Store, StoreError
from controller.store.ledger import Ledger


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


async def test_who_is_urgent_waits_for_one_slice_of_a_sweep_at_most(ledger: Ledger) -> None:
    done = list[str]()

    async def sweep() -> None:
        slices = (ledger.run_slice(partial(_note, done=done, what=f"slice {number}")) for number in range(4))
        await asyncio.gather(*slices)

    async def events() -> None:
        for number in range(3):
            await ledger.run(partial(_note, done=done, what=f"event {number}"), durable=True)

    await asyncio.gather(sweep(), events())
    assert [what for what in done if what.startswith("slice")] == [f"slice {number}" for number in range(4)]
    assert done[0] == "event 0"
    assert done.index("event 2") <= 5


async def test_a_slice_shares_its_transaction_with_nobody(ledger: Ledger, tmp_path: Path) -> None:
    def seen_by_others(_: Store) -> str | None:
        with Store.as_it_stands(tmp_path / "state.db") as others:
            return others.targets.meta("word")

    _, seen = await asyncio.gather(
        ledger.run(lambda store: store.targets.set_meta("word", "kept")), ledger.run_slice(seen_by_others)
    )
    assert seen == "kept"


async def test_a_slice_that_nobody_waits_for_any_more_is_not_begun(ledger: Ledger) -> None:
    done = list[str]()
    sweep = asyncio.create_task(ledger.run_slice(partial(_note, done=done, what="slice")))
    event = asyncio.create_task(ledger.run(partial(_note, done=done, what="event")))
    await asyncio.sleep(0)
    sweep.cancel()
    await event
    await ledger.run(partial(_note, done=done, what="another"))
    assert done == ["event", "another"]


def _note(_: Store, *, done: list[str], what: str) -> None:
    done.append(what)


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
