"""The tables, and how they came to be.

Rules of this module:

1. A migration that was released is never edited; a change is a further migration.
2. Instants are seconds since 1970 in UTC. Values of the core are JSON (`codec.py`), beside them the fingerprints by
   which rows are compared without being decoded.
3. No table holds the clear text of a secret. Only `accounts` and the specs hold personal data; the journal does not.
"""

from collections.abc import Callable

from controller.store.connection import Database

Step = Callable[[Database], None]

MIGRATIONS: dict[str, Step] = {}
"""The steps by their names, in their order; complete where `tallies.py` has been imported."""


def migration(name: str) -> Callable[[Step], Step]:
    """The function that follows is the next step."""

    def added(step: Step) -> Step:
        if name in MIGRATIONS:
            raise ValueError(f"there are two migrations {name!r}")
        MIGRATIONS[name] = step
        return step

    return added


_FIRST = """
-- What billing says: the list row's fingerprints, the account as a value, and what is known about its reading.
CREATE TABLE accounts (
    billing TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    id TEXT NOT NULL,
    row_fp BLOB,
    details_fp BLOB,
    account TEXT NOT NULL,
    details_due INTEGER NOT NULL,
    details_at REAL,
    seen_at REAL,
    missing_since REAL,
    unreadable TEXT,
    judged_in BLOB,
    presence TEXT,
    valid_until REAL,
    PRIMARY KEY (billing, i_account)
) WITHOUT ROWID;
CREATE INDEX accounts_by_id ON accounts (billing, id);
CREATE INDEX accounts_details_due ON accounts (billing, details_due) WHERE details_due = 1;
CREATE INDEX accounts_judged ON accounts (billing, judged_in, valid_until);
CREATE INDEX accounts_details_at ON accounts (billing, details_at);
CREATE INDEX accounts_by_presence ON accounts (billing, missing_since, presence);
CREATE INDEX accounts_unreadable ON accounts (billing, i_account) WHERE unreadable IS NOT NULL;
CREATE INDEX accounts_valid_until ON accounts (billing, valid_until) WHERE valid_until IS NOT NULL;

-- What each platform should hold, and how far we are with it. `quiet_*` remember for which pair of wish and
-- observation the difference was empty, so that an unchanged pair is not compared again.
CREATE TABLE subscribers (
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    desired TEXT NOT NULL,
    desired_fp BLOB NOT NULL,
    external_id TEXT NOT NULL,
    quiet_desired BLOB,
    quiet_observed BLOB,
    state TEXT NOT NULL,
    unconverged_since REAL,
    held_by TEXT,
    text TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    next_try REAL,
    PRIMARY KEY (platform, i_account)
) WITHOUT ROWID;
CREATE INDEX subscribers_by_external_id ON subscribers (platform, external_id);
CREATE INDEX subscribers_by_state ON subscribers (platform, state, unconverged_since);

-- Which device ids and logins are wished by whom on a platform, to find two accounts that want the same one.
CREATE TABLE claims (
    platform TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    PRIMARY KEY (platform, kind, value, i_account)
) WITHOUT ROWID;
CREATE INDEX claims_by_account ON claims (platform, i_account);

-- What each platform holds. `i_account` is set on records that are ours. A record we removed stays as `gone` until a
-- list that is younger than the removal has confirmed it.
CREATE TABLE records (
    platform TEXT NOT NULL,
    record_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    i_account INTEGER,
    spec TEXT NOT NULL,
    listed_fp BLOB NOT NULL,
    observed_fp BLOB NOT NULL,
    observed_at REAL NOT NULL,
    listed_in REAL,
    written_at REAL,
    gone INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (platform, record_id)
) WITHOUT ROWID;
CREATE INDEX records_by_account ON records (platform, i_account);
CREATE INDEX records_by_external_id ON records (platform, external_id);

-- The journal: an intent is committed before the call, its outcome after it. An intent without outcome is open: the
-- call may or may not have happened.
CREATE TABLE intents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    cause TEXT NOT NULL,
    plan TEXT,
    request_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    before TEXT,
    after TEXT,
    after_fp BLOB,
    managed TEXT NOT NULL,
    spent TEXT,
    opened_at REAL NOT NULL
);
CREATE INDEX intents_by_subscriber ON intents (platform, i_account);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    cause TEXT NOT NULL,
    plan TEXT,
    request_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    before TEXT,
    after TEXT,
    opened_at REAL NOT NULL,
    closed_at REAL NOT NULL,
    result TEXT NOT NULL,
    text TEXT
);
CREATE INDEX audit_by_subscriber ON audit (platform, i_account, id);

-- Billing sources and platforms: when they were read, how that went, and whether they answer at all.
CREATE TABLE targets (
    target TEXT PRIMARY KEY,
    attempt_at REAL,
    success_at REAL,
    seconds REAL,
    complete INTEGER,
    accounts INTEGER,
    text TEXT,
    breaker_opened_at REAL
) WITHOUT ROWID;

-- What is left of each platform's brake in this pass, and the plan that is held by it.
CREATE TABLE brakes (
    platform TEXT PRIMARY KEY,
    destructive INTEGER NOT NULL,
    updates INTEGER NOT NULL,
    held_hash TEXT,
    held_destructive INTEGER NOT NULL DEFAULT 0,
    held_updates INTEGER NOT NULL DEFAULT 0,
    destructive_limit INTEGER NOT NULL DEFAULT 0,
    update_limit INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE packages (
    platform TEXT NOT NULL,
    id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (platform, id)
) WITHOUT ROWID;

-- What billing sells, to find catalog entries that match nothing.
CREATE TABLE products (
    billing TEXT NOT NULL,
    i_product INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (billing, i_product)
) WITHOUT ROWID;

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@migration("first")
def _first(db: Database) -> None:
    execute(db, _FIRST)


_EVENTS = """
-- Which accounts belong to which customer, for events that are about a customer.
ALTER TABLE accounts ADD COLUMN i_customer INTEGER;
UPDATE accounts SET i_customer = json_extract(CAST(account AS TEXT), '$.i_customer');
CREATE INDEX accounts_by_customer ON accounts (billing, i_customer);

