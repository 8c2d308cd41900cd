"""Installations to measure: servers in other processes, a configuration, and a store as convergence would leave it.

A million accounts would take their first convergence an hour. `fill` has the product's own functions store what
reading, judging and comparing them would have stored, without the calls, and what the brake leaves after a pass.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
import msgspec

from controller.app import Application, assemble, household
from controller.billing.wire import decode_account, decode_custom_fields, decode_object, decode_page
from controller.clock import SystemClock
from controller.config import Config, load
from controller.fleet import PassReport
from controller.judgement import compare, judge, rest
from controller.pages import listed
from controller.store import Reading, Store, TargetReading
from controller.store.ledger import Ledger
from controller.targets import Billing, Household
from desired_state.account import Account
from desired_state.plan import Plan
from platforms.listing import Listed
from platforms.telebreeze.dialect import Dialect
from platforms.telebreeze.wire import Wire
from tests.benchmarks.population import ENVIRONMENT, FIRST, Fields, custom_fields, customer, info, row
from tests.benchmarks.processes import free_port

SLICE = 500
ASK = httpx.Client(timeout=60, trust_env=False)
"""For questions to servers and daemons; a client of its own for each would cost more than the answer."""
_CONFIG = """\
billing:
  url: http://127.0.0.1:{billing}
  environment: {environment}
  login: iptv-reconciler
  token: {{file: token}}
  custom_fields: {{device_ids: [TV MAC]}}
  requests_per_second: {billing_rate}
  max_concurrency: {billing_concurrency}
platforms:
  tv:
    driver: telebreeze
    url: http://127.0.0.1:{platform}
    api_key: {{file: key}}
    requests_per_second: 100000
    max_concurrency: {concurrency}
catalog:
  - {{product: {{name: IPTV Basic}}, platform: tv, packages: [basic], max_connections: 2}}
  - {{product: {{name: IPTV Family}}, platform: tv, packages: [basic, kids], max_connections: 2}}
schedule: {{full_pass: {full_pass}, detail_audit: {detail_audit}}}
brake: {{destructive_fraction: 1, update_fraction: 1, daily_fraction: 1}}
events: {{nsps: {{token: {{file: token}}}}}}
server: {{listen: "127.0.0.1:{listen}"}}
store: {{path: state.db, audit: {{keep: {keep}}}}}
"""
_USUAL = {
    **{"concurrency": 16, "billing_concurrency": 16, "billing_rate": 100_000},
    **{"full_pass": "1h", "detail_audit": "24h", "keep": "400d"},
}


@dataclass(frozen=True, slots=True)
class Fleet:
    """An installation in a folder: its configuration, where billing and the platform listen, and the daemon's port."""

    folder: Path
    config: Path
    billing: str
    platform: str
    listen: int


@contextmanager
def served(kind: str, accounts: int, latency: float = 0.0) -> Iterator[str]:
    """A server of `servers.py` in another process, by its address."""
    command = [sys.executable, "-m", "tests.benchmarks.servers", kind, str(accounts), str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def fleet(folder: Path, accounts: int, *, empty: bool = False, **settings: object) -> Iterator[Fleet]:
    """An installation of so many accounts; on an `empty` platform there is none of them yet.

    `settings`: `latency` of the platform and `billing_latency` in seconds, `listen`, and what stands in `_USUAL`.
    """
    with ExitStack() as stack:
        slow, slow_billing = float(str(settings.get("latency", 0))), float(str(settings.get("billing_latency", 0)))
        billing = stack.enter_context(served("billing", accounts, slow_billing))
        platform = stack.enter_context(served("empty" if empty else "platform", accounts, slow))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "token").write_text("token")
        (folder / "key").write_text("key")
        values = {**_USUAL, "listen": free_port(), **settings, "environment": ENVIRONMENT}
        ports = {"billing": billing.rpartition(":")[2], "platform": platform.rpartition(":")[2]}
        (folder / "config.yaml").write_text(_CONFIG.format(**values, **ports))
        yield Fleet(folder, folder / "config.yaml", billing, platform, int(str(values["listen"])))


def change(url: str, i_accounts: list[int], fields: Fields) -> None:
    """Change accounts at a server by hand."""
    ASK.post(f"{url}/_world", json={"i_accounts": i_accounts, "fields": fields}).raise_for_status()


def slow_down(url: str, latency: float) -> None:
    """Have the server answer so many seconds later from now on."""
    ASK.post(f"{url}/_world", json={"latency": latency}).raise_for_status()


