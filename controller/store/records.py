"""What the platforms hold, record by record.

Rules of this module:

1. A record is bound to an account (`i_account`) when its ownership note names that account, or when we made it. The
   binding survives the note: somebody may have wiped it.
2. A reading that began before our last write, or so soon after it that the platform may not show it yet (`read_lag`),
   cannot contradict that write. What was noted by a clock that was ahead protects nothing.
3. What no platform shows (passwords, PINs) is remembered as last written, by fingerprint.
4. While a platform is rebuilt (`recovery.py`), a record that is bound to another account than before is noted.
5. `holdings` says which devices and logins the records have; whatever changes a record keeps it true.
6. Nothing is written of a record that a list shows as before. `listed_fp` is what its row was compared by; empty, it
   says that no list has shown the record as it is known now. One that has was there when the platform was last read
   whole (`targets.listed_at`).
7. Which records a reading has shown is remembered by their numbers, as long as it lasts.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from controller.numbers import Numbers
from controller.store.codec import decode_spec, encode, fingerprint, instant, to_instant
from controller.store.connection import Database
from controller.store.pages import TOGETHER, PageNote
from controller.store.targets import Targets
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from desired_state.unique import Value, unique_values

if TYPE_CHECKING:  # who only looks at the store reads no list
    from platforms.listing import Listed


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as we know it. `i_account` is `None` for one that is not ours."""

    observation: Observation
    observed_fp: bytes
    i_account: int | None
    written_at: datetime | None


