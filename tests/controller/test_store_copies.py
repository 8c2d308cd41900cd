"""The private copy that `plan` works on: in memory, or, of a large store, in a file that nobody sees."""

import fcntl
from pathlib import Path

import pytest

from controller.store import Store, StoreError
from controller.store.database import private_copy


def names(store: Store) -> list[str]:
    return [path.name for path in store.path.parent.iterdir()]


def test_a_large_copy_is_a_file_that_goes_with_it_and_leaves_no_trace(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "state.db")
    with store.transaction():
        store.targets.set_meta("of", "the store")
    before = names(store)
    copy = Store(private_copy(store.db, store.path, in_memory=0), store.path)
    assert names(store) == before
    with copy.transaction():
        copy.targets.set_meta("of", "the copy")
    assert copy.targets.meta("of") == "the copy"
    assert store.targets.meta("of") == "the store"
    copy.close()
    assert names(store) == before
    store.close()


def test_what_fails_in_a_large_copy_is_undone(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "state.db")
    copy = Store(private_copy(store.db, store.path, in_memory=0), store.path)
    with pytest.raises(ZeroDivisionError), copy.transaction():
        copy.targets.set_meta("of", str(1 / 0))
    assert copy.targets.meta("of") is None
    copy.close()
    store.close()


def test_a_volume_without_room_for_the_copy_is_named(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "state.db")
    free = Path("/proc")  # a file system that has no room for anything
    with pytest.raises(StoreError, match=r"takes \d+ MiB, and /proc has no such room"):
        private_copy(store.db, free / "state.db", in_memory=0)
    store.close()


def test_what_a_killed_command_left_of_its_copy_is_removed_by_the_next_one_that_copies(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "state.db")
    left, used = tmp_path / "state.db.copy-dead", tmp_path / "state.db.copy-alive"
    left.write_text("accounts")
    with used.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        private_copy(store.db, store.path, in_memory=0).close()
        assert (left.exists(), used.exists()) == (False, True)
    store.close()
