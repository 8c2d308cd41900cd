"""The composition root: configuration -> objects. The only file that names concrete classes.

Read it to see what there is and who knows whom; nothing happens here.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Protocol

from controller.audit import Audit
from controller.billing import espf, transactions
from controller.billing.client import BillingClient, BillingSettings
from controller.billing.espf import StatusApi
from controller.billing.source import OPERATIONS, PortaBilling
from controller.billing.transactions import Transactions
from controller.breakers import BreakerBook
from controller.charges.cashier import Cashier
from controller.charges.feed import FeedReader
from controller.charges.rules import ChargeRules
from controller.charges.rules import Desk as ChargeDesk
from controller.charges.till import Till
from controller.concluding import has_list
from controller.config import Config
from controller.config.blocks import BILLING_TIMEOUT, STATUS_TIMEOUT, BillingBlock, PlatformBlock
from controller.events.inbox import Inbox
from controller.events.spreading import Spreader
from controller.executor import Executor
from controller.fleet import Fleet
from controller.gather import Gatherer
from controller.keyring import fingerprinter
from controller.lane import Lane, Tools
from controller.log import logger
from controller.loop import Installation, Loop, Rhythm
from controller.metrics import Metrics
from controller.reconciler import Reconciler
from controller.retention import Retention
from controller.server.health import Health
from controller.signals import ProcessSignal, TargetSignal
from controller.store import Audience, Store, StoreError
from controller.store.ledger import Ledger
from controller.targets import Billing, Household, Platform
from controller.tracing import Traces, sending_to
from controller.watch import Watch
from controller.writeback import Desk, Writer
from desired_state.catalog import Catalog
from desired_state.windows import Windows
from platforms.breaker import Breaker, NeverOpen
from platforms.driver import Driver
from platforms.endpoint import Endpoint
from platforms.kinds import KINDS
from platforms.registry import DRIVERS, DriverSettings
from platforms.transport import Clock, Http, Meter, Transport
from platforms.version import VERSION

STALLED_AFTER = timedelta(minutes=2)


class World(Clock, Protocol):
    """Time, chance and names of requests, as `clock.SystemClock` has them."""

    def draw(self) -> float:
        """A number drawn evenly from [0, 1)."""
        ...

    def request_id(self) -> str:
        """A name no request had before, nor a trace: 32 hex digits."""
        ...


Network = Mapping[str, Http]
"""What replaces the network in tests, by target; a target without an entry uses the real one."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """What the process shows of itself, whatever its configuration."""

    metrics: Metrics
    health: Health


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that was put together."""

    config: Config
    ledger: Ledger
    installations: tuple[Installation, ...]
    loop: Loop
    inbox: Inbox
    metrics: Metrics
    health: Health
    traces: Traces

    def take_over(self) -> None:
        """This configuration is in force from now on: the metrics tell of it, and of its platforms only."""
        self.metrics.cover(*_covered(self.config))
        self.metrics.set_build(VERSION)
        self.metrics.set_config(self.config.fingerprint)
        _show_settings(self.metrics, self.config)
        self.health.configured()

    def leave_alone_as(self, former: "Application") -> None:
        """Whoever asked the former one to be left alone for a while, is left alone by this one too."""
        wishes = {target: breaker.alone_until for target, breaker in former._breakers()}
        for target, breaker in self._breakers():
            breaker.leave_alone(wishes.get(target, breaker.alone_until))

    def _breakers(self) -> Iterator[tuple[tuple[str, str], Breaker]]:
        """Each target's, by the target's name and address."""
        urls = {block.name: block.url for block in self.config.billing}
        urls |= {name: block.url for name, block in self.config.platforms.items()}
        for billing in (installation.billing for installation in self.installations):
            yield (billing.name, urls[billing.name]), billing.breaker
            for platform in billing.platforms:
                yield (platform.name, urls[platform.name]), platform.breaker

    async def look_on(self) -> None:
        """See whether the store can be used, and whether billing has been read into it: by a leader, or before."""
        billings = [installation.billing for installation in self.installations]
        try:
            is_read = await self.ledger.run(partial(_is_read, billings=billings), is_anyones=True)
        except StoreError:
            self.health.stored(usable=False)
            return
        self.health.stored()
        if is_read:
            self.health.snapshot_taken()

    async def disconnect(self) -> None:
        """Let go of the connections; the store goes on, and so does the sending of the last spans."""
        for installation in self.installations:
            await installation.billing.source.aclose()
            if installation.writer is not None:
                await installation.writer.aclose()
            for platform in installation.billing.platforms:
                await platform.driver.aclose()
        self.traces.close()

    async def aclose(self) -> None:
        """Let go of connections and of the store."""
        await self.disconnect()
        await self.ledger.close()
        await self.traces.aclose()


def _is_read(store: Store, *, billings: Sequence[Billing]) -> bool:
    return all(has_list(store, billing) for billing in billings)


