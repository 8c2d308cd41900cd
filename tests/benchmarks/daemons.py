"""The real daemon in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import httpx

from tests.benchmarks.fleets import ASK, Fleet
from tests.benchmarks.processes import cpu_of, peak_mb, until

PRODUCT = (sys.executable, "-m", "controller")


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon at work: when it was started (by `perf_counter`), and how many seconds later it was ready."""

    process: subprocess.Popen[bytes]
    url: str
    began: float
    ready_after: float

    @property
    def cpu(self) -> float:
        """CPU seconds until now."""
        return cpu_of(self.process.pid)

    @property
    def peak_mb(self) -> float:
        """The most memory it had."""
        return peak_mb(self.process.pid)

    def metric(self, name: str, labels: str = "") -> float:
        """The value of a metric; 0 where there is none yet."""
        wanted = f"iptv_reconciler_{name}{labels} "
        lines = ASK.get(f"{self.url}/metrics").text.splitlines()
        return next((float(line[len(wanted) :]) for line in lines if line.startswith(wanted)), 0.0)

    def until(self, condition: Callable[[], bool], every: float = 0.02) -> None:
        """Wait until it comes true. Raises `RuntimeError` where the daemon ends, or nothing comes of it."""
        if not until(lambda: self._has_ended or condition(), every) or self._has_ended:
            raise RuntimeError(f"what the daemon was to do did not happen (it ended with {self.process.poll()})")

    @property
    def _has_ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def passes(self) -> int:
        """How many full passes it has been through."""
        return int(self.metric("pass_seconds_count", '{target="tv"}'))


@contextmanager
def daemon(fleet: Fleet, product: Sequence[str] = PRODUCT) -> Iterator[Daemon]:
    """The real daemon of a fleet, from when it is ready."""
    url, began = f"http://127.0.0.1:{fleet.listen}", perf_counter()
    with (fleet.folder / "daemon.log").open("w") as log:
        process = subprocess.Popen([*product, "run", "--config", str(fleet.config)], stdout=log, stderr=log)
        try:
            until(lambda: _is_ready(process, url), every=0.005)
            yield Daemon(process, url, began, perf_counter() - began)
        finally:
            process.send_signal(signal.SIGTERM)
            _end(process)


def _is_ready(process: subprocess.Popen[bytes], url: str) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the daemon ended with {process.returncode}")
    try:
        return ASK.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
