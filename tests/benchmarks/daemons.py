"""The real daemon in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import httpx

from tests.benchmarks.fleets import Fleet
from tests.benchmarks.processes import cpu_of, peak_mb, until

PRODUCT = (sys.executable, "-m", "controller")


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon at work, and how many seconds after its start it was ready."""

    pid: int
    url: str
    ready_after: float

    @property
    def cpu(self) -> float:
        """CPU seconds until now."""
        return cpu_of(self.pid)

    @property
    def peak_mb(self) -> float:
        """The most memory it had."""
        return peak_mb(self.pid)

    def metric(self, name: str, labels: str = "") -> float:
        """The value of a metric; 0 where there is none yet."""
        wanted = f"iptv_reconciler_{name}{labels} "
        lines = httpx.get(f"{self.url}/metrics", timeout=60).text.splitlines()
        return next((float(line[len(wanted) :]) for line in lines if line.startswith(wanted)), 0.0)

    def has_passed(self) -> bool:
        """Whether it has been through a full pass."""
        return self.metric("pass_seconds_count", '{target="tv"}') > 0


@contextmanager
def daemon(fleet: Fleet) -> Iterator[Daemon]:
    """The real daemon of a fleet whose configuration says where it listens, from when it is ready."""
    url, began = f"http://127.0.0.1:{fleet.listen}", perf_counter()
    with (fleet.folder / "daemon.log").open("w") as log:
        process = subprocess.Popen([*PRODUCT, "run", "--config", str(fleet.config)], stdout=log, stderr=log)
        try:
            with httpx.Client(timeout=60) as client:
                until(lambda: _is_ready(process, client, url), every=0.005)
            yield Daemon(process.pid, url, perf_counter() - began)
        finally:
            process.send_signal(signal.SIGTERM)
            _end(process)


def _is_ready(process: subprocess.Popen[bytes], client: httpx.Client, url: str) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the daemon ended with {process.returncode}")
    try:
        return client.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
