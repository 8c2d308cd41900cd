"""Intents and the audit: what we are about to do, and what became of it.

Rules of this module:

1. An intent is committed before the call it announces; its outcome, the audit row and what the outcome changes are
   committed together after it.
2. An intent that is still open when somebody looks means: nobody knows. It is resolved by reading the platform, never
   by sending again.
3. Neither table holds a secret or personal data: `before` and `after` are the shown forms (`controller/shown.py`).
4. What is old goes out of the audit (`retention.py`), but for each subscriber's last call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from controller.store.codec import instant, to_instant
from controller.store.connection import Database
from desired_state.subscriber import SubscriberKey

if TYPE_CHECKING:  # who only looks does without what plans
    from desired_state.plan import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A call we are about to make. `cause` says what asked for it, `plan` under which plan it was allowed.

    `caused_by` says in words who or what that was: which event, which person.
    `spent` names what it takes from the brake (`destructive`, `updates`), which it gives back if it comes to nothing.
    `trace_id` is the trace of which it is a part.
    """

    key: SubscriberKey
    account_id: str
    kind: "Kind"
    external_id: str
    reason: str
    cause: str
    request_id: str
    caused_by: str | None = None
    plan: str | None = None
    epoch: int = 0
    before: str | None = None
    after: str | None = None
    after_fp: bytes | None = None
    managed: str = ""
    spent: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What was done, why, and what came of it. `result`: ok, rejected, unavailable, unknown, not_done or open.

    `open`: the call is under way, or its answer was lost and nobody has looked yet; then there is no `closed_at`.
    """

    kind: str
    reason: str
    cause: str
    caused_by: str | None
    external_id: str
    before: str | None
    after: str | None
    opened_at: datetime
    closed_at: datetime | None
    result: str
    text: str | None
    request_id: str
    plan: str | None
    epoch: int
    trace_id: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """A row of the audit with whose it is; `account_id` is what the account was called then."""

    key: SubscriberKey
    account_id: str
    row: AuditRow


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """An intent without an outcome; `after_fp` is the fingerprint of the `managed` fields, as they would read.

    It is `None` where reading cannot tell: nothing but a secret was to change.
    """

    number: int
    key: SubscriberKey
    kind: str
    external_id: str
    after_fp: bytes | None
    managed: str
    spent: str | None
    plan: str | None
    opened_at: datetime


_CARRIED = (
    "platform, i_account, account_id, kind, external_id, reason, cause, caused_by, plan, request_id, epoch, before,"
    " after, spent, trace_id"
)


class Journal:
    """The tables `intents` and `audit`."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn
        self.on_open: Callable[[], None] = lambda: None

    def open(self, intent: Intent, now: datetime) -> int:
        """Write down what is about to be done; returns the intent's number. Raises what `on_open` objects."""
        self.on_open()
        cursor = self._conn.execute(
            f"INSERT INTO intents ({_CARRIED}, after_fp, managed, opened_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (intent.key.platform, intent.key.i_account, intent.account_id, intent.kind, intent.external_id,
             intent.reason, intent.cause, intent.caused_by, intent.plan, intent.request_id, intent.epoch,
             intent.before, intent.after, intent.spent, intent.trace_id, intent.after_fp, intent.managed,
             now.timestamp()),
        )  # fmt: skip
        return cursor.lastrowid or 0

    def close(self, number: int, result: str, text: str | None, now: datetime) -> None:
        """Move the intent to the audit with its outcome; one that is closed already stays as it is."""
        self._conn.execute(
            f"INSERT INTO audit (id, {_CARRIED}, opened_at, closed_at, result, text)"
            f" SELECT id, {_CARRIED}, opened_at, ?, ?, ? FROM intents WHERE id = ?",
            (now.timestamp(), result, text, number),
        )
        self._conn.execute("DELETE FROM intents WHERE id = ?", (number,))

    def open_of(self, platform: str, i_account: int) -> list[OpenIntent]:
        """The intents of a subscriber whose outcome nobody knows, the oldest first."""
        rows = self._conn.execute(
            "SELECT id, kind, external_id, after_fp, managed, spent, plan, opened_at FROM intents"
            " WHERE platform = ? AND i_account = ? ORDER BY id",
            (platform, i_account),
        )
        key = SubscriberKey(platform, i_account)
        return [
            OpenIntent(number, key, kind, external_id, after_fp, managed, spent, plan, instant(opened_at))
            for number, kind, external_id, after_fp, managed, spent, plan, opened_at in rows
        ]

    def all_open(self, platform: str) -> list[int]:
        """The accounts whose intents are open on a platform."""
        rows = self._conn.execute("SELECT DISTINCT i_account FROM intents WHERE platform = ?", (platform,))
        return [i_account for (i_account,) in rows]

    def unproven(self, platform: str) -> dict[int, str]:
        """Who may have got a record by a call without an outcome, and the name it would bear; no list shows it."""
        rows = self._conn.execute(
            f"SELECT i_account, external_id FROM intents WHERE {_UNPROVEN}", {"platform": platform}
        )
        return dict(rows.fetchall())

    def give_up(self, platform: str, i_account: int, text: str, now: datetime) -> None:
        """A person has looked for what no reading can show: nobody knows what became of the call, nor has to."""
        rows = self._conn.execute(
            f"SELECT id FROM intents WHERE {_UNPROVEN} AND i_account = :who", {"platform": platform, "who": i_account}
        )
        for (number,) in rows.fetchall():
            self.close(number, "unknown", text, now)

    def count_open(self) -> int:
        """How many calls nobody knows the outcome of."""
        (count,) = self._conn.execute("SELECT count(*) FROM intents").fetchone()
        return int(count)

    def latest(self, key: SubscriberKey, limit: int) -> list[AuditRow]:
        """What was last done for a subscriber, or is being done, the latest first."""
        rows = self._conn.execute(
            f"SELECT {_SHOWN}, closed_at, result, text, id FROM audit WHERE platform = ?1 AND i_account = ?2"
            f" UNION ALL SELECT {_SHOWN}, NULL, 'open', NULL, id FROM intents WHERE platform = ?1 AND i_account = ?2"
            " ORDER BY id DESC LIMIT ?3",
            (key.platform, key.i_account, limit),
        )
        return [_audit_row(row) for row in rows]

    def latest_of_all(self, limit: int) -> list[Call]:
        """What was last done for anybody, or is being done, the latest first."""
        rows = self._conn.execute(
            f"SELECT platform, i_account, account_id, {_SHOWN}, closed_at, result, text, id FROM audit"
            f" UNION ALL SELECT platform, i_account, account_id, {_SHOWN}, NULL, 'open', NULL, id FROM intents"
            " ORDER BY id DESC LIMIT ?",
            (limit,),
        )
        return [
            Call(SubscriberKey(platform, i_account), account_id, _audit_row(row))
            for platform, i_account, account_id, *row in rows
        ]

    def outcome(self, number: int) -> AuditRow | None:
        """What became of an intent; `None` as long as nobody knows."""
        row = self._conn.execute(
            f"SELECT {_SHOWN}, closed_at, result, text, id FROM audit WHERE id = ?", (number,)
        ).fetchone()
        return None if row is None else _audit_row(row)

    def destructive_since(self, platform: str, start: datetime) -> int:
        """How many changes took something away since an instant, or may have; what a person approved does not count."""
        (done,) = self._conn.execute(
            "SELECT count(*) FROM audit INDEXED BY audit_spent WHERE platform = ? AND closed_at > ?"
            " AND spent = 'destructive' AND result IN ('ok', 'unknown') AND plan IS NULL",
            (platform, start.timestamp()),
        ).fetchone()
        (under_way,) = self._conn.execute(
            "SELECT count(*) FROM intents WHERE platform = ? AND spent = 'destructive' AND plan IS NULL", (platform,)
        ).fetchone()
        return int(done) + int(under_way)

    def last_number(self) -> int:
        """The highest number an intent has had so far."""
        (number,) = self._conn.execute(
            "SELECT max(coalesce((SELECT max(id) FROM audit), 0), coalesce((SELECT max(id) FROM intents), 0))"
        ).fetchone()
        return int(number)

    def calls_since(self, number: int) -> dict[tuple[str, str, str], int]:
        """How many calls were announced after an intent and have an outcome, by platform, kind and result."""
        rows = self._conn.execute(
            "SELECT platform, kind, result, count(*) FROM audit NOT INDEXED WHERE id > ?"
            " GROUP BY platform, kind, result",
            (number,),
        )
        return {(platform, kind, result): count for platform, kind, result, count in rows}


_UNPROVEN = (
    "platform = :platform AND kind = 'create' AND NOT EXISTS (SELECT 1 FROM records r WHERE r.platform = :platform"
    " AND r.i_account = intents.i_account AND r.gone = 0)"
)
_SHOWN = (
    "kind, reason, cause, caused_by, external_id, before, after, request_id, plan, epoch, trace_id,"
    " opened_at"  # as `_audit_row`
)


def _audit_row(row: Sequence[Any]) -> AuditRow:
    kind, reason, cause, caused_by, external_id, before, after, request_id, plan, epoch, trace_id, *rest = row
    opened_at, closed_at, result, text, _ = rest
    return AuditRow(
        kind=kind,
        reason=reason,
        cause=cause,
        caused_by=caused_by,
        external_id=external_id,
        before=before,
        after=after,
        opened_at=instant(opened_at),
        closed_at=to_instant(closed_at),
        result=result,
        text=text,
        request_id=request_id,
        plan=plan,
        epoch=epoch,
        trace_id=trace_id,
    )
