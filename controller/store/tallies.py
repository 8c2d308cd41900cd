"""How many there are of what: counted as rows come, change and go, so that nobody has to count a large table.

Rules of this module:

1. Triggers count, in the transaction that changes the row: a tally is exact, and no writer has to remember it. A row
   that changes in nothing that is counted costs a comparison.
2. What tells two kinds apart has few values. Of an empty one (`NULL`) the tally says ''.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.store.connection import Database
from controller.store.schema import execute, migration
from controller.store.to_do import MIGRATIONS

__all__ = ["MIGRATIONS"]


@dataclass(frozen=True, slots=True)
class _Tally:
    """How the rows of `table` are counted where `counted` holds: by `kinds`, each a column of the tally with its SQL.

    `columns` are those of the table on which this depends. A row is called `row`.
    """

    table: str
    kinds: Mapping[str, str]
    columns: tuple[str, ...]
    counted: str = "TRUE"

    @property
    def statements(self) -> Iterator[str]:
        """Makes the tally, fills it, and has it kept."""
        name, keys, values = f"{self.table}_tally", ", ".join(self.kinds), ", ".join(self.kinds.values())
        one_more = (
            f"INSERT INTO {name} SELECT {values}, 1 WHERE {self.counted} ON CONFLICT DO UPDATE SET number = number + 1;"
        )
        one_less = f"UPDATE {name} SET number = number - 1 WHERE {self.counted} AND ({keys}) = ({values});"
        new, old = (one_more.replace("row.", "new."), one_less.replace("row.", "old."))
        changed = " OR ".join(f"old.{each} IS NOT new.{each}" for each in self.columns)
        columns = ", ".join(f"{key} NOT NULL" for key in self.kinds)
        yield f"CREATE TABLE {name} ({columns}, number INTEGER NOT NULL, PRIMARY KEY ({keys})) WITHOUT ROWID"
        yield (
            f"INSERT INTO {name} SELECT {values}, count(*) FROM {self.table} AS row WHERE {self.counted}"
            f" GROUP BY {values}"
        )
        yield f"CREATE TRIGGER {name}_more AFTER INSERT ON {self.table} BEGIN {new} END"
        yield f"CREATE TRIGGER {name}_less AFTER DELETE ON {self.table} BEGIN {old} END"
        yield (
            f"CREATE TRIGGER {name}_moves AFTER UPDATE OF {', '.join(self.columns)} ON {self.table}"
            f" WHEN {changed} BEGIN {old} {new} END"
        )


_TALLIES = (
    # Those of the last list. `reading`: how far their details are known, which are `due`, or `read` and so audited.
    _Tally(
        "accounts",
        {
            "billing": "row.billing",
            "presence": "coalesce(row.presence, '')",
            "reading": "CASE WHEN row.details_due AND row.unreadable IS NULL THEN 'due'"
            " WHEN NOT row.details_due AND row.details_at IS NOT NULL THEN 'read' ELSE '' END",
        },
        ("presence", "missing_since", "details_due", "details_at", "unreadable"),
        "row.missing_since IS NULL",
    ),
    _Tally(
        "subscribers",
        {"platform": "row.platform", "state": "row.state", "held_by": "coalesce(row.held_by, '')"},
        ("state", "held_by"),
    ),
    _Tally(
        "records",
        {"platform": "row.platform", "is_ours": "row.i_account IS NOT NULL"},
        ("i_account", "gone"),
        "NOT row.gone",
    ),
    _Tally(
        "told",
        {"billing": "row.billing", "status": "substr(row.said, 1, 1)", "refused": "row.refused"},
        ("said", "refused"),
    ),
    _Tally("charges", {"platform": "row.platform", "state": "row.state", "kind": "row.kind"}, ("state", "kind")),
)

# By which what is counted is found, as far as that was not so before.
_INDEXES = """
DROP INDEX accounts_by_presence;
CREATE INDEX accounts_missing ON accounts (billing, missing_since) WHERE missing_since IS NOT NULL;
CREATE INDEX accounts_audited ON accounts (billing, details_at)
    WHERE details_due = 0 AND presence IS NOT 'absent' AND missing_since IS NULL;
DROP INDEX subscribers_by_state;
CREATE INDEX subscribers_by_state ON subscribers (platform, state, held_by, unconverged_since);
DROP INDEX records_by_account;
CREATE INDEX records_by_account ON records (platform, i_account, gone);
CREATE INDEX records_of_others ON records (platform, external_id) WHERE i_account IS NULL AND gone = 0;
CREATE INDEX announced_urgent ON announced (billing, first_at) WHERE routine = 0;
"""


@migration("tallies")
def _tallies(db: Database) -> None:
    execute(db, _INDEXES)
    for tally in _TALLIES:
        for statement in tally.statements:
            db.conn.execute(statement)
