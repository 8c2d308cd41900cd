"""Sales and what became of them.

Rules of this module:

1. A record is kept once, by platform and id, before its feed's cursor moves. One that comes again with another essence
   is noted; it never makes a second charge.
2. `sending` is committed before billing is asked; a charge that is still so when a process starts is in doubt.
3. Money is text, and summed as `Decimal`.
4. Whatever happens to a charge is logged in the same transaction.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from controller.store.codec import instant, to_instant, to_seconds
from controller.store.connection import Database
from desired_state.charges import APPROVABLE, ChargeState, Sale, SaleState
from desired_state.sales import FeedRecord, SaleKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A record, and how it stands. `must_look`: billing is asked whether it was booked before it is sent.

    `doubt_since` is when its last call ended or may have. `i_xdr` is what billing booked it as.
    """

    number: int
    record: FeedRecord
    billing: str
    received_at: datetime
    must_look: bool
    i_account: int | None
    state: ChargeState
    reason: str | None
    text: str | None
    next_at: datetime | None
    failures: int
    first_sent_at: datetime | None
    tries: int
    doubt_since: datetime | None
    is_approved: bool
    i_xdr: int | None
    settled_at: datetime | None

    @property
    def name(self) -> str:
        """What persons call it: the platform and the record's id there."""
        return f"{self.record.platform}/{self.record.id}"


@dataclass(frozen=True, slots=True)
class Logged:
    """Something that happened to a charge; `by` is the person who decided it, if one did."""

    at: datetime
    event: str
    by: str | None
    text: str | None


_COLUMNS = (
    "number, billing, platform, id, kind, record_id, external_id, title, amount, currency, sold_at, refund_of, problem,"
    " received_at, must_look, i_account, state, reason, text, next_at, failures, first_sent_at, tries, doubt_since,"
    " approved, i_xdr, settled_at"
)
_MAY_COUNT = "tries > 0 AND first_sent_at > ? AND kind <> 'refund' AND number <> ?"


