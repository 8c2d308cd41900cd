"""`run`: the daemon."""

import asyncio
import signal
from pathlib import Path

from controller.app import Application, Gauges, assemble
from controller.cli.codes import Code, Failed
from controller.cli.session import configured, execute
from controller.clock import SystemClock
from controller.config import Config
from controller.daemon import Daemon
from controller.leadership import Alone
from controller.lock import performing
from controller.log import logger
from controller.server.serving import ListenError, serving
from controller.store import Ledger, Store, StoreError
from controller.tracing import TracingError


def run_daemon(path: Path) -> Code:
    """Run until SIGTERM or SIGINT, then finish what was begun."""
    config = configured(path, as_daemon=True)
    try:
        with performing(config.store.path):
            execute(_run(config))
    except (StoreError, ListenError, TracingError) as error:
        raise Failed(str(error)) from error
    return Code.OK


async def _run(config: Config) -> None:
    ledger, clock = Ledger(lambda: Store.open(config.store.path), threaded=True), SystemClock()

    def put_together(config: Config, gauges: Gauges | None) -> Application:
        return assemble(config, ledger, clock, gauges=gauges)

    daemon = Daemon(config, put_together, Alone(), clock)
    try:
        for number in (signal.SIGTERM, signal.SIGINT):  # before anybody can hear that it has started
            asyncio.get_running_loop().add_signal_handler(number, daemon.stop)
        await daemon.open()
        async with serving(daemon, str(config.server.listen)) as address:
            logger("run").info("started", listen=str(address), store=str(config.store.path))
            await daemon.run()
    finally:
        await daemon.aclose()
    logger("run").info("stopped")
