"""Running a scenario under faults, and judging what came of it.

    outcome = await run(scenario, folder, plan=[Planned(17, faults.ALL["lost_answer"])])
    assert wrong(outcome, reference(scenario)) == []

Every run is the same from its scenario and its plan alone: time is virtual, chance comes from a seed.
"""

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from controller import log
from controller.demo.check import Record
from tests.harness.chronicle import Event
from tests.harness.crossings import Crossing, Planned, Tap
from tests.harness.oracles import left_open, shown, states, wrong_at_rest
from tests.harness.scenarios import Scenario, Step
from tests.harness.site import Plant, Site

PAUSE = 1800.0  # seconds, the longest backoff
PASSES = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind. `wrong` is what is wrong whatever a run without faults would have done."""

    crossings: Sequence[Crossing]
    turns: int
    struck: Sequence[tuple[Planned, Crossing]]
    wrong: Sequence[str]
    records: Mapping[str, Sequence[Record]]
    counts: Mapping[Event, int]
    states: Mapping[str, Mapping[str, int]]


async def run(scenario: Scenario, folder: Path, plan: Sequence[Planned] = (), plant: Plant | None = None) -> Outcome:
    """Let the scenario's history happen under the planned faults, and its faults stop; look at what there is then.

    `plant` is told of every process that begins, to put a bug into it.
    """
    tap, heard = Tap(plan), io.StringIO()
    log.setup("ERROR", stream=heard)
    site = Site(folder, scenario.blocks, tap, plant)
    try:
        scenario.strangers(site)
        for platform in site.config.platforms:
            site.chronicle.begins(platform, await site.dumped(platform))
        for step in scenario.steps:
            await _happen(site, step)
        outcome = await _looked_at(site, tap)
        return replace(outcome, wrong=[*outcome.wrong, *heard.getvalue().splitlines()])
    finally:
        log.setup("WARNING")
        await site.aclose()


@cache
def reference(scenario: Scenario) -> Outcome:
    """The run without faults. Everything about it has to be right."""
    with TemporaryDirectory() as folder:
        return asyncio.run(run(scenario, Path(folder)))


async def _happen(site: Site, step: Step) -> None:
    announced = step(site)
    site.chronicle.asked(await site.facts(), site.world.now())
    for i_account in announced:
        await site.announce(i_account)
    await site.live(site.act_on_events, site.tick)
    for _ in range(PASSES):
        await _later(site)


async def _later(site: Site) -> None:
    await site.live(lambda: site.let_time_pass(PAUSE), site.act_on_events, site.tick)


async def _looked_at(site: Site, tap: Tap) -> Outcome:
    crossings, turns = tuple(tap.crossings), tap.turns
    for _ in range(PASSES):
        await _later(site)
    calls = site.chronicle.calls.copy()
    for _ in range(PASSES):
        await _later(site)
    wrong = [*site.chronicle.wrong, *await wrong_at_rest(site), *await left_open(site)]
    if site.chronicle.calls != calls:
        wrong.append(f"it is not quiet: {dict(site.chronicle.calls - calls)} calls in two more passes")
    records = {platform: shown(site, platform, await site.dumped(platform)) for platform in site.config.platforms}
    return Outcome(
        crossings, turns, tuple(tap.struck), wrong, records, dict(site.chronicle.counts()), await states(site)
    )


def wrong(outcome: Outcome, fault_free: Outcome) -> list[str]:
    """Everything that is not as it should be after a run under faults."""
    found = list(outcome.wrong)
    for platform, records in fault_free.records.items():
        if outcome.records[platform] != records:
            found.append(f"{platform} holds {outcome.records[platform]}, without faults {records}")
    for event in sorted({**outcome.counts, **fault_free.counts}):
        here, there = outcome.counts.get(event, 0), fault_free.counts.get(event, 0)
        if here != there:
            found.append(f"{event.platform}: account {event.i_account}: {here} times {event.what}, not {there}")
    if outcome.states != fault_free.states:
        found.append(f"the states are {outcome.states}, without faults {fault_free.states}")
    return found
