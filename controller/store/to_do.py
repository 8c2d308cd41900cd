"""Who has to be compared, and who has to be judged because of a record: two small tables that triggers keep.

Rules of this module:

1. Quiet means: for this very pair of wish and observation there was nothing to do (`subscribers.py`). Whatever changes
   either of the two puts the subscriber into `to_compare`, in the same transaction and whoever does it; only a look
   that settles the pair as it stands takes it out. So a pass asks nobody who is quiet, be they a million.
2. `unowned` has the accounts that have a record though nothing is known to be wished for them.
"""

from controller.store.charge_tables import MIGRATIONS
from controller.store.connection import Database
from controller.store.schema import execute, migration

__all__ = ["MIGRATIONS"]

UNSETTLED = (
    "(s.quiet_desired IS NOT s.desired_fp OR s.quiet_observed IS NOT coalesce("
    " (SELECT observed_fp FROM records INDEXED BY records_by_account"
    "  WHERE platform = s.platform AND i_account = s.i_account AND gone = 0 LIMIT 1),"
    " (SELECT observed_fp FROM records INDEXED BY records_by_external_id"
    "  WHERE platform = s.platform AND external_id = s.external_id AND i_account IS NULL AND gone = 0 LIMIT 1)))"
)
"""Whether the subscriber `s` changed, or its record, since it was last found to have nothing to do."""

OWNERLESS = (
    "(EXISTS (SELECT 1 FROM records INDEXED BY records_by_account"
    "  WHERE platform = o.platform AND i_account = o.i_account AND gone = 0)"
    " AND NOT EXISTS (SELECT 1 FROM subscribers s WHERE s.platform = o.platform AND s.i_account = o.i_account))"
)
"""Whether the owner `o` of a record is nobody for whom anything is known to be wished."""

_TABLES = """
CREATE TABLE to_compare (
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    PRIMARY KEY (platform, i_account)
) WITHOUT ROWID;
CREATE TABLE unowned (
    platform TEXT NOT NULL,
    i_account INTEGER NOT NULL,
    PRIMARY KEY (platform, i_account)
) WITHOUT ROWID;
"""


# Not by INSERT OR IGNORE: within a trigger, the statement that set it off says what becomes of a conflict.
_NEW = "NOT EXISTS (SELECT 1 FROM to_compare t WHERE t.platform = s.platform AND t.i_account = s.i_account)"


def _find(table: str, key: str, found: str) -> str:
    """Find anew whether the one with the key is in the table."""
    gone = f"DELETE FROM {table} WHERE platform = {key}.platform AND i_account = {key}.i_account;"
    return f"{gone} INSERT INTO {table} SELECT platform, i_account FROM {found};"


def _compare(key: str) -> str:
    who = f"platform = {key}.platform AND i_account = {key}.i_account"
    return _find("to_compare", key, f"subscribers s WHERE {who} AND {UNSETTLED}")


def _own(key: str) -> str:
    them = f"SELECT {key}.platform AS platform, {key}.i_account AS i_account WHERE {key}.i_account IS NOT NULL"
    return _find("unowned", key, f"({them}) o WHERE {OWNERLESS}")


def _concern(key: str) -> str:
    """A record is concerned: whoever it belongs to, or may belong to by its name."""
    theirs = f"i_account = {key}.i_account"
    named = f"{key}.i_account IS NULL AND external_id = {key}.external_id"
    found = f"SELECT platform, i_account FROM subscribers s WHERE platform = {key}.platform"
    mark = f"INSERT INTO to_compare {found} AND {_NEW}"
    marks = (f"{mark} AND {whose};" for whose in (theirs, named))
    return " ".join((*marks, _own(key)))


_READS_OTHERWISE = (
    "old.i_account IS NOT new.i_account OR old.external_id <> new.external_id OR old.gone <> new.gone"
    " OR old.observed_fp <> new.observed_fp"
)
_TRIGGERS = (
    f"CREATE TRIGGER subscriber_comes AFTER INSERT ON subscribers BEGIN {_compare('new')} {_own('new')} END",
    "CREATE TRIGGER subscriber_changes AFTER UPDATE OF desired_fp, external_id, quiet_desired, quiet_observed"
    f" ON subscribers BEGIN {_compare('new')} END",
    f"CREATE TRIGGER subscriber_goes AFTER DELETE ON subscribers BEGIN {_compare('old')} {_own('old')} END",
    f"CREATE TRIGGER record_comes AFTER INSERT ON records BEGIN {_concern('new')} END",
    "CREATE TRIGGER record_changes AFTER UPDATE OF i_account, external_id, gone, observed_fp ON records"
    f" WHEN {_READS_OTHERWISE} BEGIN {_concern('old')} {_concern('new')} END",
    f"CREATE TRIGGER record_goes AFTER DELETE ON records BEGIN {_concern('old')} END",
)


@migration("to do")
def _to_do(db: Database) -> None:
    execute(db, _TABLES)
    for trigger in _TRIGGERS:
        db.conn.execute(trigger)
    db.conn.execute(f"INSERT INTO to_compare SELECT platform, i_account FROM subscribers s WHERE {UNSETTLED}")
    db.conn.execute(
        "INSERT INTO unowned SELECT DISTINCT platform, i_account FROM records o"
        f" WHERE i_account IS NOT NULL AND gone = 0 AND {OWNERLESS}"
    )
