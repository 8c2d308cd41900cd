"""The resources of Traxis.Web, one short method each (SeaChange contract, Declared).

Rules of this module:

1. Success is what the contract says it looks like: the expected document, of the customer that was asked for. A 200
   with a proxy's page is none.
2. "No such" is a 404 whose document says so (`NotFound`), and only where one customer was asked for. Any other 404 is
   a wrong path or a proxy's.
"""

from base64 import b64encode
from dataclasses import replace
from xml.etree.ElementTree import Element

from platforms.driver import PlatformError, Transient
from platforms.paging import Page
from platforms.seachange.markup import document, written
from platforms.seachange.wire import Wire, refusal
from platforms.transport import Answer, Clock, Request, Transport, unexpected

_XML = {"accept": "application/xml"}
_XML_BODY = {"content-type": "application/xml; charset=utf-8"}


def basic(username: str, password: str) -> str:
    """The value of the `Authorization` header."""
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"


class Client:
    """Calls and their answers, in the platform's words."""

    def __init__(self, transport: Transport, authorization: str, wire: Wire, clock: Clock) -> None:
        self._transport = transport
        self._authorization = authorization
        self._wire = wire
        self._dialect = wire.dialect
        self._clock = clock

    async def products(self) -> list[Element]:
        """The products on offer."""
        request = Request("products.list", "GET", self._dialect.paths.products)
        names = self._dialect.product
        return self._rows(await self._listed(request, names.products), names.product)

    async def customers(self, start: int) -> Page[Element]:
        """A page of all customers."""
        names = self._dialect.listing
        read_at = self._clock.now()
        params = {names.start: start, names.count: names.page_size}
        request = Request("customers.list", "GET", self._dialect.paths.customers, params=params)
        root = await self._listed(request, names.customers)
        return Page(self._rows(root, self._dialect.customer.customer), _number(root.get(names.total, "")), read_at)

    async def customer(self, record_id: str) -> Element | None:
        """One customer, `None` if there is no such."""
        request = Request("customers.get", "GET", self._wire.path(record_id))
        answer = await self._send(request)
        if self._says_gone(answer):
            return None
        if answer.status != 200:
            raise _unforeseen(answer, request.operation)
        return self._customer(answer, record_id)

    async def put(self, record_id: str, customer: Element, revision: str | None) -> None:
        """Store a customer, over that revision of it only; `None` where there is none yet.

        Raises `Transient` if somebody else came in between, `Rejected` for what the platform refuses (400, 409, 422).
        The contract does not promise that a platform heeds `If-None-Match`; one that does closes the moment in which
        somebody else might make a customer of this name.
        """
        condition = {"if-none-match": "*"} if revision is None else {"if-match": revision}
        body = written(customer, self._dialect.document.namespace)
        path, headers = self._wire.path(record_id), {**_XML_BODY, **condition}
        answer = await self._send(Request("customers.put", "PUT", path, headers=headers, content=body))
        if answer.status == 412:
            raise Transient(f"{answer.target} has another revision of customer {record_id!r} than was read (HTTP 412)")
        if answer.status in (400, 409, 422):
            raise refusal(answer, self._error(answer), customer, self._dialect)
        if answer.status not in (200, 201):
            raise _unforeseen(answer, "customers.put")
        self._customer(answer, record_id)

    async def delete(self, record_id: str) -> None:
        """Remove a customer; one that is gone is removed."""
        request = Request("customers.delete", "DELETE", self._wire.path(record_id))
        answer = await self._send(request)
        if answer.status == 200 and answer.body:
            raise answer.unreadable("the removal", "empty")
        if answer.status not in (200, 204) and not self._says_gone(answer):
            raise _unforeseen(answer, request.operation)

    async def purchases(self, since: int) -> tuple[list[Element], int]:
        """Some purchases since a sequence, and the sequence of the last; that given if there are none."""
        names = self._dialect.feed
        params = {names.since: since, names.count: names.page_size}
        request = Request("purchases.list", "GET", self._dialect.paths.purchases, params=params)
        root = await self._listed(request, names.purchases)
        last = _number(root.get(names.last, ""))
        if last is None:
            raise self._wire.strange("its purchases", f"a {names.last!r} that is no number")
        return self._rows(root, self._dialect.purchase.purchase), last

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._transport.aclose()

    async def _send(self, request: Request) -> Answer:
        headers = {**_XML, **request.headers, "authorization": self._authorization}
        return await self._transport.request(replace(request, headers=headers))

    async def _listed(self, request: Request, root: str) -> Element:
        answer = await self._send(request)
        if answer.status != 200:
            raise _unforeseen(answer, request.operation)
        return document(answer, self._wire.qualified(root), "a list")

    def _rows(self, root: Element, name: str) -> list[Element]:
        """The elements of a list, each of which has to have that name."""
        if any(child.tag != self._wire.qualified(name) for child in root):
            raise self._wire.strange("a list", f"something other than {name!r}")
        return list(root)

    def _customer(self, answer: Answer, record_id: str) -> Element:
        found = document(answer, self._wire.qualified(self._dialect.customer.customer), "a customer")
        if self._wire.customer_id(found) != record_id:
            raise self._wire.strange(f"customer {record_id!r}", "another customer")
        return found

    def _error(self, answer: Answer) -> Element:
        return document(answer, self._wire.qualified(self._dialect.error.error), "a refusal")

    def _says_gone(self, answer: Answer) -> bool:
        if answer.status != 404:
            return False
        try:
            return self._error(answer).get(self._dialect.error.code) == self._dialect.error.not_found
        except Transient:
            return False


def _unforeseen(answer: Answer, operation: str) -> PlatformError:
    if answer.status == 404:
        hint = "check its url and dialect.paths in the configuration"
        return Transient(f"{answer.target} answered {operation} with HTTP 404, as if there were no such path; {hint}")
    return unexpected(answer, operation)


def _number(stated: str) -> int | None:
    """The total a list states; `None` where it makes no sense."""
    return int(stated) if stated.strip().isdecimal() else None
