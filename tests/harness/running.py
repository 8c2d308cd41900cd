"""Running a scenario under faults, and judging what came of it.

    outcome = await run(scenario, folder, plan=[Planned(17, faults.ALL["lost_answer"])])
    assert wrong(outcome, reference(scenario)) == []

Every run is the same from its scenario and its plan alone: time is virtual, chance comes from a seed.
"""

import asyncio
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from controller import log
from controller.demo.check import Record
from tests.harness.chronicle import COUNTED, Event
from tests.harness.crossings import Crossing, Planned, Tap
from tests.harness.oracles import (
    in_vain,
    left_open,
    remembers,
    secrets_kept,
    shown,
    states,
    wrong_at_rest,
    wrong_in_the_books,
)
from tests.harness.scenarios import Scenario, Step
from tests.harness.site import Site
from tests.harness.taps import Killed

DEATH = f"{Killed.__name__}:"  # what the dead are said to have ended by is said by nobody
PAUSE = 1800.0  # seconds, the longest backoff


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind. `wrong` is what is wrong whatever a run without faults would have done."""

    crossings: Sequence[Crossing]
    struck: Sequence[tuple[Planned, Crossing]]
    wrong: Sequence[str]
    records: Mapping[str, Sequence[Record]]
    events: Mapping[Event, int]
    states: Mapping[str, Mapping[str, int]]
    excused: frozenset[tuple[str, int]] = frozenset()


async def run(scenario: Scenario, folder: Path, plan: Sequence[Planned] = ()) -> Outcome:
    """Let the scenario's history happen under the planned faults, and its faults stop; look at what there is then."""
    tap, heard = Tap(plan), io.StringIO()
    log.setup("ERROR", stream=heard)
    site = Site(folder, scenario.blocks, tap)
    try:
        scenario.begin(site)
        await site.live(site.begin_work)
        for step in scenario.steps:
            await _happen(site, step)
        outcome = await _looked_at(site, tap)
        told = [line for line in map(_told, heard.getvalue().splitlines()) if DEATH not in line]
        return replace(outcome, wrong=[*outcome.wrong, *told])
    finally:
        log.setup("WARNING")
        await site.aclose()


def _told(line: str) -> str:
    """An error that the product logged, without where it happened in full."""
    said: dict[str, str] = json.loads(line)
    return f"logged: {said['event']}: {' '.join(said.get('exception', '').splitlines()[-3:])}"


@cache
def reference(scenario: Scenario) -> Outcome:
    """The run without faults. Everything about it has to be right."""
    with TemporaryDirectory() as folder:
        return asyncio.run(run(scenario, Path(folder)))


async def _happen(site: Site, step: Step) -> None:
    site.waits = False
    announced = step(site)
    site.chronicle.asked(site.facts_now(), site.world.now())
    for i_account in announced:
        await site.announce(i_account)
    await site.live(site.act_on_events, site.tick)
    await site.outlive_sickness()
    await _later(site)
    site.tap.repeats = True
    await _later(site)
    site.tap.repeats = False
    if remembers(site) and not site.waits:
        found = [*await wrong_at_rest(site), *wrong_in_the_books(site)]
        site.chronicle.wrong += [f"{text}, long after {step.__name__}" for text in found]


async def _later(site: Site) -> None:
    await site.live(lambda: site.let_time_pass(PAUSE), site.act_on_events, site.tick)


async def _looked_at(site: Site, tap: Tap) -> Outcome:
    crossings = tap.telling()
    await _later(site)
    calls = site.chronicle.calls.copy()
    await _later(site)
    wrong = [*site.chronicle.wrong, *site.restraint.wrong, *site.teller.wrong, *in_vain(site), *secrets_kept(site)]
    wrong += [*await wrong_at_rest(site), *wrong_in_the_books(site), *await left_open(site)]
    if site.chronicle.calls != calls:
        wrong.append(f"it is not quiet: {dict(site.chronicle.calls - calls)} calls in one more pass")
    records = {platform: shown(site, platform, site.dumped(platform)) for platform in site.config.platforms}
    return Outcome(
        crossings=crossings,
        struck=tuple(tap.struck),
        wrong=wrong,
        records=records,
        events=Counter(site.chronicle.events),
        states=await states(site),
        excused=frozenset(site.chronicle.excused),
    )


def wrong(outcome: Outcome, fault_free: Outcome) -> list[str]:
    """Everything that is not as it should be after a run under faults."""
    found = list(outcome.wrong)
    for platform, records in fault_free.records.items():
        if outcome.records[platform] != records:
            found.append(f"{platform} holds {outcome.records[platform]}, without faults {records}")
    found += [text for text, allowed in _other_counts(outcome, fault_free) if not allowed]
    if outcome.states != fault_free.states:
        found.append(f"the states are {outcome.states}, without faults {fault_free.states}")
    return found


def _other_counts(outcome: Outcome, fault_free: Outcome) -> Iterator[tuple[str, bool]]:
    """What happened more often than without faults, or less, and whether that may be."""
    spared = _spared(outcome)
    for event in sorted({**outcome.events, **fault_free.events}):
        here, there = outcome.events.get(event, 0), fault_free.events.get(event, 0)
        is_excused = event.what in ("suspend", "resume") and (event.platform, event.i_account) in outcome.excused
        is_counted = event.what in COUNTED or event.platform in spared
        text = f"{event.platform}: account {event.i_account}: {here} times {event.what}, not {there}"
        yield text, not is_counted or abs(here - there) <= is_excused


def _spared(outcome: Outcome) -> set[str]:
    """The platforms that nothing happened to: where a trouble is another's, their writes are to the letter the same."""
    if not all(planned.fault.confined for planned, _ in outcome.struck):
        return set()
    struck = {crossing.target for _, crossing in outcome.struck}
    return set() if struck - outcome.records.keys() else outcome.records.keys() - struck
