"""A hundred configurations in a row leave nothing behind: over real sockets, in time that goes much faster."""

import asyncio
import gc
import os
import threading
from pathlib import Path
from random import Random  # noqa: TID251  seeded, so that a run can be repeated

import pytest

from controller.app import Application, Gauges, assemble
from controller.billing.simulator import create_simulator
from controller.clock import SystemClock
from controller.config import Config
from controller.daemon import Daemon
from controller.leadership import Alone
from controller.store import Store
from controller.store.ledger import Ledger
from platforms.telebreeze.simulator import TelebreezeSimulator
from tests.bed import configuration
from tests.servers import serving


class Hasty(SystemClock):
    """A clock on which nobody waits for long."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


def held() -> tuple[int, int, int, int]:
    """What a process can leak: tasks, threads, file descriptors, whole applications."""
    gc.collect()
    applications = sum(isinstance(each, Application) for each in gc.get_objects())
    return len(asyncio.all_tasks()), threading.active_count(), len(os.listdir("/proc/self/fd")), applications


@pytest.mark.long
async def test_a_hundred_configurations_in_a_row_leak_nothing(tmp_path: Path) -> None:
    clock = Hasty()
    billing, tv = create_simulator(clock, Random(1).random), TelebreezeSimulator(clock, Random(1).random)
    async with serving(billing) as billing_url, serving(tv) as tv_url:

        def config(minutes: int) -> Config:
            platform = {"driver": "telebreeze", "url": tv_url, "api_key": "simulated"}
            return configuration(
                tmp_path,
                {
                    "billing": {"url": billing_url},
                    "platforms": {"tv": platform},
                    "schedule": {"full_pass": f"{minutes}m"},
                },
            )

        ledger = Ledger(lambda: Store.open(tmp_path / "state.db"), threaded=True)

        def put_together(config: Config, gauges: Gauges | None) -> Application:
            return assemble(config, ledger, clock, gauges=gauges)

        daemon = Daemon(config(100), put_together, Alone(), clock)
        running = asyncio.create_task(daemon.run())

        async def change(minutes: int) -> None:
            reads = tv.requests.operations["customers.list"]
            await daemon.reconfigure(config(minutes))
            while tv.requests.operations["customers.list"] == reads:
                await clock.sleep(0.5)

        for minutes in range(10, 15):
            await change(minutes)
        before = held()
        for minutes in range(100, 200):
            await change(minutes)
        after = held()
        daemon.stop()
        await running
        await daemon.aclose()
    assert all(now <= then + 3 for then, now in zip(before, after, strict=True)), (before, after)
