"""The soak's command: the real daemon over a filled store, with a world that changes; no assertion anywhere."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

import aiohttp

from tests.benchmarks.__main__ import machine
from tests.benchmarks.bench import ROOT, Bench
from tests.benchmarks.daemons import PRODUCT, Daemon, daemon
from tests.benchmarks.fleets import Fleet
from tests.benchmarks.soak.driving import Driver
from tests.benchmarks.soak.past import remember
from tests.benchmarks.soak.sampling import EVERY, Sample, Sampler
from tests.benchmarks.soak.scenarios import OVERLOADS, Scenario, day
from tests.benchmarks.soak.telling import figures, table


def main() -> None:
    """Run what is asked for, and tell."""
    asked = _arguments()
    bench = Bench((asked.accounts,), 1, asked.folder)
    if asked.scenario == "day":
        scenario = day(asked.accounts, asked.hours, asked.speed)
    else:
        scenario = OVERLOADS[asked.scenario](asked.accounts, 60 * asked.minutes)
    samples = run(bench, scenario, asked.accounts)
    title = f"{asked.scenario}: {asked.accounts:,} accounts, {scenario.seconds / 60:.0f} min, {scenario.speed:g} times"
    sys.stdout.write(f"{machine()}\n{title}\n\n{table(samples, scenario.spans)}\n")
    if asked.json is not None:
        told = {"title": title, "machine": machine(), "figures": figures(samples, scenario.spans)}
        asked.json.write_text(json.dumps({**told, "samples": [asdict(each) for each in samples]}) + "\n")


def run(bench: Bench, scenario: Scenario, accounts: int) -> list[Sample]:
    """All samples of a run."""
    with bench.fleet(accounts, empty=False, **scenario.settings) as fleet:
        remember(fleet.folder / "state.db", accounts, scenario.per_day, 0.8 * scenario.per_day)
        hurried = (sys.executable, "-m", "tests.benchmarks.soak.hurried", str(scenario.speed))
        with daemon(fleet, hurried if scenario.speed != 1 else PRODUCT) as running:
            return asyncio.run(_drive(bench, scenario, fleet, running))


async def _drive(bench: Bench, scenario: Scenario, fleet: Fleet, running: Daemon) -> list[Sample]:
    accounts, samples = bench.sizes[0], list[Sample]()
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        driver, sampler = (
            Driver(fleet, accounts, running.url, session),
            Sampler(fleet, running, session, scenario.speed),
        )
        watching = asyncio.create_task(driver.watch())
        driving = asyncio.create_task(driver.drive(scenario.happening, scenario.seconds))
        try:
            while not driving.done():
                await asyncio.wait({driving}, timeout=EVERY)
                samples.append(await sampler.take(driver.told()))
                bench.say(_line(samples[-1]))
            await driving
        finally:
            watching.cancel()
    return samples


def _line(sample: Sample) -> str:
    shown = ("RSS MB", "store MB", "descriptors", "queued, urgent", "queued, routine", "CPU")
    return f"{sample.at:6.0f} s  " + "  ".join(f"{name} {sample.figures[name]:.1f}" for name in shown)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("scenario", nargs="?", default="day", choices=["day", *OVERLOADS])
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--hours", type=float, default=24, help="of the day")
    parser.add_argument("--speed", type=float, default=24, help="how many times faster the daemon's clock goes")
    parser.add_argument("--minutes", type=float, default=6, help="of an overload")
    parser.add_argument("--json", type=Path, help="write all samples to this file as well")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="where filled stores are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
