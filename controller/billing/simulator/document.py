"""`/doc/api/AdminInterface.json`: the API document of the installation (contract, its first page).

It is made from the methods themselves: each is called once, on a small installation of its own, with an example of
every parameter it knows; what it answers is what the document says that it answers. The real document's form is not
known beyond being OpenAPI, so the switch `api_document` chooses one; `undocumented` leaves out methods
(`Account/get_account_info`) and fields or parameters (`status`, wherever they are).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controller.billing.simulator.methods import METHODS
from controller.billing.simulator.refusal import Refusal
from controller.billing.simulator.rendering import account_info
from controller.billing.simulator.sessions import Sessions
from controller.billing.simulator.state import AddOn, Installation
from controller.billing.simulator.switches import Switches
from controller.billing.simulator.world import Params, Reply, World

_KEY: Params = {"i_account": 70001}
_PAGE: Params = {"limit": 1, "offset": 0, "get_total": 1}
_LOGIN: Params = {"login": Switches().login, "token": Switches().token, "password": Switches().password}
_FIELD = {"name": "TV MAC", "db_value": ""}
_CHARGE = "Account/make_transaction"
_EXAMPLES: Mapping[str, Params] = {
    "Session/login": _LOGIN,
    "Session/ping": {"access_token": ""},
    "Session/logout": {"access_token": "", "session_id": ""},
    "Account/get_account_list": {
        **_PAGE,
        **{"i_customer": 4001, "i_product": 61, "billing_model": 1, "id": "%"},
        **{"get_only_real_accounts": 1, "get_not_closed_accounts": 1, "get_statuses": 1, "detailed_info": 1},
    },
    "Account/get_account_info": {**_KEY, "id": "tv", "login": "", "detailed_info": 1, "without_service_features": 0},
    "Account/get_alias_list": {**_PAGE, "i_master_account": 70001},
    "Account/get_service_features": _KEY,
    "Account/update_account": {"account_info": _KEY},
    "Account/terminate_account": _KEY,
    "Account/get_custom_fields_values": _KEY,
    "Account/update_custom_fields_values": {**_KEY, "custom_fields_values": [_FIELD]},
    _CHARGE: {
        **_KEY,
        **{"action": "Manual charge", "amount": 1, "visible_comment": "", "internal_comment": "", "i_service": 5},
        "suppress_notification": 1,
    },
    "Account/get_xdr_list": {
        **_KEY,
        **_PAGE,
        **{"from_date": "2026-01-01 00:00:00", "to_date": None, "show_hidden": 1, "show_unsuccessful": 1},
    },
    "Customer/get_custom_fields_values": {"i_customer": 4001},
    "Customer/update_custom_fields_values": {"i_customer": 4001, "custom_fields_values": [_FIELD]},
    "Customer/get_customer_info": {"i_customer": 4001},
    "Customer/update_customer": {"customer_info": {"i_customer": 4001, "blocked": "N"}},
    "Product/get_product_list": _PAGE,
    "Product/get_product_info": {"i_product": 61},
    "Product/get_allowed_addons": {"i_product": 61},
}
_ACCOUNT = "AccountInfo"
_REFERRING = frozenset({"account_list", "account_info"})  # answers whose rows are described in one place


def route(world: World) -> Route:
    """Where the document is served; no session is needed."""

    async def show(_request: Request) -> Response:
        if world.switches.api_document == "none":
            return Response("Not Found", 404, media_type="text/plain")
        return JSONResponse(_without(_document(world), frozenset(world.switches.undocumented)))

    return Route("/doc/api/AdminInterface.json", show)


def _document(world: World) -> Reply:
    swagger = world.switches.api_document == "swagger2"
    paths = {f"/{name}": {"post": _method(world, name, swagger)} for name in METHODS}
    info = {"title": "AdminInterface", "version": "simulated"}
    scratch = _scratch(world)
    account = _schema(account_info(scratch, scratch.account(_KEY, ""), with_features=True))
    if swagger:
        return {"swagger": "2.0", "info": info, "basePath": "/rest", "paths": paths, "definitions": {_ACCOUNT: account}}
    return {"openapi": "3.0.3", "info": info, "paths": paths, "components": {"schemas": {_ACCOUNT: account}}}


def _method(world: World, name: str, swagger: bool) -> Reply:
    """One method; its parameters stand in `params`, and its answer by itself."""
    scratch = _scratch(world)
    params = dict(_EXAMPLES.get(name, {}))
    if name == "Session/refresh_access_token":
        params = {"refresh_token": scratch.sessions.login(_LOGIN, scratch.switches)["refresh_token"]}
    body = {"type": "object", "properties": {"params": _schema(params)}}
    answer = _referring(_schema(_answer(scratch, name, params)), "definitions" if swagger else "components/schemas")
    if swagger:
        sent = {"parameters": [{"name": "body", "in": "body", "schema": body}]}
        return {**sent, "responses": {"200": {"description": "", "schema": answer}}}
    content = {"application/json": {"schema": answer}}
    sent_as_json = {"requestBody": {"content": {"application/json": {"schema": body}}}}
    return {**sent_as_json, "responses": {"200": {"description": "", "content": content}}}


def _answer(scratch: World, name: str, params: Params) -> Reply:
    try:
        return METHODS[name].handle(scratch, params)
    except Refusal:
        return {}  # a method without an example


def _scratch(world: World) -> World:
    """An installation with one account that has everything there is to have."""
    clock = world.clock
    installation = Installation()
    account = installation.add_account("tv", clock.now().date())
    account.marks.add("frozen")
    account.dual_version = "target"
    account.credit_limit = Decimal(10)
    account.activation_date = account.expiration_date = _later(clock.now())
    account.addons.append(AddOn(86, clock.now(), clock.now() + timedelta(days=1)))
    account.custom_fields["TV MAC"] = account.customer.custom_fields["TV MAC"] = ""
    scratch = World(installation, Sessions(clock, lambda: 0.0), clock, Switches())
    METHODS[_CHARGE].handle(scratch, _EXAMPLES[_CHARGE])
    return scratch


def _later(now: datetime) -> date:
    return now.date() + timedelta(days=1)


def _schema(value: object) -> Reply:
    """The JSON Schema of an example."""
    if isinstance(value, Mapping):
        return {"type": "object", "properties": {name: _schema(item) for name, item in value.items()}}
    if isinstance(value, list):
        return {"type": "array", "items": _schema(value[0]) if value else {}}
    return {"type": "string" if isinstance(value, str) else "number"}


def _referring(schema: Reply, folder: str) -> Reply:
    """The same with accounts described by reference, in lists and alone."""
    fields = schema.get("properties")
    reference: Reply = {"$ref": f"#/{folder}/{_ACCOUNT}"}
    described = {
        name: {"type": "array", "items": reference} if name.endswith("_list") else reference
        for name in (fields if isinstance(fields, dict) else ())
        if name in _REFERRING
    }
    return {**schema, "properties": {**fields, **described}} if isinstance(fields, dict) else schema


def _without(value: object, names: frozenset[str]) -> object:
    """The document without these methods and fields, wherever they are."""
    if isinstance(value, Mapping):
        return {name: _without(item, names) for name, item in value.items() if name.removeprefix("/") not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value
