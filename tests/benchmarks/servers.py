"""PortaBilling and Telebreeze for any number of accounts, each in a process of its own.

They answer as the contracts say, as fast as can be, after a stated latency. `GET /_world` tells how many calls of each
operation there were, how many were under way at most, how often billing's list was begun, and when the platform was
written to; `DELETE` does so too, and has all this counted from zero; `POST /_world` changes accounts by hand, or the
latency, or orders a fault: `{"fault": {"kind": "status", "share": 0.3, "seconds": 12}}`. Beyond these few kinds
(`status`: 503, `hang`, `drop`: the connection) the simulators of the product are for faults.
"""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import msgspec
from aiohttp import web

from tests.benchmarks.population import (
    FIRST,
    OFFERED,
    PRODUCTS,
    Fields,
    custom_fields,
    customer,
    info,
    row,
)

_WRITING = ("POST", "PUT", "PATCH", "DELETE")
Handler = Callable[[web.BaseRequest], Awaitable[web.Response]]
_JSON = "application/json"
_TOKEN = "token-of-the-benchmark"
_HANGS = 60.0  # longer than anybody waits


class Writes:
    """The calls that changed something: how many, when the first came and the last was answered, and for whom."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self._count = 0
        self._first = self._last = 0.0

    def arrived(self, request: web.BaseRequest, now: float) -> None:
        """A call has come."""
        self._first = self._first or now
        self._count += 1
        customer_id = request.path.rpartition("/")[2]
        if customer_id[1:].isdecimal():
            self.at.setdefault(str(int(customer_id[1:])), now)

    def answered(self, now: float) -> None:
        """One is being answered."""
        self._last = now

    def told(self) -> dict[str, object]:
        """For whoever asks."""
        return {"written": self._count, "first": self._first, "last": self._last}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to an even `share` of the requests until an instant of `time.perf_counter`."""

    kind: str = ""
    share: float = 0.0
    until: float = 0.0

    def strikes(self, turn: int) -> bool:
        """Whether this request is one of them."""
        return perf_counter() < self.until and int(turn * self.share) > int((turn - 1) * self.share)

    async def strike(self, request: web.BaseRequest) -> web.Response:
        """What comes of the request."""
        if self.kind == "hang":
            await asyncio.sleep(_HANGS)
        elif self.kind == "drop" and request.transport is not None:
            request.transport.abort()
        return _json(b'{"message":"Service unavailable"}', 503)


class Server:
    """What both have in common: latency, counted calls, faults, and accounts that were changed by hand."""

    def __init__(self, accounts: int, latency: float) -> None:
        self.accounts = accounts
        self.latency = latency
        self.changed: dict[int, dict[str, object]] = {}
        self.calls: Counter[str] = Counter()
        self.writes = Writes()
        self.begun = 0
        self._fault = Fault()
        self._turns = 0
        self._under_way = 0
        self._most = 0

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        if request.path == "/_world":
            return await self._world(request)
        is_write = request.method in _WRITING and "/customers" in request.path
        if is_write:
            self.writes.arrived(request, perf_counter())
        self._under_way += 1
        self._most = max(self._most, self._under_way)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            self._turns += 1
            return await (self._fault.strike(request) if self._fault.strikes(self._turns) else self.answer(request))
        except ConnectionResetError:
            return _json(b"{}", 499)  # whoever asked has gone
        finally:
            self._under_way -= 1
            if is_write:
                self.writes.answered(perf_counter())

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """What the API answers."""
        raise NotImplementedError

    async def _world(self, request: web.BaseRequest) -> web.Response:
        if request.method == "POST":
            order = msgspec.json.decode(await request.read())
            self.latency = order.get("latency", self.latency)
            if fault := order.get("fault"):
                self._fault = Fault(fault["kind"], fault["share"], perf_counter() + fault["seconds"])
            for i_account in order.get("i_accounts", ()):
                self.changed.setdefault(i_account, {}).update(order["fields"])
        told = {"calls": self.calls, "most": self._most, "begun": self.begun, **self.writes.told()}
        if "writes" in request.query:
            told["at"] = self.writes.at
        if request.method == "DELETE":
            self.calls, self.writes, self.begun, self._most = Counter(), Writes(), 0, 0
        return _json(msgspec.json.encode(told))

    def _has(self, i_account: int) -> bool:
        return FIRST <= i_account < FIRST + self.accounts

    def _numbers(self, offset: int, limit: int) -> range:
        return range(FIRST + offset, FIRST + min(self.accounts, offset + limit))


