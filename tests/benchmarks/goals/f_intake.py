"""Goal f: 2,000 events a second are on the disk before they are answered, on one core.

Billing is slow meanwhile, so that what the events lead to does not take part: the intake is measured.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter

import aiohttp

from tests.benchmarks.bench import Bench, put_store
from tests.benchmarks.daemons import Daemon, daemon
from tests.benchmarks.fleets import slow_down
from tests.benchmarks.population import FIRST, event
from tests.benchmarks.processes import pinned
from tests.benchmarks.table import Row

LEAST = 2_000.0
CONNECTIONS = 128
_EVENTS, _EVENTS_SHORT = 20_000, 3_000
_SLOW = 2.0
_CORES = sorted(os.sched_getaffinity(0))


def rows(bench: Bench) -> Iterator[Row]:
    """Events a second, and what one costs."""
    accounts, count = bench.sizes[0], _EVENTS_SHORT if bench.is_short else _EVENTS
    rates, costs = list[float](), list[float]()
    bench.say(f"  intake of {count} events")
    with bench.fleet(accounts) as fleet:
        for _ in range(bench.runs):
            put_store(bench.store(accounts), fleet)
            slow_down(fleet.billing, 0)
            with _on(0), daemon(fleet) as running, _on(1):
                running.until(lambda: running.passes > 0, every=0.1)
                slow_down(fleet.billing, _SLOW)
                before = running.cpu
                seconds = asyncio.run(_post(running, count, accounts))
                rates.append(count / seconds)
                costs.append((running.cpu - before) / count * 1000)
                slow_down(fleet.billing, 0)  # or what has begun would be waited for
    note = f"{CONNECTIONS} connections" + ("" if len(_CORES) > 1 else "; sender and daemon share one core")
    yield Row("f", "intake on one core", "events/s", accounts, "target", (LEAST,), tuple(rates), least=1, note=note)
    yield Row("f", "  CPU an event", "ms", accounts, "", (), tuple(costs))


def _on(core: int) -> AbstractContextManager[None]:
    """Run on one of the cores, if there are several."""
    return pinned([_CORES[core]]) if len(_CORES) > 1 else nullcontext()


async def _post(running: Daemon, count: int, accounts: int) -> float:
    """Seconds until all have been answered."""
    waiting = iter(range(count))
    headers = {"authorization": "Bearer token"}

    async def work(session: aiohttp.ClientSession) -> None:
        for number in waiting:
            body = event(FIRST + number % accounts, number)
            async with session.post(f"{running.url}/process-event", data=body, headers=headers) as answer:
                if answer.status != 202:
                    raise RuntimeError(f"an event was answered {answer.status}")

    began = perf_counter()
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(work(session))
    return perf_counter() - began
