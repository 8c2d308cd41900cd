"""What is seen of a daemon from outside, every few seconds: of its process, its files, its metrics and its calls."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import aiohttp

from tests.benchmarks.daemons import Daemon
from tests.benchmarks.fleets import Fleet
from tests.benchmarks.processes import cpu_of

EVERY = 5.0
_MB = 1_000_000
_PREFIX = "iptv_reconciler_"
_URGENT = ("operator", "event", "timer")
_ROUTINE = ("retry", "sweep")
_TARGETS = ("billing", "tv")
_LIMITS = {
    **{
        f"requests waiting, {target} {limit}": f'target_wait_seconds_total{{limit="{limit}",target="{target}"}}'
        for target in _TARGETS
        for limit in ("concurrency", "pause", "rate")
    },
    "store busy": "store_busy_seconds_total",
}


@dataclass(slots=True)
class Told:
    """What the driver has seen since the last sample: answers by status, and milliseconds: from an event to its answer,
    from an event to its call, and from when an operator had asked for an account to its call."""

    answers: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    pending: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """How it stood at an instant (seconds from the start): figures by name, and what the driver had seen."""

    at: float
    figures: Mapping[str, float]
    told: Told


class Sampler:
    """Takes samples of one daemon."""

    def __init__(self, fleet: Fleet, running: Daemon, session: aiohttp.ClientSession, speed: float) -> None:
        """`speed` is that of the daemon's clock, by which it counts seconds."""
        self._speed = speed
        self._fleet = fleet
        self._running = running
        self._session = session
        self._before: dict[str, float] = {}
        self._at = perf_counter()
        self.began = self._at

    async def take(self, told: Told) -> Sample:
        """One sample."""
        now, metrics = perf_counter(), await self._metrics()
        alive_at = perf_counter()
        async with self._session.get(f"{self._running.url}/livez") as answer:
            alive = answer.status == 200
        figures = {**self._process(), **_queue(metrics), "metric series": float(len(metrics))}
        figures |= {f"places, {target}": metrics.get(f'target_places{{target="{target}"}}', 0.0) for target in _TARGETS}
        figures |= {"livez ms": (perf_counter() - alive_at) * 1000, "livez not 200": float(not alive)}
        figures |= self._rates(metrics, now - self._at)
        self._at = now
        return Sample(now - self.began, figures, told)

    async def _metrics(self) -> dict[str, float]:
        async with self._session.get(f"{self._running.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        values = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name.removeprefix(_PREFIX): float(value) for name, _, value in values}

    def _process(self) -> dict[str, float]:
        pid, store = self._running.process.pid, self._fleet.folder / "state.db"
        told = (line.partition(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        status = {name: value.split()[0] for name, _, value in told if value.split()}
        return {
            "RSS MB": int(status["VmRSS"]) * 1024 / _MB,
            "peak MB": int(status["VmHWM"]) * 1024 / _MB,
            "threads": float(status["Threads"]),
            "descriptors": float(len(os.listdir(f"/proc/{pid}/fd"))),
            "store MB": store.stat().st_size / _MB,
            "wal MB": store.with_name("state.db-wal").stat().st_size / _MB,
        }

    def _rates(self, metrics: Mapping[str, float], seconds: float) -> dict[str, float]:
        """What was counted since the last sample, a second."""
        counted = {
            "CPU": cpu_of(self._running.process.pid),
            "looks/s": sum(value for name, value in metrics.items() if name.startswith("reconcile_total")),
            "calls/s": sum(value for name, value in metrics.items() if name.startswith("actions_total")),
            "passes/min": 60 * metrics['pass_seconds_count{target="tv"}'],
            **{what: metrics.get(name, 0.0) / self._speed for what, name in _LIMITS.items()},
        }
        rates = {name: (value - self._before.get(name, value)) / seconds for name, value in counted.items()}
        self._before = counted
        return rates


def _queue(metrics: Mapping[str, float]) -> dict[str, float]:
    depth = {name: metrics[f'queue_depth{{priority="{name}"}}'] for name in (*_URGENT, *_ROUTINE)}
    unsettled = ("pending", "in_flight", "backoff", "parked", "held")
    return {
        "queued, urgent": sum(depth[name] for name in _URGENT),
        "queued, routine": sum(depth[name] for name in _ROUTINE),
        "not in sync": sum(metrics[f'accounts{{platform="tv",state="{state}"}}'] for state in unsettled),
    }
