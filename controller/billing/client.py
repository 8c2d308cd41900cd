"""Calls to PortaBilling's REST API (contract, section 1).

Rules of this module:

1. A call is `POST /rest/<Service>/<method>` with `{"params": {...}}`; the name of the operation is `<Service>/<method>`
   everywhere, in metrics too.
2. A fault about the session means that the call was not carried out: the session is renewed and the call repeated,
   once; and once more by a login, where a refresh gave a session that is refused as well. Nothing else is ever repeated
   here.
3. A fault that lets nobody in (a login refused or locked) opens billing's breaker, unless the present session goes on
   living; so does a session that is refused although it is new. A 500 with any other fault is a sound answer.
4. A fault of any other code is `BillingFault`, with HTTP 200 too: it is no answer. A 500 without a fault, and an answer
   that is no JSON object, are `Transient`: a proxy's page, a cut connection, or our address not being trusted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import msgspec

from controller.billing.faults import BillingFault, Meaning, fault_in
from controller.billing.session import Session, session_error
from controller.billing.settings import AddonsFrom, CustomFields
from controller.billing.wire import decode_object
from platforms.breaker import Breaker, Verdict
from platforms.driver import PlatformError, Rejected
from platforms.endpoint import Endpoint
from platforms.transport import Answer, Clock, Meter, Request, Transport, unexpected

T = TypeVar("T")

_JSON = {"content-type": "application/json"}
_BODY = msgspec.json.Encoder(decimal_format="number")  # an amount is written digit by digit
_FAULT = b'"faultcode"'
_LONGEST_FAULT = 64 * 1024  # bytes; what is longer is a list, and searching all of it would cost as much as decoding it
_NOBODY_LET_IN = (Meaning.LOGIN_REFUSED, Meaning.LOGIN_LOCKED, Meaning.PASSWORD_EXPIRED)

MAX_PAGE = 1000  # billing silently returns no more (contract, section 2.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingSettings:
    """One PortaBilling environment. `endpoint.url` is the web host's; `token` or `password` belongs to `login`."""

    endpoint: Endpoint
    login: str
    token: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    environment: int = 1
    page_size: int = MAX_PAGE
    custom_fields: CustomFields = field(default_factory=CustomFields)
    addons_from: AddonsFrom = "auto"

    @property
    def credentials(self) -> dict[str, str]:
        """The parameters of a login; a token goes before a password."""
        secret = {"token": self.token} if self.token else {"password": self.password or ""}
        return {"login": self.login, **secret}


class BillingClient:
    """One API user of one environment. Safe for any number of tasks; to be closed by `aclose`."""

    def __init__(
        self,
        settings: BillingSettings,
        clock: Clock,
        *,
        http: httpx.AsyncBaseTransport | None = None,
        meter: Meter | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        """`http` replaces the network, for tests; `breaker` is shared with whoever asks whether billing rests."""
        self.settings = settings
        self._clock = clock
        self._breaker = breaker if breaker is not None else Breaker()
        self._transport = Transport(settings.endpoint, clock, http=http, meter=meter, breaker=self._breaker)
        self._session = Session(settings.credentials, self._ask, clock)

    async def log_in(self) -> None:
        """Have a session. Raises `Unavailable` or `Transient` where there is none to be had."""
        await self._session.token()

    async def document(self, path: str) -> object:
        """A JSON document that the web host shows to anybody: no session is needed, and none is given away.

        Raises `PlatformError`.
        """
        answer = await self._transport.request(Request(path, "GET", path))
        if answer.status != 200:
            raise unexpected(answer, path)
        return answer.json(path)

    @property
    def session(self) -> Session:
        """The session, shared with whoever speaks to another API of the same installation."""
        return self._session

    async def call(self, operation: str, params: Mapping[str, object]) -> dict[str, object]:
        """The answer as JSON values, fractions as `Decimal`. Raises `PlatformError`."""
        return await self.read(operation, params, decode_object)

    async def read(self, operation: str, params: Mapping[str, object], decode: Callable[[bytes], T]) -> T:
        """The answer, decoded by a function that raises `ValueError` for what is no such answer.

        Raises `BillingFault` (this call is refused), `Transient`, or `Unavailable` (no session to be had).
        """
        token = await self._session.token()
        for another in (self._session.token_instead_of, self._session.token_by_login):
            try:
                return await self._authorised(operation, params, decode, token)
            except BillingFault as fault:
                _raise_unless_session_over(fault)
            token = await another(token)
        try:
            return await self._authorised(operation, params, decode, token)
        except BillingFault as fault:
            _raise_unless_session_over(fault)
        self._breaker.refuse(self._clock.monotonic())
        raise self._session.give_up(token)

    async def aclose(self) -> None:
        """Close all connections. The session is left to expire."""
        await self._transport.aclose()

    async def _authorised(
        self, operation: str, params: Mapping[str, object], decode: Callable[[bytes], T], token: str
    ) -> T:
        answer = await self._post(operation, params, decode, token)
        self._session.accepted(token)
        return answer

    async def _ask(self, operation: str, params: Mapping[str, object]) -> Mapping[str, object]:
        return await self._post(operation, params, decode_object, None)

    async def _post(
        self, operation: str, params: Mapping[str, object], decode: Callable[[bytes], T], token: str | None
    ) -> T:
        headers = _JSON if token is None else {**_JSON, "Authorization": f"Bearer {token}"}
        body = _BODY.encode({"params": dict(params)})
        answer = await self._transport.request(
            Request(operation, "POST", f"/rest/{operation}", headers=headers, content=body)
        )
        if answer.status in (200, 500) and _may_be_fault(answer.body) and (fault := fault_in(answer.body, operation)):
            if fault.meaning in _NOBODY_LET_IN and not self._session.is_living:
                answer.judged(Verdict.REFUSED)
            raise fault
        if answer.status != 200:
            raise _error(answer, operation)
        try:
            return decode(answer.body)
        except (ValueError, RecursionError):
            raise answer.unreadable(operation, "the JSON object it should be") from None


def _may_be_fault(body: bytes) -> bool:
    return len(body) <= _LONGEST_FAULT and _FAULT in body


def _raise_unless_session_over(fault: BillingFault) -> None:
    if fault.meaning in _NOBODY_LET_IN:
        raise session_error(fault) from None
    if fault.meaning is not Meaning.SESSION_OVER:
        raise fault


def _error(answer: Answer, operation: str) -> PlatformError:
    """What an answer means that is neither a 200 nor states a fault. Another status than 500 is a proxy's."""
    if answer.status == 500:
        return answer.trouble(
            f"{answer.target} answered {operation} with HTTP 500 and no fault in it: an outage, or our address is not"
            " among those that the API user may come from"
        )
    error = unexpected(answer, operation)
    if isinstance(error, Rejected):
        return answer.trouble(f"{answer.target} answered {operation} with HTTP {answer.status}: is the url right?")
    return error
