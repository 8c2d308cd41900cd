"""How the rolling audit stands (`audit.py` walks it), as far as the store tells."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.store import Store

SHORTEST_PAUSE = 5.0
LONGEST_PAUSE = 60.0
_STEPS_A_ROUND = 20  # at least so many, where a round is short


@dataclass(frozen=True, slots=True)
class AuditRound:
    """How the audit stands: `accounts` to be read in `period`, the oldest of which was read at `oldest_at`."""

    accounts: int
    period: timedelta
    oldest_at: datetime | None

    @property
    def interval(self) -> float:
        """Seconds from one account to the next."""
        return self.period.total_seconds() / max(1, self.accounts)

    @property
    def pause(self) -> float:
        """Seconds from one step to the next."""
        shortest = min(SHORTEST_PAUSE, self.period.total_seconds() / _STEPS_A_ROUND)
        return min(max(self.interval, shortest), LONGEST_PAUSE)


def audit_round(store: Store, name: str, period: timedelta) -> AuditRound:
    """How the audit of the billing source called `name` stands."""
    accounts, oldest_at = store.accounts(name).auditable()
    return AuditRound(accounts, period, oldest_at)
