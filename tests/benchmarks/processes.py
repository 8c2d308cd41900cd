"""Processes to be measured: what they cost in seconds, CPU (user and system, all threads) and memory.

Peak memory is `VmHWM`, of the process itself: what `wait4` tells of a child begins with the memory of its parent.
"""

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import perf_counter, process_time

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: its exit code, what it printed, seconds and CPU seconds."""

    code: int
    output: str
    seconds: float
    cpu: float


Runs = tuple[Ended, ...]


def seconds(runs: Runs) -> tuple[float, ...]:
    """How long each took."""
    return tuple(each.seconds for each in runs)


def cpu(runs: Runs) -> tuple[float, ...]:
    """The CPU seconds of each."""
    return tuple(each.cpu for each in runs)


def run(*command: str) -> Ended:
    """Run a command to its end, with what it started and waited for; with its byte code, as it is where installed."""
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=around)
    took, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ended(done.returncode, done.stdout, took, spent)


def figures(module: str, *arguments: str) -> dict[str, float]:
    """What a module of this package measures in a fresh process and prints as JSON. Raises `RuntimeError`."""
    done = run(sys.executable, "-m", f"tests.benchmarks.{module}", *arguments)
    if done.code:
        raise RuntimeError(f"{module} ended with {done.code}")
    return dict(json.loads(done.output))


@dataclass(frozen=True, slots=True)
class Spent:
    """What this process has spent since."""

    began: float
    cpu: float

    @classmethod
    def now(cls) -> "Spent":
        """Begin to measure."""
        return cls(perf_counter(), process_time())

    def told(self, **more: float) -> str:
        """As JSON, for `figures`."""
        spent = {"seconds": perf_counter() - self.began, "cpu": process_time() - self.cpu, "peak_mb": peak_mb("self")}
        return json.dumps({**spent, **more})


def peak_mb(pid: int | str) -> float:
    """The most memory that a living process had, in MB (of 1,000,000 bytes)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) * 1024 / 1_000_000


def cpu_of(pid: int) -> float:
    """CPU seconds of a living process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def until(condition: Callable[[], bool], every: float = 0.02, patience: float = _PATIENCE) -> bool:
    """Look again and again; says whether it came true."""
    pause, began = Event(), perf_counter()
    while not condition():
        if perf_counter() - began > patience:
            return False
        pause.wait(every)
    return True


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def pinned(cores: Sequence[int]) -> Iterator[None]:
    """Have this process, and those that it starts, run on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
