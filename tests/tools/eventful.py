"""An installation on which everything happens that the daemon counts: three platforms, events, sales, and trouble.

Rules of this module:

1. The daemon is the real process over real sockets. What happens to it is what simulators, callers and commands do.
2. What a scene is about is waited for until Prometheus has seen it: nobody sleeps, nothing is looked for too early.
3. The last scene stays as it is: a held plan, a pause, open breakers, a charge in doubt.
"""

import asyncio
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251  seeded, so that a run can be repeated

import msgspec
import yaml
from starlette.types import ASGIApp

from controller.billing.simulator import create_simulator
from controller.clock import SystemClock
from controller.demo.check import WORDS
from controller.demo.kinds import KINDS
from platforms.registry import DRIVERS
from tests.cli.forked import DEADLINE, Said, call
from tests.loop.platforms import WITH_PIN, catalog
from tests.servers import serving
from tests.tools.prometheus import Prometheus, free_port

_FLEET = {"tv": 8, "cable": 4, "box": 3}
_BRAKE = 3
_ALL: Mapping[str, object] = {"requests_per_second": 1000, "credentials_expire": "2099-01-01T00:00:00Z"}
_ESPF, _NSPS = "simulated-espf", "simulated-nsps"
_BASIC = "Basic " + b64encode(f"espf:{_ESPF}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Installation:
    """The daemon at `url`, and the simulators it works with, by their names; `billing` is one of them."""

    folder: Path
    url: str
    simulators: Mapping[str, str]

    def change(self, action: str, **details: object) -> int:
        """Something happens in billing; returns to whom."""
        answer = send("POST", f"{self.simulators['billing']}/_sim/changes", {"action": action, **details})
        return msgspec.json.decode(answer, type=dict[str, int])["i_account"]

    def spoil(self, target: str, operation: str, kind: str = "status", **details: object) -> None:
        """Let requests to a target fail."""
        fault = {"operation": operation, "kind": kind, **details}
        send("POST", f"{self.simulators[target]}/_sim/faults", fault)

    def sell(self, account: str, currency: str = "EUR") -> None:
        """Somebody buys a film on `tv`."""
        sale = {"externalId": f"{account}_3", "type": "vod", "title": "Film", "amount": "3.99", "currency": currency}
        send("POST", f"{self.simulators['tv']}/_sim/transactions", sale)

    def records(self, platform: str) -> list[dict[str, object]]:
        """What the platform holds."""
        answer = send("GET", self.simulators[platform] + WORDS[platform].path)
        return msgspec.json.decode(answer, type=dict[str, list[dict[str, object]]])["rows"]

    def call(self, *words: str) -> Said:
        """Run a command with the daemon's configuration."""
        return call(*words, "--config", str(self.folder / "config.yaml"))


def send(method: str, url: str, body: object = None, authorization: str = "") -> bytes:
    """Send JSON, if any, and return what is answered, a refusal too."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, {"authorization": authorization}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as refusal:
        return refusal.read()


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """Simulators with a fleet, and the daemon, for as long as the context lasts. It may still be starting."""
    with _simulators() as urls:
        made = Installation(folder, f"http://127.0.0.1:{free_port()}", urls)
        (folder / "config.yaml").write_text(yaml.safe_dump(_configuration(made)))
        for name, count in _FLEET.items():
            for number in range(count):
                made.change("create", id=f"{name}{number:03}", i_product=KINDS[name].basic)
        made.spoil("tv", "customers.create", status=503)
        made.spoil("billing", "Account/get_account_info", status=500)
        with _daemon(folder):
            yield made


def everything_happens(here: Installation, seen: Prometheus) -> None:
    """All scenes, in order."""
    in_sync = 'sum(max by (platform) (iptv_reconciler_accounts{state="in_sync"}))'
    seen.until(f"{in_sync} == {sum(_FLEET.values())}", "the fleet has not converged")
    _events_come(here)
    _records_are_spoilt(here)
    _films_are_sold(here)
    for outcome in ("stored", "duplicate", "ignored", "refused"):
        seen.until(f'sum(iptv_reconciler_events_total{{outcome="{outcome}"}})', f"no event was {outcome}")
    seen.until('sum(iptv_reconciler_convergence_seconds_count{trigger="event"})', "no event changed anything")
    seen.until("sum(iptv_reconciler_drift_total)", "no drift was found")
    for state in ("parked", "conflict"):
        seen.until(f'sum(iptv_reconciler_accounts{{state="{state}"}})', f"nobody is {state}")
    for what in ("total", "parked", "in_doubt"):
        seen.until(f"sum(iptv_reconciler_charges_{what})", f"there are no such charges: {what}")
    _trouble_lasts(here)
    seen.until("sum(iptv_reconciler_charges_reconcile_timestamp_seconds)", "feed and billing were not compared")
    seen.until("sum(iptv_reconciler_brake_held)", "the brake holds nothing")
    seen.until("sum(iptv_reconciler_paused)", "nothing is paused")
    seen.until('sum(iptv_reconciler_breaker_open{target="cable"})', "no breaker has opened")
    _billing_is_gone(here)
    seen.until('sum(iptv_reconciler_breaker_open{target="billing"})', "billing's breaker has not opened")
    seen.until("sum(iptv_reconciler_events_oldest_pending_timestamp_seconds)", "no event waits")


def _events_come(here: Installation) -> None:
    """By both ways, some twice; some that nobody can use, some with wrong credentials."""
    billing = f"{here.simulators['billing']}/_sim"
    send("PUT", f"{billing}/espf", {"url": f"{here.url}/espf", "duplicates": 0.5})
    send("PUT", f"{billing}/nsps", {"url": f"{here.url}/process-event", "duplicates": 0.5})
    for i_account in range(70001, 70005):
        here.change("addon_add", i_account=i_account, i_product=KINDS["tv"].sport)
    nothing = {"event_type": "Something/Happened", "variables": {"i_event": 1}}
    for authorization in (_BASIC, "Basic wrong"):
        send("POST", f"{here.url}/espf", nothing, authorization)
    for authorization in (f"Bearer {_NSPS}", "Bearer wrong"):
        send("POST", f"{here.url}/process-event", {"event_id": "e-1", "data": nothing}, authorization)


def _records_are_spoilt(here: Installation) -> None:
    """Somebody edits records of ours; one that we make is refused; another's name is taken."""
    for platform, kind in KINDS.items():
        record = next(each for each in here.records(platform) if WORDS[platform].is_on(each))
        method, path, body = kind.edit(record)
        send(method, here.simulators[platform] + path, body)
    here.spoil("tv", "customers.create", status=422, count=None)
    here.change("create", id="tv100", i_product=61)
    send("POST", here.simulators["box"] + WORDS["box"].path, {"login": "box100", "comment": "made by hand"})
    here.change("create", id="box100", i_product=65)


def _films_are_sold(here: Installation) -> None:
    """Of the two that can be booked one is not answered; one is in a currency that the customer does not have."""
    here.spoil("billing", "Account/make_transaction", status=500, after=1)
    for account, currency in (("tv001", "EUR"), ("tv002", "EUR"), ("tv003", "USD")):
        here.sell(account, currency)


def _trouble_lasts(here: Installation) -> None:
    """Feed and billing are compared; a pass is to take more than the brake allows; a platform is paused, one shut."""
    here.call("charges", "reconcile", "--from", "2020-01-01", "--to", "2100-01-01")
    for way in ("espf", "nsps"):
        send("DELETE", f"{here.simulators['billing']}/_sim/{way}")
    for i_account in range(70001, 70001 + _FLEET["tv"]):
        here.change("block", i_account=i_account)
    here.call("pause", "box", "--reason", "a test", "--until", "2h")
    here.spoil("cable", "*", status=401, count=None)


def _billing_is_gone(here: Installation) -> None:
    """It lets us in no more, and an event came just before."""
    here.spoil("billing", "*", status=401, count=None)
    event = {"event_type": "Account/Unblocked", "variables": {"i_event": 2, "i_account": 70001}}
    send("POST", f"{here.url}/espf", event, _BASIC)


def _configuration(here: Installation) -> Mapping[str, object]:
    platforms = {
        name: {"driver": kind.driver, "url": here.simulators[name], **_ALL, **kind.settings}
        for name, kind in KINDS.items()
    }
    return {
        "billing": {
            "url": here.simulators["billing"],
            "environment": 3,
            "login": "iptv-reconciler",
            "token": "simulated-token",
            "custom_fields": WITH_PIN,
            "write_back": {"enabled": True},
            **_ALL,
        },
        "events": {"espf": {"username": "espf", "password": _ESPF}, "nsps": {"token": _NSPS}},
        "platforms": platforms,
        "catalog": catalog(*platforms),
        "brake": {"floor": _BRAKE},
        "charges": {"enabled": True, "poll": "1s", "settle": "10m"},
        "schedule": {"full_pass": "1s"},
        "server": {"listen": here.url.removeprefix("http://")},
        "store": {"path": "state.db"},
    }


@contextmanager
def _simulators() -> Iterator[Mapping[str, str]]:
    """All of them in a thread; their addresses."""
    clock, draw = SystemClock(), Random(1).random
    billing = create_simulator(clock, draw)
    apps: dict[str, ASGIApp] = {"billing": billing}
    apps |= {name: DRIVERS[kind.driver].simulator(clock, draw) for name, kind in KINDS.items()}
    loop, urls = asyncio.new_event_loop(), dict[str, str]()
    up, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            for name, app in apps.items():
                urls[name] = await stack.enter_async_context(serving(app))
            sending = asyncio.create_task(billing.events.run())
            up.set()
            await stop.wait()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    up.wait(DEADLINE)
    try:
        yield urls
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@contextmanager
def _daemon(folder: Path) -> Iterator[None]:
    words = [sys.executable, "-m", "controller", "run", "--config", str(folder / "config.yaml")]
    with (folder / "daemon.log").open("wb") as log, subprocess.Popen(words, stderr=log) as process:
        try:
            yield
        finally:
            process.kill()
