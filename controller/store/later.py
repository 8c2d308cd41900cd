"""What has been added to the tables since; the rules of `schema.py` hold here as well."""

from sqlite_utils import Database

from controller.store.schema import MIGRATIONS, execute

__all__ = ["MIGRATIONS"]

_HOLDS = """
-- What waits for a person, and what persons have decided; changes by their identity, so that another change is another
-- decision. `performed_at`: the approval is spent.
CREATE TABLE held_changes (
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    identity TEXT NOT NULL,
    PRIMARY KEY (platform, i_account, identity)
) WITHOUT ROWID;
CREATE TABLE approved (
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    identity TEXT NOT NULL,
    plan TEXT NOT NULL,
    approved_at REAL NOT NULL,
    performed_at REAL,
    PRIMARY KEY (platform, i_account, identity)
) WITHOUT ROWID;
CREATE TABLE rejected (
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    identity TEXT NOT NULL,
    plan TEXT NOT NULL,
    rejected_at REAL NOT NULL,
    PRIMARY KEY (platform, i_account, identity)
) WITHOUT ROWID;
CREATE TABLE pauses (
    target TEXT PRIMARY KEY,
    billing TEXT NOT NULL,
    i_account INTEGER,
    reason TEXT NOT NULL,
    owner TEXT NOT NULL,
    since REAL NOT NULL,
    until REAL NOT NULL,
    maintenance INTEGER NOT NULL
) WITHOUT ROWID;
-- What of the brake a change took, for the budget of 24 hours; why a plan is held, and how many records there are.
ALTER TABLE audit ADD COLUMN spent TEXT;
CREATE INDEX audit_spent ON audit (platform, closed_at) WHERE spent = 'destructive';
ALTER TABLE brakes ADD COLUMN held_by TEXT;
ALTER TABLE brakes ADD COLUMN is_daily INTEGER NOT NULL DEFAULT 0;
"""


@MIGRATIONS(name="holds")
def _holds(db: Database) -> None:
    execute(db, _HOLDS)


@MIGRATIONS(name="absence")
def _absence(db: Database) -> None:
    """That an account is missing is certain after a second complete list and a look at that very account."""
    for column in ("missing_again_at", "gone_at"):
        db.conn.execute(f"ALTER TABLE accounts ADD COLUMN {column} REAL")
