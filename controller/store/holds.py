"""What waits for a person, and what persons have decided: held plans, approvals, rejections, pauses.

Rules of this module:

1. A held plan is kept change by change, by identity (`desired_state.plan.identity`), under the hash `status` shows.
2. An approval is about exactly those changes. One that was performed is spent; where one of them has vanished or become
   another, all that are left of it are void (promise P5).
3. A pause has a reason, an owner and an end; after its end it is as if it had never been.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from controller.store.codec import instant
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

    def approve(self, platform: str, plan: str, now: datetime) -> list[int]:
        """Let what is held on the platform go, under its plan's hash; returns whom it is about."""
        held = self.held(platform)
        self._decide("approved", platform, held, plan, now)
        self._conn.execute("DELETE FROM held_changes WHERE platform = ?", (platform,))
        return [each.i_account for each in held]

    def exempt(self, platform: str, changes: Iterable[HeldChange], plan: str, now: datetime) -> None:
        """Approve changes that were not held, as part of a plan that a person approved."""
        self._decide("approved", platform, changes, plan, now)

    def reject(self, platform: str, plan: str, now: datetime) -> list[int]:
        """Have what is held on the platform wait until it is something else; returns whom it is about."""
        held = self.held(platform)
        self._decide("rejected", platform, held, plan, now)
        self._conn.execute("DELETE FROM held_changes WHERE platform = ?", (platform,))
        return [each.i_account for each in held]

    def approval(self, key: SubscriberKey, identity: str) -> str | None:
        """The hash of the plan under which this very change was approved, if it was and is not performed yet."""
        row = self._conn.execute(
            "SELECT plan FROM approved WHERE platform = ? AND i_account = ? AND identity = ? AND performed_at IS NULL",
            (key.platform, key.i_account, identity),
        ).fetchone()
        return None if row is None else str(row[0])

    def approved(self, platform: str, *, spent: bool) -> set[str]:
        """The identities of what was approved on the platform.

        With `spent`, also of what was performed since: the plan of a pass may have been made before it was.
        """
        query = "SELECT identity FROM approved WHERE platform = ? AND (performed_at IS NULL OR ?)"
        return {identity for (identity,) in self._conn.execute(query, (platform, spent))}

    def rejected(self, platform: str) -> set[str]:
        """The identities of everything that was rejected on the platform."""
        query = "SELECT identity FROM rejected WHERE platform = ?"
        return {identity for (identity,) in self._conn.execute(query, (platform,))}

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

    def void(self, platform: str) -> None:
        """What is left of an approval holds no longer."""
        self._conn.execute("DELETE FROM approved WHERE platform = ? AND performed_at IS NULL", (platform,))

    def tidy(self, platform: str, planned: Collection[str], began: datetime) -> bool:
        """In a pass that began at an instant: forget approvals that are spent, and rejections of what is not planned.

        Says whether a change that was approved before has vanished or become another one.
        """
        self._conn.execute(
            "DELETE FROM approved WHERE platform = ? AND performed_at < ?", (platform, began.timestamp())
        )
        left = self._conn.execute(
            "SELECT identity FROM approved WHERE platform = ? AND performed_at IS NULL AND approved_at < ?",
            (platform, began.timestamp()),
        ).fetchall()
        gone = [(platform, each) for each in self.rejected(platform) if each not in planned]
        self._conn.executemany("DELETE FROM rejected WHERE platform = ? AND identity = ?", gone)
        return any(identity not in planned for (identity,) in left)

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

    def _decide(self, table: str, platform: str, changes: Iterable[HeldChange], plan: str, now: datetime) -> None:
        at = f"{table}_at"
        self._conn.executemany(
            f"INSERT OR REPLACE INTO {table} (platform, i_account, identity, plan, {at}) VALUES (?, ?, ?, ?, ?)",
            [(platform, each.i_account, each.identity, plan, now.timestamp()) for each in changes],
        )
