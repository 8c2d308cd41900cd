"""An API server of Kubernetes that knows Leases and nothing else, for the tests: faults can be ordered.

Rules of this module:

1. It does what the real one does with a Lease: a write has to bear the version that it rests on, and the `uid` if it
   bears one; a Lease that was deleted and made anew has another `uid`; every write is another version.
2. Beside the faults that all simulators have (`platforms/simulation.py`), it can freeze: a request that arrives then is
   carried out when it thaws, though nobody may be waiting for the answer any more. And it can be dead: nothing arrives.

Over HTTP, beside `/_sim/faults` and `/_sim/requests`: `PUT /_sim/state` with `{"state": "up" | "frozen" | "dead"}`.
"""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from platforms.simulation import Draw, Operation, Stage
from platforms.transport import Clock

TOKEN = "simulated-service-account"  # noqa: S105  the simulator's own
State = Literal["up", "frozen", "dead"]
_ALL = "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
_REASONS = {401: "Unauthorized", 404: "NotFound", 409: "Conflict", 422: "Invalid"}


class ApiServer:
    """An ASGI app. `leases` are the Leases by namespace and name; `token` is the one that it accepts."""

    def __init__(self, clock: Clock, draw: Draw) -> None:
        self.leases: dict[tuple[str, str], Mapping[str, object]] = {}
        self.token = TOKEN
        self._numbers = count(1)
        self._up = asyncio.Event()
        self._up.set()
        self._state: State = "up"
        self._late: set[asyncio.Task[None]] = set()
        self.stage = Stage(self._app(), _identified, clock, draw)

    def set_state(self, state: State) -> None:
        """Be up, frozen or dead from now on; what waited is carried out when it is up again."""
        self._state = state
        if state == "dead":
            for late in self._late:
                late.cancel()
        if state == "frozen":
            self._up.clear()
        else:
            self._up.set()

    def delete(self, namespace: str, name: str) -> None:
        """As `kubectl delete lease` does."""
        self.leases.pop((namespace, name), None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is not HTTP."""
        if scope["type"] != "http" or scope["path"].startswith("/_sim/"):
            await self.stage(scope, receive, send)
        elif self._state == "dead":
            raise ConnectionRefusedError("the simulated API server is dead on purpose")
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry the request out when not frozen, whether or not somebody still waits for it."""
        body = await Request(scope, receive).body()
        gone = False

        async def kept() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def answer(message: Message) -> None:
            if not gone:
                await send(message)

        async def perform() -> None:
            await self._up.wait()
            await self.stage(scope, kept, answer)

        late = asyncio.create_task(perform())
        self._late.add(late)
        late.add_done_callback(self._late.discard)
        try:
            await asyncio.wait({late})
        finally:
            gone = True
        if late.cancelled():
            raise ConnectionResetError("the simulated API server died on purpose")
        late.result()

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(_ALL, self._create, methods=["POST"]),
                Route(f"{_ALL}/{{name}}", self._get, methods=["GET"]),
                Route(f"{_ALL}/{{name}}", self._replace, methods=["PUT"]),
                Route("/_sim/state", self._control, methods=["PUT"]),
            ]
        )

    async def _control(self, request: Request) -> Response:
        self.set_state((await request.json())["state"])
        return JSONResponse({"state": self._state})

    async def _get(self, request: Request) -> Response:
        if not self._is_known(request):
            return _status(401)
        lease = self.leases.get(_place(request))
        return _status(404) if lease is None else JSONResponse(lease)

    async def _create(self, request: Request) -> Response:
        if not self._is_known(request):
            return _status(401)
        given = await request.json()
        namespace, name = request.path_params["namespace"], given["metadata"]["name"]
        if (namespace, name) in self.leases:
            return _status(409)
        uid = f"uid-{next(self._numbers)}"
        return self._keep((namespace, name), given, {**given["metadata"], "namespace": namespace, "uid": uid}, 201)

    async def _replace(self, request: Request) -> Response:
        if not self._is_known(request):
            return _status(401)
        given, present = await request.json(), self.leases.get(_place(request))
        if present is None:
            return _status(404)
        wished, there = given["metadata"], _metadata(present)
        if not wished.get("resourceVersion"):
            return _status(422)
        if wished["resourceVersion"] != there["resourceVersion"] or wished.get("uid", there["uid"]) != there["uid"]:
            return _status(409)
        return self._keep(_place(request), given, {**wished, "uid": there["uid"]}, 200)

    def _keep(
        self, place: tuple[str, str], given: Mapping[str, object], metadata: Mapping[str, object], status: int
    ) -> Response:
        version = {"resourceVersion": str(next(self._numbers))}
        self.leases[place] = {**given, "metadata": {**metadata, **version}}
        return JSONResponse(self.leases[place], status)

    def _is_known(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.token}"


def _place(request: Request) -> tuple[str, str]:
    return request.path_params["namespace"], request.path_params["name"]


def _metadata(lease: Mapping[str, object]) -> Mapping[str, object]:
    metadata = lease["metadata"]
    return metadata if isinstance(metadata, Mapping) else {}


def _identified(method: str, path: str) -> Operation:
    name = {"GET": "leases.get", "POST": "leases.create", "PUT": "leases.update"}.get(method, "other")
    return Operation(name, "read" if method == "GET" else "write")


def _status(code: int) -> Response:
    """An error as the API server words it."""
    reason = _REASONS[code]
    return JSONResponse(
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}, code
    )
