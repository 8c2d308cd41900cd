"""`run`: the daemon as Kubernetes sees it."""

import json
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.cli.forked import DEADLINE
from tests.cli.site import Site


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running `iptv-reconciler run`."""

    process: "subprocess.Popen[str]"
    url: str

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=DEADLINE) as answer:
            return str(answer.read().decode())

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.url + path, timeout=DEADLINE) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def until(self, holds: Callable[[], bool]) -> None:
        """Ask the daemon's metrics again and again (each answer takes its time) until the condition holds."""
        give_up = time.monotonic() + DEADLINE  # noqa: TID251  a real process is waited for
        while not holds():
            assert time.monotonic() < give_up, "it did not come to that"  # noqa: TID251
            self.get("/metrics")


@contextmanager
def daemon(here: Site) -> Iterator[Daemon]:
    """Start the daemon and wait for its address; kill what is left of it at the end."""
    words = [sys.executable, "-m", "controller", "run", "--config", str(here.config)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        started = next(line for line in map(json.loads, process.stderr) if line["event"] == "started")
        try:
            yield Daemon(process, f"http://{started['listen']}")
        finally:
            process.kill()
            process.stderr.read()


def test_the_daemon_converges_follows_billing_and_ends_in_order(here: Site) -> None:
    account = here.tv_account()
    operator = here.platform.operator
    with daemon(here) as running:
        running.until(lambda: len(operator.customers) == 1)
        assert json.loads(running.get("/livez"))["ok"]
        running.until(lambda: 'state="in_sync"} 1.0' in running.get("/metrics"))
        assert json.loads(running.get("/readyz"))["ok"]

        here.billing.change("block", i_account=account)
        running.until(lambda: [row["status"] for row in operator.customers.values()] == ["disabled"])

        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(DEADLINE) == 0


def test_a_daemon_that_is_ended_as_soon_as_it_says_that_it_has_started_ends_in_order(here: Site) -> None:
    with daemon(here) as running:
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(DEADLINE) == 0


def test_p07_a_second_process_on_the_same_store_refuses_with_a_sentence(here: Site) -> None:
    with daemon(here):
        for command in ("run", "apply"):
            said = here.call(command)
            assert said.code == 1
            assert "another process works on the store" in said.err
        assert here.call("status").code in (0, 5)


@pytest.mark.long
def test_p16_a_daemon_whose_files_cannot_grow_any_more_lives_and_goes_on_when_they_can(here: Site) -> None:
    here.tv_account()
    operator = here.platform.operator
    with daemon(here) as running:
        running.until(lambda: running.status("/readyz") == 200 and len(operator.customers) == 1)
        before = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
        for number in range(2, 100):
            here.tv_account(number)
        running.until(lambda: running.status("/readyz") == 503)
        made = len(operator.customers)
        for _ in range(20):
            running.until(lambda: running.status("/readyz") == 503)
        assert len(operator.customers) == made
        assert running.status("/livez") == 200
        assert running.process.poll() is None

        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, before)
        running.until(lambda: running.status("/readyz") == 200)
        running.until(lambda: len(operator.customers) == 99)
        running.until(lambda: 'state="in_sync"} 99.0' in running.get("/metrics"))
