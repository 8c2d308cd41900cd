"""What billing's list said, row by row, and whom it did not show.

Rules of this module:

1. A row that reads as it did costs a comparison of fingerprints in a narrow index, and nothing is written for it. Whom
   a list showed is kept in memory until its end: of one that was not read to its end nothing follows.
2. A row that differs replaces what the list tells and keeps the details that are known; details are due when the row's
   details fingerprint changed, when an event asked for them, or when they were never read. A row of a list that began
   before the account itself was read is older news and is passed over.
3. Where a row has to be taken over whatever it says (its account was missing, or could not be read), `row_fp` is empty.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from controller.numbers import Numbers
from controller.store.codec import decode_account, encode
from controller.store.connection import Database
from controller.store.merging import ListedAddons, stamped, with_more_addons
from controller.store.pages import TOGETHER, PageNote
from desired_state.account import Account

_PORTION = 2000  # accounts looked at together for whether the list showed them


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One row of billing's list: its fingerprints, and how to make the account of it when that is needed.

    What the row tells about details is told by `details_fp`, its add-ons by `addons_fp`. `addons` are these, given
    the account's time zone, where the list can be relied upon for them; `None` where only the account's own call tells.
    """

    i_account: int
    row_fp: bytes
    details_fp: bytes
    addons_fp: bytes
    build: Callable[[], Account]
    addons: ListedAddons | None = None