@dataclass(frozen=True, slots=True)
class Holder:
    """A record that has something only one can have. `i_account` is `None` where it is not ours."""

    external_id: str
    i_account: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a platform's whole list, by the instant at which it began.

    `shown` are the numbers of the records that it has shown; `missing`, after its end, the ids of those it did not.
    """

    began: datetime
    read_lag: timedelta
    shown: Numbers = field(default_factory=Numbers, compare=False, repr=False)
    missing: list[str] = field(default_factory=list, compare=False, repr=False)

    @property
    def settled_before(self) -> float:
        """Writes older than this are visible in the reading."""
        return (self.began - self.read_lag).timestamp()


SEEN = (
    "CASE listed_fp WHEN x'' THEN observed_at ELSE"
    " max(observed_at, coalesce((SELECT listed_at FROM targets WHERE target = records.platform), 0)) END"
)
"""When the record was last seen, in a list or by itself."""
_COLUMNS = f"record_id, external_id, spec, observed_fp, {SEEN}, i_account, written_at"


class Records:
    """The table `records` of one platform."""

    def __init__(self, db: Database, platform: str, i_env: int) -> None:
        self._conn = db.conn
        self._targets = Targets(db)
        self._platform = platform
        self._i_env = i_env

    def differing(self, rows: "Sequence[Listed]", reading: Reading) -> "tuple[list[Listed], PageNote | None]":
        """Which rows of a list are new, or differ from those before; of the others it is noted that they are there.

        Where none differs, by what they can be known together again.
        """
        ids = json.dumps([row.record_id for row in rows])
        compared = (self._platform, ids, b"".join([row.fingerprint for row in rows]))
        numbers = self._numbers(_SAME.format("number"), compared)
        reading.shown.update(numbers)
        if len(numbers) == len(rows):
            return [], PageNote.of(self._conn.execute(_PRINTS, (self._platform, ids)).fetchall())
        same = set(self._numbers(_SAME.format("key"), compared))
        return [row for place, row in enumerate(rows) if place not in same], None

    def recalled(self, note: PageNote) -> list[int] | None:
        """The numbers of the records that rows show, if they are known to read so, and no other between them does."""
        between = (self._platform, note.first, note.last, note.enough)
        return note.numbers(self._conn.execute(_TOGETHER, between).fetchone())

    def merge(self, differing: "Iterable[tuple[Listed, Observation]]", reading: Reading, now: datetime) -> None:
        """Take over such rows, each with what it shows."""
        for row, observation in differing:
            known = self._conn.execute(
                "SELECT written_at, spec, i_account FROM records WHERE platform = ? AND record_id = ?",
                (self._platform, observation.record_id),
            ).fetchone()
            if known is not None and reading.settled_before <= (known[0] or 0) <= now.timestamp():
                continue
            seen = replace(observation, observed_at=reading.began)
            reading.shown.add(self._put(seen, row.fingerprint, known and (known[1], known[2])))

    def find_missing(self, reading: Reading, after: int = 0) -> int | None:
        """Note which records a complete reading did not show, of some that follow the one with a number.

        Whoever was shown is known by now: if they are as many as there are, none is missing. Should one of them have
        been removed meanwhile, and another be missing, the next reading tells. Returns the number after which to go on;
        `None` where there are no more.
        """
        if not after and self._conn.execute(_ALL, (self._platform,)).fetchone() == (len(reading.shown),):
            return None
        numbers = self._numbers(_NUMBERS, (self._platform, after))
        absent = json.dumps(reading.shown.lacking(numbers))
        ids = self._conn.execute(_OF_NUMBERS, (self._platform, absent)).fetchall() if absent != "[]" else ()
        reading.missing.extend(record_id for (record_id,) in ids)
        return numbers[-1] if numbers else None

    def unlisted(self, missing: Sequence[str], reading: Reading, now: datetime) -> list[str]:
        """Which of some missing records are ours and should have been shown, by their ids."""
        query = f"SELECT record_id FROM records WHERE i_account IS NOT NULL AND gone = 0 AND {_UNLISTED} ORDER BY 1"
        return [record_id for (record_id,) in self._conn.execute(query, self._unlisted(missing, reading, now))]

    def drop_unlisted(self, missing: Sequence[str], reading: Reading, now: datetime) -> None:
        """Forget those of some missing records that should have been shown."""
        ids, *_ = unlisted = self._unlisted(missing, reading, now)
        if self._conn.execute(f"DELETE FROM records WHERE {_UNLISTED}", unlisted).rowcount:
            self._conn.execute(_HELD_BY_NOBODY, (ids, self._platform))

    def note_missing(self, missing: Sequence[str]) -> None:
        """Note that a list has not shown these records; to come before `note_listed`."""
        self._conn.execute(
            f"UPDATE records SET observed_at = {SEEN}, listed_fp = x'' WHERE {_MISSING} AND listed_fp <> x''",
            (json.dumps(missing), self._platform),
        )

    def note_listed(self, reading: Reading) -> None:
        """The platform was read whole: all records but the missing ones were there when that began."""
        self._targets.note_listed(self._platform, reading.began)

    def of_account(self, i_account: int, external_id: str) -> StoredRecord | None:
        """The account's record: the one bound to it, else an unbound one that bears its name."""
        row = self._conn.execute(
            f"SELECT {_COLUMNS} FROM records INDEXED BY records_by_account"
            " WHERE platform = ? AND i_account = ? AND gone = 0 ORDER BY external_id <> ?, record_id LIMIT 1",
            (self._platform, i_account, external_id),
        ).fetchone()
        row = (
            row
            or self._conn.execute(
                f"SELECT {_COLUMNS} FROM records INDEXED BY records_by_external_id"
                " WHERE platform = ? AND external_id = ? AND i_account IS NULL AND gone = 0 ORDER BY record_id LIMIT 1",
                (self._platform, external_id),
            ).fetchone()
        )
        return None if row is None else _stored(row)

    def having(self, value: Value, but: str | None) -> "Holder | None":
        """Which record, other than one, has the value: its name, and whose it is."""
        query, searched = (_BEARING, (value.text,)) if value.kind == "name" else (_HAVING, value)
        row = self._conn.execute(query, (self._platform, *searched, but or "")).fetchone()
        return None if row is None else Holder(*row)

    def is_bound(self, i_account: int) -> bool:
        """Whether the platform holds a record of ours for the account."""
        row = self._conn.execute(
            "SELECT 1 FROM records INDEXED BY records_by_account"
            " WHERE platform = ? AND i_account = ? AND gone = 0 LIMIT 1",
            (self._platform, i_account),
        ).fetchone()
        return row is not None

    def note_observed(self, record_id: str | None, observation: Observation | None) -> StoredRecord | None:
        """Take over what a single look at a record showed; `record_id` is the one that was looked for."""
        if observation is None:
            if record_id is not None:
                self.remove(record_id)
            return None
        if record_id is not None and record_id != observation.record_id:
            self.remove(record_id)  # found under its name: the record that was looked for is there no longer
        known = self._conn.execute(
            "SELECT spec, i_account FROM records WHERE platform = ? AND record_id = ?",
            (self._platform, observation.record_id),
        ).fetchone()
        self._put(observation, b"", known)
        return self.get(observation.record_id)

    def note_written(self, observation: Observation, i_account: int, at: datetime) -> None:
        """Take over what we just wrote, as ours, with the secrets that it has now."""
        self._keep(observation, b"", i_account, at)

    def note_removed(self, record_id: str, at: datetime) -> None:
        """Take over that we removed the record; a list that is too early to know will not bring it back."""
        self._conn.execute(
            "UPDATE records SET gone = 1, listed_fp = x'', written_at = ? WHERE platform = ? AND record_id = ?",
            (at.timestamp(), self._platform, record_id),
        )
        self._hold(record_id, None)

    def remove(self, record_id: str) -> None:
        """Forget a record that is not there."""
        self._conn.execute("DELETE FROM records WHERE platform = ? AND record_id = ?", (self._platform, record_id))
        self._hold(record_id, None)

    def namesakes(self) -> list[tuple[int, str]]:
        """Records that are nobody's and bear the name that an account's record is to have: `i_account`, record id."""
        rows = self._conn.execute(
            "SELECT s.i_account, r.record_id FROM records r INDEXED BY records_of_others"
            " JOIN subscribers s INDEXED BY subscribers_by_external_id"
            "  ON s.platform = r.platform AND s.external_id = r.external_id"
            " WHERE r.platform = ? AND r.i_account IS NULL AND r.gone = 0 ORDER BY s.i_account, r.record_id",
            (self._platform,),
        )
        return list(rows)

    def bind(self, record_id: str, i_account: int) -> None:
        """Make a record that was nobody's the account's."""
        self._conn.execute(
            "UPDATE records SET i_account = ? WHERE platform = ? AND record_id = ? AND i_account IS NULL",
            (i_account, self._platform, record_id),
        )

    def forget_secrets(self, i_account: int) -> None:
        """Have the passwords and PINs of the account's records written anew: nobody knows any longer what they are."""
        rows = self._conn.execute(
            f"SELECT {_COLUMNS}, listed_fp FROM records INDEXED BY records_by_account"
            " WHERE platform = ? AND i_account = ? AND gone = 0",
            (self._platform, i_account),
        ).fetchall()
        for *row, listed_fp in rows:
            seen = _stored((row[0], row[1], row[2], row[3], row[4], row[5], row[6])).observation
            spec = replace(seen.spec, password=None, pin=None)
            self._keep(replace(seen, spec=spec), listed_fp, i_account)

    def forget_all_secrets(self) -> None:
        """Have every password and PIN written anew that is remembered of a record of ours."""
        rows = self._conn.execute(_WITH_SECRETS, (self._platform,)).fetchall()
        for (i_account,) in rows:
            self.forget_secrets(i_account)

    def owned(self) -> int:
        """How many records are ours."""
        return self._counted(is_ours=True)

    def foreign(self) -> int:
        """How many records are not ours."""
        return self._counted(is_ours=False)

    def orphaned(self, billing: str) -> int:
        """How many records are ours by their marks, though that billing source has no such account."""
        (count,) = self._conn.execute(
            "SELECT count(*) FROM records r INDEXED BY records_by_account"
            " WHERE platform = ? AND i_account IS NOT NULL AND gone = 0 AND NOT EXISTS"
            " (SELECT 1 FROM accounts a WHERE a.billing = ? AND a.i_account = r.i_account)",
            (self._platform, billing),
        ).fetchone()
        return int(count)

    def get(self, record_id: str) -> StoredRecord | None:
        """The record by the platform's id of it."""
        row = self._conn.execute(
            f"SELECT {_COLUMNS} FROM records WHERE platform = ? AND record_id = ?", (self._platform, record_id)
        ).fetchone()
        return None if row is None else _stored(row)

    def _put(self, observation: Observation, listed_fp: bytes, known: tuple[bytes, int | None] | None) -> int:
        """Keep an observation with the secrets and the binding that are known of the record; returns its number."""
        spec, i_account = known or (None, None)
        remembered = decode_spec(spec) if spec is not None else None
        return self._keep(observation.with_secrets_of(remembered), listed_fp, i_account)

    def _keep(self, observation: Observation, listed_fp: bytes, known: int | None, at: datetime | None = None) -> int:
        """Keep what is known of a record, which was bound to the account `known`; returns its number."""
        spec = observation.spec.sealed()
        i_account = self._bound(spec, known)
        encoded = encode(spec)
        observed_fp = fingerprint(observation.external_id.encode() + encoded)
        ((number,),) = self._conn.execute(
            "INSERT INTO records (platform, record_id, external_id, i_account, spec, listed_fp, observed_fp,"
            " observed_at, written_at, borne_since, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?8,"
            " (SELECT coalesce(max(number), 0) + 1 FROM records WHERE platform = ?1))"
            " ON CONFLICT (platform, record_id) DO UPDATE SET external_id = excluded.external_id,"
            " i_account = excluded.i_account, spec = excluded.spec, listed_fp = excluded.listed_fp,"
            " observed_fp = excluded.observed_fp, observed_at = excluded.observed_at,"
            " written_at = coalesce(excluded.written_at, written_at), gone = 0 RETURNING number",
            (self._platform, observation.record_id, observation.external_id, i_account, encoded, listed_fp,
             observed_fp, observation.observed_at.timestamp(), at and at.timestamp()),
        ).fetchall()  # fmt: skip
        self._hold(observation.record_id, spec)
        if known not in (None, i_account):
            self._conn.execute(_REBIND, (self._platform, observation.record_id, known))
        return int(number)

    def _hold(self, record_id: str, spec: SubscriberSpec | None) -> None:
        """Note which devices and logins the record has now."""
        self._conn.execute("DELETE FROM holdings WHERE platform = ? AND record_id = ?", (self._platform, record_id))
        self._conn.executemany(
            "INSERT OR IGNORE INTO holdings (platform, kind, value, record_id) VALUES (?, ?, ?, ?)",
            [(self._platform, kind, value, record_id) for kind, value in unique_values(spec)],
        )

    def _bound(self, spec: SubscriberSpec, known: int | None) -> int | None:
        owner = Owner.of(spec.note)
        if owner is None:
            return known
        return owner.i_account if owner.i_env == self._i_env else None

    def _counted(self, *, is_ours: bool) -> int:
        query = "SELECT total(number) FROM records_tally WHERE platform = ? AND is_ours = ?"
        (count,) = self._conn.execute(query, (self._platform, is_ours)).fetchone()
        return int(count)

    def _numbers(self, query: str, parameters: tuple[object, ...]) -> list[int]:
        """The numbers in the one JSON array that a query answers: SQLite makes it faster than as many rows."""
        (answer,) = self._conn.execute(query, parameters).fetchone()
        return list(json.loads(answer))

    def _unlisted(self, missing: Sequence[str], reading: Reading, now: datetime) -> tuple[str, str, float, float]:
        return json.dumps(missing), self._platform, reading.settled_before, now.timestamp()


