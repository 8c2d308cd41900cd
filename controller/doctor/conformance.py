"""Whether a platform's driver does on that installation what it should. The one part of `doctor` that writes.

Only records of the run's own are written to, and they are removed at its end (`platforms.conformance`).
"""

from collections.abc import Callable

from controller.app import World
from controller.doctor.checks import Check, Findings
from platforms.conformance import Setting, conform
from platforms.driver import Driver


async def examine_conformance(driver: Driver, i_env: int, world: World, warn: Callable[[str], None]) -> list[Check]:
    """A line for each check; `warn` is told what cannot wait, above all of each record that could not be removed."""
    findings = Findings(driver.name)
    verdicts = await conform(Setting(driver, world, world.draw, i_env), warn)
    return [(findings.ok if verdict.ok else findings.fail)(verdict.name, verdict.text) for verdict in verdicts]
