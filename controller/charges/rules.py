"""What an operator decided about charges, and what every part of booking works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from controller.charges.steps import with_steps
from controller.decided import tell
from controller.holding import is_first_contact
from controller.log import Logger
from controller.store import EVERYTHING, Store
from controller.store.ledger import Ledger
from controller.targets import Billing, Platform
from controller.tracing import Traces
from desired_state.charges import Limits, Patience
from platforms.transport import Clock

T = TypeVar("T")

_GAP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ChargeRules:
    """How often feeds are read, what may be booked, and how long doubts are borne."""

    poll: timedelta
    limits: Limits
    patience: Patience

    @property
    def gap(self) -> timedelta:
        """How long a feed may go unread and still count as followed."""
        return max(_GAP, 3 * self.poll)


@dataclass(frozen=True, slots=True)
class Desk:
    """The store, time, chance, the log, who counts what was booked (by platform and kind), and traces."""

    ledger: Ledger
    clock: Clock
    draw: Callable[[], float]
    log: Logger
    on_booked: Callable[[str, str], None]
    traces: Traces

    async def run(self, work: Callable[[Store], T], *, durable: bool = False, patient: bool = False) -> T:
        """Have the store do something, and tell what happened to charges in it, once that is committed."""
        value, steps = await self.ledger.run(partial(with_steps, work=work), durable=durable, patient=patient)
        for step in steps:
            tell(step)
        return value


def is_in_maintenance(store: Store, platform: str, now: datetime) -> bool:
    """Whether the platform is not to be called for its sales."""
    return any(store.holds.maintenance_ends(target, now) is not None for target in (platform, EVERYTHING))


def selling(store: Store, billing: Billing, now: datetime) -> dict[str, bool]:
    """The platforms that have a feed, each with whether its sales may be booked now.

    What holds changes of records holds charges, too (promise P9). To look for what billing has booked is no change.
    """
    paused = {pause.target for pause in store.holds.pauses(now)}
    may = EVERYTHING not in paused and store.targets.reading(billing.name).success_at is not None
    having = [each for each in billing.platforms if each.driver.capabilities.has_charges]
    return {each.name: may and each.name not in paused and _is_open(store, each) for each in having}


def _is_open(store: Store, platform: Platform) -> bool:
    """Whether we may act there, and it is known who is who on it."""
    is_known = store.targets.reading(platform.name).success_at is not None
    is_ours = store.recovery.rebuilding(platform.name) is None and not is_first_contact(store, platform)
    return is_known and is_ours and not platform.observe_only