class AccountList:
    """The table `accounts` of one billing source, as its list changes it."""

    def __init__(self, db: Database, billing: str) -> None:
        self._conn = db.conn
        self._billing = billing

    def differing(self, fingerprints: Mapping[int, bytes]) -> list[int]:
        """Of rows, by account and fingerprint, those that are not known to read so."""
        if not fingerprints:
            return []
        first, last = min(fingerprints), max(fingerprints)
        if last - first < 4 * len(fingerprints):  # numbers are handed out in sequence, and lists mostly follow them
            known = self._conn.execute(f"{_KNOWN} BETWEEN ? AND ?", (self._billing, first, last))
        else:
            numbers = json.dumps(list(fingerprints))
            known = self._conn.execute(f"{_KNOWN} IN (SELECT value FROM json_each(?))", (self._billing, numbers))
        unlike = dict(fingerprints.items() - known.fetchall())
        return [i_account for i_account in fingerprints if i_account in unlike]

    def recalled(self, note: PageNote) -> list[int] | None:
        """Whom rows show, if they are known to read so, and nobody between them is known by a row."""
        between = (self._billing, note.first, note.last, note.enough)
        return note.numbers(self._conn.execute(_TOGETHER, between).fetchone())

    def merge(self, rows: Iterable[ListedAccount], taken_at: datetime, now: datetime) -> None:
        """Take over rows of a list that began at `taken_at`, as far as they differ; all of them were seen in it."""
        seen: list[tuple[float, str, int]] = []
        for row in rows:
            seen.append((taken_at.timestamp(), self._billing, row.i_account))
            known = self._conn.execute(
                "SELECT row_fp, details_fp, account, details_due, details_at, addons_fp FROM accounts"
                " WHERE billing = ? AND i_account = ?",
                (self._billing, row.i_account),
            ).fetchone()
            if known is None:
                self._insert(row.build(), row, taken_at)
            elif known[0] != row.row_fp and not taken_at.timestamp() < (known[4] or 0) <= now.timestamp():
                self._replace(row, known, taken_at)
        self._conn.executemany(
            "UPDATE accounts SET seen_at = max(coalesce(seen_at, 0), ?),"
            " judged_in = CASE WHEN missing_since IS NULL THEN judged_in END,"
            " missing_since = NULL WHERE billing = ? AND i_account = ?",
            seen,
        )

    def mark_unreadable(self, i_account: int, text: str, taken_at: datetime) -> None:
        """Note that the account's row could not be understood: it is left as it is until one can be."""
        placeholder = encode(Account(i_account=i_account, id="", i_env=0))
        self._conn.execute(
            "INSERT INTO accounts (billing, i_account, id, account, details_due, seen_at, unreadable)"
            " VALUES (?, ?, '', ?, 1, ?, ?) ON CONFLICT (billing, i_account) DO UPDATE SET row_fp = NULL,"
            " unreadable = excluded.unreadable, half_read = NULL, seen_at = excluded.seen_at, missing_since = NULL,"
            " judged_in = NULL",
            (self._billing, i_account, placeholder, taken_at.timestamp(), text),
        )

    def find_unseen(self, unseen: "Unseen", now: datetime, after: int = 0) -> int | None:
        """Find who is not in the whole list, and was not read since it began, of some that follow an account.

        Returns the account after which to go on; `None` where there are no more.
        """
        if not after and self._all_were(unseen.shown):
            return None
        query = f"SELECT i_account FROM accounts INDEXED BY accounts_listed {_FOLLOWING} LIMIT {_PORTION}"
        numbers = [i_account for (i_account,) in self._conn.execute(query, (self._billing, after))]
        if lacking := unseen.shown.lacking(numbers):
            query = f"SELECT i_account, presence IS NOT 'absent' {_OF_THESE} AND {_UNSEEN} ORDER BY i_account"
            given = (json.dumps(lacking), self._billing, unseen.began.timestamp(), now.timestamp())
            found = self._conn.execute(query, given).fetchall()
            unseen.everybody.extend(i_account for i_account, _ in found)
            unseen.lost.extend(i_account for i_account, counts in found if counts)
        return numbers[-1] if numbers else None

    def mark_missing(self, i_accounts: Sequence[int], began: datetime, now: datetime) -> None:
        """Note that a complete list that began then did not show these accounts, but for who was read since."""
        self._conn.executemany(
            "UPDATE accounts SET missing_since = ?, not_given_since = NULL, row_fp = NULL, judged_in = NULL"
            f" WHERE i_account = ? AND billing = ? AND {_UNSEEN}",
            [(began.timestamp(), each, self._billing, began.timestamp(), now.timestamp()) for each in i_accounts],
        )

    def _all_were(self, shown: Numbers) -> bool:
        """Whether everybody was shown who is not missing already.

        Whoever was shown is known by now, and not missing: if they are as many, nobody is left. Should one of them have
        been forgotten meanwhile, and another be unseen, the next list tells.
        """
        query = "SELECT total(number) FROM accounts_tally WHERE billing = ?"
        return bool(self._conn.execute(query, (self._billing,)).fetchone() == (len(shown),))

    def _insert(self, account: Account, row: ListedAccount, taken_at: datetime) -> None:
        account = stamped(account, None, taken_at)
        self._conn.execute(
            "INSERT INTO accounts (billing, i_account, id, i_customer, row_fp, details_fp, addons_fp, account,"
            " details_due, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
            (self._billing, row.i_account, account.id, account.i_customer, row.row_fp, row.details_fp, row.addons_fp,
             encode(account), taken_at.timestamp()),
        )  # fmt: skip

    def _replace(
        self, row: ListedAccount, known: tuple[bytes, bytes, bytes, int, float, bytes], taken_at: datetime
    ) -> None:
        _, details_fp, encoded, details_due, _, addons_fp = known
        before = decode_account(encoded)
        details = before.details
        due = bool(details_due) or details is None or details_fp not in (None, row.details_fp)
        if not due and details is not None and addons_fp not in (None, row.addons_fp):
            details = with_more_addons(details, row.addons, taken_at)
            due = details is None
        account = stamped(replace(row.build(), details=details or before.details), before, taken_at)
        self._conn.execute(
            "UPDATE accounts SET id = ?, i_customer = ?, row_fp = ?, details_fp = ?, addons_fp = ?, account = ?,"
            " seen_at = max(coalesce(seen_at, 0), ?),"
            " details_due = ?, half_read = CASE WHEN details_fp = ? AND addons_fp = ? THEN half_read END,"
            " unreadable = NULL, judged_in = NULL WHERE billing = ? AND i_account = ?",
            (account.id, account.i_customer, row.row_fp, row.details_fp, row.addons_fp, encode(account),
             taken_at.timestamp(), int(due), row.details_fp, row.addons_fp, self._billing, row.i_account),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unseen:
    """Whom a whole list that began then did not show, but `shown`, as far as they are found.

    `everybody`, and of them the `lost`, who had not ended.
    """

    began: datetime
    shown: Numbers
    everybody: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)


_KNOWN = "SELECT i_account, row_fp FROM accounts INDEXED BY accounts_listed WHERE billing = ? AND i_account"
_TOGETHER = TOGETHER.format(
    "SELECT i_account AS number, row_fp AS fingerprint FROM accounts INDEXED BY accounts_listed"
    " WHERE billing = ? AND i_account BETWEEN ? AND ? AND row_fp NOT NULL ORDER BY i_account LIMIT ?"
)
_FOLLOWING = "WHERE billing = ? AND i_account > ? ORDER BY i_account"
_OF_THESE = "FROM accounts WHERE i_account IN (SELECT value FROM json_each(?)) AND billing = ?"
_UNSEEN = "missing_since IS NULL AND seen_at NOT BETWEEN ? AND ?"
"""Who was read by a clock that was ahead, was not read since the list began."""