-- What was announced to us: kept to know an event that comes twice, and (`spread_at` empty) as long as the accounts
-- that it is about have not all been found.
CREATE TABLE events (
    billing TEXT NOT NULL,
    key TEXT NOT NULL,
    source TEXT NOT NULL,
    event_type TEXT NOT NULL,
    scope TEXT NOT NULL,
    number INTEGER NOT NULL,
    received_at REAL NOT NULL,
    spread_at REAL,
    PRIMARY KEY (billing, key)
) WITHOUT ROWID;
CREATE INDEX events_by_age ON events (received_at);
CREATE INDEX events_to_spread ON events (billing, received_at) WHERE spread_at IS NULL;

-- Accounts that were announced to have changed, until billing has been read late enough to show it: `first_at` is when
-- the first such event came, `last_at` when the last did. `routine`: many changed together, nobody waits for this one.
CREATE TABLE announced (
    billing TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    first_at REAL NOT NULL,
    last_at REAL NOT NULL,
    routine INTEGER NOT NULL,
    PRIMARY KEY (billing, i_account)
) WITHOUT ROWID;
"""


@migration("events")
def _events(db: Database) -> None:
    execute(db, _EVENTS)


def execute(db: Database, statements: str) -> None:
    """Run statements, each of which ends with a semicolon at the end of a line."""
    for statement in statements.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


_TOLD = """
-- What billing was told about the provisioning of each account, in the form of `told.py`, and whether it refused it.
CREATE TABLE told (
    billing TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    said TEXT NOT NULL,
    refused INTEGER NOT NULL,
    PRIMARY KEY (billing, i_account)
) WITHOUT ROWID
"""


@migration("told")
def _told(db: Database) -> None:
    db.conn.execute(_TOLD)


# Which devices and logins each record has (its name is in `records`), to find who has what somebody claims. It fills by
# the next list, which takes every record for new. The accounts are judged anew: a wish tells the account's full name.
_HOLDINGS = """
CREATE TABLE holdings (
    platform TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    record_id TEXT NOT NULL,
    PRIMARY KEY (platform, kind, value, record_id)
) WITHOUT ROWID;
CREATE INDEX holdings_by_record ON holdings (platform, record_id);
UPDATE records SET listed_fp = x'';
UPDATE accounts SET judged_in = NULL;
"""


@migration("holdings")
def _holdings(db: Database) -> None:
    execute(db, _HOLDINGS)


# Plans and add-ons may bear the same id; what a plan can be given beside its own channels is part of the offer. It
# fills by the next reading of each platform.
_ROLES = """
DROP TABLE packages;
CREATE TABLE packages (
    platform TEXT NOT NULL,
    id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    title TEXT NOT NULL,
    role TEXT NOT NULL,
    optional TEXT NOT NULL,
    PRIMARY KEY (platform, id, role)
) WITHOUT ROWID;
"""


@migration("roles of packages")
def _roles(db: Database) -> None:
    execute(db, _ROLES)


@migration("add-ons of rows")
def _addons_of_rows(db: Database) -> None:
    """What a row tells about add-ons is known apart from what it tells about the other details."""
    db.conn.execute("ALTER TABLE accounts ADD COLUMN addons_fp BLOB")
    db.conn.execute("UPDATE accounts SET row_fp = NULL, details_fp = NULL")


_REQUEUED = """
-- Accounts that a person wants looked at.
CREATE TABLE requeued (
    billing TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (billing, i_account)
) WITHOUT ROWID
"""


@migration("requeued")
def _requeued(db: Database) -> None:
    db.conn.execute(_REQUEUED)


@migration("half read")
def _half_read(db: Database) -> None:
    """Why the credentials of an account could not be read, when all the rest of it was."""
    db.conn.execute("ALTER TABLE accounts ADD COLUMN half_read TEXT")


@migration("not given")
def _not_given(db: Database) -> None:
    """Since when billing says that it has no such account, while its list shows it."""
    db.conn.execute("ALTER TABLE accounts ADD COLUMN not_given_since REAL")
