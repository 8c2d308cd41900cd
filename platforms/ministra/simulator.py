"""An ASGI app that behaves like a Ministra portal (Ministra contract), its traps included.

Besides the platform's REST API v1, the viewers' log-in of v2 and the faults of `platforms.simulation` it answers,
uncounted and without credentials:

- `GET /_sim/users`: everything, passwords, events and reboots included; `POST`, and `PATCH|DELETE /_sim/users/{login}`:
  what somebody does by hand, unchecked, in the fields that `GET` shows.
"""

from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from platforms.ministra.simulated import TEXTS, WRITABLE, Plan, Portal, Refused, User
from platforms.simulation import Draw, Operation, Stage
from platforms.transport import Clock

USERNAME = PASSWORD = "simulated"  # noqa: S105 - of the simulator
PLANS: Mapping[str, Plan] = {
    "basic": Plan(mandatory=("base",), optional=("sport", "kids")),
    "family": Plan(mandatory=("base",), optional=("sport", "kids", "cinema")),
    "trial": Plan(mandatory=("base",)),
}
DEFAULT_PLAN = "trial"
API = "/stalker_portal/api"
_MAC_LENGTH = 12

Form = Mapping[str, list[str]]
Ids = Sequence[str] | None


class MinistraSimulator:
    """The app. `portal` is what it holds; `faults` and `requests` are those of its stage.

    `is_enabled`: whether the API is. `stray_output`: PHP notices in every answer. `bare_numbers`: a status is a number,
    not its text.
    """

    def __init__(
        self,
        clock: Clock,
        draw: Draw,
        *,
        username: str = USERNAME,
        password: str = PASSWORD,
        plans: Mapping[str, Plan] | None = None,
    ) -> None:
        self.portal = Portal(clock, PLANS if plans is None else plans, DEFAULT_PLAN)
        self.is_enabled = True
        self.stray_output = False
        self.bare_numbers = False
        self._credentials = (username, password)
        self._stage = Stage(Starlette(routes=self._routes()), identify, clock, draw)
        self.faults = self._stage.faults
        self.requests = self._stage.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._stage(scope, receive, send)

    def _routes(self) -> list[Route]:
        return [
            Route(f"{API}/{{rest:path}}", self._api, methods=["GET", "POST", "PUT", "DELETE"]),
            Route("/stalker_portal/auth/token.php", self._log_in, methods=["POST"]),
            Route("/_sim/users", self._dump, methods=["GET"]),
            Route("/_sim/users", self._create_by_hand, methods=["POST"]),
            Route("/_sim/users/{login:path}", self._change_by_hand, methods=["PATCH"]),
            Route("/_sim/users/{login:path}", self._delete_by_hand, methods=["DELETE"]),
        ]

    async def _api(self, request: Request) -> Response:
        if not self.is_enabled:
            return PlainTextResponse("API not enabled", 404)
        if request.headers.get("authorization") != _basic(*self._credentials):
            return _json({"status": "ERROR", "results": "", "error": "401 Unauthorized request"}, 401)
        resource, ids = _asked(request.path_params["rest"])
        form = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
        try:
            answer = {"status": "OK", "results": self._handler(resource)(request.method, ids, form)}
        except Refused as refused:
            answer = {"status": "ERROR", "results": None, "error": str(refused)}
        return _json({**answer, "output": "PHP Notice: undefined index"} if self.stray_output else answer)

    def _handler(self, resource: str) -> Callable[[str, Ids, Form], object]:
        handlers: Mapping[str, Callable[[str, Ids, Form], object]] = {
            "accounts": self._accounts,
            "users": self._users,
            "account_subscription": self._subscription,
            "tariffs": self._tariffs,
            "services_package": self._services,
            "send_event": self._send_event,
        }
        if resource not in handlers:
            raise Refused("Resource not found")
        return handlers[resource]

    def _accounts(self, method: str, ids: Ids, form: Form) -> object:
        found = self.portal.by_mac(ids) if _are_macs(ids) else self.portal.by_number(ids)
        return self._on_users(method, ids, form, found)

    def _users(self, method: str, ids: Ids, form: Form) -> object:
        found = self.portal.by_mac(ids) if _are_macs(ids) else self.portal.by_login(ids)
        results = self._on_users(method, ids, form, found)
        return results[0] if isinstance(results, list) and results else results

    def _on_users(self, method: str, ids: Ids, form: Form, found: list[User]) -> object:
        fields = {name: values[-1] for name, values in form.items()}
        if method == "POST":
            self.portal.create(fields)
            return True
        if method == "GET":
            _require_all(ids, found)
            return [self._shown(user) for user in found]
        _require_one(ids, found)
        if method == "PUT":
            self.portal.change(found, fields)
        else:
            self.portal.delete(found)
        return True

    def _subscription(self, method: str, ids: Ids, form: Form) -> object:
        are_macs = ids is not None and len(ids[0].encode()) >= _MAC_LENGTH
        found = self.portal.by_mac(ids) if are_macs else self.portal.by_number(ids)
        if ids is not None:
            _require_one(ids, found)
        if method == "GET":
            return [{"mac": user.mac or None, **self._addons(user)} for user in found]
        add, remove = form.get("subscribed[]", []), form.get("unsubscribed[]", [])
        if method != "DELETE" and not add and not remove:
            raise Refused("Insert data is empty")
        changed = [self._subscribe(method, user, add, remove) for user in found]
        return all(changed)

    def _subscribe(self, method: str, user: User, add: Collection[str], remove: Collection[str]) -> bool:
        on = self.portal.subscribed(user)
        if method == "DELETE":
            return self.portal.subscribe(user, (), on)
        return self.portal.subscribe(user, add, remove if method == "PUT" else set(on) - set(add))

    def _tariffs(self, method: str, ids: Ids, form: Form) -> object:
        numbered = enumerate(self.portal.plans.items(), start=1)
        plans = [
            {
                "id": str(number),
                "external_id": name,
                "name": name.title(),
                "user_default": str(int(name == self.portal.default_plan)),
                "packages": [_package(each, "0") for each in plan.mandatory]
                + [_package(each, "1") for each in plan.optional],
            }
            for number, (name, plan) in numbered
        ]
        return plans if ids is None else next((plan for plan in plans if plan["id"] == ids[0]), None)

    def _services(self, method: str, ids: Ids, form: Form) -> object:
        plans = self.portal.plans.values()
        names = dict.fromkeys(name for plan in plans for name in (*plan.mandatory, *plan.optional))
        return [{"id": str(number), **_package(name)} for number, name in enumerate(names, start=1)]

    def _send_event(self, method: str, ids: Ids, form: Form) -> object:
        found = self.portal.by_mac(ids) if _are_macs(ids) else self.portal.by_number(ids)
        for user in found:
            user.events += form.get("event", [])
        return bool(found)

    def _shown(self, user: User) -> Mapping[str, object]:
        texts = {name: user.texts.get(name, "") for name in TEXTS if name != "end_date"}
        seen = {"stb_sn": "", "stb_type": "", "online": "0", "ip": "", "version": "", "last_active": ""}
        status = int(user.is_on) if self.bare_numbers else str(int(user.is_on))
        named = {"login": user.login, "tariff_plan": self.portal.plan_of(user), "status": status}
        return {**named, **texts, **seen, **self._addons(user)}

    def _addons(self, user: User) -> Mapping[str, object]:
        subscribed = self.portal.subscribed(user)
        return {"subscribed": subscribed, "subscribed_id": [str(place) for place, _ in enumerate(subscribed, start=1)]}

    async def _log_in(self, request: Request) -> Response:
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        user = next(iter(self.portal.by_login([given.get("username", "")])), None)
        if given.get("grant_type") != "password":
            return _json({"error": "unsupported_grant_type"})
        if user is None or not user.password or user.password != given.get("password"):
            return _json({"error": "invalid_client"})
        if not user.is_on:
            return _json({"error": "access_denied"})
        return _json({"token_type": "bearer", "access_token": f"viewer-{user.login}", "user_id": user.login})

    async def _dump(self, _: Request) -> Response:
        shown = [
            {
                **self._shown(user),
                "password": user.password,
                "rows": sorted(self.portal.rows.get(user.login.lower(), ())),
                "events": user.events,
                "reboots": user.reboots,
                "switched_at": user.switched_at,
            }
            for user in self.portal.users
        ]
        return _json({"rows": shown})

    async def _create_by_hand(self, request: Request) -> Response:
        user = User("")
        self.portal.users.append(user)
        return await self._write_by_hand(request, user)

    async def _change_by_hand(self, request: Request) -> Response:
        found = self.portal.by_login([request.path_params["login"]])
        return await self._write_by_hand(request, found[0]) if found else _json({"message": "no such user"}, 404)

    async def _delete_by_hand(self, request: Request) -> Response:
        found = self.portal.by_login([request.path_params["login"]])
        self.portal.delete(found)
        return Response(status_code=204 if found else 404)

    async def _write_by_hand(self, request: Request, user: User) -> Response:
        """What PUT takes, and `rows`: the add-on rows, whatever the plan."""
        given = msgspec.json.decode(await request.body(), type=dict[str, object])
        fields = {name: str(value) for name, value in given.items() if name in WRITABLE}
        if fields:
            self.portal.change([user], fields)
        rows = given.get("rows")
        if isinstance(rows, list):
            self.portal.rows[user.login.lower()] = {str(name) for name in rows}
        return _json(self._shown(user))