def calls(url: str) -> dict[str, int]:
    """How many calls of each operation the server has had."""
    return dict(ASK.get(f"{url}/_world").json()["calls"])


def begun(billing: str) -> int:
    """How often billing's list was begun, which every pass does once."""
    return int(ASK.get(f"{billing}/_world").json()["begun"])


def forget_calls(url: str) -> None:
    """Have the server count from zero."""
    ASK.delete(f"{url}/_world").raise_for_status()


@dataclass(frozen=True, slots=True)
class Written:
    """What was written at a platform: how often, and in how many seconds from the first call to the last answer."""

    count: int
    first: float
    last: float

    @property
    def seconds(self) -> float:
        """From the arrival of the first call to the answer of the last."""
        return self.last - self.first


def written(platform: str) -> Written:
    """What was written since the server began to count; instants are those of `time.perf_counter`."""
    told = ASK.get(f"{platform}/_world").json()
    return Written(told["written"], told["first"], told["last"])


def written_at(platform: str) -> dict[int, float]:
    """When the first write for each account came."""
    return {int(number): at for number, at in ASK.get(f"{platform}/_world", params={"writes": 1}).json()["at"].items()}


def application(config: Config, *, threaded: bool = True) -> Application:
    """The product, put together as the daemon is."""
    return assemble(config, Ledger(lambda: Store.open(config.store.path), threaded=threaded), SystemClock())


async def fill(fleet: Fleet, accounts: int) -> None:
    """Have the store say what it would say of a fleet that has long converged."""
    config = load(fleet.config)
    app = application(config)
    try:
        billing, now = app.installations[0].billing, SystemClock().now()
        await app.loop.begin()
        filling = _Filling(billing, household(config, billing.name), now)
        packages = await billing.platforms[0].driver.packages()
        await app.ledger.run(lambda store: store.targets.set_offer("tv", packages))
        await app.loop.begin()
        for start in range(0, accounts, SLICE):
            numbers = range(FIRST + start, FIRST + min(accounts, start + SLICE))
            await app.ledger.run(partial(filling.put, numbers=numbers))
        done = TargetReading(success_at=now, seconds=1.0, complete=True, accounts=accounts)
        for target in (billing.name, "tv"):
            await app.ledger.run(partial(_read, target=target, done=done))
        await app.installations[0].fleet.note(PassReport(Plan(), None, (), {}))
    finally:
        await app.aclose()


def _read(store: Store, *, target: str, done: TargetReading) -> None:
    store.targets.note_attempt(target, SystemClock().now())
    store.targets.note_success(target, done)


@dataclass(frozen=True, slots=True)
class _Filling:
    billing: Billing
    house: Household
    now: datetime

    def put(self, store: Store, *, numbers: range) -> None:
        """Read, judge and compare these accounts."""
        accounts, platform = store.accounts(self.billing.name), self.billing.platforms[0]
        listing = store.account_list(self.billing.name)
        page = decode_page(b'{"account_list":[%s]}' % b",".join(row(number) for number in numbers))
        listing.merge([listed(each, ENVIRONMENT) for each in page.rows], self.now, self.now)
        for number in numbers:
            accounts.save(self._account(number), self.now)
        listing.merge([listed(each, ENVIRONMENT) for each in page.rows], self.now, self.now)
        records = store.records(platform.name, ENVIRONMENT)
        reading = Reading(self.now, platform.driver.capabilities.read_lag)
        records.merge([(row, row.observe()) for row in self._rows(numbers)], reading, self.now)
        for number in numbers:
            stored = accounts.get(number)
            assert stored is not None
            judge(store, self.billing, stored, self.house, self.now)
            comparison = compare(store, platform, number)
            assert comparison is not None
            assert comparison.change is None
            rest(store, platform, comparison)

    def _account(self, number: int) -> Account:
        source = self.billing.source
        account = decode_account(decode_object(info(number)), ENVIRONMENT)
        assert account is not None
        values = msgspec.json.decode(custom_fields(number))
        return decode_custom_fields(account, values, source._fields, source._fingerprint)

    def _rows(self, numbers: range) -> Sequence[Listed]:
        wire = Wire("tv", Dialect())
        page = wire.customers.page(b'{"rows":[%s]}' % b",".join(map(customer, numbers)), self.now)
        assert page is not None
        return page[0]
