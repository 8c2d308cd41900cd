"""`/espf/v1/`: the ESPF API (contract, section 7.3), as far as provisioning status goes.

Unlike `/rest` it answers with real HTTP statuses: 401 without a session, 403 without the right, 404 for an account or a
group that is not there. Which encodings of a body it takes differs between releases, and so here by a switch.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controller.billing.simulator.refusal import Refusal
from controller.billing.simulator.state import SimulatedAccount, ToldStatus
from controller.billing.simulator.world import World
from platforms.simulation import Operation

PREFIX = "/espf/v1/"
GROUPS = ("VoIP", "HSS", "PCRF", "IPTV", "WiMAX", "Netaccess", "NumberPortability", "LawfulInterception")
STATUSES = ("OK", "IN_PROGRESS", "RETRY", "FAILED")
MAX_MESSAGE = 4000
_ENCODINGS = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


class _Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def operation_of(method: str, path: str) -> Operation:
    """`ESPF/status` or `ESPF/groups`."""
    if path.rstrip("/").endswith("/status"):
        return Operation("ESPF/status", "write")
    return Operation("ESPF/groups", "read" if method == "GET" else "write")


class Espf:
    """The routes below `/espf/v1/`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route(f"{PREFIX}groups", self._groups),
            Route(f"{PREFIX}account/i/{{i_account:int}}/status", self._status, methods=["POST"]),
            Route(f"{PREFIX}account/{{id}}/status", self._status, methods=["POST"]),
        ]

    async def _groups(self, request: Request) -> Response:
        try:
            self._let_in(request)
        except _Refused as refused:
            return _refusal(refused)
        rows = [{"i_group": str(1 + n), "name": name, "is_custom": False} for n, name in enumerate(GROUPS)]
        return JSONResponse({"group_list": rows})

    async def _status(self, request: Request) -> Response:
        try:
            self._let_in(request)
            if self._world.switches.standalone_mode or not self._world.switches.espf_rights:
                raise _Refused(403, "Not allowed")
            given = _fields(await request.body(), self._accepted(request))
            told = _checked(self._account(request.path_params), given)
        except _Refused as refused:
            return _refusal(refused)
        self._world.installation.statuses.append(told)
        return JSONResponse({"success": 1})

    def _let_in(self, request: Request) -> None:
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and self._is_user(shown):
            return
        try:
            self._world.sessions.check(shown if scheme.lower() == "bearer" else None)
        except Refusal as refusal:
            raise _Refused(401, refusal.text) from None

    def _is_user(self, shown: str) -> bool:
        switches = self._world.switches
        try:
            return b64decode(shown).decode() == f"{switches.login}:{switches.password}"
        except (NotBase64, UnicodeDecodeError):
            return False

    def _accepted(self, request: Request) -> str:
        """The encoding of the body, if it is one that this release takes."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        wanted = self._world.switches.espf_encoding
        for name, content_type in _ENCODINGS.items():
            if kind == content_type and wanted in (name, "any"):
                return name
        raise _Refused(self._world.switches.espf_encoding_refusal, "Unsupported content")

    def _account(self, named: Mapping[str, object]) -> SimulatedAccount:
        installation = self._world.installation
        if "id" in named:
            account = installation.by_id(str(named["id"]))
        else:
            account = installation.accounts.get(int(str(named["i_account"])))
        if account is None:
            raise _Refused(404, "Account not found")
        return account


def _fields(body: bytes, encoding: str) -> dict[str, object]:
    try:
        if encoding == "json":
            return msgspec.json.decode(body, type=dict[str, object])
        return dict(parse_qsl(body.decode()))
    except ValueError:
        raise _Refused(400, "Malformed body") from None


def _checked(account: SimulatedAccount, given: Mapping[str, object]) -> ToldStatus:
    status, group, message = (str(given.get(name) or "") for name in ("status", "group", "message"))
    if group not in GROUPS:
        raise _Refused(404, "Group not found")
    if status not in STATUSES or len(message) > MAX_MESSAGE:
        raise _Refused(400, "Invalid value")
    return ToldStatus(account.i_account, status, group, message)


def _refusal(refused: _Refused) -> Response:
    return JSONResponse({"message": refused.text}, refused.status)
