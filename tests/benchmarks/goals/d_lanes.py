"""Goal d: K changes at a platform of latency L with C calls at a time take at most 1.15 x K L / C.

The changes are records that somebody edited by hand: one call each, and nothing to ask billing for. What a bare client
reaches on the same server in the same run is told beside it, since the server has a cost of its own.
"""

import asyncio
from collections.abc import Iterator

import aiohttp

from tests.benchmarks.bench import Bench, put_store
from tests.benchmarks.daemons import daemon
from tests.benchmarks.fleets import Fleet, change, forget_calls, written
from tests.benchmarks.population import FIRST
from tests.benchmarks.processes import until
from tests.benchmarks.table import Row

LATENCY = 0.02
CONCURRENCIES = {1: 40, 16: 480, 64: 1920}
"""How many calls at a time, and with how many changes: of about 0.7 s each."""
_LONGER = 4
MOST = 1.15


def rows(bench: Bench) -> Iterator[Row]:
    """Seconds from the first call to the answer of the last, as the server saw it."""
    for concurrency, fewest in CONCURRENCIES.items():
        changes = min(fewest if bench.is_short else fewest * _LONGER, bench.sizes[0])
        physics = changes * LATENCY / concurrency
        ours, bare, cpu = list[float](), list[float](), list[float]()
        bench.say(f"  {changes} changes, {concurrency} at a time")
        with bench.fleet(bench.sizes[0], latency=LATENCY, concurrency=concurrency) as fleet:
            for _ in range(bench.runs):
                bare.append(_bare(fleet, changes, concurrency))
                put_store(bench.store(bench.sizes[0]), fleet)
                seconds, spent = _daemon(fleet, changes)
                ours.append(seconds)
                cpu.append(spent / changes * 1000)
        what = f"{changes:,} changes, {LATENCY * 1000:.0f} ms, {concurrency} at a time"
        against = "physics: K L / C"
        yield Row("d", what, "s", bench.sizes[0], against, (physics,), tuple(ours), most=MOST)
        yield Row("d", "  a bare aiohttp client", "s", bench.sizes[0], against, (physics,), tuple(bare))
        yield Row("d", "  daemon's CPU a change", "ms", bench.sizes[0], "", (), tuple(cpu))


def _daemon(fleet: Fleet, changes: int) -> tuple[float, float]:
    """Seconds, and the daemon's CPU seconds from when it was ready: with the rest of its first pass."""
    change(fleet.platform, list(range(FIRST, FIRST + changes)), {"phone": "+420000"})
    forget_calls(fleet.platform)
    with daemon(fleet) as running:
        running.until(lambda: written(fleet.platform).count > 0)
        before = running.cpu
        running.until(lambda: written(fleet.platform).count >= changes, every=0.05)
        until(lambda: running.metric("intents_open") == 0, patience=10)
        return written(fleet.platform).seconds, running.cpu - before


def _bare(fleet: Fleet, changes: int, concurrency: int) -> float:
    forget_calls(fleet.platform)
    asyncio.run(_patch(fleet.platform, changes, concurrency))
    return written(fleet.platform).seconds


async def _patch(platform: str, changes: int, concurrency: int) -> None:
    waiting = iter(range(FIRST, FIRST + changes))

    async def work(session: aiohttp.ClientSession) -> None:
        for number in waiting:
            address = f"{platform}/api/dashboard/customers/c{number:09d}"
            async with session.patch(address, json={"phone": f"+420555{number}"}) as answer:
                await answer.read()

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(work(session))
