"""`/_sim/`: looking at the simulated installation, and letting things happen to it. No session is needed."""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controller.billing.simulator import changes
from controller.billing.simulator.outbox import Outbox
from controller.billing.simulator.population import populate
from controller.billing.simulator.rendering import instant, money
from controller.billing.simulator.state import SimulatedAccount
from controller.billing.simulator.status import status_of
from controller.billing.simulator.switches import Switches
from controller.billing.simulator.world import Reply, World


class _Population(BaseModel):
    model_config = ConfigDict(extra="forbid")

    accounts: int = Field(ge=0)
    seed: int = 1


class Admin:
    """The routes below `/_sim/`."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world = world
        self._outbox = outbox

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/_sim/accounts", self._accounts),
            Route("/_sim/transactions", self._transactions),
            Route("/_sim/statuses", self._statuses),
            Route("/_sim/populate", self._populate, methods=["POST"]),
            Route("/_sim/changes", self._change, methods=["POST"]),
            Route("/_sim/switches", self._switches, methods=["GET", "PATCH"]),
            Route("/_sim/sessions/lose", self._lose_sessions, methods=["POST"]),
            *self._outbox.routes(),
        ]

    async def _accounts(self, _request: Request) -> Response:
        rows = [_facts(self._world, account) for account in self._world.installation.in_order()]
        return JSONResponse({"accounts": rows})

    async def _transactions(self, _request: Request) -> Response:
        rows = [
            {
                "i_xdr": booked.i_xdr,
                "i_account": booked.i_account,
                "action": booked.action,
                "amount": str(booked.amount),
                "visible_comment": booked.visible_comment,
                "booked_at": instant(booked.booked_at),
            }
            for booked in self._world.installation.transactions
        ]
        return JSONResponse({"transactions": rows})

    async def _statuses(self, _request: Request) -> Response:
        return JSONResponse({"statuses": [asdict(told) for told in self._world.installation.statuses]})

    async def _populate(self, request: Request) -> Response:
        try:
            wanted = _Population.model_validate_json(await request.body())
        except ValidationError as error:
            return _invalid(error)
        populate(self._world, wanted.accounts, wanted.seed)
        return JSONResponse({"accounts": len(self._world.installation.accounts)})

    async def _change(self, request: Request) -> Response:
        try:
            change = changes.Change.model_validate_json(await request.body())
            changed = changes.apply(self._world, change)
        except ValidationError as error:
            return _invalid(error)
        except changes.NoSuchAccount as error:
            return JSONResponse({"errors": [str(error)]}, 404)
        self._outbox.happened(change.action, changed)
        return JSONResponse({"i_customer" if change.action.startswith("customer_") else "i_account": changed})

    async def _switches(self, request: Request) -> Response:
        if request.method == "PATCH":
            try:
                switch(self._world, await request.json())
            except ValidationError as error:
                return _invalid(error)
            except ValueError:
                return JSONResponse({"errors": ["a JSON object of switches is expected"]}, 422)
        return JSONResponse(self._world.switches.model_dump(mode="json"))

    async def _lose_sessions(self, _request: Request) -> Response:
        self._world.sessions.lose()
        return JSONResponse({"lost": True})


def switch(world: World, wanted: object) -> None:
    """Set some switches. Raises `ValidationError` for unknown ones, `ValueError` for what is no object."""
    if not isinstance(wanted, dict):
        raise ValueError("not an object")
    world.switches = Switches.model_validate({**world.switches.model_dump(), **wanted})


def _facts(world: World, account: SimulatedAccount) -> Reply:
    return {
        "i_account": account.i_account,
        "id": account.id,
        "i_customer": account.customer.i_customer,
        "i_product": account.i_product,
        "billing_model": account.billing_model,
        "bill_status": account.bill_status,
        "status": status_of(account, world.clock.now()),
        "balance": money(account.balance),
        "addons": [
            {"i_product": addon.i_product, "from": instant(addon.effective_from), "to": instant(addon.effective_to)}
            for addon in account.addons
        ],
        "activation_date": account.activation_date and account.activation_date.isoformat(),
        "expiration_date": account.expiration_date and account.expiration_date.isoformat(),
        "contact": account.info,
        "custom_fields": account.custom_fields,
    }


def _invalid(error: ValidationError) -> Response:
    return JSONResponse({"errors": error.errors(include_url=False, include_context=False, include_input=False)}, 422)
