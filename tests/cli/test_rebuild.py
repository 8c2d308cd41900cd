"""A damaged store: what the commands say, and what `rebuild` makes of it."""

import shutil
import sqlite3  # noqa: TID251  another version's hand in the file
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from controller.lock import performing
from tests.cli.site import Site


def garbage(store: Path) -> None:
    store.write_bytes(b"\xa5" * 8192)


def truncated(store: Path) -> None:
    with store.open("r+b") as file:
        file.truncate(store.stat().st_size // 2)


def malformed(store: Path) -> None:
    with store.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (store.stat().st_size - 4096))


def text(store: Path) -> None:
    store.write_text("a note that somebody saved under this name\n" * 200)


DAMAGES = (garbage, truncated, malformed, text)


@pytest.fixture
def lived(here: Site) -> Site:
    """A site whose accounts are on the platform, with a record of somebody else's."""
    for number in range(1, 31):
        here.tv_account(number)
    here.platform.operator.create({"externalId": "somebody else", "status": "active", "packages": ["4"]})
    assert here.call("apply").code == 0
    return here


@pytest.mark.parametrize(
    ("damage", "command"), [*((damage, "status") for damage in DAMAGES), (garbage, "run"), (truncated, "apply")]
)
def test_p16_a_damaged_store_ends_every_command_with_a_sentence_and_stays_as_it_is(
    lived: Site, damage: Callable[[Path], None], command: str
) -> None:
    store = lived.folder / "state.db"
    damage(store)
    before = store.read_bytes()
    said = lived.call(command)
    assert said.code == 1
    assert f"the store {store} is damaged" in said.err
    assert "iptv-reconciler rebuild --config FILE" in said.err
    assert "Traceback" not in said.err
    assert store.read_bytes() == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_p08_rebuild_keeps_the_damaged_store_and_finds_everything_again(
    lived: Site, damage: Callable[[Path], None]
) -> None:
    store = lived.folder / "state.db"
    damage(store)
    before, key = store.read_bytes(), (lived.folder / "state.db.key").read_bytes()
    lived.platform.requests.reset()

    said = lived.call("rebuild")

    assert said.code == 0, said.err
    (kept,) = lived.folder.glob("state.db.damaged-*Z")
    assert kept.read_bytes() == before
    assert (lived.folder / "state.db.key").read_bytes() == key
    assert f"the old store is kept as {kept}" in said.out
    assert "billing: 30 accounts" in said.out
    assert "tv: 30 records bound by their marks, 1 of other people, 0 ambiguous accounts" in said.out
    assert lived.platform.requests.writes == 0
    assert lived.call("apply").code == 0
    assert lived.platform.requests.writes == 0
    assert lived.call("status").code == 0


def test_rebuild_leaves_a_store_in_order_alone_unless_told_otherwise(lived: Site) -> None:
    before = (lived.folder / "state.db").read_bytes()
    said = lived.call("rebuild")
    assert said.code == 1
    assert "is in order, nothing was changed; rebuild --yes" in said.err
    assert (lived.folder / "state.db").read_bytes() == before
    assert not list(lived.folder.glob("state.db.replaced-*"))

    assert lived.call("rebuild", "--yes").code == 0
    assert len(list(lived.folder.glob("state.db.replaced-*Z"))) == 1


def test_rebuild_refuses_while_a_daemon_holds_the_lock(lived: Site) -> None:
    store = lived.folder / "state.db"
    garbage(store)
    with performing(store):
        said = lived.call("rebuild")
    assert said.code == 1
    assert "another process works on the store" in said.err
    assert not list(lived.folder.glob("state.db.damaged-*"))


def test_rebuild_that_cannot_read_everything_says_so_and_nothing_is_written_after_it(lived: Site) -> None:
    garbage(lived.folder / "state.db")
    shutil.copy(lived.config, lived.folder / "right.yaml")
    lived.configure(platforms={"tv": {"driver": "telebreeze", "url": lived.platform_url, "api_key": "wrong"}})
    said = lived.call("rebuild")
    assert said.code == 1
    assert "not everything could be read" in said.out


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(lived: Site) -> None:
    store = lived.folder / "state.db"
    with closing(sqlite3.connect(store)) as conn, conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('iptv-reconciler', 'of tomorrow', '2027-01-01')"
        )
    before = store.read_bytes()
    for command in ("run", "apply", "status"):
        said = lived.call(command)
        assert said.code == 1
        assert "was written by a newer version of this program (its step 'of tomorrow' is not known" in said.err
    assert store.read_bytes() == before
