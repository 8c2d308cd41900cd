"""A whole installation in one process: simulators, the real loop, the real database, virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251  seeded, so that a run can be repeated
from typing import Any, TypeVar, overload

import httpx
import msgspec
from starlette.types import ASGIApp

from controller.app import Application, assemble
from controller.billing.simulator import Simulator, create_simulator
from controller.config import Config, from_values
from controller.daemon import endpoints
from controller.demo.check import Account
from controller.fleet import PassOptions, PassReport
from controller.lane import Lane
from controller.loop import Loop
from controller.store import Store
from controller.store.ledger import Ledger
from controller.views.explain import ExplainView, explain_view, find
from controller.views.plan import Found, PlanView, plan_view
from controller.views.status import StatusView, status_view
from platforms.registry import DRIVERS
from platforms.telebreeze.simulator import API_KEY, TelebreezeSimulator
from platforms.transport import Http
from tests.clocks import VirtualClock

Values = Mapping[str, object]
App = TypeVar("App", bound=ASGIApp)
LONGEST_BACKOFF = 1800.0
BILLING, TV = "http://billing.test", "http://tv.test"


class World(VirtualClock):
    """Virtual time, chance from a seed, and numbered requests."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self.draw = Random(seed).random
        self._requests = 0

    def request_id(self) -> str:
        self._requests += 1
        return f"{self._requests:032x}"


class TimedTransport(httpx.ASGITransport):
    """A simulator in process; notes when each request began, on the monotonic clock.

    It refuses whatever is asked about one of the accounts in `refused`, and nothing else.
    """

    def __init__(self, app: ASGIApp, world: World) -> None:
        super().__init__(app)
        self._world = world
        self.began: list[float] = []
        self.refused: frozenset[int] = frozenset()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.began.append(self._world.monotonic())
        if self.refused and msgspec.json.decode(request.content)["params"].get("i_account") in self.refused:
            return httpx.Response(500, json={"faultcode": "Server.Account.refused", "faultstring": "no"})
        return await super().handle_async_request(request)


