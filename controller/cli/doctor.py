"""`doctor`: ask everything, judge it, print a line for each check; write nothing.

`doctor --conformance PLATFORM` instead tries one platform out, on records that it makes and removes.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller import log
from controller.app import Network, World, connect
from controller.cli.codes import Code, Failed
from controller.cli.printing import Output, as_json, say, tell
from controller.cli.work import execute
from controller.clock import SystemClock
from controller.config import Config, ConfigError, load
from controller.doctor import Check, as_view, examine, examine_conformance, lines
from controller.doctor.local import unusable


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a trial runs in: clocks and chance, and what replaces the network in tests."""

    world: World
    network: Network | None = None


def show_health(path: Path, output: Output) -> Code:
    """Print every check. A configuration that does not validate is told, and nobody is asked."""
    return _show(path, output, _examined)


def show_conformance(path: Path, platform: str, output: Output, around: Surroundings | None = None) -> Code:
    """Print what trying that platform out came to. Raises `Failed` where it is not there, or not to be written to."""
    around = around or Surroundings(SystemClock())
    return _show(path, output, lambda config: _tried(config, platform, around))


def _show(path: Path, output: Output, look: Callable[[Config], Coroutine[object, object, list[Check]]]) -> Code:
    log.setup("WARNING")
    try:
        checks: Sequence[Check] = execute(look(load(path)))
    except ConfigError as error:
        checks = unusable(error)
    view = as_view(checks)
    say(as_json(view) if output is Output.JSON else "\n".join(lines(checks)))
    return Code.OK if view["healthy"] else Code.ERROR


async def _examined(config: Config) -> list[Check]:
    connections = connect(config, SystemClock())
    try:
        return await examine(config, connections)
    finally:
        await connections.aclose()


async def _tried(config: Config, platform: str, around: Surroundings) -> list[Check]:
    block = config.platforms.get(platform)
    if block is None:
        raise Failed(
            f"there is no platform {platform!r} in the configuration; there are: {', '.join(config.platforms)}"
        )
    if block.mode == "observe":
        raise Failed(
            f"platform {platform!r} is in mode: observe, in which nothing is written to it; to try a test installation"
            " out, use a configuration of its own with mode: enforce"
        )
    connections = connect(config, around.world, around.network)
    try:
        driver = next(each for each in connections.drivers if each.name == platform)
        return await examine_conformance(driver, config.billing_of(platform).environment, around.world, tell)
    finally:
        await connections.aclose()
