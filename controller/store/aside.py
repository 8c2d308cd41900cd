"""Looking at a database file without touching it, and putting it aside.

Rules of this module:

1. Nothing is deleted and nothing overwritten. The database goes last: while it stands, another run can go on.
2. What belongs to the file (`-wal`, `-shm`) goes with it, under names by which SQLite finds it again.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from controller.store.database import translated
from controller.store.trouble import StoreDamaged, damaged, of_system

_PARTS = ("-wal", "-shm", "")


def examine(path: Path) -> StoreDamaged | None:
    """What is wrong with the database; `None` if it is in order. Raises `StoreError` if that cannot be told."""
    try:
        with translated(path), closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as conn:
            (verdict,) = conn.execute("PRAGMA quick_check(1)").fetchone()
    except StoreDamaged as damage:
        return damage
    return None if verdict == "ok" else damaged(path, str(verdict))


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
