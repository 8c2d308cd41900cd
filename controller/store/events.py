"""What was announced to us, and which accounts have to be read because of it.

Rules of this module:

1. An event is kept before it is answered. It says whom to look at, so that is all that is kept of it.
2. An account stays announced until billing was read so late after its last event that the change must show. So an event
   that was answered is acted upon, though the process be killed right after (promise P18).
3. Events are remembered for a while after that, to know one that is sent again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.store.codec import instant, to_instant
from controller.store.connection import Database


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event of which not all accounts are found yet. `scope` is what `number` counts: customers or products.

    `trace_id` is the trace in which it came.
    """

    key: str
    event_type: str
    scope: str
    number: int
    received_at: datetime
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """An account that has to be read; `routine` where many changed together. `trace_id` is that of the last event."""

    i_account: int
    last_at: datetime
    routine: bool
    trace_id: str | None = None


class Events:
    """The tables `events` and `announced` of one billing source."""

    def __init__(self, db: Database, billing: str) -> None:
        self._conn = db.conn
        self._billing = billing

    def add(self, event: StoredEvent, source: str, *, is_spread: bool, is_heard: bool = True) -> bool:
        """Keep an event; says whether it is new. `is_spread`: the accounts it is about are all announced. `is_heard`:
        whoever acts upon it knows of it."""
        received = event.received_at.timestamp()
        return bool(
            self._conn.execute(
                "INSERT OR IGNORE INTO events (billing, key, source, event_type, scope, number, received_at, spread_at,"
                " trace_id, unheard) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (self._billing, event.key, source, event.event_type, event.scope, event.number, received,
                 received if is_spread else None, event.trace_id, int(not is_heard)),
            ).rowcount
        )  # fmt: skip

    def announce(
        self, i_accounts: Iterable[int], at: datetime, *, routine: bool = False, trace_id: str | None = None
    ) -> None:
        """Have these accounts read, in any case, after an event that came at `at`."""
        self._conn.executemany(
            "INSERT INTO announced (billing, i_account, first_at, last_at, routine, trace_id) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (billing, i_account) DO UPDATE SET first_at = min(first_at, excluded.first_at),"
            " trace_id = CASE WHEN excluded.last_at >= last_at THEN excluded.trace_id ELSE trace_id END,"
            " last_at = max(last_at, excluded.last_at), routine = min(routine, excluded.routine)",
            [(self._billing, i_account, *(at.timestamp(),) * 2, int(routine), trace_id) for i_account in i_accounts],
        )

    def take_unheard(self) -> list[StoredEvent]:
        """The events that another process took, the oldest first; they are heard now."""
        rows = self._conn.execute(
            f"SELECT {_EVENT} FROM events INDEXED BY events_unheard WHERE billing = ? AND unheard = 1"
            " ORDER BY received_at",
            (self._billing,),
        ).fetchall()
        if rows:
            self._conn.execute("UPDATE events SET unheard = 0 WHERE billing = ? AND unheard = 1", (self._billing,))
        return [_stored(row) for row in rows]

    def was_read(self, i_account: int, settled: datetime) -> None:
        """Billing was read for the account and shows everything that was announced until `settled`."""
        self._conn.execute(
            "DELETE FROM announced WHERE billing = ? AND i_account = ? AND last_at <= ?",
            (self._billing, i_account, settled.timestamp()),
        )

    def announced_at(self, i_account: int) -> datetime | None:
        """When the account was last announced to have changed; `None` if all that was announced has been seen."""
        row = self._conn.execute(
            "SELECT last_at FROM announced WHERE billing = ? AND i_account = ?", (self._billing, i_account)
        ).fetchone()
        return None if row is None else instant(row[0])

    def latest_about(self, subjects: Iterable[tuple[str, int]]) -> StoredEvent | None:
        """The youngest event about one of these subjects, each a scope and a number; `None` if none is remembered."""
        found = []
        for scope, number in subjects:
            row = self._conn.execute(
                "SELECT key, event_type, received_at FROM events INDEXED BY events_by_subject"
                " WHERE billing = ? AND scope = ? AND number = ? ORDER BY received_at DESC LIMIT 1",
                (self._billing, scope, number),
            ).fetchone()
            if row is not None:
                key, event_type, at = row
                found.append(StoredEvent(key, event_type, scope, number, instant(at)))
        return max(found, key=lambda event: event.received_at, default=None)

    def announced(self) -> list[Announced]:
        """Every account that has to be read because of events, those that wait longest first."""
        rows = self._conn.execute(
            "SELECT i_account, last_at, routine, trace_id FROM announced WHERE billing = ? ORDER BY routine, first_at",
            (self._billing,),
        )
        return [Announced(i_account, instant(at), bool(routine), trace) for i_account, at, routine, trace in rows]

    def to_spread(self, limit: int) -> list[StoredEvent]:
        """Events of which not all accounts are found yet, the oldest first."""
        rows = self._conn.execute(
            f"SELECT {_EVENT} FROM events INDEXED BY events_to_spread"
            " WHERE billing = ? AND spread_at IS NULL ORDER BY received_at LIMIT ?",
            (self._billing, limit),
        )
        return [_stored(row) for row in rows]

    def spread(self, key: str, now: datetime) -> None:
        """All accounts that the event is about have been announced."""
        self._conn.execute(
            "UPDATE events SET spread_at = ? WHERE billing = ? AND key = ?", (now.timestamp(), self._billing, key)
        )

    def oldest_pending(self) -> datetime | None:
        """Since when the event waits that has waited longest to be acted upon."""
        (at,) = self._conn.execute(
            "SELECT min(at) FROM (SELECT min(first_at) AS at FROM announced WHERE billing = ? AND routine = 0"
            " UNION ALL SELECT min(received_at) FROM events INDEXED BY events_to_spread"
            "  WHERE billing = ? AND spread_at IS NULL)",
            (self._billing, self._billing),
        ).fetchone()
        return to_instant(at)

    def forget(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` events that came before an instant and are done with; returns how many."""
        return self._conn.execute(
            "DELETE FROM events WHERE (billing, key) IN (SELECT billing, key FROM events INDEXED BY events_by_age"
            " WHERE received_at < ? AND billing = ? AND spread_at IS NOT NULL LIMIT ?)",
            (before.timestamp(), self._billing, limit),
        ).rowcount


_EVENT = "key, event_type, scope, number, received_at, trace_id"


def _stored(row: Sequence[Any]) -> StoredEvent:
    key, event_type, scope, number, at, trace_id = row
    return StoredEvent(key, event_type, scope, number, instant(at), trace_id)
