"""Telling PortaBilling how the provisioning of an account stands: the ESPF API (contract, section 7.3).

Rules of this module:

1. It has a transport of its own: places and rate that the reads of the same installation do not have. However slow it
   is, no read waits for it.
2. It uses the session of the reads. Where the API does not accept it, billing is asked whether it is over: only then
   it is renewed, once. Else a right is missing, and a new session would cost the reads theirs and help nobody.
3. JSON by default. Where an encoding is refused the other one is tried, unless the configuration names one; what worked
   is `encoding` from then on.
"""

from dataclasses import dataclass
from typing import Literal

from controller.billing.session import Session
from controller.billing.wire import decode_object
from platforms.transport import Answer, Request, Transport, unexpected

STATUS = "ESPF/status"
PING = "Session/ping"
OPERATIONS = (STATUS, PING)
"""What its requests are called in metrics."""

MAX_MESSAGE = 4000  # characters

Encoding = Literal["json", "form"]
_OTHER: dict[Encoding, Encoding] = {"json": "form", "form": "json"}
_ENCODING_REFUSED = (400, 415, 422)
_LOGIN_AGAIN = 401


@dataclass(frozen=True, slots=True)
class StatusReport:
    """How the provisioning of an account stands: OK, IN_PROGRESS, RETRY or FAILED, and a sentence for a person."""

    i_account: int
    status: str
    message: str = ""


class StatusApi:
    """The status operation of the ESPF API, for one service group."""

    def __init__(self, transport: Transport, session: Session, group: str, encoding: Encoding | None = None) -> None:
        """`encoding` is the only one to use; `None` finds out which one is accepted."""
        self._transport = transport
        self._session = session
        self.group = group
        self._is_fixed = encoding is not None
        self.encoding: Encoding = encoding or "json"

    def prefer(self, encoding: Encoding) -> None:
        """Begin with the encoding that worked before, where there is a choice."""
        if not self._is_fixed:
            self.encoding = encoding

    async def tell(self, report: StatusReport) -> None:
        """Have billing show this status.

        Raises `Rejected` (of this account only), `Transient`, or `Unavailable` (rights, session, address).
        """
        answer = await self._authorised(report, self.encoding)
        if answer.status in _ENCODING_REFUSED and not self._is_fixed:
            other = _OTHER[self.encoding]
            second = await self._authorised(report, other)
            if second.status < 300:
                self.encoding = other
                return
        if answer.status >= 300:
            raise unexpected(answer, STATUS)

    async def aclose(self) -> None:
        """Close all connections; the session belongs to the reads."""
        await self._transport.aclose()

    async def _authorised(self, report: StatusReport, encoding: Encoding) -> Answer:
        token = await self._session.token()
        answer = await self._transport.request(self._request(report, encoding, token))
        if answer.status != _LOGIN_AGAIN or not await self._is_over(token):
            return answer
        token = await self._session.token_instead_of(token)
        return await self._transport.request(self._request(report, encoding, token))

    async def _is_over(self, token: str) -> bool:
        """Whether billing no longer knows the session (contract, section 1.2); not where it gives no clear answer."""
        body = {"params": {"access_token": token}}
        answer = await self._transport.request(Request(PING, "POST", f"/rest/{PING}", json=body))
        try:
            return answer.status == 200 and decode_object(answer.body).get("user_id") in (None, 0, "0", "")
        except (ValueError, RecursionError):
            return False

    def _request(self, report: StatusReport, encoding: Encoding, token: str) -> Request:
        body = {"status": report.status, "group": self.group}
        if report.message:
            body["message"] = report.message[:MAX_MESSAGE]
        return Request(
            STATUS,
            "POST",
            f"/espf/v1/account/i/{report.i_account}/status",
            headers={"Authorization": f"Bearer {token}"},
            json=body if encoding == "json" else None,
            form=body if encoding == "form" else None,
        )