class Bed:
    """Billing, platforms, and the reconciler between them.

    There is one simulator at every address of the configuration: `billing_at`, and `platform_at`, which is of the kind
    that the configuration names there. `billing` and `platform` are those of the usual configuration;
    `to_billing.began` are the instants at which billing's calls began.
    """

    def __init__(self, folder: Path, blocks: Values, *, seed: int = 1) -> None:
        self.world = World(seed)
        self.folder = folder
        self.config = configuration(folder, blocks)
        self._billings: dict[str, Simulator] = {}
        self._platforms: dict[str, ASGIApp] = {}
        self.billing = self.billing_at(BILLING)
        self.platform = self.platform_at(TV)
        self.to_billing = TimedTransport(self.billing, self.world)
        self._killed: list[Application] = []
        self._begun: Application | None = None
        self.application = self._assembled()

    def billing_at(self, url: str) -> Simulator:
        """The billing with this address."""
        return self._billings.setdefault(url, create_simulator(self.world, self.world.draw))

    @overload
    def platform_at(self, url: str) -> TelebreezeSimulator: ...

    @overload
    def platform_at(self, url: str, kind: type[App]) -> App: ...

    def platform_at(self, url: str, kind: type[ASGIApp] = TelebreezeSimulator) -> ASGIApp:
        """The platform with this address, which is of the kind that the caller takes it for."""
        simulator = self._simulator(url)
        assert isinstance(simulator, kind)
        return simulator

    def restart(self) -> None:
        """A new process on the same database: the old one was killed and could not tell anybody."""
        for installation in self.application.installations:
            installation.fleet.stop()
        self._killed.append(self.application)
        self.application = self._assembled()

    def lose_the_database(self) -> None:
        """The volume is gone; a new process begins with nothing."""
        for file in self.folder.glob("state.db*"):
            file.unlink()
        self.restart()

    async def kill_in_the_middle_of_a_pass(self, turns: int) -> None:
        """The process ends after so many turns of the event loop; a new one begins on the same database."""
        passing = asyncio.create_task(self.full_pass())
        for _ in range(turns):
            await asyncio.sleep(0)
        passing.cancel()
        await asyncio.gather(passing, return_exceptions=True)
        self.restart()

    def reconfigure(self, **blocks: object) -> None:
        """A new process with another configuration on the same database."""
        self.config = configuration(self.folder, blocks)
        self.restart()

    async def full_pass(self) -> list[PassReport]:
        """One pass, the details it goes on reading, and everything put on the queues until that is done or waits."""
        await self._begin()
        reports = await self.application.loop.full_pass()
        for installation in self.application.installations:
            await installation.fleet.backlog.ended()
        await self._work()
        return reports

    async def plan(self) -> PlanView:
        """What the command `plan` shows: made on a private copy, of which the details read go into the store."""
        began, copy = self.world.now(), (await self.store()).copy()
        application = self._assembled(lambda: copy)
        reports = [await each.fleet.survey(PassOptions(whole_plan=True)) for each in application.installations]
        billings = [each.billing for each in application.installations]
        view = plan_view(copy, billings, Found.of(reports), self.world.now())
        kept = {each.name: copy.accounts(each.name).details_read_since(began) for each in billings}
        for name, rows in kept.items():
            await self.application.ledger.run(partial(_take_over, name=name, rows=rows))
        await application.aclose()
        return view

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[Loop]:
        """The daemon runs while the context lasts; time passes for it while the test sleeps on `world`."""
        self._begun = self.application
        running = asyncio.create_task(self.application.loop.run())
        try:
            yield self.application.loop
        finally:
            self.application.loop.stop()
            await running

    @property
    def endpoints(self) -> ASGIApp:
        """The daemon's own, where events arrive and the status page is."""
        return endpoints(self.application, self.world)

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """Send an event, with the right credentials unless others are given."""
        auth = {"/espf": "Basic ZXNwZjplc3BmLXNlY3JldA==", "/process-event": "Bearer nsps-secret"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.endpoints), base_url="http://us") as client:
            content = body if isinstance(body, bytes) else msgspec.json.encode(body)
            return await client.post(path, content=content, headers={"authorization": auth[path]} | headers)

    async def espf(self, event_type: str, **variables: object) -> httpx.Response:
        """Send an event as ESPF does."""
        return await self.post("/espf", {"event_type": event_type, "variables": variables})

    async def page(self, path: str = "/", **headers: str) -> httpx.Response:
        """The status page, as a reader with the right credentials sees it unless others are given."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.endpoints), base_url="http://us") as client:
            return await client.get(path, headers={"authorization": "Bearer page-secret"} | headers)

    async def act_on_events(self) -> None:
        """What was announced is looked at, by a process that may just have begun."""
        await self._begin()
        await self.application.inbox.begin()
        for installation in self.application.installations:
            await installation.spreader.spread()
        await self._work()

    async def act_on_orders(self) -> None:
        """Whom persons asked for is looked at, as the daemon does every second."""
        await self._begin()
        await self.application.loop.serve_operators()
        await self._work()

    async def tell(self) -> None:
        """Let billing be told how provisioning stands, until there is no more to tell."""
        for installation in self.application.installations:
            assert installation.writer is not None
            await installation.writer.tell_all()

    async def converge(self, passes: int = 3) -> None:
        """Let as many passes go by as anything may need, with the longest backoff between them."""
        for _ in range(passes):
            await self.let_time_pass(LONGEST_BACKOFF)
            await self.full_pass()

    async def let_time_pass(self, seconds: float) -> None:
        """Let time pass, with the rolling audit at work in it."""
        while (pause := min(seconds, await self._audited())) > 0:
            self.world.advance(pause)
            seconds -= pause

    async def _audited(self) -> float:
        """Let every audit read whom it owes; returns the seconds until the next has to."""
        loop, installations = self.application.loop, self.application.installations
        return min([await loop.audit_step(installation) for installation in installations])

    async def store(self) -> Store:
        """The store, to look at between passes."""
        return await self.application.ledger.run(lambda store: store)

    async def status(self) -> StatusView:
        """What `status` says."""
        return status_view(await self.store(), self.config, self.world.now())

    async def explain(self, account: str) -> ExplainView:
        """What `explain` says."""
        store = await self.store()
        installations = {each.billing.name: each for each in self.application.installations}
        found = find(store, {name: each.billing for name, each in installations.items()}, account)
        assert found is not None, f"{account} is not known"
        house = installations[found[0].name].fleet.house
        return explain_view(store, *found, house, self.world.now())

    def customer(self, external_id: str) -> Mapping[str, Any]:
        """The platform's one record of that name, as the platform has it."""
        (row,) = (row for row in self.customers() if row["externalId"] == external_id)
        return row

    def customers(self) -> list[Mapping[str, Any]]:
        """All records of the platform."""
        return list(self.platform.operator.customers.values())

    def tv_account(self, number: int = 1, *, i_product: int = 61, billing: Simulator | None = None) -> int:
        """A new account `tv00000N` with a TV product and a device of its own."""
        billing = billing or self.billing
        i_account = billing.change("create", id=f"tv{number:06}", i_product=i_product)
        billing.change("device", i_account=i_account, devices=[f"00:1A:79:00:00:{number:02X}"])
        return i_account

    async def aclose(self) -> None:
        """Let go of the database."""
        for application in (*self._killed, self.application):
            await application.aclose()

    async def facts(self) -> list[Account]:
        """Every account as billing's simulator tells it."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.billing)) as client:
            answer = await client.get("http://billing.test/_sim/accounts")
        return msgspec.convert(answer.json()["accounts"], list[Account])

    def _simulator(self, url: str) -> ASGIApp:
        """What stands at that address; made by the driver that the configuration names there, else a Telebreeze."""
        if url not in self._platforms:
            kinds = {block.url: DRIVERS[block.driver] for block in self.config.platforms.values()}
            kind = kinds.get(url, DRIVERS["telebreeze"])
            self._platforms[url] = kind.simulator(self.world, self.world.draw)
        return self._platforms[url]

    def carrier(self, target: str, app: ASGIApp) -> Http:
        """What carries requests to a simulator."""
        return self.to_billing if target == "billing" else httpx.ASGITransport(app)

    def opened_store(self) -> Store:
        """The database, as a process opens it."""
        return Store.open(self.config.store.path)

    def _assembled(self, open_store: Callable[[], Store] | None = None) -> Application:
        ledger = Ledger(open_store or self.opened_store, threaded=False)
        return assemble(self.config, ledger, self.world, self.network(self.config))

    def network(self, config: Config) -> Mapping[str, Http]:
        """What carries requests to every target of a configuration."""
        apps: dict[str, ASGIApp] = {block.name: self.billing_at(block.url) for block in config.billing}
        apps |= {name: self._simulator(block.url) for name, block in config.platforms.items()}
        return {target: self.carrier(target, app) for target, app in apps.items()}

    async def _begin(self) -> None:
        """What every process does first."""
        if self._begun is not self.application:
            self._begun = self.application
            await self.application.loop.begin()

    async def _work(self) -> None:
        """Everything on the queues; what one platform did may have put something on another's."""
        while lanes := [lane for lane in self._lanes() if len(lane.platform.queue) and not lane.is_resting]:
            for lane in lanes:
                await lane.work(until_empty=True, most_failures=1)

    def _lanes(self) -> list[Lane]:
        return [lane for installation in self.application.installations for lane in installation.lanes]


