"""Looking at a database file without touching it, and putting it aside.

Rules of this module:

1. Nothing is deleted and nothing overwritten. The database goes last: while it stands, another run can go on.
2. In order is what every command can work with: whoever was sent here by the sentence about a damaged store must not be
   told that there is none. So indexes are held against their tables, and what rows hold is decoded.
3. What belongs to the file (`-wal`, `-shm`) goes with it, under names by which SQLite finds it again.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from controller.store.codec import decode_account, decode_desired, decode_spec, decode_state
from controller.store.connection import Database
from controller.store.database import refuse_what_is_no_file, translated
from controller.store.migrations import pending
from controller.store.trouble import StoreDamaged, damaged, of_system

_PARTS = ("-wal", "-shm", "")
_VALUES = {
    "SELECT account FROM accounts": decode_account,
    "SELECT desired FROM subscribers": decode_desired,
    "SELECT state FROM subscribers": decode_state,
    "SELECT spec FROM records": decode_spec,
}


def examine(path: Path) -> StoreDamaged | None:
    """What is wrong with the database; `None` if it is in order. Raises `StoreError` if that cannot be told."""
    try:
        with translated(path):
            refuse_what_is_no_file(path)
            verdict = _verdict(path)
    except StoreDamaged as damage:
        return damage
    return None if verdict == "ok" else damaged(path, verdict)


def _verdict(path: Path) -> str:
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as conn:
        (verdict,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict == "ok":
            _decode_all(conn)
        return str(verdict)


def _decode_all(conn: sqlite3.Connection) -> None:
    """Decode every value; those of another version are for the migrations to see to."""
    if pending(Database(conn)):
        return
    for query, decode in _VALUES.items():
        for (text,) in conn.execute(query):
            decode(text)


def put_aside(path: Path, suffix: str) -> Path:
    """Give the database another name, and return it. Raises `StoreError` where it cannot be given or is taken."""
    aside = path.with_name(f"{path.name}.{suffix}")
    try:
        for part in _PARTS:
            source, target = path.with_name(path.name + part), aside.with_name(aside.name + part)
            if target.exists():
                raise FileExistsError(None, "there is such a file already")
            if source.exists():
                source.rename(target)
    except OSError as error:
        raise of_system(f"the store {path} cannot be put aside as {aside}", error) from error
    return aside
