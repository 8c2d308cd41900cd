"""What billing said, account by account.

Rules of this module:

1. What comes of the list is taken over in `account_list.py`; what comes of an account's own calls, here.
2. Where billing shows an account but not its credentials, the rest counts, and what was known of these; its details
   stay due, and `half_read` says why.
3. An account that is not in a list is not removed: it is `missing` since then. What that proves: `absences.py`.
4. Whatever changes about an account clears `judged_in`: it has to be judged anew.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controller.store.codec import decode_account, encode, instant, to_instant, to_seconds
from controller.store.connection import Database
from controller.store.merging import sealed, stamped, with_credentials_of
from desired_state.account import Account


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account as last read. `details_due`: its details have to be read before anything is done for it.

    `half_read` is why its credentials could not be read when all the rest was: this is what is known of it now.
    `not_given_since`: billing's list shows it, but asked for it, billing has none.
    """

    account: Account
    details_due: bool
    details_at: datetime | None
    seen_at: datetime | None
    missing_since: datetime | None
    unreadable: str | None
    half_read: str | None
    not_given_since: datetime | None

    @property
    def known(self) -> Account:
        """The account as far as it is up to date: while details are due without them, unless half of it was read."""
        is_old = self.details_due and self.half_read is None
        return replace(self.account, details=None) if is_old else self.account

    @property
    def has_credentials(self) -> bool:
        """Whether billing ever showed us what it has of them."""
        return self.details_at is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """How well an account is known, without all that is known of it. `id` is what it is called now."""

    id: str
    details_due: bool
    is_missing: bool
    half_read: str | None


_TAKEN_OVER = "i_account, id, i_customer, row_fp, details_fp, addons_fp, account, details_at, seen_at"
_COLUMNS = "account, details_due, details_at, seen_at, missing_since, unreadable, half_read, not_given_since"


