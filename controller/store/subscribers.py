"""What each platform should hold, and how far we are with each subscriber.

Rules of this module:

1. A wish is replaced only when it differs; then its subscriber is no longer quiet.
2. Quiet means: for this very pair of wish and observation there was nothing to do. Whatever changes either of the two
   ends it, without anybody having to remember (`to_do.py`).
3. A subscriber is in exactly one state, and is unconverged from the first look that found something to do until the
   look that finds nothing.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.store.codec import decode_desired, decode_state, encode, fingerprint, to_instant, to_seconds
from controller.store.connection import Database
from desired_state.account import AccountStatus
from desired_state.desired import Desired
from desired_state.entitlement import Presence
from desired_state.subscriber import State
from desired_state.unique import Value, unique_values


@dataclass(frozen=True, slots=True)
class Progress:
    """How far we are with a subscriber. `text` is the sentence for whoever asks why."""

    state: State
    held_by: str | None = None
    text: str | None = None
    failures: int = 0
    next_try: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overdue:
    """What counts as late of the time between two instants: of each difference, that from `grace` after it was seen,
    and after the platform became healthy, until `most` later.
    """

    begins: datetime
    ends: datetime
    healthy_since: datetime
    grace: timedelta
    most: timedelta


@dataclass(frozen=True, slots=True)
class Lateness:
    """Since when the subscriber has waited that only we keep waiting; and the late time, summed over subscribers."""

    oldest_waiting: datetime | None
    account_seconds: float


@dataclass(frozen=True, slots=True)
class StoredSubscriber:
    """A wish with its progress. `was_fulfilled`: nothing has been wished otherwise since there was nothing to do.

    `said` is how the log said last that it stands; empty if nothing had to be said, or no longer.
    """

    desired: Desired
    desired_fp: bytes
    progress: Progress
    unconverged_since: datetime | None
    was_fulfilled: bool
    said: str = ""


REFUSED, TAKEN = "platform", "taken"
"""`held_by` of a subscriber whose last change the platform refused; because another record has a value, it said."""
REFUSALS = (REFUSED, TAKEN)

_PROGRESS = "state, held_by, text, failures, next_try"
_CLAIMING = (Presence.ACTIVE, Presence.SUSPENDED, Presence.HOLD)
_BEARERS = (
    "SELECT i_account FROM subscribers INDEXED BY subscribers_by_external_id"
    " WHERE platform = ? AND external_id = ? ORDER BY i_account"
)
_CLAIMANTS = "SELECT i_account FROM claims WHERE platform = ? AND kind = ? AND value = ? ORDER BY i_account"
_OF_KIND = "s.state = kind.state AND s.held_by IS nullif(kind.held_by, '')"  # what `subscribers_tally` counts as one
_OLDEST = (
    "SELECT min((SELECT min(unconverged_since) FROM subscribers s INDEXED BY subscribers_by_state"
    f" WHERE s.platform = kind.platform AND {_OF_KIND} AND unconverged_since IS NOT NULL))"
    " FROM subscribers_tally kind WHERE platform = ? AND number > 0"
)
_IN_TROUBLE = (
    "SELECT i_account, t.state, t.held_by, text, failures, next_try FROM subscribers_tally kind"
    " CROSS JOIN subscribers t USING (platform) WHERE platform = ?1 AND number > 0 AND t.i_account IN"
    " (SELECT i_account FROM subscribers s INDEXED BY subscribers_by_state WHERE s.platform = kind.platform"
    f"   AND {_OF_KIND} AND (s.state <> 'backoff' OR s.failures >= 3) ORDER BY unconverged_since, i_account LIMIT ?2)"
    " AND (kind.state IN ('backoff', 'conflict', 'parked') OR (kind.state = 'pending' AND kind.held_by = 'waiting')"
    "  OR (kind.state = 'held' AND kind.held_by <> '' AND kind.held_by NOT IN (SELECT value FROM json_each(?3))))"
    " ORDER BY unconverged_since, i_account LIMIT ?2"
)
_INTENDED = json.dumps([*AccountStatus, "dual_version_source", "observe", "rebuilding", "rejected", "window"])


class Subscribers:
    """The tables `subscribers` and `claims` of one platform."""

    def __init__(self, db: Database, platform: str) -> None:
        self._conn = db.conn
        self._platform = platform

    def put(self, wish: Desired, now: datetime) -> None:
        """Keep a (sealed) wish; one that is another than before is unconverged from now on, until it is looked at."""
        encoded = encode(wish)
        desired_fp = fingerprint(encoded)
        i_account = wish.key.i_account
        changed = self._conn.execute(
            "INSERT INTO subscribers (platform, i_account, desired, desired_fp, external_id, unconverged_since, state)"
            " VALUES (?, ?, ?, ?, ?, ?, 'pending') ON CONFLICT (platform, i_account) DO UPDATE SET"
            " desired = excluded.desired, desired_fp = excluded.desired_fp, external_id = excluded.external_id,"
            " unconverged_since = coalesce(unconverged_since, excluded.unconverged_since), quiet_desired = NULL,"
            " state = 'pending', held_by = NULL, text = NULL, failures = 0, next_try = NULL"
            " WHERE desired_fp <> excluded.desired_fp",
            (self._platform, i_account, encoded, desired_fp, wish.external_id, now.timestamp()),
        ).rowcount
        if changed:
            self._claim(wish)

    def drop(self, i_account: int) -> None:
        """Forget a subscriber of whom nothing is wished here and of whom the platform holds nothing."""
        for table in ("subscribers", "claims"):
            self._conn.execute(f"DELETE FROM {table} WHERE platform = ? AND i_account = ?", (self._platform, i_account))

    def get(self, i_account: int) -> StoredSubscriber | None:
        """The wish for an account, or `None` if this platform has nothing to do with it."""
        row = self._conn.execute(
            f"SELECT {_PROGRESS}, desired, desired_fp, unconverged_since, quiet_desired IS desired_fp, said"
            " FROM subscribers WHERE platform = ? AND i_account = ?",
            (self._platform, i_account),
        ).fetchone()
        if row is None:
            return None
        desired, desired_fp, unconverged_since, was_fulfilled, said = row[5:]
        return StoredSubscriber(
            desired=decode_desired(desired),
            desired_fp=desired_fp,
            progress=_progress(row[:5]),
            unconverged_since=to_instant(unconverged_since),
            was_fulfilled=bool(was_fulfilled),
            said=said or "",
        )

    def progress(self, i_account: int) -> Progress | None:
        """How far we are with the account's subscriber, or `None` if this platform has nothing to do with it."""
        row = self._conn.execute(
            f"SELECT {_PROGRESS} FROM subscribers WHERE platform = ? AND i_account = ?", (self._platform, i_account)
        ).fetchone()
        return None if row is None else _progress(row)

    def unsettled(self) -> Sequence[int]:
        """Accounts whose wish or record changed since they were last found to have nothing to do, in order."""
        return self._those_in("to_compare")

    def settle(self, looked_at: StoredSubscriber, observed_fp: bytes | None, progress: Progress) -> None:
        """Note that there is nothing to do for the wish that was looked at and this observation.

        If something else is wished by now, that has not been looked at: nothing is noted.
        """
        self._conn.execute(
            "UPDATE subscribers SET quiet_desired = desired_fp, quiet_observed = ?, unconverged_since = NULL,"
            " state = ?, held_by = ?, text = ?, failures = 0, next_try = NULL"
            " WHERE platform = ? AND i_account = ? AND desired_fp = ?",
            (observed_fp, progress.state, progress.held_by, progress.text, self._platform,
             looked_at.desired.key.i_account, looked_at.desired_fp),
        )  # fmt: skip

    def unsettle(self, i_account: int, progress: Progress, now: datetime) -> None:
        """Note what stands between the subscriber and its wish."""
        self._conn.execute(
            "UPDATE subscribers SET quiet_desired = NULL, unconverged_since = coalesce(unconverged_since, ?),"
            " state = ?, held_by = ?, text = ?, failures = ?, next_try = ? WHERE platform = ? AND i_account = ?",
            (now.timestamp(), progress.state, progress.held_by, progress.text, progress.failures,
             to_seconds(progress.next_try), self._platform, i_account),
        )  # fmt: skip

    def note_said(self, i_account: int, said: str) -> None:
        """Note how the log says that it stands."""
        self._conn.execute(
            "UPDATE subscribers SET said = ? WHERE platform = ? AND i_account = ?", (said, self._platform, i_account)
        )

    def mark_in_flight(self, i_account: int, now: datetime) -> None:
        """A call is about to be made for the subscriber."""
        self._conn.execute(
            "UPDATE subscribers SET state = 'in_flight', held_by = NULL, quiet_desired = NULL,"
            " unconverged_since = coalesce(unconverged_since, ?) WHERE platform = ? AND i_account = ?",
            (now.timestamp(), self._platform, i_account),
        )

    def unknown_owners(self) -> Sequence[int]:
        """Accounts whose record is there although nothing is known to be wished for them: they have to be judged."""
        return self._those_in("unowned")

    def wishing(self, released: Iterable[Value], but: int) -> list[int]:
        """Who, besides one account, wishes what was just released: they may go on now."""
        return sorted({who for value in released for who in self.claimants(value)} - {but})

    def claimants(self, value: Value) -> list[int]:
        """Who wishes something that only one can have, the oldest account first."""
        query, searched = (_BEARERS, (value.text,)) if value.kind == "name" else (_CLAIMANTS, value)
        return [i_account for (i_account,) in self._conn.execute(query, (self._platform, *searched))]

    def unpark(self) -> None:
        """Have everybody tried once more whom the platform has refused: something may be different now."""
        self._conn.execute(
            "UPDATE subscribers SET next_try = NULL WHERE platform = ? AND state = 'parked'", (self._platform,)
        )

    def failing(self) -> dict[int, int]:
        """Who backs off after failures of their own, and how many there were in a row."""
        rows = self._conn.execute(
            "SELECT i_account, failures FROM subscribers INDEXED BY subscribers_by_state"
            " WHERE platform = ? AND state IN ('backoff', 'pending') AND held_by IS NULL AND failures > 0",
            (self._platform,),
        )
        return dict(rows.fetchall())

    def try_again(self, i_account: int) -> None:
        """Have one tried once more without a delay, however often it has failed."""
        self._conn.execute(
            "UPDATE subscribers SET failures = 0, next_try = NULL WHERE platform = ? AND i_account = ?",
            (self._platform, i_account),
        )

    def counts(self) -> dict[State, int]:
        """How many subscribers are in which state; every state has its number."""
        rows = self._conn.execute(
            "SELECT state, sum(number) FROM subscribers_tally WHERE platform = ? GROUP BY state", (self._platform,)
        )
        return dict.fromkeys(State, 0) | {decode_state(state): count for state, count in rows}

    def oldest_unconverged(self) -> datetime | None:
        """Since when the longest waiting subscriber waits."""
        (at,) = self._conn.execute(_OLDEST, (self._platform,)).fetchone()
        return to_instant(at)

    def lateness(self, billing: str, overdue: Overdue) -> Lateness:
        """How late the platform's subscribers are.

        Those that are held or paused wait on purpose, and who waits for another record is counted by that one. Where a
        decision waits for details that are still to be read, nobody knows yet what billing says.
        """
        grace, most = overdue.grace.total_seconds(), overdue.most.total_seconds()
        healthy, begins, ends = (at.timestamp() for at in (overdue.healthy_since, overdue.begins, overdue.ends))
        oldest, seconds = self._conn.execute(
            "SELECT min(CASE WHEN state IN ('pending', 'in_flight', 'backoff') THEN unconverged_since END),"
            " total(max(0, min(?5, unconverged_since + ?2 + ?3) - max(?4, max(unconverged_since, ?6) + ?2)))"
            " FROM subscribers s INDEXED BY subscribers_by_state WHERE platform = ?1 AND unconverged_since IS NOT NULL"
            " AND state IN ('pending', 'in_flight', 'backoff', 'parked', 'conflict') AND held_by IS NOT 'waiting'"
            " AND NOT EXISTS (SELECT 1 FROM accounts a INDEXED BY accounts_details_due"
            "  WHERE a.billing = ?7 AND a.details_due = 1 AND a.i_account = s.i_account AND a.presence = 'hold')",
            (self._platform, grace, most, begins, ends, healthy, billing),
        ).fetchone()
        return Lateness(to_instant(oldest), seconds)

    def held_for_attention(self) -> int:
        """How many are held by what a person has to mend; not those whose plan `status` offers for approval."""
        (count,) = self._conn.execute(
            "SELECT total(number) FROM subscribers_tally WHERE platform = ? AND state = 'held'"
            " AND held_by NOT IN ('', 'brake', 'first_contact')"
            " AND held_by NOT IN (SELECT value FROM json_each(?))",
            (self._platform, _INTENDED),
        ).fetchone()
        return int(count)

    def in_trouble(self, limit: int) -> list[tuple[int, Progress]]:
        """Subscribers a person has to look at, those that wait longest first; what is held by intention is not."""
        rows = self._conn.execute(_IN_TROUBLE, (self._platform, limit, _INTENDED))
        return [(i_account, _progress(row)) for i_account, *row in rows]

    def _those_in(self, table: str) -> list[int]:
        rows = self._conn.execute(f"SELECT i_account FROM {table} WHERE platform = ?", (self._platform,))
        return [i_account for (i_account,) in rows]

    def _claim(self, wish: Desired) -> None:
        """Note what the wish claims. Where its details are not known right now, what it claimed before still counts."""
        if wish.presence in _CLAIMING and (wish.spec is None or (wish.spec.device_ids is None and not wish.spec.login)):
            return
        key = (self._platform, wish.key.i_account)
        self._conn.execute("DELETE FROM claims WHERE platform = ? AND i_account = ?", key)
        self._conn.executemany(
            "INSERT OR IGNORE INTO claims (platform, kind, value, i_account) VALUES (?, ?, ?, ?)",
            [(self._platform, kind, value, wish.key.i_account) for kind, value in _claims(wish)],
        )


def _progress(row: Sequence[Any]) -> Progress:
    state, held_by, text, failures, next_try = row
    return Progress(decode_state(state), held_by, text, failures, to_instant(next_try))


def _claims(wish: Desired) -> Iterable[Value]:
    return unique_values(wish.spec) if wish.presence in _CLAIMING else ()
