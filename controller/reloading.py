"""Live configuration: the file and all that it refers to are looked at again and again, and taken up when they change.

Rules of this module:

1. What is taken up is valid as a whole; else the configuration in force stays (promise P25). That is said once: in the
   log with every problem, by a metric, and by `status` until it is mended.
2. Contents are compared, not names or times: mounted directories swap links. A change counts when it was there at two
   looks in a row, so that a file which is just being written, or missing for a moment, is never taken up. Who asks
   (SIGHUP) is served at once.
3. What only a start can change (`Config.keeping`) stays as it is, and is warned about; all the rest is taken up.
4. Names of keys are told, never values.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from controller.app import Application
from controller.config import BillingBlock, Config, ConfigError, PlatformBlock, load
from controller.config.changes import changed_keys
from controller.config.crosscheck import too_short
from controller.config.document import dotted
from controller.config.problems import for_log
from controller.config.secret import Contents, contents_now
from controller.log import logger
from controller.metrics import Metrics
from controller.signals import ProcessSignal
from controller.store import NotLeading, StoreError, StoreUnavailable
from controller.tracing import TracingError
from controller.waiting import first_of
from platforms.transport import Clock

PAUSE = 5.0
_MOST = 3  # problems that `status` tells

Read = Callable[[Callable[[], Config]], Awaitable[Config]]
"""Reads a configuration: in a thread, since a large one takes a second."""


async def aside(load: Callable[[], Config]) -> Config:
    """Read in a thread that the end of the process does not wait for: a file may be a pipe into which nobody writes."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Config] = loop.create_future()

    def tell(config: Config | None, error: Exception | None) -> None:
        if found.done():
            return
        if error is not None:
            found.set_exception(error)
        elif config is not None:
            found.set_result(config)

    def read() -> None:
        config, error = None, None
        try:
            config = load()
        except Exception as failure:
            error = failure
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, config, error)

    threading.Thread(target=read, name="configuration", daemon=True).start()
    return await found


class Reconfigurable(Protocol):
    """What goes on by another configuration: the daemon."""

    @property
    def present(self) -> Application:
        """What has the configuration in force."""
        ...

    async def reconfigure(self, config: Config) -> None:
        """Go on by this configuration."""
        ...


class Reloader:
    """Sees to it that the daemon follows its configuration file."""

    def __init__(
        self, path: Path, contents: Contents, daemon: Reconfigurable, clock: Clock, read: Read = aside
    ) -> None:
        """`contents` is what the configuration in force was read from."""
        self._path = path
        self._daemon = daemon
        self._load = read
        self._clock = clock
        self._log = logger("config")
        self._asked = asyncio.Event()
        self._examined = contents
        self._in_force = dict(contents)
        self._seen: Contents = dict(contents)
        self._text = ""
        self._noted: str | None = None
        self._read_well()  # by the start; who scrapes first shall find it so

    def ask(self) -> None:
        """Read everything now, whether it seems to have changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._note()
            await first_of(self._asked.wait(), self._clock.sleep(PAUSE))
            is_asked = self._asked.is_set()
            self._asked.clear()
            try:
                await self.look(at_once=is_asked)
            except (StoreError, TracingError) as error:
                self._refused([str(error)])
            except Exception as bug:
                self._refused([f"by a bug ({type(bug).__name__})"], bug)

    async def look(self, *, at_once: bool = False) -> None:
        """Take up what has changed and is valid."""
        now = contents_now({self._path, *self._examined})
        is_settled, self._seen = now == self._seen, now
        if at_once or (is_settled and now != self._examined):
            await self._read(is_asked=at_once)

    async def _read(self, *, is_asked: bool) -> None:
        try:
            config = await self._load(partial(load, self._path, contents=self._examined))
        except ConfigError as error:
            self._refused(error.problems)
            return
        running = self._daemon.present.config
        wanted, pending = config.keeping(running), changed_keys(config.keeping(running), config)
        if outlasted := [f"{dotted(path)}: {text}" for path, text in too_short(wanted)]:
            self._refused(outlasted)
            return
        changed = sorted({*changed_keys(running, wanted), *self._other_authorities(wanted)})
        if changed:
            await self._daemon.reconfigure(wanted)
        self._taken_up(wanted, changed, pending, is_asked=is_asked)

    def _taken_up(self, config: Config, changed: Sequence[str], pending: Sequence[str], *, is_asked: bool) -> None:
        self._in_force = dict(self._examined)
        self._read_well()
        if changed:
            self._log.info(
                "another configuration is taken up, after the calls under way",
                changed=changed,
                fingerprint=config.fingerprint,
            )
            for warning in config.warnings:
                self._log.warning(for_log(warning))
        elif is_asked or self._text:
            self._log.info("the configuration was read again; nothing has changed", fingerprint=config.fingerprint)
        self._text = f"{' and '.join(pending)}: another value waits for a restart of the daemon" if pending else ""
        if pending:
            self._log.warning("these keys take effect at the next start only", keys=list(pending))

    def _read_well(self) -> None:
        self._metrics.show(ProcessSignal.config_last_reload_successful, 1)
        self._metrics.show(ProcessSignal.config_last_reload_success_timestamp_seconds, self._clock.now())

    def _refused(self, problems: Sequence[str], bug: Exception | None = None) -> None:
        self._metrics.show(ProcessSignal.config_last_reload_successful, 0)
        told = [for_log(problem) for problem in problems]
        self._log.error("the configuration was not taken up; the one in force stays", problems=told, exc_info=bug)
        more = f"; and {len(problems) - _MOST} more" if len(problems) > _MOST else ""
        self._text = (
            f"the configuration file was refused at {self._clock.now().isoformat()}, so an older one is in force:"
            f" {'; '.join(problems[:_MOST])}{more}"
        )

    def _other_authorities(self, config: Config) -> list[str]:
        """The keys that name the same file of certificates as before, which holds others now."""
        places: list[tuple[str, BillingBlock | PlatformBlock]]
        places = [("billing" if len(config.billing) == 1 else f"billing.{each.name}", each) for each in config.billing]
        named = [*places, *((f"platforms.{name}", block) for name, block in config.platforms.items())]
        files = {f"{at}.verify_tls": Path(block.verify_tls) for at, block in named if isinstance(block.verify_tls, str)}
        return [key for key, file in files.items() if self._examined.get(file) != self._in_force.get(file)]

    async def _note(self) -> None:
        """Have `status` tell it."""
        if self._noted == self._text:
            return
        text = self._text
        try:
            await self._daemon.present.ledger.run(lambda store: store.targets.set_refused_configuration(text))
        except (StoreUnavailable, NotLeading):
            return  # at the next look; of several replicas, `status` tells of the leader's
        self._noted = text

    @property
    def _metrics(self) -> Metrics:
        return self._daemon.present.metrics
