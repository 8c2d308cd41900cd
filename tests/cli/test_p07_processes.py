"""P7 with real processes: two `run` over one store, and an API server on a socket."""

import json
import os
import signal
import sqlite3  # noqa: TID251  the file is looked at from outside
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from controller.clock import SystemClock
from controller.leadership.simulator import TOKEN, ApiServer
from platforms.telebreeze.simulator import API_KEY
from tests.cli.forked import DEADLINE
from tests.cli.site import Site
from tests.servers import serving_beside

DURATION, RENEW, CALL = 6, 1, 1
SETTINGS = {
    "schedule": {"full_pass": "1h"},
    "events": {"espf": {"username": "espf", "password": "secret"}},
}


class Replica:
    """A `run` in a process of its own; what it logs is kept in a file."""

    def __init__(self, here: Site, log: Path) -> None:
        words = [sys.executable, "-m", "controller", "run", "--config", str(here.config)]
        self._log = log
        with log.open("w") as said:
            self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=said)
        until(lambda: self.says("started") is not None or self.process.poll() is not None)
        started = self.says("started")
        assert started is not None, log.read_text()
        self.url = f"http://{started['listen']}"

    def says(self, event: str) -> dict[str, object] | None:
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return next((line for line in lines if line["event"] == event), None)

    @property
    def leads(self) -> bool:
        return "iptv_reconciler_leader 1.0" in self.get("/metrics")

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=DEADLINE) as answer:
            return str(answer.read().decode())

    def is_ready(self) -> bool:
        try:
            return bool(self.get("/readyz"))
        except urllib.error.HTTPError:
            return False

    def tell(self, i_account: int, number: int) -> int:
        """Post an event as ESPF does; returns the status."""
        body = {"event_type": "Account/Updated", "variables": {"i_event": number, "i_account": i_account}}
        headers = {"authorization": f"Basic {b64encode(b'espf:secret').decode()}", "content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/espf", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return int(answer.status)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.send_signal(signal.SIGCONT)
        return self.process.wait(DEADLINE)


def until(holds: Callable[[], bool], seconds: float = DEADLINE) -> float:
    """Wait for it; returns how long that took."""
    began = time.monotonic()  # noqa: TID251  real processes are waited for
    while not holds():
        assert time.monotonic() - began < seconds, "it did not come to that"  # noqa: TID251
        time.sleep(0.02)  # noqa: TID251
    return time.monotonic() - began  # noqa: TID251


@contextmanager
def api_server() -> Iterator[tuple[ApiServer, str]]:
    """The simulated API server on a socket, served from a thread."""
    server = ApiServer(SystemClock(), lambda: 0.5)
    with serving_beside(server) as served:
        yield server, served.urls[0]


class Two:
    """Two replicas of which one leads."""

    def __init__(self, here: Site) -> None:
        self.here = here
        self._started = 0
        self.replicas: list[Replica] = []

    def start(self) -> Replica:
        self._started += 1
        return Replica(self.here, self.here.folder / f"replica-{self._started}.log")

    def divided(self) -> tuple[Replica, Replica]:
        """The one that leads, and the other."""
        until(lambda: [each.leads for each in self.replicas].count(True) == 1)
        first, second = self.replicas
        return (first, second) if first.leads else (second, first)

    def replace(self, gone: Replica) -> None:
        self.replicas[self.replicas.index(gone)] = self.start()

    def has_record(self, i_account: int) -> Callable[[], bool]:
        """Whether the account has its record."""
        notes = f"i_account={i_account}"
        return lambda: any(notes in str(row["notes"]) for row in self.here.platform.operator.customers.values())


@pytest.fixture
def two(here: Site) -> Iterator[Two]:
    account = here.folder / "serviceaccount"
    account.mkdir()
    (account / "token").write_text(TOKEN)
    (account / "namespace").write_text("tv")
    with api_server() as (_, url):
        lead = {"lease": "iptv", "duration": f"{DURATION}s", "renew": f"{RENEW}s"}
        lead |= {"url": url, "service_account": str(account)}
        tv = {"driver": "telebreeze", "url": here.platform_url, "api_key": API_KEY, "timeout_seconds": CALL}
        here.configure(**SETTINGS, platforms={"tv": tv}, leadership=lead)
        made = Two(here)
        try:
            made.replicas += [made.start(), made.start()]
            yield made
        finally:
            for each in made.replicas:
                each.process.kill()
                each.process.wait()


def stopped_outside_of_a_transaction(replica: Replica, store: Path) -> None:
    """SIGSTOP. In the middle of a transaction it would hold SQLite's lock, which nobody can take from it."""
    while True:
        replica.process.send_signal(signal.SIGSTOP)
        try:
            with closing(sqlite3.connect(store, timeout=0.2)) as db:
                db.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            replica.process.send_signal(signal.SIGCONT)


def written(store: Path) -> list[tuple[int, int]]:
    """Every call: its account, and under which epoch it was made."""
    with closing(sqlite3.connect(store)) as db:
        return db.execute("SELECT i_account, epoch FROM audit ORDER BY id").fetchall()


@pytest.mark.long
def test_p07_of_two_processes_one_leads_whatever_becomes_of_it(two: Two) -> None:
    here, store = two.here, two.here.folder / "state.db"
    accounts = [here.tv_account(number) for number in range(1, 6)]
    leader, standby = two.divided()
    until(lambda: all(two.has_record(each)() for each in accounts))
    until(lambda: leader.is_ready() and standby.is_ready())

    for command in ("apply", "rebuild"):
        said = here.call(command)
        assert said.code == 1
        assert "another process works on the store" in said.err

    accounts.append(here.tv_account(6))
    assert standby.tell(accounts[-1], 6) == 200
    assert until(two.has_record(accounts[-1])) < 10

    stopped_outside_of_a_transaction(leader, store)
    accounts.append(here.tv_account(7))
    assert standby.tell(accounts[-1], 7) == 200
    assert until(two.has_record(accounts[-1])) < 2 * DURATION
    assert standby.leads
    calls, writes = len(written(store)), here.platform.requests.writes
    leader.process.send_signal(signal.SIGCONT)
    until(lambda: not leader.leads and leader.is_ready())
    assert leader.tell(accounts[0], 8) == 200
    assert [len(written(store)), here.platform.requests.writes] == [calls, writes]

    killed = standby
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait(DEADLINE)
    assert until(lambda: leader.leads) < 2 * DURATION
    two.replace(killed)

    leader, standby = two.divided()
    assert leader.end(signal.SIGTERM) == 0
    assert until(lambda: standby.leads) < DURATION / 2
    two.replace(leader)
    accounts.append(here.tv_account(9))
    assert two.replicas[0].tell(accounts[-1], 9) == 200
    until(two.has_record(accounts[-1]))

    assert sorted(each for each, _ in written(store)) == sorted(accounts), "each account has been given its record once"
    epochs = [epoch for _, epoch in written(store)]
    assert epochs == sorted(epochs)
    assert os.path.getsize(store) > 0


@pytest.mark.long
def test_p07_one_without_a_lease_refuses_beside_those_that_have_one(two: Two) -> None:
    two.divided()
    two.here.configure(**SETTINGS)
    said = two.here.call("run")
    assert said.code == 1
    assert "another process works on the store" in said.err


def test_p07_where_there_is_no_cluster_it_says_so(here: Site) -> None:
    here.configure(leadership={"lease": "iptv"})
    said = here.call("run")
    assert said.code == 1
    assert "this is no pod" in said.err