class Accounts:
    """The table `accounts` of one billing source."""

    def __init__(self, db: Database, billing: str) -> None:
        self._conn = db.conn
        self._billing = billing

    def save(self, account: Account, now: datetime, half_read: str | None = None) -> Account:
        """Keep an account that was read with its details; returns it as kept (still unsealed).

        With `half_read` it was read without its credentials, for that reason. Who is no subscriber was never seen in a
        list, so that none can miss it.
        """
        known = self.get(account.i_account)
        before = known.account if known else None
        account = stamped(account if half_read is None else with_credentials_of(account, before), before, now)
        seen_at = now.timestamp() if account.billing_model.is_real else None
        self._conn.execute(
            "INSERT INTO accounts (billing, i_account, id, i_customer, account, details_due, half_read, details_at,"
            " seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (billing, i_account) DO UPDATE SET"
            " id = excluded.id, i_customer = excluded.i_customer,"
            " account = excluded.account, details_due = excluded.details_due, half_read = excluded.half_read,"
            " details_at = coalesce(excluded.details_at, max(details_at, ?)),"
            " row_fp = CASE WHEN account = excluded.account THEN row_fp END,"
            " seen_at = CASE WHEN excluded.seen_at IS NOT NULL THEN seen_at END,"
            " unreadable = NULL, missing_since = NULL, not_given_since = NULL,"
            " judged_in = CASE WHEN account = excluded.account AND half_read IS excluded.half_read"
            "  AND not_given_since IS NULL THEN judged_in END",
            (self._billing, account.i_account, account.id, account.i_customer, encode(sealed(account)),
             half_read is not None, half_read, now.timestamp() if half_read is None else None, seen_at,
             now.timestamp()),
        )  # fmt: skip
        return account

    def forget(self, i_account: int) -> None:
        """Know nothing of an account that is no subscriber and never was one to us."""
        self._conn.execute("DELETE FROM accounts WHERE billing = ? AND i_account = ?", (self._billing, i_account))

    def get(self, i_account: int) -> StoredAccount | None:
        """The account, or `None` if billing never showed it."""
        row = self._conn.execute(
            f"SELECT {_COLUMNS} FROM accounts WHERE billing = ? AND i_account = ?", (self._billing, i_account)
        ).fetchone()
        return None if row is None else _stored(row)

    def standing(self, i_account: int) -> Standing | None:
        """How well the account is known, or `None` if billing never showed it."""
        row = self._conn.execute(
            "SELECT id, details_due, missing_since IS NOT NULL, half_read FROM accounts"
            " WHERE billing = ? AND i_account = ?",
            (self._billing, i_account),
        ).fetchone()
        if row is None:
            return None
        account_id, details_due, is_missing, half_read = row
        return Standing(account_id, bool(details_due), bool(is_missing), half_read)

    def find(self, account_id: str) -> StoredAccount | None:
        """The account that bears the id now; of several the youngest."""
        row = self._conn.execute(
            f"SELECT {_COLUMNS} FROM accounts INDEXED BY accounts_by_id WHERE billing = ? AND id = ?"
            " ORDER BY i_account DESC LIMIT 1",
            (self._billing, account_id),
        ).fetchone()
        return None if row is None else _stored(row)

    def of_customer(self, i_customer: int) -> list[int]:
        """The customer's accounts that are known and not terminated."""
        rows = self._conn.execute(
            "SELECT i_account FROM accounts INDEXED BY accounts_by_customer"
            " WHERE billing = ? AND i_customer = ? AND presence IS NOT 'absent' ORDER BY i_account",
            (self._billing, i_customer),
        )
        return [i_account for (i_account,) in rows]

    def with_product(self, i_product: int, after: int, limit: int) -> tuple[list[int], int | None]:
        """Accounts that have the product or add-on, among the next `limit` after a number; and where to go on."""
        rows = self._conn.execute(
            "SELECT i_account, instr(CAST(account AS TEXT), ?) > 0 FROM accounts WHERE billing = ? AND i_account > ?"
            " AND presence IS NOT 'absent' ORDER BY i_account LIMIT ?",
            (f'"i_product":{i_product},', self._billing, after, limit),
        ).fetchall()
        last = rows[-1][0] if len(rows) == limit else None
        return [i_account for i_account, has_it in rows if has_it], last

    def details_read_since(self, start: datetime) -> list[tuple[object, ...]]:
        """The rows of accounts whose details were read since an instant, for `take_over` by another store."""
        rows = self._conn.execute(
            f"SELECT {_TAKEN_OVER} FROM accounts WHERE billing = ? AND details_due = 0 AND details_at >= ?",
            (self._billing, start.timestamp()),
        )
        return list(rows)

    def take_over(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Keep accounts that were read on behalf of another store, where this one knows nothing younger."""
        self._conn.executemany(
            f"INSERT INTO accounts (billing, {_TAKEN_OVER}, details_due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
            " ON CONFLICT (billing, i_account) DO UPDATE SET id = excluded.id, i_customer = excluded.i_customer,"
            " row_fp = excluded.row_fp,"
            " details_fp = excluded.details_fp, addons_fp = excluded.addons_fp, account = excluded.account,"
            " details_at = excluded.details_at,"
            " seen_at = max(coalesce(seen_at, 0), excluded.seen_at), details_due = 0, half_read = NULL,"
            " missing_since = NULL, not_given_since = NULL, judged_in = NULL"
            " WHERE coalesce(details_at, 0) < excluded.details_at",
            [(self._billing, *row) for row in rows],
        )

    def mark_details_unreadable(self, i_account: int, text: str) -> None:
        """Note that the account's details could not be understood; they stay due."""
        self._conn.execute(
            "UPDATE accounts SET unreadable = ?, half_read = NULL, not_given_since = NULL, details_due = 1,"
            " judged_in = NULL"
            " WHERE billing = ? AND i_account = ?",
            (text, self._billing, i_account),
        )

    def forget_readings(self) -> None:
        """Have everything about everybody read anew: what it is read by has changed."""
        self._conn.execute(
            "UPDATE accounts SET row_fp = NULL, details_due = 1, half_read = NULL WHERE billing = ?", (self._billing,)
        )

    def mark_gone(self, i_account: int, now: datetime) -> None:
        """Note that billing, asked for this very account, has none: it is missing until a list shows it.

        Where the last complete list showed it, billing contradicts itself: it is asked for again.
        """
        shown = "(details_fp IS NOT NULL AND missing_since IS NULL)"
        self._conn.execute(
            f"UPDATE accounts SET details_due = max(details_due, {shown}), half_read = NULL, judged_in = NULL,"
            f" unreadable = CASE WHEN {shown} THEN unreadable END,"
            f" not_given_since = CASE WHEN {shown} THEN coalesce(not_given_since, ?) END,"
            f" missing_since = CASE WHEN {shown} THEN NULL ELSE coalesce(missing_since, ?) END,"
            f" row_fp = CASE WHEN {shown} THEN row_fp END"
            " WHERE billing = ? AND i_account = ?",
            (now.timestamp(), now.timestamp(), self._billing, i_account),
        )

    def population(self) -> int:
        """How many accounts are known and not missing; that billing drops terminated ones some day means nothing."""
        return self._counted("presence <> 'absent'")

    def due_details(self, platforms: Iterable[str], after: int = 0) -> list[tuple[int, bool | None]]:
        """Some of the accounts whose details are due, those that follow one, each with whether one of the platforms
        holds a record of ours; `None` for terminated and missing ones: nothing in their details could matter.
        """
        rows = self._conn.execute(
            "SELECT i_account, CASE WHEN presence IS NOT 'absent' AND missing_since IS NULL THEN EXISTS"
            "  (SELECT 1 FROM records INDEXED BY records_by_account"
            "   WHERE platform IN (SELECT value FROM json_each(?)) AND i_account = a.i_account AND gone = 0) END"
            " FROM accounts a INDEXED BY accounts_details_due"
            " WHERE billing = ? AND details_due = 1 AND i_account > ? ORDER BY i_account LIMIT 1000",
            (json.dumps(list(platforms)), self._billing, after),
        )
        return [(i_account, None if has_record is None else bool(has_record)) for i_account, has_record in rows]

    def unread(self) -> int:
        """How many accounts' details are due for no reason of their own: billing did not give them."""
        return self._counted("presence <> 'absent' AND reading = 'due'")

    def everybody(self) -> Sequence[int]:
        """Every account that is known, those that have ended as well."""
        return self._ids("TRUE")

    def all_details(self) -> Sequence[int]:
        """Every account whose details could matter."""
        return self._ids("presence IS NOT 'absent' AND missing_since IS NULL")

    def oldest_details(self, count: int, now: datetime) -> Sequence[int]:
        """Whose details were read longest ago, but first by a clock that was ahead: the share of the rolling audit."""
        part = (
            "SELECT i_account FROM accounts INDEXED BY accounts_audited WHERE billing = ? AND details_at {} ?"
            " AND details_due = 0 AND presence IS NOT 'absent' AND missing_since IS NULL ORDER BY details_at LIMIT ?"
        )
        given = (self._billing, now.timestamp(), count)
        rows = [row for relation in (">", "<=") for row in self._conn.execute(part.format(relation), given)]
        return [i_account for (i_account,) in rows[:count]]

    def auditable(self) -> tuple[int, datetime | None]:
        """How many accounts the rolling audit goes over, and when the oldest of their details was read."""
        (oldest,) = self._conn.execute(
            "SELECT min(details_at) FROM accounts INDEXED BY accounts_audited WHERE billing = ?"
            " AND details_due = 0 AND presence IS NOT 'absent' AND missing_since IS NULL",
            (self._billing,),
        ).fetchone()
        return self._counted("presence <> 'absent' AND reading = 'read'"), to_instant(oldest)

    def unreadable(self, limit: int) -> list[tuple[int, str, str]]:
        """Accounts whose answers could not be understood: `i_account`, id and the sentence."""
        rows = self._conn.execute(
            "SELECT i_account, id, unreadable FROM accounts INDEXED BY accounts_unreadable"
            " WHERE billing = ? AND unreadable IS NOT NULL ORDER BY i_account LIMIT ?",
            (self._billing, limit),
        )
        return list(rows)

    def to_judge(self, context: bytes, now: datetime) -> Sequence[int]:
        """Accounts that changed, whose time has come, or that were judged in another context (rules, catalog)."""
        query = "SELECT i_account FROM accounts INDEXED BY accounts_judged WHERE billing = :billing AND {}"
        due = (
            "judged_in IS NULL",
            "judged_in < :context",
            "judged_in > :context",
            "judged_in = :context AND valid_until <= :now",
        )
        rows = self._conn.execute(
            " UNION ALL ".join(query.format(condition) for condition in due) + " ORDER BY 1",
            {"billing": self._billing, "context": context, "now": now.timestamp()},
        )
        return [i_account for (i_account,) in rows]

    def set_judged(self, i_account: int, presence: str | None, valid_until: datetime | None, context: bytes) -> None:
        """Note that the account was judged in this context; without `presence` it is counted among nobody."""
        self._conn.execute(
            "UPDATE accounts SET judged_in = ?, presence = ?, valid_until = ? WHERE billing = ? AND i_account = ?",
            (context, presence, to_seconds(valid_until), self._billing, i_account),
        )

    def valid_until(self, i_account: int) -> datetime | None:
        """When the account's decision changes by time alone."""
        row = self._conn.execute(
            "SELECT valid_until FROM accounts WHERE billing = ? AND i_account = ?", (self._billing, i_account)
        ).fetchone()
        return to_instant(row[0]) if row is not None else None

    def due_between(self, start: datetime, end: datetime) -> list[tuple[int, datetime]]:
        """Accounts whose decision changes by time alone in the interval, with the instant."""
        rows = self._conn.execute(
            "SELECT i_account, valid_until FROM accounts WHERE billing = ? AND valid_until > ? AND valid_until <= ?",
            (self._billing, start.timestamp(), end.timestamp()),
        )
        return [(i_account, instant(at)) for i_account, at in rows]

    def count_by_presence(self) -> dict[str, int]:
        """How many accounts of the last list have which presence."""
        rows = self._conn.execute(
            "SELECT presence, sum(number) FROM accounts_tally WHERE billing = ? AND presence <> '' AND number > 0"
            " GROUP BY presence",
            (self._billing,),
        )
        return dict(rows)

    def _counted(self, condition: str) -> int:
        query = f"SELECT total(number) FROM accounts_tally WHERE billing = ? AND {condition}"
        (count,) = self._conn.execute(query, (self._billing,)).fetchone()
        return int(count)

    def _ids(self, condition: str, *values: float) -> list[int]:
        query = f"SELECT i_account FROM accounts WHERE billing = ? AND {condition} ORDER BY i_account"
        return [i_account for (i_account,) in self._conn.execute(query, (self._billing, *values))]


def _stored(row: tuple[bytes, int, float, float, float, str, str, float]) -> StoredAccount:
    account, details_due, details_at, seen_at, missing_since, unreadable, half_read, not_given_since = row
    return StoredAccount(
        account=decode_account(account),
        details_due=bool(details_due),
        details_at=to_instant(details_at),
        seen_at=to_instant(seen_at),
        missing_since=to_instant(missing_since),
        unreadable=unreadable,
        half_read=half_read,
        not_given_since=to_instant(not_given_since),
    )
