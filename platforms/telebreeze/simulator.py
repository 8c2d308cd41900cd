"""An ASGI app that behaves like a Telebreeze operator (Telebreeze contract, Declared and, for the player, Known).

Besides the platform's own API and the faults of `platforms.simulation` it answers, uncounted and without a log-in:

- `GET /_sim/customers`: everything, passwords included; `POST`, and `PATCH|DELETE /_sim/customers/{id}`: what somebody
  does in the operator's panel, where a customer needs no external id;
- `POST /_sim/transactions`: a sale (`customerId` or `externalId`, `type`, `title`, `amount`, `currency`, `refundOf`,
  `createdAt` for one that comes late);
- `DELETE /_sim/tokens`: every session ends.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from platforms.simulation import Draw, Operation, Stage
from platforms.telebreeze.simulated import Operator, Refused, devices_of, invalid
from platforms.transport import Clock

API_KEY = "simulated"
PACKAGES = {"1": "basic", "2": "sport", "3": "kids", "4": "cinema"}
LARGEST_PAGE = 500
_CURSOR = re.compile(r"(c-[0-9a-f]+)?")

Handler = Callable[[Request], Awaitable[Response]]


class TelebreezeSimulator:
    """The app. `operator` is what it holds; `faults` and `requests` are those of its stage.

    `packages` maps ids to external ids. Tokens live `token_life` seconds; reads show the state `read_lag` seconds ago.
    The feed (`transactions`) shows the last `feed_overlap` before a cursor again, and a new one `feed_lag` seconds
    late.
    """

    def __init__(
        self, clock: Clock, draw: Draw, *, api_key: str = API_KEY, packages: Mapping[str, str] | None = None
    ) -> None:
        self.api_key = api_key
        self.token_life = 3600.0
        self.offered = dict(PACKAGES if packages is None else packages)
        self.operator = Operator(clock, draw, self.offered)
        self.transactions: list[Mapping[str, object]] = []
        self.feed_overlap = 1
        self.feed_lag = 0.0
        self._sold_at: list[float] = []
        self._clock = clock
        self._tokens: dict[str, float] = {}
        self._tokens_given = 0
        self._stage = Stage(Starlette(routes=self._routes()), identify, clock, draw)
        self.faults = self._stage.faults
        self.requests = self._stage.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._stage(scope, receive, send)

    def expire_tokens(self) -> None:
        """End every session."""
        self._tokens.clear()

    def _routes(self) -> list[Route]:
        api, one = "/api/dashboard", "/{id}"
        return [
            Route(f"{api}/auth/access-token", self._token, methods=["POST"]),
            Route(f"{api}/packages", self._guarded(self._packages), methods=["GET"]),
            Route(f"{api}/customers", self._guarded(self._customers), methods=["GET"]),
            Route(f"{api}/customers", self._guarded(self._create), methods=["POST"]),
            Route(f"{api}/customers{one}", self._guarded(self._customer), methods=["GET"]),
            Route(f"{api}/customers{one}", self._guarded(self._change), methods=["PATCH"]),
            Route(f"{api}/customers{one}", self._guarded(self._delete), methods=["DELETE"]),
            Route(f"{api}/transactions", self._guarded(self._feed), methods=["GET"]),
            Route("/api/authorization/login", self._play, methods=["POST"]),
            Route("/_sim/customers", self._dump, methods=["GET"]),
            Route("/_sim/customers", _refusing(self._create_in_panel), methods=["POST"]),
            Route(f"/_sim/customers{one}", _refusing(self._change), methods=["PATCH"]),
            Route(f"/_sim/customers{one}", _refusing(self._delete), methods=["DELETE"]),
            Route("/_sim/transactions", _refusing(self._sell), methods=["POST"]),
            Route("/_sim/tokens", self._end_sessions, methods=["DELETE"]),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def with_token(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or self._tokens.get(token, 0) <= self._clock.monotonic():
                return _json({"message": "Unauthorized"}, 401)
            return await _refusing(handler)(request)

        return with_token

    async def _token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        if form.get("apiKey") != [self.api_key]:
            return _json({"message": "Invalid API key"}, 401)
        self._tokens_given += 1
        token = f"token-{self._tokens_given}"
        self._tokens[token] = self._clock.monotonic() + self.token_life
        return _json({"accessToken": token, "expiresIn": self.token_life})

    async def _packages(self, request: Request) -> Response:
        offset, limit = _window(request)
        rows = [{"id": each, "title": name.title(), "externalId": name} for each, name in self.offered.items()]
        return _json({"rows": rows[offset : offset + limit], "count": len(rows)})

    async def _customers(self, request: Request) -> Response:
        rows, count = self.operator.page(*_window(request), request.query_params.get("externalId", ""))
        return _json({"rows": rows, "count": count})

    async def _customer(self, request: Request) -> Response:
        row = self.operator.visible(request.path_params["id"])
        return _json(row) if row else _json({"message": "Customer not found"}, 404)

    async def _create(self, request: Request) -> Response:
        fields = await _fields(request)
        if "externalId" not in fields:
            raise invalid("externalId", "is required")
        return _json(self.operator.create(fields), 201)

    async def _create_in_panel(self, request: Request) -> Response:
        return _json(self.operator.create(await _fields(request)), 201)

    async def _change(self, request: Request) -> Response:
        return _json(self.operator.change(request.path_params["id"], await _fields(request)))

    async def _delete(self, request: Request) -> Response:
        self.operator.delete(request.path_params["id"])
        return Response(status_code=204)

    async def _feed(self, request: Request) -> Response:
        after = request.query_params.get("after", "")
        if not _CURSOR.fullmatch(after):
            raise invalid("after", "is no cursor")
        begin = int(after[2:] or "0", 16)
        shown = self.transactions[: self._shown()]
        rows = shown[begin : begin + _window(request)[1]]
        again = shown[max(0, begin - self.feed_overlap) : begin]
        return _json({"rows": [*again, *rows], "next": f"c-{begin + len(rows):x}" if rows else after})

    def _shown(self) -> int:
        """How many transactions show by now; those that a test put there by itself do at once."""
        late = [at for at in self._sold_at if at > self._clock.monotonic() - self.feed_lag]
        return len(self.transactions) - len(late)

    async def _play(self, request: Request) -> Response:
        """A viewer's log-in: by login and password, by device, or by either, as the customer is set up."""
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        for customer_id, row in self.operator.customers.items():
            if row["status"] == "active" and _recognises(row, given):
                token = {"access_token": f"player-{customer_id}"}
                return _json({"code": 1, "content": {"user_id": customer_id, "status": "active", "token": token}})
        return _json({"code": 0, "content": {}})

    async def _dump(self, _: Request) -> Response:
        return _json({"rows": list(self.operator.customers.values())})

    async def _sell(self, request: Request) -> Response:
        sale = await _fields(request)
        wanted = (sale.get("customerId"), sale.get("externalId"))
        rows = self.operator.customers.values()
        buyer = next((row for row in rows if row["id"] == wanted[0] or row["externalId"] == wanted[1]), None)
        if buyer is None:
            raise Refused(404, {"message": "Customer not found"})
        names = {"id": f"t-{len(self.transactions) + 1}", "customerId": buyer["id"], "externalId": buyer["externalId"]}
        at = sale.get("createdAt") or self._clock.now().isoformat().replace("+00:00", "Z")
        self.transactions.append({**sale, **names, "createdAt": at})
        self._sold_at.append(self._clock.monotonic())
        return _json(self.transactions[-1], 201)

    async def _end_sessions(self, _: Request) -> Response:
        self.expire_tokens()
        return Response(status_code=204)