class BillingServer(Server):
    """One environment of a PortaBilling."""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """A session, the list, one account, its custom fields, the products."""
        operation = request.path.removeprefix("/rest/")
        self.calls[operation] += 1
        params = msgspec.json.decode(await request.read() or b"{}").get("params", {})
        match operation:
            case "Session/login" | "Session/refresh_access_token":
                life = {"access_token": _TOKEN, "refresh_token": _TOKEN, "expires_at": "2099-01-01 00:00:00"}
                return _json(msgspec.json.encode(life))
            case "Account/get_account_list" if "i_customer" in params:
                return _json(self._of_customer(params["i_customer"]))
            case "Account/get_account_list":
                self.begun += params["offset"] == 0
                return _json(self._page(params["offset"], params["limit"]))
            case "Account/get_account_info":
                return _json(info(params["i_account"], self.changed.get(params["i_account"])))
            case "Account/get_custom_fields_values":
                return _json(custom_fields(params["i_account"]))
        products = [{"i_product": number, "name": name} for number, name in PRODUCTS[params["offset"] :]]
        return _json(msgspec.json.encode({"product_list": products}))

    def _of_customer(self, i_customer: int) -> bytes:
        theirs = (number for number in (2 * i_customer, 2 * i_customer + 1) if self._has(number))
        rows = [row(number, self.changed.get(number)) for number in theirs]
        return b'{"total":%d,"account_list":[%s]}' % (len(rows), b",".join(rows))

    def _page(self, offset: int, limit: int) -> bytes:
        changed = self.changed
        rows = b",".join([row(number, changed.get(number)) for number in self._numbers(offset, limit)])
        return b'{"total":%d,"account_list":[%s]}' % (self.accounts, rows)


class PlatformServer(Server):
    """One operator on Telebreeze; `is_empty` at first, or with every account's customer."""

    def __init__(self, accounts: int, latency: float, *, is_empty: bool) -> None:
        super().__init__(0 if is_empty else accounts, latency)
        self._made: dict[str, dict[str, object]] = {}
        self._lists: list[str] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """A token, the packages, and the customers."""
        path = request.path.removeprefix("/api/dashboard/")
        kind, _, customer_id = path.partition("/")
        what = "one" if customer_id else "found" if "externalId" in request.query else "list"
        self.calls[f"{kind} {what} {request.method}"] += 1
        match kind:
            case "auth":
                return _json(msgspec.json.encode({"accessToken": _TOKEN, "expiresIn": 86_400}))
            case "packages":
                rows = [{"id": name, "title": name.title(), "externalId": name} for name in OFFERED]
                return _json(msgspec.json.encode({"rows": rows, "count": len(rows)}))
            case "transactions":
                return _json(msgspec.json.encode({"rows": [], "next": request.query.get("after", "") or "c-0"}))
        if request.method == "POST":
            return self._create(msgspec.json.decode(await request.read()))
        if customer_id:
            return await self._one(request, customer_id)
        return _json(self._page(request))

    def _page(self, request: web.BaseRequest) -> bytes:
        wanted = request.query.get("externalId")
        offset, limit = int(request.query.get("offset", 0)), min(500, int(request.query.get("limit", 100)))
        if wanted is not None:
            found = [text for name, text in self._named(wanted) if name == wanted]
            return b'{"rows":[%s],"count":%d}' % (b",".join(found[offset : offset + limit]), len(found))
        changed = self.changed
        rows = [customer(number, changed.get(number)) for number in self._numbers(offset, limit)]
        begin = max(0, offset - self.accounts)
        made = self._lists[begin : begin + limit - len(rows)]
        rows += [msgspec.json.encode(self._made[each]) for each in made]
        return b'{"rows":[%s],"count":%d}' % (b",".join(rows), self.accounts + len(self._lists))

    def _named(self, wanted: str) -> Iterator[tuple[str, bytes]]:
        number = re.fullmatch(r"tv(\d+)_3", wanted)
        if number and self._has(int(number[1])):
            yield wanted, customer(int(number[1]), self.changed.get(int(number[1])))
        for each in self._made.values():
            if each["externalId"] == wanted:
                yield wanted, msgspec.json.encode(each)

    def _create(self, fields: dict[str, object]) -> web.Response:
        customer_id = f"n{len(self._lists):09d}"
        self._made[customer_id] = {**_BLANK, **fields, "id": customer_id}
        self._lists.append(customer_id)
        return _json(msgspec.json.encode(self._made[customer_id]), 201)

    async def _one(self, request: web.BaseRequest, customer_id: str) -> web.Response:
        i_account = int(customer_id[1:])
        made = self._made.get(customer_id)
        if made is None and not (customer_id[0] == "c" and self._has(i_account)):
            return _json(b'{"message":"Customer not found"}', 404)
        if request.method == "PATCH":
            fields: Fields = msgspec.json.decode(await request.read())
            (self.changed.setdefault(i_account, {}) if made is None else made).update(fields)
        if made is not None:
            return _json(msgspec.json.encode(made))
        return _json(customer(i_account, self.changed.get(i_account)))


_BLANK: Fields = {
    **dict.fromkeys(("status", "firstName", "lastName", "email", "phone", "country", "state", "city"), ""),
    **dict.fromkeys(("address", "zip", "username", "authMethod", "notes"), ""),
    "devices": [],
    "packages": [],
    "maxConcurrentConnections": 0,
}


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type=_JSON)


async def _serve(server: Server, port: int) -> None:
    runner = web.ServerRunner(web.Server(server))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main(kind: str, accounts: str, latency: str, port: str = "0") -> None:
    """`billing`, `platform` or `empty` (a platform with nobody yet); prints the port."""
    if kind == "billing":
        server: Server = BillingServer(int(accounts), float(latency))
    else:
        server = PlatformServer(int(accounts), float(latency), is_empty=kind == "empty")
    asyncio.run(_serve(server, int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
