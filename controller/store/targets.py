"""Billing sources and platforms as wholes: when they were read, what they offer, and what is left of their brake.

Rules of this module:

1. Everything here is about a target, never about one account.
2. The brake's allowance is counted down in the transaction that stores the intent: it cannot be spent twice.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from controller.store.codec import to_instant, to_seconds
from controller.store.connection import Database
from desired_state.account import AssignedProduct
from desired_state.allowance import Allowance
from desired_state.catalog import Offer, Package, Role


@dataclass(frozen=True, slots=True)
class TargetReading:
    """How the readings of a target went. `text` says what went wrong with the last one, if anything did."""

    attempt_at: datetime | None = None
    success_at: datetime | None = None
    seconds: float | None = None
    complete: bool = False
    accounts: int = 0
    text: str | None = None
    breaker_opened_at: datetime | None = None


FIRST_CONTACT = "first_contact"
"""What holds the first plan for a platform that had customers before."""


@dataclass(frozen=True, slots=True)
class HeldPlan:
    """What is held on a platform until a person decides, by the hash under which that is done.

    `by` is what holds it: `brake` or `first_contact`. `is_daily`: the limit is what is left of 24 hours' budget.
    """

    hash: str
    destructive: int
    updates: int
    destructive_limit: int
    update_limit: int
    by: str = "brake"
    is_daily: bool = False


class Targets:
    """The tables `targets`, `brakes`, `packages`, `products` and `meta`."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def reading(self, target: str) -> TargetReading:
        """How the last readings went."""
        row = self._conn.execute(
            "SELECT attempt_at, success_at, seconds, complete, accounts, text, breaker_opened_at FROM targets"
            " WHERE target = ?",
            (target,),
        ).fetchone()
        if row is None:
            return TargetReading()
        return TargetReading(
            to_instant(row[0]), to_instant(row[1]), row[2], bool(row[3]), row[4] or 0, row[5], to_instant(row[6])
        )

    def note_attempt(self, target: str, now: datetime) -> None:
        """A reading begins."""
        self._conn.execute(
            "INSERT INTO targets (target, attempt_at) VALUES (?, ?)"
            " ON CONFLICT (target) DO UPDATE SET attempt_at = excluded.attempt_at",
            (target, now.timestamp()),
        )

    def note_success(self, target: str, reading: TargetReading) -> None:
        """A reading ended well; it may still be in doubt (`complete`)."""
        self._conn.execute(
            "UPDATE targets SET success_at = ?, seconds = ?, complete = ?, accounts = ?, text = ? WHERE target = ?",
            (to_seconds(reading.success_at), reading.seconds, int(reading.complete), reading.accounts, reading.text,
             target),
        )  # fmt: skip

    def note_failure(self, target: str, text: str, *, is_new: bool = True) -> None:
        """A reading failed: what was known stays, but nothing is taken away on its word.

        A text that says nothing new does not replace what went wrong before.
        """
        self._conn.execute(
            "UPDATE targets SET complete = 0, text = CASE WHEN ? THEN ? ELSE coalesce(text, ?) END WHERE target = ?",
            (is_new, text, text, target),
        )

    def set_breaker(self, target: str, opened_at: datetime | None) -> None:
        """The breaker of a target opens or closes."""
        self._conn.execute(
            "INSERT INTO targets (target, breaker_opened_at) VALUES (?, ?)"
            " ON CONFLICT (target) DO UPDATE SET breaker_opened_at = excluded.breaker_opened_at",
            (target, to_seconds(opened_at)),
        )

    def set_allowance(self, platform: str, allowance: Allowance) -> None:
        """A pass begins: this much may be taken away or altered until the next."""
        self._conn.execute(
            "INSERT INTO brakes (platform, destructive, updates, is_daily) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (platform) DO UPDATE SET"
            " destructive = excluded.destructive, updates = excluded.updates, held_hash = NULL, held_destructive = 0,"
            " held_updates = 0, held_by = NULL, is_daily = excluded.is_daily",
            (platform, allowance.destructive, allowance.updates, int(allowance.is_daily)),
        )

    def hold(self, platform: str, held: HeldPlan) -> None:
        """This plan waits for a person, or the part of a pass's plan that is too large; nothing more goes meanwhile."""
        self._conn.execute(
            "INSERT OR IGNORE INTO brakes (platform, destructive, updates) VALUES (?, 0, 0)", (platform,)
        )
        self._conn.execute(
            "UPDATE brakes SET held_hash = ?, held_destructive = ?, held_updates = ?, destructive_limit = ?,"
            " update_limit = ?, held_by = ?, is_daily = ?, destructive = CASE WHEN ? > 0 THEN 0 ELSE destructive END,"
            " updates = CASE WHEN ? > 0 THEN 0 ELSE updates END WHERE platform = ?",
            (held.hash, held.destructive, held.updates, held.destructive_limit, held.update_limit, held.by,
             int(held.is_daily), held.destructive, held.updates, platform),
        )  # fmt: skip

    def held_plan(self, platform: str) -> HeldPlan | None:
        """What the brake holds on the platform."""
        row = self._conn.execute(
            "SELECT held_hash, held_destructive, held_updates, destructive_limit, update_limit, held_by, is_daily"
            " FROM brakes WHERE platform = ? AND held_hash IS NOT NULL",
            (platform,),
        ).fetchone()
        if row is None:
            return None
        plan, destructive, updates, destructive_limit, update_limit, by, is_daily = row
        return HeldPlan(plan, destructive, updates, destructive_limit, update_limit, by or "brake", bool(is_daily))

    def forget_held(self, platform: str) -> None:
        """A person has decided about what is held."""
        self._conn.execute("UPDATE brakes SET held_hash = NULL WHERE platform = ?", (platform,))

    def allowance(self, platform: str) -> Allowance:
        """What is left of the brake until the next pass; nothing before the first one."""
        row = self._conn.execute(
            "SELECT destructive, updates, is_daily FROM brakes WHERE platform = ?", (platform,)
        ).fetchone()
        return Allowance(0, 0) if row is None else Allowance(row[0], row[1], is_daily=bool(row[2]))

    def spend(self, platform: str, *, destructive: int = 0, updates: int = 0) -> None:
        """Count a change against the brake."""
        self._conn.execute(
            "UPDATE brakes SET destructive = destructive - ?, updates = updates - ? WHERE platform = ?",
            (destructive, updates, platform),
        )

    def give_back(self, platform: str, spent: str | None) -> None:
        """A change that was counted against the brake came to nothing."""
        if spent is not None:
            self.spend(platform, **{spent: -1})

    def set_offer(self, platform: str, packages: Iterable[Package]) -> None:
        """Keep what the platform offers."""
        self._conn.execute("DELETE FROM packages WHERE platform = ?", (platform,))
        self._conn.executemany(
            "INSERT OR REPLACE INTO packages (platform, id, external_id, title, role, optional)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (platform, each.id, each.external_id, each.title, each.role, json.dumps(each.optional))
                for each in packages
            ],
        )

    def offer(self, platform: str) -> Offer:
        """What the platform offered when it was last asked; empty before that."""
        rows = self._conn.execute(
            "SELECT id, external_id, title, role, optional FROM packages WHERE platform = ? ORDER BY id, role",
            (platform,),
        )
        return Offer(tuple(_package(row) for row in rows))

    def set_products(self, billing: str, products: Iterable[AssignedProduct]) -> None:
        """Keep what billing sells."""
        self._conn.execute("DELETE FROM products WHERE billing = ?", (billing,))
        self._conn.executemany(
            "INSERT INTO products (billing, i_product, name) VALUES (?, ?, ?)",
            [(billing, product.i_product, product.name) for product in products],
        )

    def products(self, billing: str) -> tuple[AssignedProduct, ...]:
        """What billing sold when it was last asked; empty before that, and where it does not tell."""
        rows = self._conn.execute(
            "SELECT i_product, name FROM products WHERE billing = ? ORDER BY i_product", (billing,)
        )
        return tuple(AssignedProduct(*row) for row in rows)

    def refused_configuration(self) -> str | None:
        """Why the daemon does not work by its configuration file as it is now, where it does not."""
        return self.meta("refused configuration") or None

    def set_refused_configuration(self, text: str) -> None:
        """Have `status` tell it; an empty text: there is nothing to tell."""
        self.set_meta("refused configuration", text)

    def telling_trouble(self, billing: str) -> str | None:
        """What keeps a billing source from being told how provisioning stands, if anything does."""
        return self.meta(_trouble(billing)) or None

    def set_telling_trouble(self, billing: str, text: str) -> None:
        """Have `status` tell it; an empty text: there is none."""
        self.set_meta(_trouble(billing), text)

    def note_listed(self, target: str, began: datetime) -> None:
        """A list of the target was read whole, from that instant on: it showed all that is not missing since."""
        self._conn.execute(
            "INSERT INTO targets (target, listed_at) VALUES (?, ?)"
            " ON CONFLICT (target) DO UPDATE SET listed_at = excluded.listed_at",
            (target, began.timestamp()),
        )

    def listed_at(self, target: str) -> datetime | None:
        """When the reading of the target's last whole list began."""
        row = self._conn.execute("SELECT listed_at FROM targets WHERE target = ?", (target,)).fetchone()
        return None if row is None else to_instant(row[0])

    def meta(self, key: str) -> str | None:
        """A remembered word."""
        row = self._conn.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Remember a word."""
        self._conn.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


def _trouble(billing: str) -> str:
    return f"{billing} is told: trouble"


def _package(row: tuple[str, str, str, Role, str]) -> Package:
    package_id, external_id, title, role, optional = row
    return Package(package_id, external_id, title, role, tuple(json.loads(optional)))
