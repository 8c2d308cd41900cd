"""`status`: how everything stands.

Scripts ask it often: it imports nothing that talks to billing or platforms, nor the log.
"""

from pathlib import Path

from controller.cli.codes import Code
from controller.cli.printing import Output, as_json, say
from controller.cli.session import configured_to_look, opened
from controller.clock import SystemClock
from controller.views.status import status_view
from controller.views.status_text import status_lines


def show_status(path: Path, output: Output) -> Code:
    """Print how everything stands."""
    config = configured_to_look(path)
    with opened(config) as store:
        view = status_view(store, config, SystemClock().now())
    say(as_json(view) if output is Output.JSON else "\n".join(status_lines(view)))
    return Code.OK if view["healthy"] else Code.ATTENTION
