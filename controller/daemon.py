"""The daemon: it serves HTTP for the whole life of the process, and works in terms.

Rules of this module:

1. A term is one `Application`, put together from the configuration in force: run until it is called off, then let go
   of. There is one at a time, and only while this process leads (`leadership/`).
2. A term is called off by the end of the process or by another configuration: nothing new is begun, and what was begun
   is finished. For another configuration that is waited for no longer than `DRAIN`: what is cut off then, the next term
   finds out about as after a crash. Where the lead is lost the term is cancelled at once.
3. Between two terms a second goes by, so that no second sees more requests than may be sent (promise P17). A target
   that wishes to be left alone is left alone by the next term too.
4. The store, metrics and health outlive the terms. HTTP goes to the application that is present, whether it works or
   not: it can always keep an event, which the next term finds in the store.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from controller.app import Application, Gauges
from controller.config import Config
from controller.events.bodies import Notice
from controller.leadership import Leadership
from controller.log import logger
from controller.loop import PULSE
from controller.scheduler import scheduled
from controller.server.app import create_app
from controller.server.drawing import Scene
from controller.server.hooks import EspfAccess, Hooks, Take
from controller.server.page import Page, PageAccess
from controller.server.sight import Sight
from controller.store import StoreUnavailable
from controller.waiting import first_of
from platforms.transport import Clock

DRAIN = 60.0
BETWEEN = 1.0

Assemble = Callable[[Config, Gauges | None], Application]
"""Makes an application over the process's one store; by the process's gauges from the second one on."""


class Daemon:
    """One process. Itself the ASGI application that answers for whatever is present."""

    def __init__(self, config: Config, assemble: Assemble, leadership: Leadership, clock: Clock) -> None:
        """Raises `StoreError` where the store's key cannot be used."""
        self._assemble = assemble
        self._leadership = leadership
        self._clock = clock
        self._log = logger("daemon")
        self._stopping = asyncio.Event()
        self._called_off = asyncio.Event()
        self._cut_off = asyncio.Event()
        self._is_leading = False
        self._worked: Application | None = None  # the last that did, or does
        self._present = assemble(config, None)
        self._gauges = Gauges(self._present.metrics, self._present.health)
        self._gauges.metrics.set_leader(False)
        self._web = endpoints(self._present, clock, self.take)

    @property
    def present(self) -> Application:
        """What HTTP asks, and what works if this process leads."""
        return self._present

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by what is present."""
        await self._web(scope, receive, send)

    async def take(self, source: str, notice: Notice) -> str:
        """Keep an event with what is present by now, which may have changed while the event came in."""
        return await self._present.inbox.take(source, notice)

    async def open(self) -> None:
        """Open the store, and take the first gauges from it. Raises `StoreError` where it will never be usable."""
        with suppress(StoreUnavailable):  # the loop waits for it
            await self._present.ledger.run(lambda _: None, is_anyones=True)
            await self._present.look_on()
            if self._leadership.is_given:  # who scrapes first shall find it so
                await self._present.loop.show()

    async def run(self) -> None:
        """Work whenever this process leads, until `stop`; returns when everything that was begun has ended."""
        leading = asyncio.create_task(self._leadership.lead(self._terms))
        standing_by = asyncio.create_task(self._stand_by())
        try:
            await first_of(asyncio.shield(leading), self._stopping.wait())
            if self._is_leading:  # where the lead is lost meanwhile, nobody waits to win it again
                await first_of(asyncio.shield(leading), self._cut_off.wait())
        finally:
            for task in (leading, standing_by):
                task.cancel()
            outcome, _ = await asyncio.gather(leading, standing_by, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome

    def stop(self) -> None:
        """Finish what was begun, then end."""
        self._stopping.set()
        self._called_off.set()

    async def reconfigure(self, config: Config) -> None:
        """Go on by this configuration; the term that works by the old one is called off.

        Raises whatever keeps it from being put together; then the old one stays in force.
        """
        former = self._present
        self._show(self._assemble(config, self._gauges))
        self._called_off.set()
        if not self._is_leading:
            self._present.take_over()
        if former is not self._worked:
            await former.disconnect()

    async def aclose(self) -> None:
        """Let go of everything, the store too."""
        await self._leadership.aclose()
        await self._present.aclose()

    async def _terms(self) -> None:
        """Work, by one configuration after the other."""
        self._is_leading = True
        self._cut_off.clear()
        try:
            while not self._stopping.is_set():
                if self._worked is self._present:  # until the lead was lost; an application works once
                    self._show(self._assemble(self._present.config, self._gauges))
                if self._worked is not None:
                    await first_of(self._stopping.wait(), self._clock.sleep(BETWEEN))
                    self._present.leave_alone_as(self._worked)
                if not self._stopping.is_set():
                    await self._term(self._present)
        except asyncio.CancelledError:
            self._cut_off.set()
            raise
        finally:
            self._is_leading = False
            self._gauges.metrics.set_leader(False)

    async def _term(self, application: Application) -> None:
        self._called_off.clear()
        self._worked = application
        working = asyncio.create_task(_work(application))
        try:
            await first_of(asyncio.shield(working), self._called_off.wait())
            application.loop.stop()
            patience = () if self._stopping.is_set() else (self._clock.sleep(DRAIN),)
            await first_of(asyncio.shield(working), *patience)
        finally:
            working.cancel()
            (outcome,) = await asyncio.gather(working, return_exceptions=True)
            await application.disconnect()
        if isinstance(outcome, Exception):
            raise outcome

    def _show(self, application: Application) -> None:
        self._present = application
        self._web = endpoints(application, self._clock, self.take)

    async def _stand_by(self) -> None:
        """Show that the process lives while it has nothing to do, and whether it is ready or could take over."""
        while True:
            health = self._gauges.health
            if not self._is_leading:
                health.progressed()
            if not (self._is_leading and health.has_snapshot):
                await self._present.look_on()
            await self._clock.sleep(PULSE)


async def _work(application: Application) -> None:
    application.take_over()
    with suppress(StoreUnavailable):  # the loop waits for it
        await application.loop.show()
    loop, schedule = application.loop, application.config.schedule
    with scheduled(loop.ask_for_pass, schedule.full_pass, schedule.jitter):
        await loop.run()


def endpoints(application: Application, clock: Clock, take: Take | None = None) -> Starlette:
    """What is served over HTTP of one application; its own inbox takes events where nobody else does."""
    events = application.config.events
    espf = events.espf
    hooks = Hooks(
        take=take or application.inbox.take,
        count=application.metrics.event,
        log=logger("events"),
        traces=application.traces,
        espf=EspfAccess(espf.username, espf.password.get(), espf.auth_failure_status) if espf else None,
        nsps_token=events.nsps.token.get() if events.nsps else None,
    )
    houses = {each.billing.name: (each.billing, each.fleet.house) for each in application.installations}
    page = Page(Sight(Scene(application.config, houses), clock), PageAccess.of(application.config.server.page))
    return create_app(application.health, application.metrics.render, hooks, page)
