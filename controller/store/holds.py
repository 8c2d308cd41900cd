"""What waits for a person, and what persons have decided: held plans, approvals, rejections, pauses.

Rules of this module:

1. A held plan is kept change by change, by identity (`desired_state.plan.identity`), under the hash `status` shows.
2. An approval is about exactly those changes. One that was performed is spent; where one of them has vanished or become
   another, all that are left of it are void (promise P5).
3. What an adoption changes was approved with it, each change for itself: one that has become another is not.
4. A pause has a reason, an owner and an end; after its end it is as if it had never been.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from controller.store.codec import instant
from controller.store.connection import Database
from desired_state.subscriber import SubscriberKey

EVERYTHING = "all"


@dataclass(frozen=True, slots=True)
class HeldChange:
    """A change that waits for a person: whose, and what it would do."""

    i_account: int
    identity: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is done for a target for now: `all`, the name of a platform, or an account of a billing source.

    `maintenance`: the platform is not even read.
    """

    target: str
    billing: str
    i_account: int | None
    reason: str
    owner: str
    since: datetime
    until: datetime
    maintenance: bool = False

    @property
    def text(self) -> str:
        """The sentence for whoever asks why."""
        what = "in maintenance" if self.maintenance else "paused"
        return f"{what} by {self.owner} until {self.until.isoformat(timespec='seconds')}: {self.reason}"


