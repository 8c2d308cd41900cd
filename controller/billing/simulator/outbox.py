"""The events of the simulated installation: from what happened to the handlers that are to hear of it.

Over HTTP: `PUT|DELETE /_sim/espf` (an `Espf`), `PUT|DELETE /_sim/nsps` (an `Nsps`), `GET /_sim/events`. Nothing is sent
until somebody runs it (`run`) or hands it over (`deliver`).
"""

import asyncio
from collections.abc import Mapping

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controller.billing.simulator.changes import Action
from controller.billing.simulator.enrichment import pb_data
from controller.billing.simulator.events import happenings, product_changed
from controller.billing.simulator.handlers import Espf, Nsps
from controller.billing.simulator.rendering import account_info
from controller.billing.simulator.sender import Sender
from controller.billing.simulator.world import World
from platforms.simulation import Draw
from platforms.transport import Http

_HANDLERS: Mapping[str, type[Espf] | type[Nsps]] = {"espf": Espf, "nsps": Nsps}
_IDLE_SECONDS = 0.05


class Outbox:
    """At most one handler of each way; a new one begins with an empty queue."""

    def __init__(self, world: World, draw: Draw) -> None:
        self._world = world
        self._draw = draw
        self._senders: dict[str, Sender] = {}
        self._i_event = int(world.clock.now().timestamp()) * 100  # not used before a restart

    def send_to(self, handler: Espf | Nsps, http: Http | None = None) -> Sender:
        """Send to this handler from now on, instead of the one there was; `http` replaces the network."""
        sender = Sender(handler, self._world.clock, self._draw, self._look, http)
        self._senders["espf" if isinstance(handler, Espf) else "nsps"] = sender
        return sender

    def happened(self, action: Action, number: int) -> None:
        """Queue the events of a change that took place."""
        for sender in self._senders.values():
            for happening in happenings(action, number, sender.handler.vocabulary):
                sender.emit(happening, self._next())

    def product_changed(self, i_product: int) -> None:
        """Queue the event of a product whose attributes changed."""
        for sender in self._senders.values():
            sender.emit(product_changed(i_product), self._next())

    async def deliver(self) -> int:
        """Try everything that is due now, once; returns how many tries that were."""
        return sum(await asyncio.gather(*(sender.deliver() for sender in self._senders.values())))

    async def run(self) -> None:
        """Send whatever comes, until cancelled. A handler that hangs delays only itself."""
        async with asyncio.TaskGroup() as ways:
            for way in _HANDLERS:
                ways.create_task(self._keep_sending(way))

    def routes(self) -> list[Route]:
        """Those below `/_sim/` that are about events."""
        return [
            Route("/_sim/{way:str}", self._handler, methods=["PUT", "DELETE"]),
            Route("/_sim/events", self._events),
        ]

    async def _keep_sending(self, way: str) -> None:
        while True:
            sender = self._senders.get(way)
            if sender is None or not await sender.deliver():
                await self._world.clock.sleep(_IDLE_SECONDS)

    async def _handler(self, request: Request) -> Response:
        way = request.path_params["way"]
        if way not in _HANDLERS:
            return JSONResponse({"errors": [f"{way!r} is none of {sorted(_HANDLERS)}"]}, 404)
        try:
            wanted = _HANDLERS[way].model_validate_json(await request.body()) if request.method == "PUT" else None
        except ValidationError as error:
            shown = error.errors(include_url=False, include_context=False, include_input=False)
            return JSONResponse({"errors": shown}, 422)
        if (former := self._senders.pop(way, None)) is not None:
            await former.aclose()
        if wanted is not None:
            self.send_to(wanted)
        return JSONResponse({"handlers": sorted(self._senders)})

    async def _events(self, _request: Request) -> Response:
        rows = [
            {"to": way, "event_type": sent.happening.event_type, "variables": sent.variables}
            | {"tries": len(sent.answers), "answers": sent.answers, "fate": sent.fate}
            for way, sender in self._senders.items()
            for sent in sender.log
        ]
        return JSONResponse({"events": rows})

    def _look(self, about: Mapping[str, int]) -> Mapping[str, object] | None:
        number = about.get("i_account", about.get("billing_entity_id", 0))
        account = self._world.installation.accounts.get(number)
        return None if account is None else pb_data(account_info(self._world, account, with_features=True))

    def _next(self) -> int:
        self._i_event += 1
        return self._i_event