def identify(method: str, path: str) -> Operation:
    """The operation a request stands for."""
    if not path.startswith(f"{API}/"):
        return Operation("player.login", "none")
    resource, _, one = path.removeprefix(f"{API}/").partition("/")
    verb = {"GET": "get" if one else "list", "POST": "create", "PUT": "update", "DELETE": "delete"}.get(method, "other")
    return Operation(f"{resource}.{verb}", "read" if method == "GET" else "write")


def _asked(path: str) -> tuple[str, Ids]:
    """The resource and the ids: a slash ends an id, a comma separates two, and "0" at the end counts as nothing."""
    parts = path.split("/")
    if parts[-1] in ("", "0"):
        parts.pop()
    return (parts[0] if parts else ""), (parts[1].split(",") if len(parts) > 1 else None)


def _are_macs(ids: Ids) -> bool:
    return ids is not None and len(ids[0].encode()) >= _MAC_LENGTH and ":" in ids[0]


def _require_all(ids: Ids, found: Collection[User]) -> None:
    if ids is not None and len(ids) == 1 and not found:
        raise Refused("Account not found")
    if ids is not None and len(ids) > len(found):
        raise Refused("One or more identifiers are incorrect")


def _require_one(ids: Ids, found: Collection[User]) -> None:
    if ids is None:
        raise Refused("Identifier required")
    if len(ids) == 1 and not found:
        raise Refused("Account not found")
    if len(ids) > 1:
        raise Refused("Only one identifier allowed")


def _package(name: str, optional: str | None = None) -> dict[str, str]:
    shown = {"external_id": name, "name": name.title(), "type": "tv"}
    return shown if optional is None else {**shown, "optional": optional}


def _basic(username: str, password: str) -> str:
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
