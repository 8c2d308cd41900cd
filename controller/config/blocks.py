"""The blocks of the configuration, one model each, with their defaults.

The names are the product's interface: README documents each, and a test compares.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, model_validator

from controller.billing.client import AddonsFrom
from controller.billing.wire import CustomFields
from controller.config.durations import Duration, PositiveDuration
from controller.config.secret import ConfigSecret
from controller.config.values import (
    BillingUrl,
    Block,
    ChangeWindow,
    Count,
    CustomerId,
    FilePath,
    Instant,
    Listen,
    Money,
    Places,
    Rate,
    Share,
    Switch,
    Text,
    TlsCheck,
    Url,
    ZoneName,
)
from desired_state.charges import Limits
from desired_state.desired import Auth, PlatformRules
from desired_state.doubt import Patience
from desired_state.entitlement import Rules
from platforms.fitting import Degradable
from platforms.registry import DRIVERS
from platforms.transport import Endpoint


class WriteBackBlock(Block):
    """Telling billing how provisioning stands. `share` is the part of its request rate that is set aside for that."""

    enabled: Switch = False
    group: Text = "IPTV"
    encoding: Literal["auto", "json", "form"] = "auto"
    share: float = Field(default=0.1, gt=0, le=0.5, strict=True)


class BillingBlock(Block):
    """One PortaBilling. Exactly one of `token` and `password` goes with `login`."""

    name: Text = "billing"
    kind: Literal["portabilling"] = "portabilling"
    url: BillingUrl
    environment: Count
    login: Text
    token: ConfigSecret | None = None
    password: ConfigSecret | None = None
    verify_tls: TlsCheck = True
    max_concurrency: Places = 4
    requests_per_second: Rate = 10
    page_size: int = Field(default=1000, ge=1, le=1000, strict=True)
    custom_fields: CustomFields = CustomFields()
    addons_from: AddonsFrom = "auto"
    write_back: WriteBackBlock = WriteBackBlock()

    @model_validator(mode="after")
    def _place_to_spare(self) -> "BillingBlock":
        if self.write_back.enabled and self.max_concurrency < 2:
            raise ValueError("write_back needs a max_concurrency of 2 or more: one place is set aside for it")
        return self

    @property
    def calls_an_account(self) -> int:
        """How many calls an account's details cost: its own, and that for the custom fields."""
        return 2 if self.custom_fields.any_configured else 1

    @model_validator(mode="after")
    def _one_way_in(self) -> "BillingBlock":
        if (self.token is None) == (self.password is None):
            raise ValueError("needs exactly one of token and password")
        return self


class PlatformBlock(Block):
    """One platform instance. Which of the credentials it needs and what `dialect` may hold is the driver's to say.

    `customer_id` is the driver's usual pattern where none is given.
    """

    driver: Text
    url: Url
    billing: Text | None = None
    api_key: ConfigSecret | None = None
    username: Text | None = None
    password: ConfigSecret | None = None
    verify_tls: TlsCheck = True
    customer_id: CustomerId | None = None
    auth: Auth = Auth.DEVICE
    max_concurrency: Places = 8
    requests_per_second: Rate = 20
    timeout_seconds: Rate = 10
    on_no_service: Literal["suspend", "delete"] = "suspend"
    create_suspended: Switch = False
    default_max_connections: Count = 0
    delete_enabled: Switch = True
    rename: Switch = False
    absence_grace: Duration = timedelta(days=30)
    change_windows: tuple[ChangeWindow, ...] = ()
    change_windows_zone: ZoneName = "UTC"
    degrade: frozenset[Degradable] = frozenset()
    mode: Literal["enforce", "observe"] = "enforce"
    dialect: Mapping[str, JsonValue] = Field(default_factory=dict)

    def rules(self, name: str) -> PlatformRules:
        """What the core has to know of it."""
        kind = DRIVERS[self.driver]
        return PlatformRules(
            name=name,
            customer_id=self.customer_id or kind.customer_id,
            auth=self.auth,
            default_max_connections=self.default_max_connections,
            on_no_service=self.on_no_service,
            create_suspended=self.create_suspended,
            delete_enabled=self.delete_enabled,
            rename=self.rename,
            absence_grace=self.absence_grace,
            degrade=tuple(sorted(self.degrade)),
            lower_case=kind.capabilities.folds_case,
            login_is_name=kind.capabilities.login_is_name,
        )

    def endpoint(self, name: str) -> Endpoint:
        """Where it is and how it may be used."""
        return Endpoint(
            target=name,
            url=self.url,
            max_concurrency=self.max_concurrency,
            requests_per_second=self.requests_per_second,
            timeout_seconds=self.timeout_seconds,
            verify=self.verify_tls,
        )

    def credentials(self) -> Iterator[tuple[str, str]]:
        """The credentials given, as (key, clear text)."""
        if self.username is not None:
            yield "username", self.username
        for key, secret in (("api_key", self.api_key), ("password", self.password)):
            if secret is not None:
                yield key, secret.get()


CREDENTIAL_KEYS = ("api_key", "username", "password")


class RulesBlock(Rules):
    """The core's rules, with durations as people write them."""

    no_funds_grace: Duration = timedelta(0)


class EspfBlock(Block):
    """Who may post events to `/espf`.

    `auth_failure_status` is the answer to wrong credentials: after a 401 the event is lost, after a 503 it comes again.
    """

    username: Text
    password: ConfigSecret
    auth_failure_status: Literal[401, 503] = 401


class NspsBlock(Block):
    """Who may post events to `/process-event`."""

    token: ConfigSecret


class EventsBlock(Block):
    """Where events come from; without either, changes are found by the full pass."""

    espf: EspfBlock | None = None
    nsps: NspsBlock | None = None


class ScheduleBlock(Block):
    """How often to look at everything. `jitter` is the share by which a period may be lengthened at random."""

    full_pass: PositiveDuration = timedelta(minutes=10)
    detail_audit: PositiveDuration = timedelta(hours=24)
    jitter: Share = 0.2


class ChargesBlock(Block):
    """Booking of VOD and PPV. `settle`: how long absence must last before a charge in doubt is repeated.

    What was sold before `since` is kept and not booked. `give_up`: the age from which a doubt is a person's.
    """

    enabled: Switch = False
    poll: PositiveDuration = timedelta(minutes=1)
    settle: Duration = timedelta(seconds=60)
    give_up: PositiveDuration = timedelta(hours=24)
    refund_wait: Duration = timedelta(days=7)
    max_amount: Money = Decimal(100)
    daily_account: Money = Decimal(200)
    daily_platform: Money = Decimal(10_000)
    since: Instant | None = None
    i_service: int | None = Field(default=None, ge=1, strict=True)

    @property
    def limits(self) -> Limits:
        """What the core has to know of it."""
        return Limits(
            max_amount=self.max_amount,
            daily_account=self.daily_account,
            daily_platform=self.daily_platform,
            since=self.since,
            refund_wait=self.refund_wait,
        )

    @property
    def patience(self) -> Patience:
        """How long doubts are borne."""
        return Patience(self.settle, self.give_up)


class ServerBlock(Block):
    """The HTTP server for metrics, health and events."""

    listen: Listen = "0.0.0.0:8080"


class StoreBlock(Block):
    """The database."""

    path: FilePath = Path("/var/lib/iptv-reconciler/state.db")