_BEARING = (
    "SELECT external_id, i_account FROM records INDEXED BY records_by_external_id"
    " WHERE platform = ? AND external_id = ? AND record_id <> ? AND gone = 0 ORDER BY record_id LIMIT 1"
)
_HAVING = (
    "SELECT external_id, i_account FROM holdings CROSS JOIN records USING (platform, record_id)"
    " WHERE platform = ? AND kind = ? AND value = ? AND record_id <> ? ORDER BY record_id LIMIT 1"
)
_WITH_SECRETS = (
    "SELECT DISTINCT i_account FROM records WHERE platform = ? AND i_account IS NOT NULL AND gone = 0"
    " AND coalesce(json_extract(CAST(spec AS TEXT), '$.password'), json_extract(CAST(spec AS TEXT), '$.pin')) NOT NULL"
)
_REBIND = (
    "INSERT OR IGNORE INTO rebound (platform, record_id, i_account) SELECT ?1, ?2, ?3"
    " WHERE EXISTS (SELECT 1 FROM rebuilding WHERE platform = ?1)"
)
_SAME = (
    "SELECT json_group_array({}) FROM json_each(?2) CROSS JOIN records WHERE platform = ?1 AND record_id = value"
    " AND listed_fp = substr(?3, 12 * key + 1, 12)"
)
_PRINTS = "SELECT number, listed_fp FROM json_each(?2) CROSS JOIN records WHERE platform = ?1 AND record_id = value"
_TOGETHER = TOGETHER.format(
    "SELECT number, listed_fp AS fingerprint FROM records INDEXED BY records_listed"
    " WHERE platform = ? AND number BETWEEN ? AND ? AND listed_fp <> x'' ORDER BY number LIMIT ?"
)
# those that we removed included, until a list has missed them
_ALL = "SELECT count(*) FROM records INDEXED BY records_by_number WHERE platform = ?"
_NUMBERS = (
    "SELECT json_group_array(number) FROM (SELECT number FROM records INDEXED BY records_by_number"
    " WHERE platform = ? AND number > ? ORDER BY number LIMIT 5000)"
)
_OF_NUMBERS = (
    "SELECT record_id FROM records INDEXED BY records_by_number WHERE platform = ?"
    " AND number IN (SELECT value FROM json_each(?))"
)
_MISSING = "record_id IN (SELECT value FROM json_each(?)) AND platform = ?"
_UNLISTED = f"{_MISSING} AND coalesce(written_at, observed_at) NOT BETWEEN ? AND ?"
_HELD_BY_NOBODY = (
    f"DELETE FROM holdings WHERE {_MISSING} AND NOT EXISTS (SELECT 1 FROM records r"
    " WHERE r.platform = holdings.platform AND r.record_id = holdings.record_id)"
)


def _stored(row: tuple[str, str, bytes, bytes, float, int | None, float | None]) -> StoredRecord:
    record_id, external_id, spec, observed_fp, observed_at, i_account, written_at = row
    return StoredRecord(
        observation=Observation(external_id, record_id, decode_spec(spec), instant(observed_at)),
        observed_fp=observed_fp,
        i_account=i_account,
        written_at=to_instant(written_at),
    )
