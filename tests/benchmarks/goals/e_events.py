"""Goal e: from an event to the call at the platform, while one full pass after the other runs.

Median: the latencies of billing and of the platform, and 20 ms; 99th percentile: 100 ms instead of 20.
"""

import asyncio
from collections.abc import Iterator
from statistics import quantiles
from time import perf_counter

import aiohttp

from tests.benchmarks.bench import Bench
from tests.benchmarks.daemons import Daemon, daemon
from tests.benchmarks.fleets import Fleet, begun, forget_calls, written_at
from tests.benchmarks.population import EVEN, FIRST, SECOND_PRODUCT, event
from tests.benchmarks.processes import until
from tests.benchmarks.table import Row

LATENCY = 0.02
A_SECOND = 20
_EVENTS, _EVENTS_SHORT = 1200, 200
_PATIENCE = 60.0


def rows(bench: Bench) -> Iterator[Row]:
    """Milliseconds from the posting of an event to the arrival of its call at the platform."""
    for accounts in bench.sizes:
        bench.say(f"  events among {accounts} accounts")
        latencies, passes = _measured(bench, accounts)
        count = _count(bench, accounts)
        lost = f"; {count - len(latencies)} events led to no call" if count > len(latencies) else ""
        note = f"{count} events, {A_SECOND} a second, beside {passes} passes{lost}"
        what, allowed = "event to call, median", 2 * LATENCY * 1000
        cuts = quantiles(latencies, n=100, method="inclusive") if len(latencies) > 1 else []
        for name, place, more in ((what, 49, 20), ("event to call, 99th percentile", 98, 100)):
            target = f"latencies 20 + 20 ms, + {more} ms"
            ours = (cuts[place],) if cuts else ()
            yield Row("e", name, "ms", accounts, target, (allowed + more,), ours, most=1, note=note)
            note = ""


def _count(bench: Bench, accounts: int) -> int:
    return min(_EVENTS_SHORT if bench.is_short else _EVENTS, accounts // 4)


def _measured(bench: Bench, accounts: int) -> tuple[list[float], int]:
    count = _count(bench, accounts)
    settled = bench.fleet(accounts, latency=LATENCY, billing_latency=LATENCY, full_pass="1s")
    with settled as fleet, daemon(fleet) as running:
        forget_calls(fleet.platform)
        forget_calls(fleet.billing)
        distance = accounts // count // 2 * 2
        chosen = [FIRST + EVEN + distance * place for place in range(count)]
        posted = asyncio.run(_post(fleet, running, chosen))
        until(lambda: len(written_at(fleet.platform)) >= count, every=0.2, patience=_PATIENCE)
        came = written_at(fleet.platform)
        return [(came[each] - at) * 1000 for each, at in posted.items() if each in came], begun(fleet.billing)


async def _post(fleet: Fleet, running: Daemon, chosen: list[int]) -> dict[int, float]:
    """Change each in billing, and tell of it."""
    posted = dict[int, float]()
    async with aiohttp.ClientSession() as session:
        for number in chosen:
            order = {"i_accounts": [number], "fields": SECOND_PRODUCT}
            await (await session.post(f"{fleet.billing}/_world", json=order)).read()
            posted[number] = perf_counter()
            headers = {"authorization": "Bearer token"}
            async with session.post(f"{running.url}/process-event", data=event(number), headers=headers) as answer:
                if answer.status != 202:
                    raise RuntimeError(f"an event was answered {answer.status}")
            await asyncio.sleep(max(0.0, 1 / A_SECOND - (perf_counter() - posted[number])))
    return posted
