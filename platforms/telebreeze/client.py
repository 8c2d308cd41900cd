"""The endpoints of the operator API, one short method each (Telebreeze contract, Declared).

Rules of this module:

1. Success is what the contract says it looks like: a 200 with a proxy's page is none.
2. 404 means "no such" only if the API said it, with a JSON object or with nothing, and only where one customer was
   asked for. Any other 404 is a wrong path or a proxy's.
"""

from collections.abc import Mapping

from platforms.driver import PlatformError, Transient
from platforms.listing import Listed, Unread
from platforms.paging import Page
from platforms.telebreeze.session import Session
from platforms.telebreeze.wire import JsonObject, Wire, refusal
from platforms.transport import Answer, Clock, Request, segment, unexpected

ONE = "a customer"


class Client:
    """Calls and their answers, in the platform's words."""

    def __init__(self, session: Session, wire: Wire, clock: Clock) -> None:
        self._session = session
        self._dialect = wire.dialect
        self._reader = wire.customers
        self._clock = clock

    async def packages(self, offset: int) -> Page[JsonObject]:
        """A page of the packages on offer."""
        return await self._page(Request("packages.list", "GET", self._dialect.paths.packages), offset)

    async def customers(self, offset: int) -> Page[Listed]:
        """A page of all customers, read as far as it takes to compare them."""
        read_at, operation = self._clock.now(), "customers.list"
        answer = await self._part(Request(operation, "GET", self._dialect.paths.customers), offset)
        page = self._reader.page(answer.body, read_at)
        if page is None:
            answer.object("a list")
            raise self._no_list(answer, operation)
        rows, count = page
        return Page(rows, _number(count), read_at, rows.ids if isinstance(rows, Unread) else None)

    async def find(self, external_id: str, offset: int) -> Page[JsonObject]:
        """A page of the customers whose external id the platform thinks matches."""
        wanted = {self._dialect.customer.external_id: external_id}
        return await self._page(Request("customers.find", "GET", self._dialect.paths.customers, params=wanted), offset)

    async def customer(self, record_id: str) -> JsonObject | None:
        """One customer, `None` if there is no such."""
        request = Request("customers.get", "GET", self._one(record_id))
        answer = await self._session.request(request)
        if answer.status == 404 and _says_gone(answer):
            return None
        if answer.status != 200:
            raise _unforeseen(answer, request.operation)
        return answer.object(ONE)

    async def create(self, payload: JsonObject) -> JsonObject:
        """Make a customer; `Rejected` for what the platform refuses (409, 422)."""
        request = Request("customers.create", "POST", self._dialect.paths.customers, json=payload)
        return (await self._write(request, payload, (200, 201))).object("the new customer")

    async def change(self, record_id: str, payload: JsonObject) -> None:
        """Change the given fields of a customer; `Transient` if it is gone, `Rejected` for what is refused."""
        request = Request("customers.update", "PATCH", self._one(record_id), json=payload)
        answer = await self._write(request, payload, (200, 204, 404))
        if answer.status == 404:
            raise Transient(f"{answer.target} has no such customer any more ({request.operation})")
        if answer.status == 200:
            answer.object("the changed customer")

    async def delete(self, record_id: str) -> None:
        """Remove a customer; one that is gone is removed."""
        request = Request("customers.delete", "DELETE", self._one(record_id))
        answer = await self._write(request, {}, (200, 204, 404))
        if answer.status == 404 and not _says_gone(answer):
            raise _unforeseen(answer, request.operation)
        if answer.status == 200:
            answer.object("the removal")

    async def transactions(self, after: str) -> tuple[list[object], str]:
        """Some sales since a cursor, and the next cursor."""
        names, operation = self._dialect.feed, "transactions.list"
        params: dict[str, str | int] = {names.limit: names.page_size, **({names.after: after} if after else {})}
        answer = await self._session.request(Request(operation, "GET", self._dialect.paths.transactions, params=params))
        if answer.status != 200:
            raise _unforeseen(answer, operation)
        body = answer.object("the feed of sales", exact=True)
        rows, following = body.get(names.rows), body.get(names.next)
        if not isinstance(rows, list) or not isinstance(following, str | int) or isinstance(following, bool):
            raise answer.unreadable(operation, f"a list of {names.rows!r} with a cursor in {names.next!r}")
        return rows, str(following)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._session.aclose()

    def _one(self, record_id: str) -> str:
        return self._dialect.paths.customer.replace("{id}", segment(record_id))

    async def _write(self, request: Request, payload: JsonObject, fine: tuple[int, ...]) -> Answer:
        answer = await self._session.request(request)
        if answer.status in (409, 422):
            raise refusal(answer, payload, self._dialect)
        if answer.status not in fine:
            raise _unforeseen(answer, request.operation)
        return answer

    async def _page(self, request: Request, offset: int) -> Page[JsonObject]:
        names, read_at = self._dialect.listing, self._clock.now()
        answer = await self._part(request, offset)
        body = answer.object("a list")
        rows = body.get(names.rows)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._no_list(answer, request.operation)
        return Page(rows, _number(body.get(names.count)), read_at)

    async def _part(self, request: Request, offset: int) -> Answer:
        """The answer that should hold a part of a list."""
        names = self._dialect.listing
        params = {names.limit: names.page_size, names.offset: offset, **(request.params or {})}
        answer = await self._session.request(Request(request.operation, request.method, request.path, params=params))
        if answer.status != 200:
            raise _unforeseen(answer, request.operation)
        return answer

    def _no_list(self, answer: Answer, operation: str) -> Transient:
        return answer.unreadable(operation, f"a list of {self._dialect.listing.rows!r}")


def _unforeseen(answer: Answer, operation: str) -> PlatformError:
    if answer.status == 404:
        hint = "check its url and dialect.paths in the configuration"
        return Transient(f"{answer.target} answered {operation} with HTTP 404, as if there were no such path; {hint}")
    return unexpected(answer, operation)


def _says_gone(answer: Answer) -> bool:
    if not answer.body:
        return True
    try:
        return isinstance(answer.json(ONE), Mapping)
    except Transient:
        return False


def _number(stated: object) -> int | None:
    """The total a list states, as a number or as its text; `None` where it makes no sense."""
    text = str(stated).strip() if isinstance(stated, int | str) and not isinstance(stated, bool) else ""
    return int(text) if text.isdecimal() else None
