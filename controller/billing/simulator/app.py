"""The simulator as one object: an ASGI app, and the same things for Python.

Over HTTP, besides `/rest/`, the API document and what `platforms.simulation` offers:

- `GET /_sim/accounts` every account with the facts that matter; `POST /_sim/populate {"accounts": N, "seed": S}`
- `POST /_sim/changes` a `Change`; `GET|PATCH /_sim/switches`; `POST /_sim/sessions/lose`; `GET /_sim/transactions`
- `GET /_sim/statuses` what was told by the ESPF API (`/espf/v1/`), in order
- events: `PUT|DELETE /_sim/espf`, `PUT|DELETE /_sim/nsps`, `GET /_sim/events` (see `outbox`)
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from controller.billing.simulator import changes, document, rest
from controller.billing.simulator.admin import Admin, switch
from controller.billing.simulator.espf import Espf
from controller.billing.simulator.outbox import Outbox
from controller.billing.simulator.population import populate
from controller.billing.simulator.sessions import Sessions
from controller.billing.simulator.state import Installation, SimulatedAccount
from controller.billing.simulator.status import status_of
from controller.billing.simulator.switches import Switches
from controller.billing.simulator.world import World
from platforms.simulation import Draw, Faults, Requests, Stage
from platforms.transport import Clock


class Simulator:
    """A PortaBilling. Make it with `create_simulator`."""

    def __init__(self, world: World, draw: Draw) -> None:
        self.world = world
        self.events = Outbox(world, draw)
        self._stage = Stage(_app(world, self.events), rest.operation_of, world.clock, draw)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._stage(scope, receive, send)

    @property
    def faults(self) -> Faults:
        """Orders to spoil requests; operations are named `Account/get_account_list` and so on."""
        return self._stage.faults

    @property
    def requests(self) -> Requests:
        """What was asked."""
        return self._stage.requests

    @property
    def installation(self) -> Installation:
        """The facts, to be looked at and changed."""
        return self.world.installation

    @property
    def sessions(self) -> Sessions:
        """Who is logged in."""
        return self.world.sessions

    def populate(self, accounts: int, seed: int = 1) -> None:
        """Add a fleet in every state."""
        populate(self.world, accounts, seed)

    def change(self, action: changes.Action, **details: object) -> int:
        """Let something happen (see `Change`); returns whom to. Raises `NoSuchAccount`, `ValidationError`."""
        changed = changes.apply(self.world, changes.Change.model_validate({"action": action, **details}))
        self.events.happened(action, changed)
        return changed

    def switch(self, **switches: object) -> None:
        """Set switches by name. Raises `ValidationError`."""
        switch(self.world, switches)

    def status(self, account: SimulatedAccount) -> str | None:
        """The status that is computed now."""
        return status_of(account, self.world.clock.now())


def create_simulator(clock: Clock, draw: Draw, switches: Switches | None = None) -> Simulator:
    """An installation without accounts."""
    world = World(Installation(), Sessions(clock, draw), clock, switches or Switches())
    return Simulator(world, draw)


def _app(world: World, outbox: Outbox) -> Starlette:
    async def call(request: Request) -> Response:
        return await rest.answer(world, request)

    calls = [Route(path, call, methods=["POST"]) for path in ("/rest/{service}/{method}", "/rest/{service}/{method}/")]
    return Starlette(routes=[*calls, document.route(world), *Espf(world).routes(), *Admin(world, outbox).routes()])
