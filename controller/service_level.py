"""The service level: 99 % of what changes in billing is on every healthy platform within 5 minutes.

Rules of this module:

1. It is measured in account-seconds. A subscriber that differs from what it should be is late from `OBJECTIVE` after
   the difference was seen, until that is gone, or for at most `COUNTED`: one customer whom nobody can help for weeks
   (`oldest_unconverged_timestamp_seconds` tells of them) says nothing about how changes arrive.
2. Only on a healthy platform is anybody late: one that can be talked to and may be written to. When it becomes healthy
   everybody has `OBJECTIVE` from then on, also after a start.
3. Who is held or paused waits on purpose. Whose details billing has not shown yet waits for billing: during a first
   convergence that is everybody.
"""

from datetime import datetime, timedelta

from controller.holding import is_first_contact
from controller.store import EVERYTHING, Lateness, Overdue, Store
from controller.targets import Billing, Platform

OBJECTIVE = timedelta(minutes=5)
COUNTED = timedelta(hours=1)


class ServiceLevel:
    """Remembers since when each platform has been healthy, as far as this process has seen."""

    def __init__(self) -> None:
        self._healthy_since: dict[str, datetime] = {}

    def is_healthy(self, store: Store, billing: Billing, platform: Platform, now: datetime) -> bool:
        """Whether changes are expected to arrive on the platform now."""
        name = platform.name
        healthy = (
            not platform.observe_only
            and platform.windows.is_open(now)
            and all(store.targets.reading(target).breaker_opened_at is None for target in (billing.name, name))
            and not {EVERYTHING, name} & {pause.target for pause in store.holds.pauses(now)}
            and store.recovery.rebuilding(name) is None
            and not is_first_contact(store, platform)
        )
        if healthy:
            self._healthy_since.setdefault(name, now)
        else:
            self._healthy_since.pop(name, None)
        return healthy

    def lateness(self, store: Store, platform: Platform, begins: datetime, ends: datetime) -> Lateness:
        """How late the platform's subscribers were between two instants; nobody is where it is not healthy."""
        healthy_since = self._healthy_since.get(platform.name, ends)
        overdue = Overdue(begins, ends, healthy_since, OBJECTIVE, COUNTED)
        return store.subscribers(platform.name).lateness(platform.billing, overdue)