class Charges:
    """The tables `charges` and `charge_log`. `on_sending` may object to a charge's being sent."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn
        self.on_sending: Callable[[], None] = lambda: None

    def keep(self, billing: str, records: Iterable[tuple[FeedRecord, bool]], now: datetime) -> int:
        """Keep records of a feed, each with whether billing may know it already; returns how many are new."""
        return sum(self._keep(billing, record, must_look, now) for record, must_look in records)

    def get(self, number: int) -> Charge:
        """A charge that is there."""
        return _charge(self._conn.execute(f"SELECT {_COLUMNS} FROM charges WHERE number = ?", (number,)).fetchone())

    def find(self, platform: str, record_id: str) -> Charge | None:
        """The charge of a record."""
        query = f"SELECT {_COLUMNS} FROM charges WHERE platform = ? AND id = ?"
        row = self._conn.execute(query, (platform, record_id)).fetchone()
        return None if row is None else _charge(row)

    def due(self, platform: str, now: datetime, limit: int, *, doubts_only: bool = False) -> list[Charge]:
        """The charges whose turn it is, those first that wait longest."""
        chosen = "charges_in_doubt WHERE state = 'in_doubt' AND" if doubts_only else "charges_due WHERE"
        rows = self._conn.execute(
            f"SELECT {_COLUMNS} FROM charges INDEXED BY {chosen} platform = ? AND next_at <= ?"
            " ORDER BY next_at, number LIMIT ?",
            (platform, now.timestamp(), limit),
        )
        return [_charge(row) for row in rows.fetchall()]

    def is_behind(self, charge: Charge, i_account: int) -> bool:
        """Whether another charge of the account is under way, or one of the same feed has its turn before."""
        row = self._conn.execute(
            "SELECT 1 FROM charges INDEXED BY charges_by_account WHERE billing = ?1 AND i_account = ?2 AND number <> ?3"
            " AND (state IN ('sending', 'in_doubt') OR (state = 'pending' AND number < ?3 AND platform = ?4)) LIMIT 1",
            (charge.billing, i_account, charge.number, charge.record.platform),
        ).fetchone()
        return row is not None

    def account_total(self, charge: Charge, i_account: int, since: datetime) -> Decimal:
        """What the account was charged since an instant, or may have been, this charge not counted."""
        query = f"SELECT amount FROM charges WHERE billing = ? AND i_account = ? AND {_MAY_COUNT}"
        return self._sum(query, (charge.billing, i_account, since.timestamp(), charge.number))

    def platform_total(self, charge: Charge, since: datetime) -> Decimal:
        """The same of everybody on the platform."""
        query = f"SELECT amount FROM charges WHERE platform = ? AND {_MAY_COUNT}"
        return self._sum(query, (charge.record.platform, since.timestamp(), charge.number))

    def sale_of(self, refund: Charge) -> Sale | None:
        """The sale that a refund is about, with what other refunds have taken of it or may have."""
        sale = self.find(refund.record.platform, refund.record.refund_of)
        if sale is None or not refund.record.refund_of:
            return None
        refunded = self._sum(
            "SELECT amount FROM charges WHERE platform = ? AND refund_of = ? AND number <> ?"
            " AND (tries > 0 OR i_xdr IS NOT NULL OR state = 'in_doubt')",
            (sale.record.platform, sale.record.id, refund.number),
        )
        return Sale(
            kind=sale.record.kind,
            state=_sale_state(sale),
            i_account=sale.i_account,
            amount=sale.record.amount or Decimal(0),
            currency=sale.record.currency,
            refunded=refunded,
        )

    def xdrs_of_others(self, charge: Charge) -> set[int]:
        """The xDRs that are known to be other charges'."""
        rows = self._conn.execute(
            "SELECT i_xdr FROM charges WHERE billing = ? AND i_account = ? AND i_xdr IS NOT NULL AND number <> ?",
            (charge.billing, charge.i_account, charge.number),
        )
        return {i_xdr for (i_xdr,) in rows}

    def booked_as(self, billing: str, i_xdr: int) -> list[int]:
        """The numbers of the charges that are known to be an xDR."""
        query = "SELECT number FROM charges WHERE billing = ? AND i_xdr = ?"
        return [number for (number,) in self._conn.execute(query, (billing, i_xdr))]

    def put(self, charge: Charge, state: ChargeState, now: datetime, **details: object) -> None:
        """Bring a charge into a state, with further columns; what is not given of `reason`, `text`, `next_at` goes."""
        if state is ChargeState.SENDING:
            self.on_sending()
        columns: dict[str, object] = {"reason": None, "text": None, "next_at": None, **details, "state": state.value}
        assigned = ", ".join(f"{name} = ?" for name in columns)
        values = [value.timestamp() if isinstance(value, datetime) else value for value in columns.values()]
        self._conn.execute(f"UPDATE charges SET {assigned} WHERE number = ?", (*values, charge.number))
        if (state, columns["reason"]) != (charge.state, charge.reason):
            self.log(charge.number, now, state.value, text=columns["reason"])
            self._wake(charge, now)

    def log(self, number: int, now: datetime, event: str, *, by: str | None = None, text: object = None) -> None:
        """Note what happened to a charge."""
        self._conn.execute(
            "INSERT INTO charge_log (number, at, event, by, text) VALUES (?, ?, ?, ?, ?)",
            (number, now.timestamp(), event, by, text),
        )

    def history(self, number: int) -> list[Logged]:
        """All that happened to a charge, the oldest first."""
        rows = self._conn.execute(
            "SELECT at, event, by, text FROM charge_log WHERE number = ? ORDER BY rowid", (number,)
        )
        return [Logged(instant(at), event, by, text) for at, event, by, text in rows]

    def last_logged(self) -> int:
        """The number of what was noted last."""
        (last,) = self._conn.execute("SELECT coalesce(max(rowid), 0) FROM charge_log").fetchone()
        return int(last)

    def logged_after(self, last: int) -> list[tuple[Charge, Logged]]:
        """What was noted since, the oldest first, each with the charge as it is now."""
        rows = self._conn.execute(
            "SELECT number, at, event, by, text FROM charge_log WHERE rowid > ? ORDER BY rowid", (last,)
        ).fetchall()
        return [(self.get(number), Logged(instant(at), event, by, text)) for number, at, event, by, text in rows]

    def resume(self, now: datetime) -> int:
        """A process has started: nobody knows what became of what the last one was sending. Returns how many."""
        left = self._conn.execute(f"SELECT {_COLUMNS} FROM charges WHERE state = 'sending'").fetchall()
        for charge in map(_charge, left):
            text = "the process ended before billing's answer came"
            self.put(charge, ChargeState.IN_DOUBT, now, reason="killed", text=text, next_at=now, doubt_since=now)
        self._conn.execute(
            "UPDATE charges SET next_at = ? WHERE next_at IS NULL AND state IN ('pending', 'waiting', 'in_doubt')",
            (now.timestamp(),),
        )
        return len(left)

    def reopen(self, since: datetime | None, now: datetime) -> None:
        """Have those decided anew that were left out for an older `since`."""
        self._conn.execute(
            "UPDATE charges SET state = 'pending', reason = NULL, text = NULL, next_at = ?"
            " WHERE state = 'refused' AND reason = 'before_since' AND sold_at >= ?",
            (now.timestamp(), to_seconds(since) or 0.0),
        )

    def distrust(self) -> None:
        """This database is an old copy: another may have booked meanwhile what is not settled here."""
        self._conn.execute("UPDATE charges SET must_look = 1 WHERE state NOT IN ('booked', 'resolved', 'refused')")

    def counts(self) -> dict[ChargeState, int]:
        """How many charges are in which state; every state has its number."""
        rows = self._conn.execute("SELECT state, sum(number) FROM charges_tally GROUP BY state")
        return dict.fromkeys(ChargeState, 0) | {ChargeState(state): count for state, count in rows}

    def unsettled(self) -> dict[tuple[str, ChargeState, str], int]:
        """How many are under way, in doubt or parked, by platform, state and kind."""
        rows = self._conn.execute(
            "SELECT platform, state, kind, number FROM charges_tally"
            " WHERE state IN ('sending', 'in_doubt', 'parked') AND number > 0"
        )
        return {(platform, ChargeState(state), kind): count for platform, state, kind, count in rows}

    def listed(
        self,
        states: Collection[ChargeState] = tuple(ChargeState),
        platform: str | None = None,
        limit: int = 1000,
        *,
        oldest_first: bool = False,
    ) -> list[Charge]:
        """Charges in one of the states, of a platform or of all: the latest first, or the oldest."""
        places, order = ", ".join("?" * len(states)), "ASC" if oldest_first else "DESC"
        where, values = f"state IN ({places})", [state.value for state in states]
        if platform is not None:
            where, values = f"{where} AND platform = ?", [*values, platform]
        rows = self._conn.execute(
            f"SELECT {_COLUMNS} FROM charges WHERE {where} ORDER BY number {order} LIMIT ?", (*values, limit)
        )
        return [_charge(row) for row in rows.fetchall()]

    def sold_between(self, platform: str, begins: datetime, ends: datetime) -> list[Charge]:
        """What the platform sold from an instant on, up to another; what does not tell when, by when it came."""
        rows = self._conn.execute(
            f"SELECT {_COLUMNS} FROM charges WHERE platform = ? AND coalesce(sold_at, received_at) >= ?"
            " AND coalesce(sold_at, received_at) < ? ORDER BY number",
            (platform, begins.timestamp(), ends.timestamp()),
        )
        return [_charge(row) for row in rows.fetchall()]

    def referred_to(self, reference: str) -> Charge | None:
        """The charge with a reference, brackets included."""
        row = self._conn.execute(f"SELECT {_COLUMNS} FROM charges WHERE reference = ?", (reference,)).fetchone()
        return None if row is None else _charge(row)

    def for_a_person(self, doubtful_since: datetime) -> int:
        """How many wait for a person, or came before an instant and still nobody can say whether they are booked."""
        (count,) = self._conn.execute(
            "SELECT count(*) FROM charges WHERE state = 'parked'"
            " OR (state = 'waiting' AND reason IN (SELECT value FROM json_each(?)))"
            " OR (state = 'in_doubt' AND received_at < ?)",
            (json.dumps(APPROVABLE), doubtful_since.timestamp()),
        ).fetchone()
        return int(count)

    def _keep(self, billing: str, record: FeedRecord, must_look: bool, now: datetime) -> bool:
        known = self._conn.execute(
            "SELECT number, essence FROM charges WHERE platform = ? AND id = ?", (record.platform, record.id)
        ).fetchone()
        if known is not None:
            self._compare(int(known[0]), known[1], record, now)
            return False
        columns = _columns(record) | {"billing": billing, "received_at": now.timestamp(), "must_look": int(must_look)}
        columns |= {"state": ChargeState.PENDING.value, "next_at": now.timestamp()}
        places = ", ".join("?" * len(columns))
        self._conn.execute(f"INSERT INTO charges ({', '.join(columns)}) VALUES ({places})", tuple(columns.values()))
        self._conn.execute(_WAKE_REFUNDS, (now.timestamp(), record.platform, record.id))
        self._beware_of_twin(record, now)
        return True

    def _beware_of_twin(self, record: FeedRecord, now: datetime) -> None:
        """Another name in the configuration gives another reference, by which no look finds what is booked already."""
        twin = self._conn.execute(_TWIN, (record.platform, record.id, record.essence)).fetchone()
        charge = None if twin is None else self.find(record.platform, record.id)
        if twin is None or charge is None:
            return
        text = f"platform {twin[0]!r} has sold the very same: it may be this one under another name"
        self.put(charge, ChargeState.PARKED, now, reason="other_name", text=text)

    def _compare(self, number: int, essence: str, record: FeedRecord, now: datetime) -> None:
        """A record came again: if as another, a person has to see it, before it is sent if that can be."""
        if essence == record.essence:
            return
        text = "the feed shows the record again, with another content than before"
        if not any(each.event == "changed" for each in self.history(number)):
            self.log(number, now, "changed", text=text)
        charge = self.get(number)
        if charge.state in (ChargeState.PENDING, ChargeState.WAITING):
            self.put(charge, ChargeState.PARKED, now, reason="changed", text=text)

    def wake_next(self, billing: str, i_account: int | None, now: datetime) -> None:
        """The next charge of an account is looked at now."""
        self._conn.execute(_WAKE_NEXT, (now.timestamp(), billing, i_account))

    def _wake(self, charge: Charge, now: datetime) -> None:
        """Whoever waited for this charge looks again: its refunds, and the next of the account."""
        self._conn.execute(_WAKE_REFUNDS, (now.timestamp(), charge.record.platform, charge.record.id))
        self.wake_next(charge.billing, self.get(charge.number).i_account, now)

    def _sum(self, query: str, values: tuple[object, ...]) -> Decimal:
        return sum((Decimal(amount) for (amount,) in self._conn.execute(query, values) if amount), Decimal(0))


