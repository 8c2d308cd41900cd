"""The mark: a small file beside the store that says which database stands there, and how far it goes.

Rules of this module:

1. It is for noticing that the database was lost, or replaced by an old copy (promise P8): whoever restores the
   database alone leaves the mark as it is.
2. It never says more than the database does: it is written after the commit it speaks of. So a database that is behind
   its mark is an old one.
3. It is replaced as a whole, and on the disk when that returns.
"""

import os
from pathlib import Path

import msgspec

from controller.store import Identity


class MarkError(Exception):
    """The mark cannot be read or written; `str()` names the file."""


def mark_of(store_path: Path) -> Path:
    """Where the mark of a store is."""
    return store_path.with_name(store_path.name + ".mark")


def read_mark(store_path: Path) -> Identity | None:
    """What the mark says; `None` where there is none. Raises `MarkError`."""
    path = mark_of(store_path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MarkError(f"the mark {path} cannot be read: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MarkError(f"the mark {path} is damaged; it is written anew") from None


def write_mark(store_path: Path, identity: Identity) -> None:
    """Replace the mark. Raises `MarkError`."""
    path = mark_of(store_path)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(identity))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise MarkError(f"the mark {path} cannot be written: {error.strerror or error}") from error
