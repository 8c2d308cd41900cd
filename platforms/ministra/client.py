"""The endpoints of REST API v1, one short method each (Ministra contract).

Rules of this module:

1. The answer is HTTP 200 whatever happened; its `status` tells. A 200 without one (a PHP error page, a proxy's) says
   nothing about what became of the call: `Transient`.
2. "No such" is only what the API says in its own words about one user. Every other error of a read is unclear.
3. Bodies are forms: JSON would not be parsed, and an empty call could still be taken for a success.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from platforms.driver import PlatformError, Transient, Unavailable
from platforms.ministra.dialect import Dialect
from platforms.ministra.wire import Form, JsonObject, Wire, says
from platforms.transport import Answer, Clock, Request, Transport, segment, unexpected

Verb = Literal["POST", "PUT", "DELETE"]
Fields = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Connection:
    """Requests under the one static login of the API."""

    transport: Transport
    username: str = field(repr=False)
    password: str = field(repr=False)

    async def request(self, request: Request) -> Answer:
        """The answer to the request."""
        pair = b64encode(f"{self.username}:{self.password}".encode()).decode()
        return await self.transport.request(replace(request, headers={"authorization": f"Basic {pair}"}))


class Client:
    """Calls and their answers, in the platform's words."""

    def __init__(self, connection: Connection, wire: Wire, clock: Clock) -> None:
        self._connection = connection
        self._wire = wire
        self._dialect: Dialect = wire.dialect
        self._clock = clock

    async def tariffs(self) -> list[JsonObject]:
        """All tariff plans, with the packages each holds."""
        return await self._list(Request("tariffs.list", "GET", self._dialect.paths.tariffs))

    async def services(self) -> list[JsonObject]:
        """All packages that plans can hold."""
        return await self._list(Request("services.list", "GET", self._dialect.paths.services))

    async def users(self) -> tuple[list[JsonObject], datetime]:
        """All users, and when reading them began. The platform has no pages."""
        read_at = self._clock.now()
        return await self._list(Request("users.list", "GET", self._dialect.paths.accounts)), read_at

    async def user(self, login: str) -> JsonObject | None:
        """One user by login, `None` if there is no such."""
        said = await self._ask(Request("users.get", "GET", _one(self._dialect.paths.user, login)))
        if self._says_gone(said) or said.results == []:  # releases before 4.8 answer so
            return None
        if said.error or not isinstance(said.results, Mapping):
            raise self._unclear(said)
        return said.results

    async def owners(self, mac: str) -> list[JsonObject]:
        """The users that have this MAC."""
        return await self._found(Request("users.by_mac", "GET", _one(self._dialect.paths.owners, mac)))

    async def create(self, form: Form) -> None:
        """Make a user; `Rejected` for what the platform refuses."""
        await self._write("users.create", "POST", self._dialect.paths.users, form)

    async def change(self, login: str, form: Form) -> None:
        """Change the given fields of a user; `Transient` if it is gone, `Rejected` for what is refused."""
        await self._write("users.update", "PUT", _one(self._dialect.paths.user, login), form)

    async def delete(self, login: str) -> None:
        """Remove a user; one that is gone is removed."""
        operation = "users.delete"
        said = await self._write(operation, "DELETE", _one(self._dialect.paths.user, login), {}, may_be_gone=True)
        if said.results is False:
            raise Transient(f"{self._wire.platform} says that {operation} did nothing")

    async def addons(self, address: str) -> list[JsonObject]:
        """Whose add-ons are found by this address, an element for each."""
        return await self._found(Request("addons.get", "GET", _one(self._dialect.paths.subscription, address)))

    async def change_addons(self, address: str, add: frozenset[str], remove: frozenset[str]) -> None:
        """Add and remove add-ons in one call. What it answers tells only whether anything changed."""
        names = self._dialect.subscription
        lists = {names.add: sorted(add), names.remove: sorted(remove)}
        form = {name: values for name, values in lists.items() if values}
        await self._write("addons.update", "PUT", _one(self._dialect.paths.subscription, address), form)

    async def clear_addons(self, address: str) -> None:
        """Remove all add-ons that the user's plan offers."""
        path = _one(self._dialect.paths.subscription, address)
        await self._write("addons.delete", "DELETE", path, {}, may_be_gone=True)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._connection.transport.aclose()

    async def _list(self, request: Request) -> list[JsonObject]:
        return self._rows(await self._ask(request))

    async def _found(self, request: Request) -> list[JsonObject]:
        """The rows that an address finds, which may be none."""
        said = await self._ask(request)
        return [] if self._says_gone(said) else self._rows(said)

    def _rows(self, said: "_Said") -> list[JsonObject]:
        rows = said.results
        if said.error or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._unclear(said)
        return rows

    async def _write(
        self, operation: str, verb: Verb, path: str, form: Fields, *, may_be_gone: bool = False
    ) -> "_Said":
        said = await self._ask(Request(operation, verb, path, form=form or None))
        if said.error and not (may_be_gone and self._says_gone(said)):
            raise self._wire.refusal(said.error, operation, form)
        return said

    async def _ask(self, request: Request) -> "_Said":
        names = self._dialect.answer
        answer = await self._connection.request(request)
        if answer.status != 200:
            raise self._unforeseen(answer, request.operation)
        body = answer.json(request.operation)
        status = body.get(names.status) if isinstance(body, Mapping) else None
        if not isinstance(body, Mapping) or status not in (names.ok, names.failed):
            raise answer.unreadable(request.operation, f"a JSON object with a {names.status!r}")
        error = str(body.get(names.error) or "an error") if status == names.failed else ""
        return _Said(request.operation, body.get(names.results), error)

    def _says_gone(self, said: "_Said") -> bool:
        return says(said.error, self._dialect.error.no_account)

    def _unclear(self, said: "_Said") -> Transient:
        what = "an error that is not documented" if said.error else "results of another form than documented"
        return Transient(f"{self._wire.platform} answered {said.operation} with {what}")

    def _unforeseen(self, answer: Answer, operation: str) -> PlatformError:
        if answer.status != 404:
            return unexpected(answer, operation)
        if says(answer.body.decode(errors="replace"), self._dialect.error.disabled):
            return Unavailable(
                f"{answer.target} says that its API is not enabled; set enable_api in the portal's custom.ini"
            )
        hint = "check its url and dialect.paths in the configuration"
        return Transient(f"{answer.target} answered {operation} with HTTP 404, as if there were no such path; {hint}")


@dataclass(frozen=True, slots=True)
class _Said:
    operation: str
    results: object = field(repr=False)
    error: str = field(repr=False)


def _one(path: str, address: str) -> str:
    return path.replace("{id}", segment(address))
