"""The status page, at `/`: how all stands, and `/?account=ID`, everything about one account.

Rules of this module:

1. Nobody gets in without credentials: where none are configured, nobody does. They are compared in constant time.
2. It is read only: GET and HEAD, and nothing that it shows has to be fetched from anywhere.
3. Every answer carries the headers that leave a browser nothing to do but show it, and keep it nowhere.
"""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from controller.config.blocks import PageBlock
from controller.server.access import is_basic, is_bearer
from controller.server.drawing import Asked, Shown
from controller.server.html import STYLE_HASH, render
from controller.server.sight import Sight

_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src '{STYLE_HASH}'",
        "img-src data:",  # an empty icon, or browsers ask for one
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
}
_CHALLENGE = {"www-authenticate": 'Basic realm="iptv-reconciler", charset="UTF-8"'}
_NOT_CONFIGURED = (
    "Nobody may read the status page yet: set server.page.token in the configuration, or server.page.username and"
    " server.page.password."
)
_WHO = (
    "Show the token of server.page.token (Authorization: Bearer, or as the password of any user name), or the user name"
    " and password of server.page."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAccess:
    """What lets a reader in: the token as Bearer or as anybody's password, or the one user name with its password."""

    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @staticmethod
    def of(block: PageBlock | None) -> "PageAccess | None":
        """As it is configured; `None` where it is not."""
        if block is None:
            return None
        token, password = (each.get() if each is not None else None for each in (block.token, block.password))
        return PageAccess(token=token, username=block.username, password=password)

    def lets_in(self, request: Request) -> bool:
        """Whether the request shows any of it; all are compared, whatever the others came to."""
        by_token = [is_bearer(request, self.token), is_basic(request, None, self.token)] if self.token else []
        by_name = [is_basic(request, self.username, self.password)] if self.username and self.password else []
        return any([*by_token, *by_name])


@dataclass(frozen=True, slots=True)
class Page:
    """The page as an ASGI application."""

    sight: Sight
    access: PageAccess | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._answer(Request(scope))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _told(405, "This page can only be read", "Use GET.", {"allow": "GET, HEAD"})
        if self.access is None:
            return _told(403, "Not configured", _NOT_CONFIGURED)
        if not self.access.lets_in(request):
            return _told(401, "Who are you?", _WHO, _CHALLENGE)
        asked = request.query_params.get("account", "").strip()
        if not asked:
            return _response(await self.sight.overview())
        return _response(await self.sight.account(Asked(asked, request.query_params.get("billing") or None)))


def _told(status: int, title: str, text: str, headers: dict[str, str] | None = None) -> Response:
    return _response(Shown(status, render("message.html", title=title, text=text)), headers)


def _response(shown: Shown, headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(shown.html, shown.status, HEADERS | (headers or {}))
