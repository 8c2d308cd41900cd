"""`doctor`: ask everything, judge it, print a line for each check; write nothing."""

from collections.abc import Sequence
from pathlib import Path

from controller import log
from controller.app import connect
from controller.cli.codes import Code
from controller.cli.printing import Output, as_json, say
from controller.cli.session import execute
from controller.clock import SystemClock
from controller.config import Config, ConfigError, load
from controller.doctor import Check, as_view, examine, lines
from controller.doctor.local import unusable


def show_health(path: Path, output: Output) -> Code:
    """Print every check. A configuration that does not validate is told, and nobody is asked."""
    log.setup("WARNING")
    try:
        checks: Sequence[Check] = execute(_examined(load(path)))
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
