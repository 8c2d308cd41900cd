"""Who stands before billing and judges every call that books something, as it is made.

Rules of this module:

1. It knows of the product only the contract: `sending` is on the disk before billing is asked; an account has one
   charge under way at a time; whatever nobody had a clear answer to is repeated only after billing's xDRs of a time
   that covers it were read, `settle` after the call had ended.
2. Instants are those of the wall clock, which is what the product can know.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import msgspec

from platforms.transport import Clock, Http
from tests.harness.money import references_of

MAKE, LIST = "/Account/make_transaction", "/Account/get_xdr_list"
_TAKES = 0.01  # seconds that a call is on its way, in which others may begin theirs


@dataclass(slots=True)
class _Call:
    """A call that books, as far as the caller knows: whether it had a clear answer, and a proof that it did nothing."""

    began: datetime
    ended: datetime | None = None
    is_clear: bool = False
    is_absent: bool = False


class Teller:
    """All calls that booked, or may have. `sending` tells what is committed as being sent."""

    def __init__(self, settle: timedelta, now: Callable[[], datetime], sending: Callable[[], Collection[str]]) -> None:
        self.wrong: list[str] = []
        self._settle = settle
        self._now = now
        self._sending = sending
        self._calls: dict[int, dict[str, _Call]] = {}

    def begins(self, i_account: int, comment: str) -> "_Call":
        """Somebody asks to book."""
        reference = references_of(comment)
        calls = self._calls.setdefault(i_account, {})
        if reference not in self._sending():
            self.wrong.append(f"{reference}: billing was asked to book it, which no commit had announced")
        if any(each.ended is None for each in calls.values()):
            self.wrong.append(f"{reference}: billing was asked to book two things of account {i_account} at once")
        known = calls.get(reference)
        if known is not None and not known.is_clear and not known.is_absent:
            self.wrong.append(f"{reference}: it was repeated, though nobody knew whether it was booked")
        calls[reference] = _Call(self._now())
        return calls[reference]

    def ended(self, call: "_Call", answer: httpx.Response | None) -> None:
        """The caller has this answer, or none."""
        call.ended, call.is_clear = self._now(), answer is not None and _is_clear(answer)

    def looked(self, i_account: int, begins: datetime, ends: datetime) -> None:
        """Somebody has read the xDRs of an account, of all that time."""
        now = self._now()
        for call in self._calls.get(i_account, {}).values():
            if call.ended is not None and begins <= call.began and call.ended <= ends:
                call.is_absent = call.is_absent or now - call.ended >= self._settle


def _is_clear(answer: httpx.Response) -> bool:
    try:
        told = msgspec.json.decode(answer.content, type=dict[str, object])
    except msgspec.MsgspecError:
        return False
    return "i_xdr" in told or "faultcode" in told


class Counter(httpx.AsyncBaseTransport):
    """What carries requests to billing, past the teller."""

    def __init__(self, teller: Teller, clock: Clock, carrier: Http) -> None:
        self._teller = teller
        self._clock = clock
        self._carrier = carrier

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if not path.endswith((MAKE, LIST)):
            return await self._carrier.handle_async_request(request)
        params = msgspec.json.decode(request.content)["params"]
        if path.endswith(LIST):
            listed = await self._carrier.handle_async_request(request)
            self._read(params, listed)
            return listed
        call = self._teller.begins(params["i_account"], params["visible_comment"])
        answer: httpx.Response | None = None
        try:
            await self._clock.sleep(_TAKES)
            return (answer := await self._carrier.handle_async_request(request))
        finally:
            self._teller.ended(call, answer)

    def _read(self, params: Mapping[str, object], answer: httpx.Response) -> None:
        if answer.status_code == 200 and b"xdr_list" in answer.content:
            begins, ends = (_instant(params[name]) for name in ("from_date", "to_date"))
            self._teller.looked(int(str(params["i_account"])), begins, ends)


def _instant(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