@dataclass(frozen=True, slots=True)
class Connections:
    """Every target of a configuration, to be asked: no store, no metrics. In the configuration's order."""

    billings: tuple[tuple[BillingClient, PortaBilling], ...]
    drivers: tuple[Driver, ...]

    async def aclose(self) -> None:
        """Let go of all connections."""
        for client, _ in self.billings:
            await client.aclose()
        for driver in self.drivers:
            await driver.aclose()


def connect(config: Config, world: Clock, network: Network | None = None) -> Connections:
    """The targets alone, for a command that only asks. Secrets cannot be compared by what it reads: it has no key."""
    build = _Builder(config, world, network or {}, lambda *_: None)
    clients = [(block.name, build.client(block, NeverOpen())) for block in config.billing]
    sources = tuple((client, PortaBilling(name, client, world, lambda _: "")) for name, client in clients)
    return Connections(
        sources, tuple(build.driver(name, block, NeverOpen()) for name, block in config.platforms.items())
    )


def assemble(
    config: Config, ledger: Ledger, world: World, network: Network | None = None, gauges: Gauges | None = None
) -> Application:
    """Put everything together, to be in force from now on; by `gauges` of a running process, from its `take_over` on.

    Raises `StoreError` where the store's key cannot be used, `TracingError` where spans are wanted and cannot be sent.
    """
    shown = gauges or Gauges(Metrics(*_covered(config)), Health(world.monotonic, STALLED_AFTER))
    metrics, health = shown.metrics, shown.health
    ledger.timing = partial(metrics.store_at_work, world.monotonic)
    build = _Builder(config, world, network or {}, metrics.meter)
    billings = tuple(build.billing(block) for block in config.billing)
    watch = Watch(billings, config.brake, metrics, health, world)
    breakers = BreakerBook(billings, ledger, world, logger("breakers"))
    traces = _traces(config, world)
    tools = Tools(ledger, world, world.draw, world.request_id, watch, logger("lane"), breakers, traces)
    inbox = Inbox(billings, ledger, world, world.request_id)
    made = (_installation(billing, household(config, billing.name), tools, inbox) for billing in billings)
    till = ChargeDesk(ledger, world, world.draw, logger("charges"), metrics.charged, traces)
    installations = tuple(replace(each, cashier=_cashier(each.billing, config, till)) for each in made)
    retention = Retention(config.store.audit.kept, ledger, world, metrics.cut_back)
    rhythm = Rhythm(config.schedule.full_pass, config.schedule.detail_audit, retention)
    loop = Loop(installations, inbox, tools, rhythm, watch)
    application = Application(config, ledger, installations, loop, inbox, metrics, health, traces)
    if gauges is None:
        application.take_over()
    return application


def _traces(config: Config, world: World) -> Traces:
    wanted = config.tracing
    spans = sending_to(wanted.endpoint, wanted.sample) if wanted.endpoint is not None else None
    return Traces(world.request_id, spans)


def _covered(config: Config) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
    """The platforms, and what is asked of every target."""
    platforms = {name: KINDS[block.driver].operations for name, block in config.platforms.items()}
    books = transactions.OPERATIONS if config.charges.enabled else ()
    billings = {block.name: (*_operations(block), *books) for block in config.billing}
    return platforms, {**billings, **platforms}


def _show_settings(metrics: Metrics, config: Config) -> None:
    """What alerts have to know of the configuration."""
    metrics.show(ProcessSignal.pass_interval_seconds, config.schedule.full_pass.total_seconds())
    blocks: dict[str, BillingBlock | PlatformBlock] = {block.name: block for block in config.billing}
    blocks |= config.platforms
    for target, block in blocks.items():
        metrics.show(TargetSignal.credentials_expire_timestamp_seconds, block.credentials_expire, target)


def _operations(block: BillingBlock) -> tuple[str, ...]:
    return (*OPERATIONS, *espf.OPERATIONS) if block.write_back.enabled else OPERATIONS


