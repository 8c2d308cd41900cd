"""An ASGI app that behaves like SeaChange's Traxis.Web (SeaChange contract, Declared).

Besides the platform's own API and the faults of `platforms.simulation` it answers, uncounted and without a log-in:

- `GET /_sim/customers`: everything, PINs included; `POST /_sim/customers` and `PUT|DELETE /_sim/customers/{id}`: what
  somebody does in the platform's own panel, as JSON; a `PUT` replaces the whole customer;
- `POST /_sim/purchases`: a sale (`customer`, `kind`, `title`, `amount`, `currency`).
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest
from typing import TypeVar

import msgspec
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from platforms.seachange import simulated_xml as xml
from platforms.seachange.simulated import Customer, Platform, Refused, Sale, invalid, not_found
from platforms.simulation import Draw, Effect, Operation, Stage
from platforms.transport import Clock

USERNAME = "simulated"
PASSWORD = "simulated"  # noqa: S105 - opens nothing but the simulator
PRODUCTS = {"basic": "Basic", "sport": "Sport", "kids": "Kids", "cinema": "Cinema"}
LARGEST_PAGE = 200
LARGEST_FEED = 500
_SLASH = "~~2F"
_CUSTOMER = "/traxis/web/Customer/"

Handler = Callable[[Request], Awaitable[Response]]
Value = TypeVar("Value", bound=BaseModel)


class SeaChangeSimulator:
    """The app. `platform` is what it holds; `faults` and `requests` are those of its stage.

    `products` maps ids to names. Reads show the state `platform.read_lag` seconds ago.
    """

    def __init__(
        self,
        clock: Clock,
        draw: Draw,
        *,
        username: str = USERNAME,
        password: str = PASSWORD,
        products: Mapping[str, str] | None = None,
    ) -> None:
        self.offered = dict(PRODUCTS if products is None else products)
        self.platform = Platform(clock, self.offered)
        self._authorization = f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"
        self._stage = Stage(Starlette(routes=self._routes()), self._identify, clock, draw)
        self.faults = self._stage.faults
        self.requests = self._stage.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._stage(scope, receive, send)

    def _routes(self) -> list[Route]:
        api, sim = "/traxis/web", "/_sim/customers"
        return [
            Route(f"{api}/Customers", self._guarded(self._customers), methods=["GET"]),
            Route(f"{api}/Customer/{{id}}", self._guarded(self._customer), methods=["GET"]),
            Route(f"{api}/Customer/{{id}}", self._guarded(self._put), methods=["PUT"]),
            Route(f"{api}/Customer/{{id}}", self._guarded(self._delete), methods=["DELETE"]),
            Route(f"{api}/Products", self._guarded(self._products), methods=["GET"]),
            Route(f"{api}/Purchases", self._guarded(self._purchases), methods=["GET"]),
            Route(sim, self._dump, methods=["GET"]),
            Route(sim, _refusing(self._add), methods=["POST"]),
            Route(f"{sim}/{{id}}", _refusing(self._replace), methods=["PUT"]),
            Route(f"{sim}/{{id}}", _refusing(self._delete), methods=["DELETE"]),
            Route("/_sim/purchases", _refusing(self._sell), methods=["POST"]),
        ]

    def _identify(self, method: str, path: str) -> Operation:
        """The operation a request stands for; a PUT is named by what it does."""
        effect: Effect = "read" if method == "GET" else "write"
        if not path.startswith(_CUSTOMER):
            kind = path.rpartition("/")[2].lower()
            return Operation(f"{kind}.list" if method == "GET" else f"{kind}.other", effect)
        is_new = _plain_id(path.removeprefix(_CUSTOMER)) not in self.platform.customers
        put = "create" if is_new else "update"
        verb = {"GET": "get", "PUT": put, "DELETE": "delete"}.get(method, "other")
        return Operation(f"customers.{verb}", effect)

    def _guarded(self, handler: Handler) -> Handler:
        async def with_password(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not compare_digest(given.encode(), self._authorization.encode()):
                refused = _refusal(Refused(401, "Unauthorized", "Username and password are needed"))
                refused.headers["www-authenticate"] = 'Basic realm="Traxis"'
                return refused
            return await _refusing(handler)(request)

        return with_password

    async def _customers(self, request: Request) -> Response:
        start, count = _number(request, "start", 0), _number(request, "count", LARGEST_PAGE)
        return _xml(xml.customers_document(*self.platform.page(start, min(count, LARGEST_PAGE))))

    async def _customer(self, request: Request) -> Response:
        customer = self.platform.visible(_asked(request))
        if customer is None:
            raise not_found(_asked(request))
        return _xml(xml.customer_document(customer))

    async def _put(self, request: Request) -> Response:
        customer = xml.understood(_asked(request), await request.body())
        stored, is_new = self.platform.put(customer, request.headers.get("if-match"))
        return _xml(xml.customer_document(stored), 201 if is_new else 200)

    async def _delete(self, request: Request) -> Response:
        self.platform.delete(_asked(request))
        return Response(status_code=204)

    async def _products(self, _: Request) -> Response:
        return _xml(xml.products_document(self.offered))

    async def _purchases(self, request: Request) -> Response:
        since, count = _number(request, "since", 0), _number(request, "count", LARGEST_FEED)
        shown = self.platform.bought(since, min(count, LARGEST_FEED))
        return _xml(xml.purchases_document(shown, shown[-1].sequence if shown else since))

    async def _dump(self, _: Request) -> Response:
        return _json({"rows": [customer.model_dump() for customer in self.platform.customers.values()]})

    async def _add(self, request: Request) -> Response:
        customer = _valid(Customer, await request.body())
        if customer.id in self.platform.customers:
            raise Refused(409, "Exists", f"There is a customer {customer.id}")
        return _json(self.platform.put(customer)[0].model_dump(), 201)

    async def _replace(self, request: Request) -> Response:
        customer = _valid(Customer, await request.body())
        if customer.id != _asked(request):
            raise invalid("The customer is another one than the path names")
        return _json(self.platform.put(customer)[0].model_dump())

    async def _sell(self, request: Request) -> Response:
        purchase = self.platform.sell(_valid(Sale, await request.body()))
        return _json({**purchase.sale.model_dump(), "sequence": purchase.sequence, "at": purchase.at}, 201)


def _refusing(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            return _refusal(refused)

    return answer


def _plain_id(text: str) -> str:
    """The id as a path writes it, in plain."""
    return text.replace(_SLASH, "/")


def _asked(request: Request) -> str:
    return _plain_id(request.path_params["id"])


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal():
        raise invalid(f"{name} is no number")
    return int(text)


def _valid(model: type[Value], body: bytes) -> Value:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid(f"{error.error_count()} values are missing, or not as they should be") from None


def _xml(document: bytes, status: int = 200) -> Response:
    return Response(document, status, media_type="application/xml")


def _refusal(refused: Refused) -> Response:
    return _xml(xml.error_document(refused), refused.status)


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