def _take_over(store: Store, *, name: str, rows: Sequence[tuple[object, ...]]) -> None:
    store.accounts(name).take_over(rows)


def configuration(folder: Path, blocks: Values) -> Config:
    """A configuration for the simulators; `blocks` are laid over its blocks, key by key."""
    return from_values(configured(folder, blocks), folder)


def configured(folder: Path, blocks: Values) -> Values:
    """The same as a file would have it."""
    values: dict[str, object] = {
        "billing": {
            "url": BILLING,
            "environment": 3,
            "login": "iptv-reconciler",
            "token": "simulated-token",
            "requests_per_second": 10000,
            "custom_fields": {"device_ids": ["TV MAC"], "login": "TV Login", "password": "TV Password"},
        },
        "platforms": {
            "tv": {
                "driver": "telebreeze",
                "url": TV,
                "api_key": API_KEY,
                "requests_per_second": 10000,
            }
        },
        "catalog": [
            {"product": {"i_product": 61}, "platform": "tv", "packages": ["basic"], "max_connections": 2},
            {"product": {"i_product": 62}, "platform": "tv", "packages": ["basic", "cinema"], "max_connections": 4},
            {"product": {"name": "IPTV Sport"}, "platform": "tv", "packages": ["sport"]},
            {"product": {"name_regex": "(?i)kids$"}, "platform": "tv", "packages": ["kids"]},
        ],
        "events": {
            "espf": {"username": "espf", "password": "espf-secret"},
            "nsps": {"token": "nsps-secret"},
        },
        "server": {"page": {"token": "page-secret"}},
        "store": {"path": str(folder / "state.db")},
    }
    for name, block in blocks.items():
        known = values.get(name)
        values[name] = {**known, **block} if isinstance(known, dict) and isinstance(block, dict) else block
    return values