class Holds:
    """The tables `held_changes`, `approved`, `rejected` and `pauses`."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def keep(self, platform: str, changes: Iterable[HeldChange]) -> None:
        """The changes that wait for a person on the platform, instead of those that did."""
        self._conn.execute("DELETE FROM held_changes WHERE platform = ?", (platform,))
        self._conn.executemany(
            "INSERT OR IGNORE INTO held_changes (platform, i_account, identity) VALUES (?, ?, ?)",
            [(platform, each.i_account, each.identity) for each in changes],
        )

    def held(self, platform: str) -> list[HeldChange]:
        """The changes that wait for a person on the platform."""
        rows = self._conn.execute(
            "SELECT i_account, identity FROM held_changes WHERE platform = ? ORDER BY i_account", (platform,)
        )
        return [HeldChange(*row) for row in rows]

    def count_held(self, platform: str) -> int:
        """How many changes wait for a person on the platform."""
        query = "SELECT count(*) FROM held_changes WHERE platform = ?"
        (count,) = self._conn.execute(query, (platform,)).fetchone()
        return int(count)

    def approve(self, platform: str, plan: str, now: datetime) -> list[int]:
        """Let what is held on the platform go, under its plan's hash; returns whom it is about."""
        held = self.held(platform)
        self._approve(platform, held, plan, now, adopts=False)
        self._conn.execute("DELETE FROM held_changes WHERE platform = ?", (platform,))
        return [each.i_account for each in held]

    def approve_adoption(self, platform: str, change: HeldChange, plan: str, now: datetime) -> None:
        """Approve what an adoption changes of a record."""
        self._approve(platform, [change], plan, now, adopts=True)

    def reject(self, platform: str, plan: str, now: datetime) -> list[int]:
        """Have what is held on the platform wait until it is something else; returns whom it is about."""
        held = self.held(platform)
        self._conn.executemany(
            "INSERT OR REPLACE INTO rejected (platform, i_account, identity, plan, rejected_at) VALUES (?, ?, ?, ?, ?)",
            [(platform, each.i_account, each.identity, plan, now.timestamp()) for each in held],
        )
        self._conn.execute("DELETE FROM held_changes WHERE platform = ?", (platform,))
        return [each.i_account for each in held]

    def approvals(self, key: SubscriberKey) -> dict[str, str]:
        """The identities of the subscriber's changes that were approved and are not performed, each with its plan."""
        rows = self._conn.execute(
            "SELECT identity, plan FROM approved WHERE platform = ? AND i_account = ? AND performed_at IS NULL",
            (key.platform, key.i_account),
        )
        return dict(rows.fetchall())

    def approved(self, platform: str, *, spent: bool, of: int | None = None) -> set[str]:
        """The identities of what was approved on the platform, for one account or for all.

        With `spent`, also of what was performed since: the plan of a pass may have been made before it was.
        """
        return self._identities("approved", platform, of, "" if spent else " AND performed_at IS NULL")

    def adopted(self, platform: str) -> set[str]:
        """The identities of what adoptions change on the platform, whether that was performed or not."""
        return self._identities("approved", platform, None, " AND adopts = 1")

    def rejected(self, platform: str, of: int | None = None) -> set[str]:
        """The identities of everything that was rejected on the platform."""
        return self._identities("rejected", platform, of)

    def _identities(self, table: str, platform: str, of: int | None, condition: str = "") -> set[str]:
        query, whose = f"SELECT identity FROM {table} WHERE platform = ?{condition}", (platform,)
        rows = (
            self._conn.execute(query, whose)
            if of is None
            else self._conn.execute(f"{query} AND i_account = ?", (*whose, of))
        )
        return {identity for (identity,) in rows}

    def performed(self, key: SubscriberKey, plan: str, now: datetime) -> None:
        """The change of a subscriber that was approved with a plan was made: the approval is spent."""
        self._conn.execute(
            "UPDATE approved SET performed_at = ? WHERE platform = ? AND i_account = ? AND plan = ?",
            (now.timestamp(), key.platform, key.i_account, plan),
        )

    def has_decisions(self, platform: str) -> bool:
        """Whether a person has approved or rejected anything on the platform that may still matter."""
        row = self._conn.execute(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM approved WHERE platform = ?1)"
            " OR EXISTS (SELECT 1 FROM rejected WHERE platform = ?1)",
            (platform,),
        ).fetchone()
        return row is not None

    def has_begun(self, platform: str) -> bool:
        """Whether anything was performed of what was approved on the platform, as far as that is remembered."""
        query = "SELECT 1 FROM approved WHERE platform = ? AND performed_at IS NOT NULL AND adopts = 0"
        return self._conn.execute(query, (platform,)).fetchone() is not None

    def void(self, platform: str) -> None:
        """What is left of an approval holds no longer."""
        self._conn.execute(
            "DELETE FROM approved WHERE platform = ? AND performed_at IS NULL AND adopts = 0", (platform,)
        )

    def tidy(self, platform: str, planned: Collection[str], began: datetime) -> bool:
        """In a pass that began at an instant: forget what is spent, and rejections and adoptions not planned any more.

        Says whether a change of an approved plan has vanished or become another one. One whose call has no known
        outcome has not: it may be what the platform shows already.
        """
        self._conn.execute(
            "DELETE FROM approved WHERE platform = ? AND performed_at < ?", (platform, began.timestamp())
        )
        left = self._conn.execute(
            "SELECT identity, adopts FROM approved WHERE platform = ?1 AND performed_at IS NULL AND approved_at < ?2"
            " AND (i_account, plan) NOT IN (SELECT i_account, plan FROM intents WHERE platform = ?1 AND plan NOTNULL)",
            (platform, began.timestamp()),
        ).fetchall()
        vanished = [(identity, adopts) for identity, adopts in left if identity not in planned]
        for table, gone in (
            ("rejected", self.rejected(platform) - set(planned)),
            ("approved", {identity for identity, adopts in vanished if adopts}),
        ):
            query = f"DELETE FROM {table} WHERE platform = ? AND identity = ?"
            self._conn.executemany(query, [(platform, identity) for identity in gone])
        return not all(adopts for _, adopts in vanished)

    def pause(self, pause: Pause) -> None:
        """Do nothing for a target until an instant; a pause of the same target is replaced."""
        self._conn.execute(
            "INSERT OR REPLACE INTO pauses (target, billing, i_account, reason, owner, since, until, maintenance)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (pause.target, pause.billing, pause.i_account, pause.reason, pause.owner, pause.since.timestamp(),
             pause.until.timestamp(), int(pause.maintenance)),
        )  # fmt: skip

    def resume(self, target: str) -> bool:
        """End the pause of a target; says whether there was one."""
        return bool(self._conn.execute("DELETE FROM pauses WHERE target = ?", (target,)).rowcount)

    def pauses(self, now: datetime) -> list[Pause]:
        """What is paused now, the oldest first."""
        rows = self._conn.execute(
            "SELECT target, billing, i_account, reason, owner, since, until, maintenance FROM pauses WHERE until > ?"
            " ORDER BY since",
            (now.timestamp(),),
        )
        return [
            Pause(target, billing, number, reason, owner, instant(since), instant(until), bool(maintenance))
            for target, billing, number, reason, owner, since, until, maintenance in rows
        ]

    def maintenance_ends(self, platform: str, now: datetime) -> datetime | None:
        """Until when the platform is not to be called at all; `None` where it may be."""
        row = self._conn.execute(
            "SELECT until FROM pauses WHERE target = ? AND maintenance = 1 AND until > ?", (platform, now.timestamp())
        ).fetchone()
        return None if row is None else instant(row[0])

    def _approve(self, platform: str, changes: Iterable[HeldChange], plan: str, now: datetime, *, adopts: bool) -> None:
        self._conn.executemany(
            "INSERT OR REPLACE INTO approved (platform, i_account, identity, plan, approved_at, adopts)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(platform, each.i_account, each.identity, plan, now.timestamp(), adopts) for each in changes],
        )
