"""The blocks of the configuration, one model each, with their defaults.

The names are the product's interface: README documents each, and a test compares.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from controller.billing.settings import AddonsFrom, CustomFields
from controller.config.durations import Duration, PositiveDuration, write
from controller.config.secret import ConfigSecret
from controller.config.values import (
    BillingUrl,
    Block,
    ChangeWindow,
    Count,
    CustomerId,
    DnsName,
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
from controller.keep import NEEDED, Keep
from desired_state.charges import Limits, Patience
from desired_state.desired import Auth, PlatformRules
from desired_state.entitlement import Rules
from platforms.capabilities import Degradable
from platforms.endpoint import Endpoint
from platforms.kinds import KINDS

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token, the CA of the API server, and the name of its namespace."""
BILLING_TIMEOUT = 30.0  # seconds; a page of 1,000 rows takes its time (contract, section 8: read 25 s)
STATUS_TIMEOUT = 10.0  # seconds; of a call that tells billing how an account stands


class WriteBackBlock(Block):
    """Telling billing how provisioning stands."""

    enabled: Switch = False
    """Tell billing how the provisioning of each account stands."""
    group: Text = "IPTV"
    """The ESPF service group."""
    encoding: Literal["auto", "json", "form"] = "auto"
    """Of what is sent; `auto`: JSON, or a form where billing refuses JSON."""
    share: float = Field(default=0.1, gt=0, le=0.5, strict=True)
    """The part of `requests_per_second` that is set aside for it; of `max_concurrency` it takes one."""


class BillingBlock(Block):
    """One PortaBilling. Exactly one of `token` and `password` goes with `login`."""

    name: Text = "billing"
    """What metrics and messages call it."""
    kind: Literal["portabilling"] = "portabilling"
    """The only kind there is."""
    url: BillingUrl
    """The administrator's web host; `/rest` is appended."""
    environment: Count
    """`i_env` of the API user."""
    login: Text
    """The API user."""
    token: ConfigSecret | None = None
    """Its API token; exactly one of `token` and `password`."""
    password: ConfigSecret | None = None
    """Its password; exactly one of `token` and `password`."""
    credentials_expire: Instant | None = None
    """When these expire: an alert tells of it two weeks before."""
    verify_tls: TlsCheck = True
    """Checking of certificates."""
    max_concurrency: Places = 4
    """Requests at the same time."""
    requests_per_second: Rate = 10
    """Starts of requests, evenly spaced, logins included."""
    page_size: int = Field(default=1000, ge=1, le=1000, strict=True)
    """Rows of a page of the list."""
    custom_fields: CustomFields = CustomFields()
    addons_from: AddonsFrom = "auto"
    """Where add-ons are read: in the list, in each account's details (`info`), or (`auto`) in the list if a probe at
    the start shows that it has them."""
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
    """One platform instance. Which of the credentials it needs and what `dialect` may hold is the driver's to say."""

    driver: Text
    """The kind of platform: `telebreeze`, `seachange` or `ministra`."""
    url: Url
    """Its address."""
    billing: Text | None = None
    """Which billing it serves; required where there are several."""
    api_key: ConfigSecret | None = None
    """Required by `telebreeze`."""
    username: Text | None = None
    """Required by `seachange` and `ministra`."""
    password: ConfigSecret | None = None
    """Required by `seachange` and `ministra`."""
    credentials_expire: Instant | None = None
    """When these expire: an alert tells of it two weeks before."""
    verify_tls: TlsCheck = True
    """Checking of certificates."""
    customer_id: CustomerId | None = None
    """The name of a record; may use `{id}`, `{i_env}` and `{i_account}`. By default `{id}_{i_env}`, of `ministra`
    `{id}` (a login there, always in lower case)."""
    auth: Auth = Auth.DEVICE
    """How viewers are recognised; the fields of the other way are not managed."""
    max_concurrency: Places = 8
    """Requests at the same time."""
    requests_per_second: Rate = 20
    """Starts of requests, evenly spaced, logins included."""
    timeout_seconds: Rate = 10
    """From the start of a request to the end of its answer."""
    on_no_service: Literal["suspend", "delete"] = "suspend"
    """What becomes of a record whose account has no product here."""
    create_suspended: Switch = False
    """Make records of accounts that are off."""
    default_max_connections: Count = 0
    """The limit where no catalog entry says one; 0 is no limit."""
    delete_enabled: Switch = True
    """Where false, records are switched off instead of deleted."""
    rename: Switch = False
    """Whether a record gets the new name when the account id changes. Where false, it keeps its name until another
    account needs it."""
    absence_grace: Duration = timedelta(days=30)
    """How long the record of an account that vanished from billing has to be off before it is deleted."""
    change_windows: tuple[ChangeWindow, ...] = ()
    """When the platform may be written to; outside of these times every change waits. Empty: always."""
    change_windows_zone: ZoneName = "UTC"
    """The time zone of these times."""
    degrade: frozenset[Degradable] = frozenset()
    """What to leave out where the platform cannot hold it; else the account is held."""
    mode: Literal["enforce", "observe"] = "enforce"
    """`observe`: everything is planned, nothing is written."""
    dialect: Mapping[str, JsonValue] = Field(default_factory=dict)
    """Overrides of the API's paths and names, in the nesting of README's tables."""

    def rules(self, name: str) -> PlatformRules:
        """What the core has to know of it."""
        kind = KINDS[self.driver]
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
    """How long an account without funds stays on, counted from when it was first seen so."""


