"""Log-in to the operator API: one token for all calls, fetched when needed.

Rules of this module:

1. A token is used for nine tenths of the life it was given. One log-in at a time; everybody waits for it.
2. A call that is answered 401 is repeated once, with a token other than the one refused. A second 401 stands.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from platforms.driver import PlatformError, Transient, Unavailable
from platforms.telebreeze.dialect import Dialect
from platforms.transport import Answer, Clock, Request, Transport, unexpected

_USED_SHARE = 0.9
_ASSUMED_LIFE = 600.0  # seconds, where the platform states none


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    good_until: float


class Session:
    """Requests with a valid token."""

    def __init__(self, transport: Transport, api_key: str, dialect: Dialect, clock: Clock) -> None:
        self._transport = transport
        self._api_key = api_key
        self._dialect = dialect
        self._clock = clock
        self._token: _Token | None = None
        self._login = asyncio.Lock()

    async def request(self, request: Request) -> Answer:
        """The answer to the request; `Unavailable` where the API key is refused."""
        token = await self._valid_token(refused=None)
        answer = await self._send(request, token)
        if answer.status == 401:
            answer = await self._send(request, await self._valid_token(refused=token))
        return answer

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._transport.aclose()

    async def _send(self, request: Request, token: _Token) -> Answer:
        headers = {"authorization": f"{self._dialect.session.scheme} {token.text}"}
        return await self._transport.request(replace(request, headers=headers))

    async def _valid_token(self, refused: _Token | None) -> _Token:
        async with self._login:
            token = self._token
            if token is None or token is refused or token.good_until <= self._clock.monotonic():
                token = self._token = await self._new_token()
            return token

    async def _new_token(self) -> _Token:
        names = self._dialect.session
        began = self._clock.monotonic()
        form = {names.api_key: self._api_key}
        answer = await self._transport.request(Request("auth.token", "POST", self._dialect.paths.token, form=form))
        if answer.status not in (200, 201):
            raise _refused(answer)
        body = answer.json("the log-in")
        stated: Mapping[object, object] = body if isinstance(body, Mapping) else {}
        text = stated.get(names.access_token)
        if not (isinstance(text, str) and text and text.isascii() and text.isprintable()):
            raise Transient(f"{answer.target} answered the log-in without a usable {names.access_token!r}")
        return _Token(text, began + _USED_SHARE * _life(stated.get(names.expires_in)))


def _refused(answer: Answer) -> PlatformError:
    """A log-in concerns everybody: whatever will not pass by itself is for the operator to mend."""
    error = unexpected(answer, "the log-in")
    if isinstance(error, Transient):
        return error
    return Unavailable(
        f"{answer.target} refused the log-in with HTTP {answer.status}: check api_key and url of platform"
        f" {answer.target!r} in the configuration"
    )


def _life(stated: object) -> float:
    try:
        life = float(str(stated))
    except ValueError:
        return _ASSUMED_LIFE
    return life if 0 < life < float("inf") else _ASSUMED_LIFE
