"""What may stand in the store's place, and what is said of it before anything is done."""

import asyncio
import sqlite3  # noqa: TID251  another hand in the file
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from controller.store import Store, StoreDamaged, StoreError, examine, store_error_in
from tests.bed import Bed


def change(path: Path, words: str) -> None:
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(words)


def foreign(path: Path) -> None:
    change(path, "CREATE TABLE users (id INTEGER PRIMARY KEY)")


def folder(path: Path) -> None:
    path.mkdir()


REFUSED = {foreign: "is a database of another program (with a table 'users')", folder: "is a folder, or something else"}


@pytest.mark.parametrize(("make", "said"), REFUSED.items(), ids=[make.__name__ for make in REFUSED])
def test_what_is_not_ours_is_refused_and_left_as_it_is(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    path = tmp_path / "state.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StoreError) as caught:
        Store.open(path)
    assert said in str(caught.value)
    assert not isinstance(caught.value, StoreDamaged), "nobody is to put it aside"
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_p10_a_store_that_is_made_of_an_empty_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch(0o644)
    Store.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def removed(path: Path) -> None:
    for file in path.parent.glob("state.db*"):
        file.unlink()


def replaced(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn, closing(sqlite3.connect(path.with_name("copy.db"))) as copy:
        conn.backup(copy)
    path.with_name("copy.db").replace(path)


@pytest.mark.parametrize("lose", [removed, replaced])
async def test_p08_p18_a_daemon_whose_store_is_taken_away_takes_no_event_and_ends_with_a_sentence(
    bed: Bed, lose: Callable[[Path], None]
) -> None:
    bed.tv_account(1)
    path = bed.config.store.path
    running = asyncio.create_task(bed.application.loop.run())
    await bed.world.sleep(30)
    lose(path)
    bed.tv_account(2)
    assert (await bed.espf("Account/New", i_account=2)).status_code == 503
    for _ in range(2000):
        await asyncio.sleep(0)
    assert running.done(), "it does not go on where nobody sees what it writes"
    trouble = store_error_in(running.exception() or ValueError())
    assert f"the store {path} was removed or replaced" in str(trouble)
    assert len(bed.customers()) == 1


async def test_p13_a_damaged_row_is_the_trouble_of_its_account_alone(bed: Bed) -> None:
    spoilt, other = bed.tv_account(1), bed.tv_account(2)
    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        change(bed.config.store.path, f"UPDATE subscribers SET desired = '{{' WHERE i_account = {spoilt}")
        for i_account in (spoilt, other):
            bed.billing.change("block", i_account=i_account)
            await bed.espf("Account/Blocked", i_account=i_account)
        loop.ask_for_pass()
        await bed.world.sleep(30)
        assert bed.customer("tv000002_3")["status"] == "disabled"
        assert bed.customer("tv000001_3")["status"] == "disabled", "what billing said anew was written over it"


@pytest.mark.parametrize(
    "words",
    [
        "UPDATE accounts SET account = substr(account, 1, 40)",
        "UPDATE subscribers SET desired = replace(desired, '\"external_id\"', '\"external_ie\"')",
        "UPDATE subscribers SET state = 'in_sxnc'",
        "UPDATE records SET spec = CAST(x'746b30ff' AS TEXT)",
    ],
)
async def test_rebuild_takes_for_damaged_whatever_another_command_cannot_read(bed: Bed, words: str) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    await bed.application.ledger.close()
    path = bed.config.store.path
    assert examine(path) is None
    change(path, words)
    damage = examine(path)
    assert damage is not None
    assert f"the store {path} is damaged" in str(damage)


async def test_rebuild_finds_an_index_that_lacks_a_row(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    await bed.application.ledger.close()
    path = bed.config.store.path
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("PRAGMA writable_schema = 1")
        conn.execute("UPDATE sqlite_schema SET sql = sql || ' WHERE i_account < 0' WHERE name = 'accounts_details_at'")
    change(path, "UPDATE accounts SET details_at = details_at + 1")
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("PRAGMA writable_schema = 1")
        conn.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ' WHERE i_account < 0', '') WHERE name = 'accounts_details_at'"
        )
    assert examine(path) is not None
