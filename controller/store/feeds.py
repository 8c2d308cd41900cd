"""How far the feeds of sales were read, and which account bore which record of a platform.

Rules of this module:

1. A cursor moves in the transaction that keeps the records before it.
2. A feed is *followed* while its end is reached often enough. What is sold meanwhile, and comes meanwhile, nobody else
   can have booked. After a gap (a new, a restored or a copied database, a long rest) somebody else may have.
3. A buyer is found by the platform's own id of the record, which is never used again; where there is none, by the name
   at the instant of the sale, give or take what clocks differ. Several accounts are never one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.store.codec import to_instant
from controller.store.connection import Database
from desired_state.charges import Nobody
from desired_state.sales import FeedRecord

CLOCKS_DIFFER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Feed:
    """Where a reading goes on, when its end was reached last, and since when it is followed; `text`: what failed."""

    cursor: str = ""
    read_at: datetime | None = None
    followed_since: datetime | None = None
    text: str | None = None

    def is_followed(self, now: datetime, gap: timedelta) -> bool:
        """Whether its end was reached at most `gap` ago."""
        return self.read_at is not None and abs(now - self.read_at) <= gap


class Feeds:
    """The tables `feeds` and `bearers`."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def get(self, platform: str) -> Feed:
        """How far the feed was read."""
        row = self._conn.execute(
            "SELECT cursor, read_at, followed_since, text FROM feeds WHERE platform = ?", (platform,)
        ).fetchone()
        return Feed() if row is None else Feed(row[0], to_instant(row[1]), to_instant(row[2]), row[3])

    def note_page(self, platform: str, cursor: str) -> None:
        """The records before the cursor are kept."""
        self._conn.execute(
            "INSERT INTO feeds (platform, cursor) VALUES (?, ?)"
            " ON CONFLICT (platform) DO UPDATE SET cursor = excluded.cursor, text = NULL",
            (platform, cursor),
        )

    def note_end(self, platform: str, now: datetime, *, is_followed: bool) -> None:
        """The end of the feed was reached; it was not followed before, unless it `is_followed`."""
        self._conn.execute(
            "UPDATE feeds SET read_at = ?1, followed_since = CASE WHEN ?2 THEN coalesce(followed_since, ?1) ELSE ?1 END"
            " WHERE platform = ?3",
            (now.timestamp(), is_followed, platform),
        )

    def note_failure(self, platform: str, text: str) -> None:
        """The feed could not be read; the cursor stays."""
        self._conn.execute(
            "INSERT INTO feeds (platform, cursor, text) VALUES (?, '', ?)"
            " ON CONFLICT (platform) DO UPDATE SET text = excluded.text",
            (platform, text),
        )

    def distrust(self) -> None:
        """This database is an old copy: what has come since may have been booked by another."""
        self._conn.execute("UPDATE feeds SET read_at = NULL, followed_since = NULL")

    def buyer(self, record: FeedRecord) -> int | Nobody:
        """The `i_account` that a record is about, or why that cannot be said."""
        who, bore = f"on platform {record.platform!r}", self._bearers(record)
        if len(bore) == 1:
            return bore.pop()
        if len(bore) > 1:
            among = ", ".join(map(str, sorted(bore)))
            return Nobody("ambiguous", f"the record {who} was, or may have been, that of several accounts: {among}")
        if self._is_there(record):
            return Nobody("foreign", f"the record {who} was not ours when it bought")
        return Nobody("unknown_customer", f"no account of ours is known to have had the record {who} that bought")

    def _bearers(self, record: FeedRecord) -> set[int]:
        """The accounts that had the record at the instant of the sale."""
        if record.record_id:
            rows = self._conn.execute(_BY_RECORD, (record.platform, record.record_id)).fetchall()
        else:
            rows = self._conn.execute(_BY_NAME, (record.platform, record.external_id)).fetchall()
        accounts = {i_account for i_account, _, _ in rows}
        if record.sold_at is None or (record.record_id and len(accounts) == 1):
            return accounts
        begins = (record.sold_at - CLOCKS_DIFFER).timestamp()
        ends = (record.sold_at + CLOCKS_DIFFER).timestamp()
        return {i_account for i_account, since, until in rows if since <= ends and (until is None or until >= begins)}

    def _is_there(self, record: FeedRecord) -> bool:
        by_id, by_name = "records WHERE record_id", "records INDEXED BY records_by_external_id WHERE external_id"
        where, value = (by_id, record.record_id) if record.record_id else (by_name, record.external_id)
        query = f"SELECT 1 FROM {where} = ?2 AND platform = ?1 AND gone = 0 LIMIT 1"
        return self._conn.execute(query, (record.platform, value)).fetchone() is not None


_BORE, _BEARS = (
    "SELECT i_account, since, until FROM bearers",
    "SELECT i_account, coalesce(borne_since, observed_at), NULL FROM records",
)
_NOW = "i_account IS NOT NULL AND gone = 0"
_BY_RECORD = (
    f"{_BORE} WHERE platform = ?1 AND record_id = ?2"
    f" UNION ALL {_BEARS} WHERE platform = ?1 AND record_id = ?2 AND {_NOW}"
)
_BY_NAME = (
    f"{_BORE} WHERE platform = ?1 AND external_id = ?2"
    f" UNION ALL {_BEARS} INDEXED BY records_by_external_id WHERE platform = ?1 AND external_id = ?2 AND {_NOW}"
)
