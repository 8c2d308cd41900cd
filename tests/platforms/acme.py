"""Acme, the invented platform of the page on adding one: an ASGI app that does what the page says of its API."""

import re
from collections.abc import Mapping

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from platforms.simulation import Draw, Operation, Stage
from platforms.transport import Clock

API_KEY = "simulated"
PAGE = 5
VERBS = {"GET": "get", "PUT": "create", "DELETE": "delete"}
EMPTY: Mapping[str, object] = {"active": True, "packages": [], "devices": [], "password": "", "note": ""}

Subscriber = dict[str, object]


class AcmeSimulator:
    """The app. `subscribers` is what it holds, passwords included."""

    def __init__(self, clock: Clock, draw: Draw, *, packages: Mapping[str, str] | None = None) -> None:
        self.packages = packages or {"basic": "Basic", "sport": "Sport"}
        self.subscribers: dict[str, Subscriber] = {}
        routes = [
            Route("/v2/packages", self._offer, methods=["GET"]),
            Route("/v2/subscribers", self._list, methods=["GET"]),
            Route("/v2/subscribers/{name}", self._one, methods=["GET", "PUT", "DELETE"]),
        ]
        self._stage = Stage(Starlette(routes=routes), self._identify, clock, draw)
        self.faults = self._stage.faults
        self.requests = self._stage.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_known = dict(scope.get("headers", ())).get(b"x-api-key") == API_KEY.encode()
        app = self._stage if is_known or scope["path"].startswith("/_sim/") else Response("who is there?", 401)
        await app(scope, receive, send)

    def add(self, name: str, fields: Mapping[str, object]) -> None:
        """What somebody does in Acme's own panel, where a subscriber needs no name."""
        self.subscribers[name] = {"name": name, **EMPTY, **fields}

    def _identify(self, method: str, path: str) -> Operation:
        kind, _, name = path.removeprefix("/v2/").partition("/")
        if kind == "packages" or not name:
            return Operation(f"{kind.replace('subscribers', 'customers')}.list", "read")
        verb = "update" if method == "PUT" and name in self.subscribers else VERBS[method]
        return Operation(f"customers.{verb}", "read" if method == "GET" else "write")

    async def _offer(self, request: Request) -> Response:
        return _page(request, [{"id": each, "title": title} for each, title in self.packages.items()])

    async def _list(self, request: Request) -> Response:
        return _page(request, [_shown(self.subscribers[name]) for name in sorted(self.subscribers)])

    async def _one(self, request: Request) -> Response:
        name = request.path_params["name"]
        held = self.subscribers.get(name)
        if request.method == "PUT":
            return self._put(name, msgspec.json.decode(await request.body(), type=Subscriber), request.headers)
        if held is None:
            return JSONResponse({"error": "no_such_subscriber"}, 404)
        if request.method == "DELETE":
            del self.subscribers[name]
            return JSONResponse({})
        return JSONResponse(_shown(held))

    def _put(self, name: str, fields: Subscriber, headers: Mapping[str, str]) -> Response:
        held = self.subscribers.get(name)
        if "if-none-match" in headers and held is not None:
            return _refused(409, "name")
        if "if-match" in headers and held is None:
            return JSONResponse({"error": "no_such_subscriber"}, 404)
        subscriber = {"name": name, **EMPTY, **(held or {}), **fields}
        if not re.fullmatch(r"[\w-]{1,64}", name):
            return _refused(422, "name")
        if not set(_texts(subscriber, "packages")) <= set(self.packages):
            return _refused(422, "packages")
        others = [other for other in self.subscribers.values() if other["name"] != name]
        if any(set(_texts(subscriber, "devices")) & set(_texts(other, "devices")) for other in others):
            return _refused(409, "devices")
        self.subscribers[name] = subscriber
        return JSONResponse(_shown(subscriber))


def _page(request: Request, rows: list[Subscriber]) -> Response:
    offset = int(request.query_params["offset"])
    return JSONResponse({"items": rows[offset : offset + PAGE], "total": len(rows)})


def _refused(status: int, field: str) -> Response:
    return JSONResponse({"error": "taken" if status == 409 else "invalid", "field": field}, status)


def _shown(subscriber: Subscriber) -> Subscriber:
    return {name: value for name, value in subscriber.items() if name != "password"}


def _texts(subscriber: Subscriber, field: str) -> list[str]:
    values = subscriber[field]
    return [str(value) for value in values] if isinstance(values, list) else []
