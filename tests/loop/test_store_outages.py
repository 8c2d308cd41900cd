"""A store that cannot be used for a while: nothing is done meanwhile, the daemon lives, and it goes on by itself."""

import asyncio
import io
import json
import sqlite3  # noqa: TID251  another program at the same file
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from controller import log
from controller.store import Store, StoreDamaged, StoreError, StoreUnavailable, store_error_in
from platforms.simulation import Fault
from tests.bed import Bed

Told = Callable[[str], list[dict[str, object]]]
NO_LIMIT = 1_073_741_823
FAILED, WORKS = "the store cannot be used; nothing is done until it can", "the store can be used again"


@pytest.fixture
def told() -> Iterator[Told]:
    """What the log says, by event."""
    stream = io.StringIO()
    log.setup("INFO", stream=stream)
    yield lambda event: [line for line in map(json.loads, stream.getvalue().splitlines()) if line["event"] == event]
    log.setup("WARNING")


def pragma(store: Store, words: str) -> object:
    """Set or ask something of the store's very connection."""
    row = store.db.conn.execute(f"PRAGMA {words}").fetchone()
    return row[0] if row is not None else None


@contextmanager
def locked(bed: Bed) -> Iterator[None]:
    """Another program writes to the same file, and does not come to an end."""
    with closing(sqlite3.connect(bed.config.store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def get(bed: Bed, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bed.endpoints), base_url="http://us") as client:
        return await client.get(path)


async def asserts_it_lives_and_does_nothing(bed: Bed, text: str) -> None:
    """What the outside sees during an outage."""
    trouble = bed.application.ledger.trouble
    assert trouble is not None, "the fault did not happen"
    assert text in str(trouble)
    assert str(bed.config.store.path) in str(trouble)
    assert (await get(bed, "/livez")).status_code == 200
    ready = await get(bed, "/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["store"] == {"ok": False, "text": "cannot be used"}
    assert "iptv_reconciler_store_usable 0.0" in (await get(bed, "/metrics")).text
    assert (await bed.espf("Account/Blocked", i_account=1)).status_code == 503
    assert (await bed.post("/process-event", nsps_event(1))).status_code == 503
    assert bed.platform.requests.writes == 0
    assert not bed.platform.requests.operations, "nobody is asked anything either"


def nsps_event(i_account: int) -> dict[str, object]:
    return {"event_id": "1", "data": {"event_type": "Account/Blocked", "variables": {"i_account": i_account}}}


async def test_p16_on_a_full_disk_nothing_is_written_anywhere_and_it_goes_on_when_there_is_room(
    bed: Bed, told: Told
) -> None:
    store = await bed.store()
    account = bed.tv_account(1)
    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        pragma(store, f"max_page_count = {pragma(store, 'page_count')}")
        bed.billing.change("block", i_account=account)
        for number in range(2, 200):
            bed.tv_account(number)
        loop.ask_for_pass()
        await bed.world.sleep(5)
        bed.platform.requests.reset()

        await bed.world.sleep(600)
        await asserts_it_lives_and_does_nothing(bed, "no room left for it: database or disk is full")
        assert len(told(FAILED)) == 1
        assert not told(WORKS)

        pragma(store, f"max_page_count = {NO_LIMIT}")
        await bed.world.sleep(60)
        assert len(told(WORKS)) == 1
        assert (await get(bed, "/readyz")).status_code == 200
    assert len(bed.customers()) == 199
    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert (await bed.status())["healthy"]
    assert not told("a full pass failed by a bug") + told("a look failed by a bug") + told("an event was refused")


async def test_p16_while_another_program_holds_the_lock_nothing_is_written_and_then_it_goes_on(
    bed: Bed, told: Told
) -> None:
    store = await bed.store()
    bed.tv_account(1)
    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        pragma(store, "busy_timeout = 0")
        with locked(bed):
            bed.tv_account(2)
            loop.ask_for_pass()
            await bed.world.sleep(5)
            bed.platform.requests.reset()
            await bed.world.sleep(300)
            await asserts_it_lives_and_does_nothing(bed, "another program holds a lock on it: database is locked")
        await bed.world.sleep(60)
    assert len(bed.customers()) == 2
    assert (len(told(FAILED)), len(told(WORKS))) == (1, 1)
    assert (await bed.status())["healthy"]


async def test_p06_the_outcome_of_a_call_that_was_under_way_waits_until_it_can_be_kept(bed: Bed, told: Told) -> None:
    store = await bed.store()
    bed.tv_account(1)
    bed.platform.faults.add(Fault(operation="customers.create", kind="delay", seconds=5))
    async with bed.daemon():
        while not bed.platform.requests.operations["customers.create"]:
            await bed.world.sleep(0.5)
        pragma(store, "query_only = 1")
        await bed.world.sleep(120)
        assert len(told(FAILED)) == 1
        assert "it cannot be written to: attempt to write a readonly database" in str(told(FAILED)[0]["text"])

        pragma(store, "query_only = 0")
        await bed.world.sleep(30)
    assert store.journal.count_open() == 0
    assert store.journal.calls_since(0) == {("tv", "create", "ok"): 1}
    assert bed.platform.requests.operations["customers.create"] == 1


async def test_p16_a_daemon_that_starts_while_the_store_is_locked_waits_for_it(bed: Bed, told: Told) -> None:
    store = await bed.store()
    bed.tv_account(1)
    pragma(store, "busy_timeout = 0")
    with locked(bed):
        running = asyncio.create_task(bed.application.loop.run())
        await bed.world.sleep(60)
        await asserts_it_lives_and_does_nothing(bed, "another program holds a lock on it")
    await bed.world.sleep(60)
    bed.application.loop.stop()
    await running
    assert len(bed.customers()) == 1
    assert len(told(WORKS)) == 1


async def test_a_daemon_is_stopped_in_the_middle_of_an_outage(bed: Bed) -> None:
    store = await bed.store()
    bed.tv_account(1)
    bed.platform.faults.add(Fault(operation="customers.create", kind="delay", seconds=5))
    async with bed.daemon():
        while not bed.platform.requests.operations["customers.create"]:
            await bed.world.sleep(0.5)
        pragma(store, "query_only = 1")
        await bed.world.sleep(60)
    pragma(store, "query_only = 0")
    assert store.journal.count_open() == 1, "nobody could note what became of the call"

    bed.restart()
    await bed.converge(1)
    assert (await bed.store()).journal.calls_since(0) == {("tv", "create", "ok"): 1}
    assert bed.platform.requests.operations["customers.create"] == 1


async def test_a_page_that_is_destroyed_under_a_running_daemon_ends_it_with_a_sentence(bed: Bed) -> None:
    store = await bed.store()
    for number in range(1, 60):
        bed.tv_account(number)
    await bed.full_pass()
    pragma(store, "wal_checkpoint(TRUNCATE)")
    pragma(store, "cache_size = 0")
    path = bed.config.store.path
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    bed.restart()

    with pytest.raises((StoreError, BaseExceptionGroup)) as caught:
        await bed.application.loop.run()
    trouble = store_error_in(caught.value)
    assert isinstance(trouble, StoreDamaged)
    assert f"the store {path} is damaged" in str(trouble)
    assert "iptv-reconciler rebuild --config FILE" in str(trouble)


SPOILT = {
    "account": 'UPDATE accounts SET account = replace(account, \'"id":"tv\', \'"id";"tv\')',
    "wish": "UPDATE subscribers SET desired = replace(desired, '\"external_id\"', '\"external_ie\"')",
    "record": "UPDATE records SET spec = substr(spec, 1, 40), listed_fp = x''",
    "state": "UPDATE subscribers SET state = 'in_sxnc'",
    "text": "UPDATE subscribers SET state = CAST(x'746b30ff' AS TEXT)",
    "instant": "UPDATE accounts SET seen_at = 'tv000001'",
}


@pytest.mark.parametrize("spoilt", SPOILT)
async def test_a_row_that_nobody_can_have_written_is_damage_and_is_not_quoted(bed: Bed, spoilt: str) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    store = await bed.store()
    with closing(sqlite3.connect(bed.config.store.path)) as other, other:
        other.execute(SPOILT[spoilt])
    bed.platform.requests.reset()

    async def use() -> None:
        with store.translating():
            await bed.full_pass()
            await bed.status()
            await bed.explain(f"i_account:{account}")

    with pytest.raises((StoreError, BaseExceptionGroup)) as caught:
        await use()
    trouble = store_error_in(caught.value)
    assert isinstance(trouble, StoreDamaged), trouble
    assert "tv0" not in str(trouble)
    assert bed.platform.requests.writes == 0


def test_of_several_troubles_the_one_that_does_not_pass_is_told() -> None:
    passing, lasting = StoreUnavailable("full"), StoreDamaged("malformed")
    group = ExceptionGroup("side by side", [passing, ExceptionGroup("deeper", [ValueError("a bug"), lasting])])
    assert store_error_in(group) is lasting
    assert store_error_in(ExceptionGroup("one", [passing])) is passing
    assert store_error_in(ExceptionGroup("none", [ValueError("a bug")])) is None