def identify(method: str, path: str) -> Operation:
    """The operation a request stands for."""
    known = ("packages", "customers", "transactions")
    kind = path.removeprefix("/api/dashboard/").partition("/")
    if kind[0] not in known:
        return Operation("auth.token" if path.endswith("/access-token") else "player.login", "none")
    read = "get" if kind[2] else "list"
    verb = {"GET": read, "POST": "create", "PATCH": "update", "DELETE": "delete"}.get(method, "other")
    return Operation(f"{kind[0]}.{verb}", "read" if method == "GET" else "write")


def _refusing(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            return _json(refused.body, refused.status)

    return answer


def _recognises(row: Mapping[str, object], given: Mapping[str, str]) -> bool:
    by_device = row["authMethod"] != "login" and given.get("device_id") in devices_of(row)
    login, password = given.get("login", "").lower(), given.get("password", "")
    by_login = bool(login and password) and (login, password) == (str(row["username"]).lower(), row["password"])
    return by_device or (by_login and row["authMethod"] != "device")


def _window(request: Request) -> tuple[int, int]:
    texts = [request.query_params.get("offset", "0"), request.query_params.get("limit", "100")]
    if not all(text.isdecimal() for text in texts):
        raise invalid("limit", "must be a number, and so must offset")
    return int(texts[0]), min(int(texts[1]), LARGEST_PAGE)


async def _fields(request: Request) -> dict[str, object]:
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, object])
    except msgspec.DecodeError:
        raise invalid("body", "is not a JSON object") from None


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
