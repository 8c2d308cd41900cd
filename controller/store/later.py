"""What has been added to the tables since; the rules of `schema.py` hold here as well."""

from controller.store.connection import Database
from controller.store.schema import MIGRATIONS, execute, migration

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


@migration("holds")
def _holds(db: Database) -> None:
    execute(db, _HOLDS)


_IDENTITY = """
-- Which database this is (`store`), and how often it had to be begun anew or was found to be an old copy (`epoch`).
INSERT INTO meta (key, value) VALUES ('store', lower(hex(randomblob(16)))), ('epoch', '1');

-- Platforms to which nothing is written until billing and they have been read whole, because this database was lost or
-- is an old copy.
CREATE TABLE rebuilding (platform TEXT PRIMARY KEY, since REAL NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;

-- Records that an old copy had bound to another account than the one their mark names.
CREATE TABLE rebound (
    platform TEXT NOT NULL,
    record_id TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    PRIMARY KEY (platform, record_id)
) WITHOUT ROWID;

-- Accounts of which only a person can say which record is theirs.
CREATE TABLE ambiguous (
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (platform, i_account)
) WITHOUT ROWID;
"""


@migration("identity")
def _identity(db: Database) -> None:
    execute(db, _IDENTITY)


_ABSENCES = """
-- How far it is proven that an account is gone which billing's lists do not show. A row counts for the disappearance
-- that `missing_since` names in `accounts`, and for no other.
CREATE TABLE absences (
    billing TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    missing_since REAL NOT NULL,
    since REAL NOT NULL,
    lists INTEGER NOT NULL,
    counted_at REAL NOT NULL,
    looked_up_at REAL,
    proven_at REAL,
    failed_at REAL,
    failure TEXT,
    PRIMARY KEY (billing, i_account)
) WITHOUT ROWID;

-- Since when the record of an absent account has been off: its grace counts from then.
CREATE TABLE switched_off (
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    billing TEXT NOT NULL,
    absent_since REAL NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (platform, i_account)
) WITHOUT ROWID;
"""


@migration("absences")
def _absences(db: Database) -> None:
    execute(db, _ABSENCES)


_ADOPTIONS = """
-- Whether the change belongs to an adoption: a plan of its own, which is not void because others change.
ALTER TABLE approved ADD COLUMN adopts INTEGER NOT NULL DEFAULT 0;
"""


@migration("adoptions")
def _adoptions(db: Database) -> None:
    execute(db, _ADOPTIONS)


_STORY = """
-- Who or what it was that caused a call, in words.
ALTER TABLE intents ADD COLUMN caused_by TEXT;
ALTER TABLE audit ADD COLUMN caused_by TEXT;
CREATE INDEX events_by_subject ON events (billing, scope, number, received_at);

-- What persons have ordered: about an account, a platform or all.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    owner TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    billing TEXT NOT NULL,
    i_account INTEGER,
    plan TEXT,
    text TEXT
);
CREATE INDEX orders_by_account ON orders (billing, i_account, id);
CREATE INDEX orders_by_plan ON orders (plan) WHERE plan IS NOT NULL;
"""


@migration("story")
def _story(db: Database) -> None:
    execute(db, _STORY)


_FORMER_IDS = """
-- Which ids accounts bore before, with the instant at which billing showed another one.
CREATE TABLE former_ids (
    billing TEXT NOT NULL,
    id TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (billing, id, i_account)
) WITHOUT ROWID;
CREATE INDEX former_ids_by_account ON former_ids (billing, i_account);
CREATE TRIGGER accounts_renamed AFTER UPDATE OF id ON accounts WHEN OLD.id <> NEW.id AND OLD.id <> '' BEGIN
    INSERT OR REPLACE INTO former_ids (billing, id, i_account, until) VALUES
        (OLD.billing, OLD.id, OLD.i_account, max(coalesce(NEW.seen_at, 0), coalesce(NEW.details_at, 0))); END;
"""


@migration("former ids")
def _former_ids(db: Database) -> None:
    execute(db, _FORMER_IDS)


@migration("traces")
def _traces(db: Database) -> None:
    """By which trace an event came, and what was done because of it."""
    for table in ("events", "announced", "intents", "audit"):
        db.conn.execute(f"ALTER TABLE {table} ADD COLUMN trace_id TEXT")


@migration("said")
def _said(db: Database) -> None:
    """How the log said last that a subscriber stands, so that what lasts is said once."""
    db.conn.execute("ALTER TABLE subscribers ADD COLUMN said TEXT")


_UNHEARD = """
-- Events that a process took which does not lead: the one that does has not heard of them yet.
ALTER TABLE events ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;
CREATE INDEX events_unheard ON events (billing) WHERE unheard = 1;
"""


@migration("unheard")
def _unheard(db: Database) -> None:
    execute(db, _UNHEARD)


@migration("former ids that come again")
def _former_ids_again(db: Database) -> None:
    """Within a trigger, INSERT OR REPLACE does what the statement says that set it off: an upsert fails."""
    db.conn.execute("DROP TRIGGER accounts_renamed")
    db.conn.execute(
        "CREATE TRIGGER accounts_renamed AFTER UPDATE OF id ON accounts WHEN OLD.id <> NEW.id AND OLD.id <> '' BEGIN"
        " DELETE FROM former_ids WHERE billing = OLD.billing AND id = OLD.id AND i_account = OLD.i_account;"
        " INSERT INTO former_ids (billing, id, i_account, until) VALUES (OLD.billing, OLD.id, OLD.i_account,"
        " max(coalesce(NEW.seen_at, 0), coalesce(NEW.details_at, 0))); END"
    )


@migration("rows of the list")
def _rows_of_the_list(db: Database) -> None:
    """What a list's rows are compared with, without reading the accounts themselves.

    An account that was missing before knew it by `missing_since`; now the row that brings it back has to differ.
    """
    db.conn.execute("UPDATE accounts SET row_fp = NULL WHERE missing_since IS NOT NULL")
    db.conn.execute("CREATE INDEX accounts_listed ON accounts (billing, i_account, row_fp)")