_TWIN = (
    "SELECT feeds.platform FROM feeds CROSS JOIN charges ON charges.platform = feeds.platform AND charges.id = ?2"
    " WHERE feeds.platform <> ?1 AND charges.essence = ?3 LIMIT 1"
)
_WAKE_REFUNDS = (
    "UPDATE charges SET next_at = ? WHERE platform = ? AND refund_of = ? AND refund_of <> '' AND state = 'waiting'"
)
_WAKE_NEXT = (
    "UPDATE charges SET next_at = ?1 WHERE number = (SELECT min(number) FROM charges INDEXED BY charges_by_account"
    " WHERE billing = ?2 AND i_account = ?3 AND state = 'pending') AND next_at IS NOT NULL"
)


def _columns(record: FeedRecord) -> dict[str, object]:
    """A record as the table has it."""
    return {
        "platform": record.platform,
        "id": record.id,
        "reference": record.reference,
        "kind": record.kind.value,
        "record_id": record.record_id,
        "external_id": record.external_id,
        "title": record.title,
        "amount": None if record.amount is None else f"{record.amount:f}",
        "currency": record.currency,
        "sold_at": to_seconds(record.sold_at),
        "refund_of": record.refund_of,
        "problem": record.problem,
        "essence": record.essence,
    }


def _sale_state(sale: Charge) -> SaleState:
    if sale.i_xdr is not None and sale.state in (ChargeState.BOOKED, ChargeState.RESOLVED):
        return SaleState.BOOKED
    if sale.state is ChargeState.REFUSED:
        return SaleState.FORMER if sale.reason == "before_since" else SaleState.NOT_CHARGED
    return SaleState.NOT_CHARGED if sale.state is ChargeState.RESOLVED else SaleState.OPEN


