"""What people have asked for by commands, with or without a running daemon.

Rules of this module:

1. A command writes here and is done; the daemon looks every second, a later process at its start.
2. What is asked for is noted until somebody acts upon it: a crash in between loses nothing.
3. Who ordered what, and when, is kept in the transaction that does it (promise P20), as long as the audit is
   (`retention.py`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.store.codec import instant
from controller.store.connection import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a person has ordered: `action` is the command's name, `target` an account, a platform or `all`.

    `billing` and `i_account` say whose account it is about; an order about many accounts is noted for each of them.
    """

    action: str
    owner: str
    at: datetime
    target: str
    billing: str = ""
    i_account: int | None = None
    plan: str | None = None
    text: str | None = None


class Operator:
    """The tables `requeued` and `orders`."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def requeue(self, billing: str, i_account: int, now: datetime) -> None:
        """Have an account looked at before all others."""
        self._conn.execute(
            "INSERT OR REPLACE INTO requeued (billing, i_account, at) VALUES (?, ?, ?)",
            (billing, i_account, now.timestamp()),
        )

    def take_requeued(self, billing: str) -> list[int]:
        """The accounts that were asked for, those that wait longest first; they are asked for no longer."""
        rows = self._conn.execute("SELECT i_account FROM requeued WHERE billing = ? ORDER BY at", (billing,)).fetchall()
        if rows:
            self._conn.execute("DELETE FROM requeued WHERE billing = ?", (billing,))
        return [i_account for (i_account,) in rows]

    def note(self, orders: Iterable[Order]) -> None:
        """Keep who ordered what."""
        self._conn.executemany(
            f"INSERT INTO orders ({_ORDER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(each.action, each.owner, each.at.timestamp(), each.target, each.billing, each.i_account, each.plan,
              each.text) for each in orders],
        )  # fmt: skip

    def orders(self, billing: str, i_account: int, limit: int, targets: Sequence[str] = ()) -> list[Order]:
        """What was last ordered about an account, or about one of these targets as a whole, the latest first."""
        wholes = ", ".join("?" * len(targets))
        rows = self._conn.execute(
            f"SELECT {_ORDER}, id FROM orders WHERE billing = ? AND i_account = ?"
            f" UNION ALL SELECT {_ORDER}, id FROM orders WHERE billing = '' AND i_account IS NULL"
            f"  AND target IN ({wholes}) ORDER BY id DESC LIMIT ?",
            (billing, i_account, *targets, limit),
        )
        return [_order(row[:-1]) for row in rows]

    def who_decided(self, plan: str) -> str | None:
        """Who approved a plan, or adopted what it shows; `None` where that was not noted."""
        row = self._conn.execute(
            "SELECT owner FROM orders WHERE plan = ? AND action IN ('approve', 'adopt') ORDER BY id DESC LIMIT 1",
            (plan,),
        ).fetchone()
        return None if row is None else str(row[0])


_ORDER = "action, owner, at, target, billing, i_account, plan, text"


def _order(row: Sequence[Any]) -> Order:
    action, owner, at, target, billing, i_account, plan, text = row
    return Order(
        action=action,
        owner=owner,
        at=instant(at),
        target=target,
        billing=billing,
        i_account=i_account,
        plan=plan,
        text=text,
    )
