"""`simulate`: one simulator on loopback, with its fault API."""

import asyncio
import signal
from collections.abc import Callable
from random import Random  # noqa: TID251  seeded, so that a run can be repeated

from starlette.types import ASGIApp

from controller.billing.simulator import Simulator, create_simulator
from controller.cli.codes import Code, Failed
from controller.cli.printing import say
from controller.clock import SystemClock
from controller.server.serving import ListenError, serving
from platforms.registry import DRIVERS
from platforms.transport import Clock

Draw = Callable[[], float]


def simulate_one(name: str, port: int, seed: int) -> Code:
    """Serve the simulator until SIGTERM or SIGINT; the first line printed is its address."""
    app = simulator(name, SystemClock(), seeded(seed))
    try:
        asyncio.run(_serve(app, port))
    except ListenError as error:
        raise Failed(str(error)) from error
    return Code.OK


def simulator(name: str, clock: Clock, draw: Draw) -> ASGIApp:
    """The simulator of that name. Raises `Failed` (a usage error) for an unknown one."""
    if name == "portabilling":
        return create_simulator(clock, draw)
    if name not in DRIVERS:
        known = ", ".join(("portabilling", *sorted(DRIVERS)))
        raise Failed(f"there is no simulator {name!r}; there are: {known}", Code.USAGE)
    return DRIVERS[name].simulator(clock, draw)


def seeded(seed: int) -> Draw:
    """Chance that is the same at every start."""
    return Random(seed).random  # noqa: S311  a simulator's chance is to be repeatable


async def _serve(app: ASGIApp, port: int) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with serving(app, f"127.0.0.1:{port}") as address:
        say(f"http://{address}")
        sending = asyncio.create_task(app.events.run()) if isinstance(app, Simulator) else None
        await stopping.wait()
        if sending is not None:
            sending.cancel()