def _charge(row: tuple[Any, ...]) -> Charge:
    told = dict(zip(_COLUMNS.replace(" ", "").split(","), row, strict=True))
    return Charge(
        number=told["number"],
        record=_record(told),
        billing=told["billing"],
        received_at=instant(told["received_at"]),
        must_look=bool(told["must_look"]),
        i_account=told["i_account"],
        state=ChargeState(told["state"]),
        reason=told["reason"],
        text=told["text"],
        next_at=to_instant(told["next_at"]),
        failures=told["failures"],
        first_sent_at=to_instant(told["first_sent_at"]),
        tries=told["tries"],
        doubt_since=to_instant(told["doubt_since"]),
        is_approved=bool(told["approved"]),
        i_xdr=told["i_xdr"],
        settled_at=to_instant(told["settled_at"]),
    )


def _record(told: Mapping[str, Any]) -> FeedRecord:
    return FeedRecord(
        platform=told["platform"],
        id=told["id"],
        kind=SaleKind(told["kind"]),
        record_id=told["record_id"],
        external_id=told["external_id"],
        title=told["title"],
        amount=None if told["amount"] is None else Decimal(told["amount"]),
        currency=told["currency"],
        sold_at=to_instant(told["sold_at"]),
        refund_of=told["refund_of"],
        problem=told["problem"],
    )
