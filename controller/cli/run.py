"""`run`: the daemon, and the signals it listens to."""

import asyncio
import gc
import os
import signal
from pathlib import Path

from controller.app import Application, Gauges, assemble
from controller.cli.codes import Code, Failed
from controller.cli.session import configured, set_log
from controller.cli.work import execute
from controller.clock import SystemClock
from controller.config import Config
from controller.config.secret import Contents
from controller.daemon import Daemon
from controller.leadership import Alone, Leadership
from controller.leadership.by_lease import by_lease
from controller.leadership.client import NoCluster
from controller.lock import performing
from controller.log import logger
from controller.reloading import Reloader
from controller.server.serving import ListenError, serving
from controller.store import Store, StoreError
from controller.store.ledger import Ledger
from controller.tracing import TracingError


def run_daemon(path: Path, clock: SystemClock | None = None) -> Code:
    """Run until SIGTERM or SIGINT, then finish what was begun; by another clock than the real one for a trial."""
    contents: Contents = {}
    config = configured(path, as_daemon=True, contents=contents)
    try:
        with performing(config.store.path, is_shared=config.leadership is not None):
            execute(_run(config, path, contents, clock or SystemClock()))
    except (StoreError, ListenError, NoCluster, TracingError) as error:
        raise Failed(str(error)) from error
    return Code.OK


async def _run(config: Config, path: Path, contents: Contents, clock: SystemClock) -> None:
    ledger = Ledger(lambda: Store.open(config.store.path), threaded=True)

    def put_together(config: Config, gauges: Gauges | None) -> Application:
        application = assemble(config, ledger, clock, gauges=gauges)
        set_log(config, as_daemon=True)
        return application

    daemon = Daemon(config, put_together, _leadership(config, ledger, clock), clock)
    reloader = Reloader(path, contents, daemon, clock)
    on_signal = {signal.SIGTERM: daemon.stop, signal.SIGINT: daemon.stop, signal.SIGHUP: reloader.ask}
    try:
        for number, act in on_signal.items():  # before anybody can hear that it has started
            asyncio.get_running_loop().add_signal_handler(number, act)
        await daemon.open()
        gc.freeze()  # what is loaded by now stays: to look through it for garbage takes 50 ms each time
        async with serving(daemon, str(config.server.listen)) as address:
            logger("run").info("started", listen=str(address), store=str(config.store.path))
            await _both(daemon, reloader)
    finally:
        await daemon.aclose()
    logger("run").info("stopped")


async def _both(daemon: Daemon, reloader: Reloader) -> None:
    """Have the configuration looked after until the daemon ends."""
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(reloader.run())
        await daemon.run()
        looking.cancel()


def _leadership(config: Config, ledger: Ledger, clock: SystemClock) -> Leadership:
    if config.leadership is None:
        return Alone()
    longest_call, _ = config.longest_write
    return by_lease(config.leadership, longest_call, ledger, clock, os.environ)
