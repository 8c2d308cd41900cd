"""`/rest/<Service>/<method>`: from a request to an answer (contract, sections 1.1 and 1.3).

Bodies are JSON (`{"params": {...}}`) or forms (`params` and `auth_info` as JSON texts). Every fault is HTTP 500,
whatever it is about.
"""

from decimal import Decimal
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from controller.billing.simulator import espf
from controller.billing.simulator.methods import METHODS, WITHOUT_SESSION
from controller.billing.simulator.refusal import Refusal
from controller.billing.simulator.world import Params, Reply, World
from platforms.simulation import Operation

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json; charset=UTF-8"
_OBJECT = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)


def operation_of(verb: str, path: str) -> Operation:
    """`Account/get_account_list`, from its path; session calls are neither reads nor writes."""
    if path.startswith(espf.PREFIX):
        return espf.operation_of(verb, path)
    name = path.removeprefix("/rest/").strip("/")
    if name in WITHOUT_SESSION:
        return Operation(name, "none")
    method = METHODS.get(name)
    return Operation(name, "write" if method is not None and method.writes else "read")


async def answer(world: World, request: Request) -> Response:
    """Carry out one call."""
    if world.switches.outage == "plain_text_500":
        return PlainTextResponse("Internal Server Error", 500)
    name = f"{request.path_params['service']}/{request.path_params['method']}"
    try:
        params, credential = _contents(request, await request.body())
        reply = _perform(world, name, params, credential)
    except Refusal as refusal:
        return _json({"faultcode": refusal.code, "faultstring": refusal.text}, 500)
    return _json(_as_text(reply) if world.switches.numbers_as_text else reply, 200)


def _perform(world: World, name: str, params: Params, credential: str | None) -> Reply:
    method = METHODS.get(name)
    if name not in WITHOUT_SESSION:
        world.sessions.check(credential)
    if method is None:
        raise Refusal(f"Client.{name.replace('/', '.')}.unknown_method", "Unknown method")
    if name in world.switches.refused_methods:
        raise Refusal(f"Server.{name.replace('/', '.')}.access_denied", "Access denied")
    if method.writes and world.switches.standalone_mode:
        raise Refusal(f"Server.{name.replace('/', '.')}.standalone_mode", "Not allowed in standalone mode")
    return method.handle(world, params)


def _contents(request: Request, body: bytes) -> tuple[Params, str | None]:
    """The parameters, and what the caller shows to be let in."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token if scheme.lower() == "bearer" else None
    if not request.headers.get("content-type", "").startswith(_FORM):
        return _object(_object(body).get("params")), bearer
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    auth_info = _object(form.get("auth_info"))
    shown = auth_info.get("access_token") or auth_info.get("session_id")
    return _object(form.get("params")), bearer or (str(shown) if shown else None)


def _object(given: object) -> Params:
    """A JSON object, or the text of one; nothing is an empty one."""
    if isinstance(given, dict):
        return given
    try:
        if isinstance(given, bytes | str):
            return _OBJECT.decode(given) if given else {}
    except msgspec.DecodeError:
        pass
    if given is None:
        return {}
    raise Refusal("Client.malformed_request", "A JSON object is expected")


def _json(reply: object, status: int) -> Response:
    return Response(msgspec.json.encode(reply), status, media_type=_JSON)


def _as_text(value: object) -> object:
    """The same with every number as text, as some releases send them."""
    if isinstance(value, dict):
        return {name: _as_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
