"""The tables of sales and charges; the rules of `schema.py` hold here as well."""

from collections.abc import Iterator

from controller.store.connection import Database
from controller.store.later import MIGRATIONS
from controller.store.schema import execute, migration

__all__ = ["MIGRATIONS"]

# Triggers keep `bearers`, so that nothing that changes a record can forget to. A record that somebody else removed was
# there when it was seen last.
_CHARGES = """
-- How far each platform's feed of sales was read. `read_at`: when its end was reached last, `followed_since`: since
-- when it was, without a gap in which another database may have acted upon it.
CREATE TABLE feeds (
    platform TEXT PRIMARY KEY,
    cursor TEXT NOT NULL,
    read_at REAL,
    followed_since REAL,
    text TEXT
) WITHOUT ROWID;

-- What was sold, and what became of it. Amounts are exact texts. `next_at`: when it is looked at again (empty: it is
-- being worked on, or nothing is left to do). `first_sent_at`, `tries`: when billing was first asked, and how often.
CREATE TABLE charges (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    billing TEXT NOT NULL,
    platform TEXT NOT NULL,
    id TEXT NOT NULL,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    record_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    title TEXT NOT NULL,
    amount TEXT,
    currency TEXT NOT NULL,
    sold_at REAL,
    refund_of TEXT NOT NULL,
    problem TEXT NOT NULL,
    essence TEXT NOT NULL,
    received_at REAL NOT NULL,
    must_look INTEGER NOT NULL,
    i_account INTEGER,
    state TEXT NOT NULL,
    reason TEXT,
    text TEXT,
    next_at REAL,
    failures INTEGER NOT NULL DEFAULT 0,
    first_sent_at REAL,
    tries INTEGER NOT NULL DEFAULT 0,
    doubt_since REAL,
    approved INTEGER NOT NULL DEFAULT 0,
    i_xdr INTEGER,
    settled_at REAL
);
CREATE UNIQUE INDEX charges_by_id ON charges (platform, id);
CREATE INDEX charges_due ON charges (platform, next_at, number) WHERE next_at IS NOT NULL;
CREATE INDEX charges_in_doubt ON charges (platform, next_at, number) WHERE state = 'in_doubt';
CREATE INDEX charges_by_reference ON charges (reference);
CREATE INDEX charges_by_state ON charges (state, platform, kind);
CREATE INDEX charges_by_account ON charges (billing, i_account, state);
CREATE INDEX charges_sent ON charges (platform, first_sent_at) WHERE first_sent_at IS NOT NULL;
CREATE INDEX charges_refunds ON charges (platform, refund_of) WHERE refund_of <> '';

-- What happened to each charge, and who decided what about it.
CREATE TABLE charge_log (
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    event TEXT NOT NULL,
    by TEXT,
    text TEXT
);
CREATE INDEX charge_log_by_charge ON charge_log (number);

-- Which account bore which record before, by the platform's id and by name, from when to when; and since when a record
-- is as it is, for those that are borne now.
CREATE TABLE bearers (
    platform TEXT NOT NULL,
    record_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    since REAL NOT NULL,
    until REAL NOT NULL
);
CREATE INDEX bearers_by_record ON bearers (platform, record_id);
CREATE INDEX bearers_by_name ON bearers (platform, external_id);
ALTER TABLE records ADD COLUMN borne_since REAL;
UPDATE records SET borne_since = observed_at;
"""


def _triggers(old_seen: str, new_seen: str) -> Iterator[str]:
    """What keeps `bearers`, given when the record was last seen before a change, and after it."""
    ends = (
        " INSERT INTO bearers (platform, record_id, external_id, i_account, since, until)"
        f" SELECT old.platform, old.record_id, old.external_id, old.i_account, coalesce(old.borne_since, {old_seen}),"
        " {until} WHERE old.i_account IS NOT NULL AND old.gone = 0;"
    )
    changed = ends.format(until=f"CASE WHEN new.gone THEN new.written_at ELSE {new_seen} END")
    yield (
        "CREATE TRIGGER bearer_changes AFTER UPDATE OF i_account, external_id, gone ON records"
        " WHEN old.i_account IS NOT new.i_account OR old.external_id <> new.external_id OR old.gone <> new.gone BEGIN"
        f"{changed} UPDATE records SET borne_since = {new_seen}"
        " WHERE platform = new.platform AND record_id = new.record_id; END"
    )
    yield f"CREATE TRIGGER bearer_goes AFTER DELETE ON records BEGIN{ends.format(until=old_seen)} END"


@migration("charges")
def _charges(db: Database) -> None:
    execute(db, _CHARGES)
    for trigger in _triggers("old.observed_at", "new.observed_at"):
        db.conn.execute(trigger)


_RECONCILED = """
-- What the last whole comparison of each platform's feed with billing came to.
CREATE TABLE reconciled (
    platform TEXT PRIMARY KEY,
    at REAL NOT NULL,
    differences INTEGER NOT NULL
) WITHOUT ROWID
"""


@migration("charges reconciled")
def _reconciled(db: Database) -> None:
    db.conn.execute(_RECONCILED)


_SEEN = (
    "CASE {which}.listed_fp WHEN x'' THEN {which}.observed_at ELSE"
    " max({which}.observed_at, coalesce((SELECT listed_at FROM targets WHERE target = {which}.platform), 0)) END"
)


@migration("records as listed")
def _records_as_listed(db: Database) -> None:
    """A list writes nothing of a record that it shows as before: when the list was read is noted once for all.

    The next list understands every record anew.
    """
    db.conn.execute("ALTER TABLE targets ADD COLUMN listed_at REAL")
    db.conn.execute("ALTER TABLE records ADD COLUMN number INTEGER")
    db.conn.execute("ALTER TABLE records DROP COLUMN listed_in")
    db.conn.execute(
        "UPDATE records SET listed_fp = x'', number = numbered.number FROM (SELECT platform, record_id,"
        " row_number() OVER (PARTITION BY platform ORDER BY record_id) AS number FROM records) AS numbered"
        " WHERE records.platform = numbered.platform AND records.record_id = numbered.record_id"
    )
    db.conn.execute("CREATE UNIQUE INDEX records_by_number ON records (platform, number)")
    db.conn.execute("DROP TRIGGER bearer_changes")
    db.conn.execute("DROP TRIGGER bearer_goes")
    for trigger in _triggers(_SEEN.format(which="old"), _SEEN.format(which="new")):
        db.conn.execute(trigger)


@migration("records by page")
def _records_by_page(db: Database) -> None:
    """What those records read like that a page of a list shows, without reading the records themselves."""
    db.conn.execute("CREATE INDEX records_listed ON records (platform, number, listed_fp)")
