"""`run`: the daemon."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

from controller.app import Application
from controller.cli.codes import Code, Failed
from controller.cli.session import assembled, configured, execute
from controller.config import Config
from controller.lock import performing
from controller.log import logger
from controller.scheduler import scheduled
from controller.server.app import create_app
from controller.server.hooks import EspfAccess, Hooks
from controller.server.serving import ListenError, serving
from controller.store import Ledger, Store, StoreError, StoreUnavailable


def run_daemon(path: Path) -> Code:
    """Run until SIGTERM or SIGINT, then finish what was begun."""
    config = configured(path, log_level="INFO")
    try:
        with performing(config.store.path):
            execute(_run(config))
    except (StoreError, ListenError) as error:
        raise Failed(str(error)) from error
    return Code.OK


async def _run(config: Config) -> None:
    ledger = Ledger(lambda: Store.open(config.store.path), threaded=True)
    async with assembled(config, ledger) as application:
        for number in (signal.SIGTERM, signal.SIGINT):  # before anybody can hear that it has started
            asyncio.get_running_loop().add_signal_handler(number, application.loop.stop)
        with suppress(StoreUnavailable):  # the loop waits for it
            await ledger.run(lambda _: None)  # opens the store, or says why it cannot
            application.health.stored()
            await application.loop.show()
        web = create_app(application.health, application.metrics.render, hooks(application))
        async with serving(web, str(config.server.listen)) as address:
            logger("run").info("started", listen=str(address), store=str(config.store.path))
            await _loop(application)
    logger("run").info("stopped")


def hooks(application: Application) -> Hooks:
    """The event endpoints, for the senders that the configuration names."""
    events = application.config.events
    espf = events.espf
    return Hooks(
        take=application.inbox.take,
        count=application.metrics.event,
        log=logger("events"),
        espf=EspfAccess(espf.username, espf.password.get(), espf.auth_failure_status) if espf else None,
        nsps_token=events.nsps.token.get() if events.nsps else None,
    )


async def _loop(application: Application) -> None:
    loop, schedule = application.loop, application.config.schedule
    with scheduled(loop.ask_for_pass, schedule.full_pass, schedule.jitter):
        await loop.run()
