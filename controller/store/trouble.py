"""What can be wrong with the database, as whoever uses the store has to tell it apart.

Rules of this module:

1. What passes by itself (`StoreUnavailable`) is waited for: a full disk, a lock held by another program, a device that
   fails. What does not pass ends the process with a sentence that says what to do.
2. The sentence names the file and quotes SQLite; it never holds a row, nor a part of one.
3. A row that does not hold what we put there is damage, too (`RowDamaged`): SQLite has no checksums, and finds out by
   chance only. It is the trouble of whoever needs that row: a look at one account keeps nobody else.
"""

import errno
import sqlite3
from pathlib import Path

_PASSING = {
    sqlite3.SQLITE_BUSY: "another program holds a lock on it",
    sqlite3.SQLITE_FULL: "there is no room left for it",
    sqlite3.SQLITE_IOERR: "its disk fails",
    sqlite3.SQLITE_LOCKED: "another connection holds a lock on it",
    sqlite3.SQLITE_NOMEM: "there is no memory for it",
    sqlite3.SQLITE_READONLY: "it cannot be written to",
}
_PASSING_IF_OPEN = {sqlite3.SQLITE_CANTOPEN: "a file beside it cannot be opened"}
_DAMAGE = (
    "the store {} is damaged: {}; nothing was changed in it. Restore it from a backup, or have it put aside and"
    " everything read anew from billing and the platforms: iptv-reconciler rebuild --config FILE"
)
_NOT_OPENED = "; look at its rights and its folder's, and whether that can be written to: it makes files beside it"
_NO_TEXT = "Could not decode to UTF-8"  # how Python begins to say so; it goes on with the row
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PASSING_IN_FILES = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG)


class StoreError(Exception):
    """The database cannot be used; `str()` names the file and says what to do."""


class StoreUnavailable(StoreError):
    """It cannot be used now; nothing is wrong with what is in it."""


class NotLeading(StoreError):
    """Another process is the one that writes, or soon may be; nothing is wrong with the store."""


class StoreDamaged(StoreError):
    """What is in it cannot be read."""


class RowDamaged(StoreDamaged):
    """One row of it cannot be read."""


class Malformed(sqlite3.DatabaseError):
    """A column holds what nobody can have put there; `str()` says which kind of thing it is, and quotes nothing."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def of_sqlite(path: Path, error: sqlite3.DatabaseError, *, is_open: bool) -> StoreError:
    """What SQLite said. A file that cannot be opened is for a person to see to, unless it once could be (`is_open`)."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    passing = _PASSING | _PASSING_IF_OPEN if is_open else _PASSING
    if code in passing:
        return StoreUnavailable(f"the store {path} cannot be used at present, {passing[code]}: {error}")
    if isinstance(error, Malformed):
        return RowDamaged(_DAMAGE.format(path, error))
    if str(error).startswith(_NO_TEXT):
        return RowDamaged(_DAMAGE.format(path, "a text in it is not UTF-8"))
    if code in _DAMAGED:
        return damaged(path, str(error))
    hint = _NOT_OPENED if code == sqlite3.SQLITE_CANTOPEN else ""
    return StoreError(f"the store {path} cannot be used: {error}{hint}")


def damaged(path: Path, what: str) -> StoreDamaged:
    """What is in the database cannot be read; `what` are SQLite's words."""
    return StoreDamaged(_DAMAGE.format(path, " ".join(what.split())))


def of_system(what: str, error: OSError) -> StoreError:
    """What the file system said about a file; `what` begins the sentence."""
    text = f"{what}: {error.strerror or error}"
    return StoreUnavailable(text) if error.errno in _PASSING_IN_FILES else StoreError(text)


def store_error_in(error: BaseException) -> StoreError | None:
    """The store's trouble in what was raised, also where tasks ran side by side; one that does not pass comes first."""
    if isinstance(error, StoreError):
        return error
    if not isinstance(error, BaseExceptionGroup):
        return None
    found = [each for each in map(store_error_in, error.exceptions) if each is not None]
    return min(found, key=lambda each: isinstance(each, StoreUnavailable), default=None)