class EspfBlock(Block):
    """Who may post events to `/espf`."""

    username: Text
    """What PortaBilling's EventSender shows (HTTP Basic)."""
    password: ConfigSecret
    """Its password."""
    auth_failure_status: Literal[401, 503] = 401
    """The answer to wrong credentials: after a 401 ESPF drops the event, after a 503 it comes again."""


class NspsBlock(Block):
    """Who may post events to `/process-event`."""

    token: ConfigSecret
    """What NSPS shows (Bearer)."""


class EventsBlock(Block):
    """Where events come from; without either, changes are found by the full pass."""

    espf: EspfBlock | None = None
    """Events at `POST /espf`."""
    nsps: NspsBlock | None = None
    """Events at `POST /process-event`."""


class ScheduleBlock(Block):
    """How often to look at everything."""

    full_pass: PositiveDuration = timedelta(minutes=10)
    """How often everything is read."""
    detail_audit: PositiveDuration = timedelta(hours=24)
    """In what time every account's details are read again, spread evenly."""
    jitter: Share = 0.2
    """The share by which the time between passes may be longer, at random."""


class ChargesBlock(Block):
    """Booking of VOD and PPV."""

    enabled: Switch = False
    """Book what the platforms sell."""
    poll: PositiveDuration = timedelta(minutes=1)
    """How often each feed is read."""
    settle: Duration = timedelta(seconds=60)
    """How long an xDR has to be missing before a charge in doubt is repeated."""
    give_up: PositiveDuration = timedelta(hours=24)
    """A charge that was sent, and is in doubt for longer, waits for a person."""
    refund_wait: Duration = timedelta(days=7)
    """How long a refund waits for a sale that the feed has not shown."""
    max_amount: Money = Decimal(100)
    """A larger one waits until a person approves it."""
    daily_account: Money = Decimal(200)
    """Charges of an account in any 24 hours; what exceeds them waits for room, or for a person."""
    daily_platform: Money = Decimal(10_000)
    """The same of all accounts of a platform."""
    since: Instant | None = None
    """What was sold before is kept and not booked: set it where another handler booked so far."""
    i_service: int | None = Field(default=None, ge=1, strict=True)
    """The service that billing books it under; its usual one where none is given."""

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


class PageBlock(Block):
    """Who may read the status page at `/`: whoever shows the token, or the user name with its password."""

    token: ConfigSecret | None = None
    """Shown as Bearer, or in a browser as the password of any user name."""
    username: Text | None = None
    """The user name that goes with `password` (HTTP Basic)."""
    password: ConfigSecret | None = None
    """The password that goes with `username`."""

    @model_validator(mode="after")
    def _some_way_in(self) -> "PageBlock":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.token is None and self.password is None:
            raise ValueError("needs token, or username and password")
        if ":" in (self.username or ""):
            raise ValueError("username cannot have a colon: browsers send it with the password behind one")
        return self


class LeadershipBlock(Block):
    """Which of several replicas on one store works: the one that holds a Lease of Kubernetes."""

    lease: DnsName
    """The name of the Lease (`coordination.k8s.io/v1`); the service account needs `get`, `create` and `update` on
    leases."""
    namespace: DnsName | None = None
    """The namespace that it is in; that of the pod where none is given."""
    duration: PositiveDuration = timedelta(seconds=60)
    """How long it lasts: how long nobody works after the one that did has vanished. No call begins without as much of
    it left as the call may take, which says how short it can be."""
    renew: PositiveDuration = timedelta(seconds=5)
    """How often it is renewed; a fifth of that is how often the others look."""
    url: Url | None = None
    """The API server; that of the pod's cluster where none is given."""
    service_account: FilePath = SERVICE_ACCOUNT
    """A folder with `token`, `ca.crt` and `namespace`, as a pod has it."""


class ServerBlock(Block):
    """The HTTP server for metrics, health, events and the status page."""

    listen: Listen = "0.0.0.0:8080"
    """The address; port 0 is any free one. Another one takes effect at the next start."""
    page: PageBlock | None = None
    """Who may read the status page; without it nobody."""


class LogBlock(Block):
    """What the daemon logs; commands log warnings and errors only."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """From which level on; `info` has a line for every decision."""
    format: Literal["json", "console"] = "json"
    """An object a line, or text for people; this holds for commands too."""


class TracingBlock(Block):
    """Where spans are sent (OTLP over HTTP), and of which share of the traces; without `endpoint` none are."""

    endpoint: Url | None = None
    """Address of a collector, `/v1/traces` is appended; needs the extra `iptv-reconciler[tracing]`."""
    sample: float = Field(default=1.0, gt=0, le=1, strict=True)
    """The share of traces that are sent."""


def _long_enough(keep: timedelta) -> timedelta:
    if keep < NEEDED:
        raise ValueError(f"must be {write(NEEDED)} or more: the brake counts what was taken away in 24 hours")
    return keep


class AuditBlock(Block):
    """How much of the audit is kept. What exceeds it goes a little at a time, but for what is younger than two days and
    for the last call about each account on each platform."""

    keep: Annotated[Duration, AfterValidator(_long_enough)] = timedelta(days=400)
    """For how long calls are kept, and what persons ordered; `2d` or more."""
    max_rows: int = Field(default=2_000_000, ge=1, strict=True)
    """How many calls are kept at most, the latest; a million take about 0.6 GB."""

    @property
    def kept(self) -> Keep:
        """What the store has to know of it."""
        return Keep(self.keep, self.max_rows)


class StoreBlock(Block):
    """The database."""

    path: FilePath = Path("/var/lib/iptv-reconciler/state.db")
    """The file; its folder has to be on a local disk. Another one takes effect at the next start."""
    audit: AuditBlock = AuditBlock()
