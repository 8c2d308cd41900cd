"""What is known of a database that was lost, or is an old copy: which it is, and what has to be found out again.

Rules of this module:

1. A platform is `rebuilding` from the start at which the loss was noticed until billing and it have been read whole.
   That is kept here, so that a process that is killed meanwhile does not forget it.
2. What only a person can decide is `ambiguous` from the end of the rebuilding until a later list shows it decided:
   two records of one account, or a record whose mark names another account than an old copy remembers.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from controller.store.connection import Database


@dataclass(frozen=True, slots=True)
class Identity:
    """Which database this is, how often it was found lost or old, and how many steps it has seen: the highest
    number an intent has had, and what happened to charges.
    """

    store: str
    epoch: int
    steps: int


class Recovery:
    """The tables `rebuilding`, `rebound` and `ambiguous`, and the words of `meta` that say which database this is."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def identity(self) -> Identity:
        """Which database this is, and how far it goes."""
        store, epoch, steps = self._conn.execute(_IDENTITY).fetchone()
        return Identity(store, int(epoch), int(steps))

    def epoch(self) -> int:
        """How often it was found lost or old."""
        (epoch,) = self._conn.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        return int(epoch)

    def raise_epoch(self, above: int = 0) -> None:
        """From now on this is another database than the one that was here, whatever epoch that had."""
        self._conn.execute(
            "UPDATE meta SET value = CAST(max(CAST(value AS INTEGER), ?) + 1 AS TEXT) WHERE key = 'epoch'", (above,)
        )

    def begin(self, platform: str, text: str, now: datetime) -> None:
        """Nothing is written to the platform from now on; `text` says why, and stays if it was said before."""
        self._conn.execute(
            "INSERT OR IGNORE INTO rebuilding (platform, since, text) VALUES (?, ?, ?)",
            (platform, now.timestamp(), text),
        )

    def end(self, platform: str) -> None:
        """The platform and billing have been read whole: its records are bound as their marks say."""
        self._conn.execute("DELETE FROM rebuilding WHERE platform = ?", (platform,))

    def rebuilding(self, platform: str) -> str | None:
        """Why nothing is written to the platform at present; `None` if it is rebuilt, or never had to be."""
        row = self._conn.execute("SELECT text FROM rebuilding WHERE platform = ?", (platform,)).fetchone()
        return None if row is None else str(row[0])

    def ambiguous(self, platform: str) -> dict[int, str]:
        """The accounts that wait for a person, each with the sentence that names the records."""
        rows = self._conn.execute("SELECT i_account, text FROM ambiguous WHERE platform = ?", (platform,))
        return dict(rows.fetchall())

    def ambiguity(self, platform: str, i_account: int) -> str | None:
        """The sentence, if the account waits for a person."""
        row = self._conn.execute(
            "SELECT text FROM ambiguous WHERE platform = ? AND i_account = ?", (platform, i_account)
        ).fetchone()
        return None if row is None else str(row[0])

    def find_ambiguous(self, platform: str) -> None:
        """Note which accounts need a person, now that the platform's records are bound anew."""
        self._note(platform, dict(self._found(platform)))

    def look_again(self, platform: str) -> None:
        """After a later list: let those go that a person has decided. Nobody is added."""
        known = self.ambiguous(platform)
        if known:
            self._note(platform, {who: text for who, text in self._found(platform) if who in known})

    def _note(self, platform: str, found: dict[int, str]) -> None:
        concerned = self.ambiguous(platform).keys() | found.keys()
        self._conn.execute("DELETE FROM ambiguous WHERE platform = ?", (platform,))
        self._conn.executemany(
            "INSERT INTO ambiguous (platform, i_account, text) VALUES (?, ?, ?)",
            [(platform, i_account, text) for i_account, text in found.items()],
        )
        self._conn.execute(_FORGET_DECIDED, (platform,))
        self._conn.executemany(
            "UPDATE subscribers SET quiet_desired = NULL WHERE platform = ? AND i_account = ?",
            [(platform, i_account) for i_account in concerned],
        )

    def _found(self, platform: str) -> Iterator[tuple[int, str]]:
        for i_account, external_ids in self._of_several(platform):
            names = " and ".join(repr(each) for each in external_ids)
            yield (
                i_account,
                (
                    f"records {names} on platform {platform!r} are all i_account {i_account}'s by their marks; none is"
                    " touched until a person removes those there that are not wanted"
                ),
            )
        rows = self._conn.execute(_REBOUND, (platform,)).fetchall()
        for external_id, remembered, marked in rows:
            text = (
                f"record {external_id!r} on platform {platform!r} was i_account {remembered}'s as far as this database"
                f" remembers, and i_account {marked}'s by its mark; it is not touched until a person corrects the mark"
                " or removes the record there, or, if the mark is right, runs rebuild"
            )
            yield from ((remembered, text), (marked, text))

    def _of_several(self, platform: str) -> Iterable[tuple[int, list[str]]]:
        found: dict[int, list[str]] = {}
        for i_account, external_id in self._conn.execute(_OF_SEVERAL, (platform,)):
            found.setdefault(i_account, []).append(external_id)
        return found.items()


_IDENTITY = (
    "SELECT (SELECT value FROM meta WHERE key = 'store'), (SELECT value FROM meta WHERE key = 'epoch'),"
    " max(coalesce((SELECT max(id) FROM audit), 0), coalesce((SELECT max(id) FROM intents), 0))"
    " + coalesce((SELECT max(rowid) FROM charge_log), 0)"
)
_OF_SEVERAL = (
    "SELECT i_account, external_id FROM records r INDEXED BY records_by_account WHERE platform = ?1 AND gone = 0"
    " AND i_account IN (SELECT i_account FROM records INDEXED BY records_by_account WHERE platform = ?1"
    "  AND i_account IS NOT NULL AND gone = 0 GROUP BY i_account HAVING count(*) > 1) ORDER BY i_account, external_id"
)
_REBOUND = (
    "SELECT r.external_id, b.i_account, r.i_account FROM rebound b JOIN records r USING (platform, record_id)"
    " WHERE platform = ? AND r.gone = 0 AND r.i_account IS NOT NULL AND r.i_account <> b.i_account ORDER BY record_id"
)
_FORGET_DECIDED = (
    "DELETE FROM rebound WHERE platform = ? AND NOT EXISTS (SELECT 1 FROM records r WHERE r.platform = rebound.platform"
    " AND r.record_id = rebound.record_id AND r.gone = 0 AND r.i_account <> rebound.i_account)"
)
