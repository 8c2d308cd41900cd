"""What the loop works with: billing sources and platforms, put together from the configuration by `app.py`.

Rules of this module:

1. Everything about one target stands in one value; the loop never asks the configuration.
2. Of what is here only these change: what a platform offers (`offer`), once a pass; its queue; and the breakers, which
   the transports feed.
"""

from dataclasses import dataclass, field
from datetime import datetime

from controller.billing.espf import StatusApi
from controller.billing.source import PortaBilling
from controller.billing.transactions import Transactions
from controller.workqueue import WorkQueue
from desired_state.allowance import Brake
from desired_state.catalog import Catalog, Offer
from desired_state.desired import PlatformRules
from desired_state.entitlement import Rules
from desired_state.plan import Kind
from desired_state.windows import Windows
from platforms.breaker import Breaker
from platforms.driver import Driver
from platforms.transport import Clock


@dataclass(slots=True)
class Platform:
    """One platform instance: its driver, its rules, its queue, and whether it can be talked to (`breaker`).

    `name` is its name in the configuration.
    """

    rules: PlatformRules
    driver: Driver
    billing: str
    i_env: int
    workers: int
    observe_only: bool = False
    windows: Windows = field(default_factory=Windows)
    offer: Offer = field(default_factory=lambda: Offer(()))
    queue: WorkQueue = field(default_factory=WorkQueue)
    breaker: Breaker = field(default_factory=Breaker)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.rules.name

    @property
    def impossible(self) -> tuple[Kind, ...]:
        """The kinds of change that it has no call for."""
        can = self.driver.capabilities
        calls = ((Kind.DELETE, can.can_delete), (Kind.RENAME, can.can_rename))
        return tuple(kind for kind, is_possible in calls if not is_possible)


@dataclass(frozen=True, slots=True)
class Billing:
    """One billing source with the platforms it governs.

    `read_by` changes with the settings that decide how an account is read: then everything is read anew. `status_api`
    is there where billing wants to be told how provisioning stands, `transactions` where it books what is sold.
    """

    source: PortaBilling
    platforms: tuple[Platform, ...]
    read_by: str
    status_api: StatusApi | None = None
    breaker: Breaker = field(default_factory=Breaker)
    transactions: Transactions | None = None

    @property
    def name(self) -> str:
        """The source's name in the configuration."""
        return self.source.name


@dataclass(frozen=True, slots=True)
class Household:
    """The rules of the house: what the operator decided, the same for every target."""

    catalog: Catalog
    rules: Rules
    brake: Brake
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Moment:
    """One look at the clocks: the wall clock for decisions, the monotonic one for waiting."""

    now: datetime
    monotonic: float

    @staticmethod
    def of(clock: Clock) -> "Moment":
        """Now."""
        return Moment(clock.now(), clock.monotonic())