def household(config: Config, billing: str) -> Household:
    """What the operator decided about the accounts of one billing; products of others mean nothing there.

    Its fingerprint changes with anything a judgement rests on.
    """
    served = [name for name in sorted(config.platforms) if config.billing_of(name).name == billing]
    catalog = Catalog(entries=tuple(entry for entry in config.entries if entry.platform in served))
    rules = [config.platforms[name].rules(name) for name in served]
    judged_by = repr((VERSION, catalog, config.rules, rules)).encode()
    return Household(catalog, config.rules, config.brake, hashlib.blake2b(judged_by, digest_size=12).digest())


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes billing sources and drivers of their blocks."""

    config: Config
    world: Clock
    network: Network
    meter: Meter

    def client(self, block: BillingBlock, breaker: Breaker) -> BillingClient:
        reading, _ = _endpoints(block)
        settings = BillingSettings(
            endpoint=reading,
            login=block.login,
            token=block.token.get() if block.token else None,
            password=block.password.get() if block.password else None,
            environment=block.environment,
            page_size=block.page_size,
            custom_fields=block.custom_fields,
            addons_from=block.addons_from,
        )
        http = self.network.get(block.name)
        return BillingClient(settings, self.world, http=http, meter=self.meter, breaker=breaker)

    def billing(self, block: BillingBlock) -> Billing:
        _, telling = _endpoints(block)
        breaker = Breaker()
        client = self.client(block, breaker)
        source = PortaBilling(block.name, client, self.world, fingerprinter(self.config.store.path))
        served = [name for name in self.config.platforms if self.config.billing_of(name).name == block.name]
        platforms = tuple(self.platform(name, self.config.platforms[name], block) for name in served)
        api = None if telling is None else self.status_api(block, telling, client)
        till = Transactions(client, self.config.charges.i_service) if self.config.charges.enabled else None
        return Billing(source, platforms, repr((block.environment, block.custom_fields)), api, breaker, till)

    def status_api(self, block: BillingBlock, endpoint: Endpoint, client: BillingClient) -> StatusApi:
        transport = Transport(endpoint, self.world, http=self.network.get(block.name), meter=self.meter)
        encoding = None if block.write_back.encoding == "auto" else block.write_back.encoding
        return StatusApi(transport, client.session, block.write_back.group, encoding)

    def platform(self, name: str, block: PlatformBlock, billing: BillingBlock) -> Platform:
        breaker = Breaker()
        return Platform(
            rules=block.rules(name),
            driver=self.driver(name, block, breaker),
            billing=billing.name,
            i_env=billing.environment,
            workers=block.max_concurrency,
            observe_only=block.mode == "observe",
            windows=Windows(block.change_windows, block.change_windows_zone),
            breaker=breaker,
        )

    def driver(self, name: str, block: PlatformBlock, breaker: Breaker) -> Driver:
        given = dict(block.credentials())
        settings = DriverSettings(
            endpoint=block.endpoint(name),
            api_key=given.get("api_key"),
            username=given.get("username"),
            password=given.get("password"),
            dialect=block.dialect,
        )
        build = DRIVERS[block.driver].build
        return build(settings, self.world, http=self.network.get(name), meter=self.meter, breaker=breaker)


def _endpoints(block: BillingBlock) -> tuple[Endpoint, Endpoint | None]:
    """Where billing is read, and where it is told about provisioning if it is: they share out its limits."""
    whole = Endpoint(
        target=block.name,
        url=block.url,
        max_concurrency=block.max_concurrency,
        requests_per_second=block.requests_per_second,
        timeout_seconds=BILLING_TIMEOUT,
        verify=block.verify_tls,
    )
    if not block.write_back.enabled:
        return whole, None
    share = block.requests_per_second * block.write_back.share
    rest = block.requests_per_second - share
    return (
        replace(whole, max_concurrency=block.max_concurrency - 1, requests_per_second=rest),
        replace(whole, max_concurrency=1, requests_per_second=share, timeout_seconds=STATUS_TIMEOUT),
    )


def _installation(billing: Billing, house: Household, tools: Tools, inbox: Inbox) -> Installation:
    ledger, world = tools.ledger, tools.clock
    executor = Executor(ledger, world, tools.new_request_id)
    reconciler = Reconciler(billing, house, ledger, executor, world)
    gatherer = Gatherer(billing, house, ledger, reconciler.fresh, world)
    lanes = tuple(Lane(platform, reconciler, tools) for platform in billing.platforms)
    audit = Audit(billing.name, gatherer, ledger, world)
    fleet = Fleet(billing, house, gatherer, reconciler.rivals, tools)
    spreader = Spreader(billing, inbox, tools)
    return Installation(billing, fleet, gatherer, audit, lanes, spreader, _writer(billing, lanes, tools))


def _cashier(billing: Billing, config: Config, desk: ChargeDesk) -> Cashier | None:
    if billing.transactions is None:
        return None
    block = config.charges
    rules = ChargeRules(block.poll, block.limits, block.patience)
    selling = [platform for platform in billing.platforms if platform.driver.capabilities.has_charges]
    readers = [FeedReader(platform, desk, rules.gap) for platform in selling]
    return Cashier(readers, Till(billing, billing.transactions, rules, desk), rules, desk)


def _writer(billing: Billing, lanes: tuple[Lane, ...], tools: Tools) -> Writer | None:
    if billing.status_api is None:
        return None
    audience = Audience(
        billing.name,
        platforms=tuple(platform.name for platform in billing.platforms if not platform.observe_only),
        observing=tuple(platform.name for platform in billing.platforms if platform.observe_only),
    )
    desk = Desk(tools.ledger, tools.clock, tools.draw, logger("writeback"), tools.traces)
    writer = Writer(audience, billing.status_api, desk)
    for lane in lanes:
        lane.on_looked = writer.looked_at
    return writer
