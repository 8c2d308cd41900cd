"""Bringing the tables of a database up to date: the door of sqlite_utils.

It takes each step in a transaction with the note that it was taken. A store has all steps behind it nearly always, so
sqlite_utils is loaded only where one is to be taken: it would make every command slower to start.
"""

from collections.abc import Callable

from controller.store.connection import Database
from controller.store.schema import Step
from controller.store.tallies import MIGRATIONS

NOTES = "_sqlite_migrations"
"""The table in which sqlite_utils notes the steps."""
_OURS = "iptv-reconciler"


def taken(db: Database) -> list[str]:
    """The steps that were taken with this database, in their order."""
    if NOTES not in db.tables():
        return []
    query = f"SELECT name FROM {NOTES} WHERE migration_set = ? ORDER BY rowid"
    return [name for (name,) in db.conn.execute(query, (_OURS,))]


def pending(db: Database) -> list[str]:
    """The steps that are still to be taken."""
    done = set(taken(db))
    return [name for name in MIGRATIONS if name not in done]


def unknown(db: Database) -> list[str]:
    """The steps that were taken by a version that knows more than this one."""
    return [name for name in taken(db) if name not in MIGRATIONS]


def migrate(db: Database, *, stop_before: str | None = None) -> None:
    """Take all steps that are still to be taken, or those before the one that is named."""
    if not pending(db):
        return
    import sqlite_utils  # noqa: PLC0415  see above
    from sqlite_utils.migrations import Migrations  # noqa: PLC0415

    migrations = Migrations(_OURS)
    for name, step in MIGRATIONS.items():
        migrations(name=name)(_on(db, step))
    migrations.apply(sqlite_utils.Database(db.conn), stop_before=stop_before)


def _on(db: Database, step: Step) -> Callable[[object], None]:
    def take(_: object) -> None:
        step(db)

    return take
