"""The taps: on the wires to billing and platforms, and on the connection to the database.

Rules of this module:

1. A tap numbers what passes, lets a fault strike before it or after it, and changes nothing else.
2. What passes belongs to one life; once that is over, nothing passes any more.
"""

import sqlite3  # noqa: TID251  the connection is tapped
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import httpx
import msgspec
from starlette.types import ASGIApp

from controller.demo.check import WORDS
from platforms.transport import Http
from tests.harness.crossings import Kind

if TYPE_CHECKING:
    from tests.harness.site import Site


class Killed(BaseException):
    """The process is dead. No code of the product may catch it."""


class Life:
    """One process's: whether it is over, what happens then, and the connection that the system closes for it."""

    def __init__(self) -> None:
        self.is_over = False
        self.connection: sqlite3.Connection | None = None
        self.afterwards: Callable[[], None] | None = None

    def check(self) -> None:
        """Nothing is done by the dead."""
        if self.is_over:
            raise Killed

    def close(self) -> None:
        """The system closes the file; SQLite takes back what was not committed."""
        if self.connection is not None:
            self.connection.close()
        if self.afterwards is not None:
            self.afterwards()


class Wire(httpx.AsyncBaseTransport):
    """A carrier of requests, tapped."""

    def __init__(self, site: "Site", target: str, carrier: Http) -> None:
        self._site, self._life = site, site.life
        self._target = target
        self._carrier = carrier

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._life.check()
        site, kind = self._site, self._kind(request)
        answers = site.tap.history.setdefault((self._target, f"{request.method} {request.url}", request.content), [])
        passage = site.tap.cross(kind, self._target, f"{_operation(request)}{site.purpose}", past=answers[::-1])
        answer = passage.before(site) or await self._carried(request, kind)
        if self._target in WORDS:
            site.restraint.answered(self._target, answer.status_code, site.world.now())
        if kind not in (Kind.PLATFORM_WRITE, Kind.BOOKING):
            site.tap.answered(passage.crossing, answer)
            answers.append(answer)
        if kind is Kind.FEED_READ:
            site.tap.feeds.setdefault(self._target, []).append(answer)
        answered = passage.after(site, answer)
        self._life.check()
        assert answered is not None
        return answered

    async def _carried(self, request: httpx.Request, kind: Kind) -> httpx.Response:
        site, is_write = self._site, kind is Kind.PLATFORM_WRITE
        if site.down.get(self._target, 0) > site.world.monotonic():
            raise httpx.ConnectError("nobody is there (on purpose)")
        announced = site.announced_calls(self._target) if is_write else {}
        status = 0
        try:
            response = await self._carrier.handle_async_request(request)
            status, content = response.status_code, await response.aread()
        finally:
            if is_write:
                done = site.chronicle.written(self._target, site.dumped(self._target), announced, status)
                site.restraint.done(self._target, done, site.world.now())
        return httpx.Response(response.status_code, headers=response.headers, content=content)

    def _kind(self, request: httpx.Request) -> Kind:
        if request.url.path.endswith(_FEEDS):
            return Kind.FEED_READ
        if self._target in WORDS:
            is_read = request.method == "GET" or request.url.path.endswith("/access-token")
            return Kind.PLATFORM_READ if is_read else Kind.PLATFORM_WRITE
        return Kind.BOOKING if request.url.path.endswith("/make_transaction") else Kind.BILLING_READ


class _Connection:
    """A connection to the database whose transactions are tapped; all else is the connection's own."""

    def __init__(self, site: "Site", connection: sqlite3.Connection) -> None:
        self._site, self._life = site, site.life
        self._connection = connection
        self._changes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        self._life.check()
        if sql == "BEGIN IMMEDIATE":
            self._changes = self._connection.total_changes
            self._site.tap.cross(Kind.BEGIN, "store", f"begin{self._site.purpose}").before(self._site)
            self._site.check_store(sqlite3.SQLITE_BUSY)
        return self._connection.execute(sql, parameters)

    def commit(self) -> None:
        self._life.check()
        changes = self._connection.total_changes != self._changes
        passage = self._site.tap.cross(Kind.COMMIT, "store", f"commit{self._site.purpose}", changes=changes)
        passage.before(self._site)
        if changes:
            self._site.check_store(sqlite3.SQLITE_FULL)
        self._connection.commit()
        passage.after(self._site)


def tapped(site: "Site", connection: sqlite3.Connection) -> sqlite3.Connection:
    """The same connection to whoever uses it."""
    return cast(sqlite3.Connection, _Connection(site, connection))


def glimpse(app: ASGIApp, path: str, told: object = None) -> Mapping[str, object]:
    """What a simulator answers of itself, without an instant passing and without any turn of the event loop.

    What it is `told` is sent as JSON.
    """
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        body = b"" if told is None else msgspec.json.encode(told)
        return {"type": "http.request", "body": body, "more_body": False}

    asking = app({**_SCOPE, "path": path, "method": "GET" if told is None else "POST"}, receive, send)
    try:
        cast(Any, asking).send(None)
    except StopIteration:
        content = b"".join(message.get("body", b"") for message in sent)
        return msgspec.json.decode(content, type=dict[str, object])
    raise AssertionError(f"{path} was not answered at once")


_FEEDS = ("/transactions", "/Purchases")
_SCOPE: Mapping[str, Any] = {
    "type": "http",
    "headers": (),
    "query_string": b"",
    "root_path": "",
    "scheme": "http",
    "server": ("sim", 80),
}


def _operation(request: httpx.Request) -> str:
    """Method and path; of billing's methods also whom they are about."""
    about = msgspec.json.decode(request.content).get("params", {}) if request.url.path.startswith("/rest/") else {}
    named = {name: about[name] for name in ("i_account", "id", "i_customer") if name in about}
    return " ".join(str(each) for each in (request.method, request.url.path, named or "") if each)
