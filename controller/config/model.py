"""The whole configuration, validated."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr

from controller.config.blocks import (
    BILLING_TIMEOUT,
    STATUS_TIMEOUT,
    BillingBlock,
    ChargesBlock,
    EventsBlock,
    LeadershipBlock,
    LogBlock,
    PlatformBlock,
    RulesBlock,
    ScheduleBlock,
    ServerBlock,
    StoreBlock,
    TracingBlock,
)
from controller.config.problems import nearest
from controller.config.secret import ConfigSecret
from controller.config.values import Block, PlatformName
from desired_state.account import AccountStatus
from desired_state.allowance import Brake
from desired_state.catalog import Catalog, CatalogEntry
from desired_state.desired import Auth
from platforms.kinds import KINDS


class Config(Block):
    """Everything an operator decided. Made by `load` or `from_values`, which also check what blocks say of each other.

    `billing` always is a tuple, whether one block was given or a list.
    """

    billing: tuple[BillingBlock, ...] = Field(min_length=1)
    """Where accounts come from: one block, or a list of blocks, each with a `name`."""
    events: EventsBlock = EventsBlock()
    """Who may announce changes."""
    platforms: Mapping[PlatformName, PlatformBlock] = Field(min_length=1)
    """Where records are kept, each by a name of your own."""
    entries: tuple[CatalogEntry, ...] = Field(min_length=1, alias="catalog")
    """What each product gives."""
    rules: RulesBlock = RulesBlock()
    """What you decide otherwise."""
    brake: Brake = Brake()
    """How much may change before a person is asked."""
    schedule: ScheduleBlock = ScheduleBlock()
    """How often to look at everything."""
    charges: ChargesBlock = ChargesBlock()
    """Booking of what platforms sell."""
    leadership: LeadershipBlock | None = None
    """Which of several replicas on one store works. Without it, there is one process."""
    server: ServerBlock = ServerBlock()
    """Metrics, health and events."""
    log: LogBlock = LogBlock()
    """What the daemon says on standard error."""
    tracing: TracingBlock = TracingBlock()
    """Spans for OpenTelemetry."""
    store: StoreBlock = StoreBlock()
    """The database."""

    _file: Path | None = PrivateAttr(default=None)

    @property
    def file(self) -> Path | None:
        """Where it was read from; `None` where it was put together in memory."""
        return self._file

    def of_file(self, path: Path) -> "Config":
        """The same, read from there."""
        self._file = path
        return self

    @cached_property
    def catalog(self) -> Catalog:
        """The core's catalog of all entries."""
        return Catalog(entries=self.entries)

    def billing_of(self, platform: str) -> BillingBlock:
        """The billing whose accounts the platform serves."""
        name = self.platforms[platform].billing
        return next(block for block in self.billing if name in (block.name, None))

    @cached_property
    def longest_write(self) -> tuple[float, str]:
        """How many seconds a call that changes something may take at most, and which setting says so."""
        found = [(block.timeout_seconds, f"platforms.{name}.timeout_seconds") for name, block in self.platforms.items()]
        if any(block.write_back.enabled for block in self.billing):
            found.append((STATUS_TIMEOUT, "write_back.enabled"))
        if self.charges.enabled:
            found.append((BILLING_TIMEOUT, "charges.enabled"))
        return max(found)

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits that change with any setting, whatever its place in the file; secrets do not count."""
        values = self.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]

    def keeping(self, running: "Config") -> "Config":
        """This configuration as far as a process can take it up that runs by another one; the rest as that has it."""
        listen, path = running.server.listen, running.store.path
        kept = self.model_copy(
            update={
                "server": self.server.model_copy(update={"listen": listen}),
                "store": self.store.model_copy(update={"path": path}),
                "leadership": running.leadership,
            }
        )
        kept.__dict__.pop("fingerprint", None)
        return kept

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed but should be known: sentences to be logged at every start."""
        return (
            *_insecure(self),
            *_idle(self),
            *_unrecognised(self),
            *_unheard_of(self),
            *_charging(self),
        )


def _insecure(config: Config) -> Iterator[str]:
    named = [(_billing_place(config, block), block) for block in config.billing]
    targets: list[tuple[str, BillingBlock | PlatformBlock]] = [*named]
    targets += [(f"platforms.{name}", block) for name, block in config.platforms.items()]
    for place, block in targets:
        if block.verify_tls is False:
            yield f"{place}.verify_tls: certificates are not checked; whoever is in between can read and change all"
        if block.url.startswith("http:") and not _is_local(block.url):
            yield f"{place}.url: http without TLS; credentials and personal data can be read on the way"
        yield from _plain(place, block)
    if config.events.espf:
        yield from _plain("events.espf", config.events.espf)
    if config.events.nsps:
        yield from _plain("events.nsps", config.events.nsps)
    if config.server.page:
        yield from _plain("server.page", config.server.page)


def _plain(place: str, block: Block) -> Iterator[str]:
    for key, value in block:
        if isinstance(value, ConfigSecret) and value.is_plain:
            yield f"{place}.{key}: stands in the configuration as plain text; better {{file: PATH}} or {{env: NAME}}"


def _idle(config: Config) -> Iterator[str]:
    used = {entry.platform for entry in config.entries}
    for name in config.platforms:
        if name not in used:
            yield f"platforms.{name}: no catalog entry names it, so nobody gets service there"


def _unrecognised(config: Config) -> Iterator[str]:
    for name, block in config.platforms.items():
        fields = config.billing_of(name).custom_fields
        has_name = KINDS[block.driver].capabilities.login_is_name or bool(fields.login)
        by_device, by_login = bool(fields.device_ids), has_name and bool(fields.password)
        usable = {Auth.DEVICE: by_device, Auth.LOGIN: by_login, Auth.ALL: by_device or by_login}
        if not usable[block.auth]:
            yield (
                f"platforms.{name}.auth: is {block.auth.value}, but custom_fields of its billing name no field for it;"
                " every account will be held for want of credentials"
            )


def _unheard_of(config: Config) -> Iterator[str]:
    for name in config.rules.status:
        if name not in list(AccountStatus):
            yield f"rules.status.{name}: is no status this version knows; {nearest(name, AccountStatus)}"


def _charging(config: Config) -> Iterator[str]:
    if not config.charges.enabled:
        return
    if not any(KINDS[block.driver].capabilities.has_charges for block in config.platforms.values()):
        yield "charges.enabled: no platform has a feed of what it sells, so there is nothing to book"
        return
    for name, block in config.platforms.items():
        if block.mode == "observe" and KINDS[block.driver].capabilities.has_charges:
            yield (
                f"platforms.{name}.mode: observe keeps what is sold meanwhile, to be booked as soon as that ends; if"
                " another handler books it, set charges.since to the instant at which that is turned off"
            )
    if config.charges.since is None:
        yield (
            "charges.since: is not set; whatever the feeds show is booked, also what was sold long ago. Where another"
            " handler has booked it, set the instant at which that was turned off"
        )


def _billing_place(config: Config, block: BillingBlock) -> str:
    return "billing" if len(config.billing) == 1 else f"billing {block.name!r}"


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
