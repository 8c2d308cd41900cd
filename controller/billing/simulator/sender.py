"""Sending events to one handler (contract, sections 7.1 and 7.4).

Rules of this module:

1. An event keeps its number, `i_event`, however often it is sent; it leaves the queue only with an answer.
2. ESPF: 200 is done, any 4xx (429 too) drops the event, all else sends it again. NSPS: any 2xx is done, all else sends
   it again.
3. One request at a time and handler, at its rate, whoever asks for it. Time, chance and network are passed in.
4. Of the events that are done or dropped, the last `REMEMBERED` are kept, for `/_sim/events`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Literal

from controller.billing.simulator.events import Happening
from controller.billing.simulator.handlers import Espf, Nsps
from controller.billing.simulator.wire_events import espf_request, nsps_body, nsps_headers, variables_of
from platforms.driver import Transient
from platforms.endpoint import Endpoint
from platforms.gate import Admission
from platforms.simulation import Draw
from platforms.transport import Clock, Http, Outcome, Request, Transport

REMEMBERED = 1000

Fate = Literal["queued", "done", "dropped"]
Look = Callable[[Mapping[str, int]], Mapping[str, object] | None]
"""What NSPS would read of whom an event is about: its `pb_data`."""


@dataclass(slots=True, eq=False)
class Sent:
    """An event on its way; `stale` is what was so at the event before.

    `answers` holds for each try a status, or how it ended without one.
    """

    i_event: int
    happening: Happening
    variables: Mapping[str, object]
    due: float
    stale: Mapping[str, object] | None = None
    answers: list[int | str] = field(default_factory=list)
    fate: Fate = "queued"

    def waits_as(self, group: tuple[object, ...]) -> bool:
        """Whether it is still to be tried, and one of those of which only the newest is kept."""
        return not self.answers and self.happening.coalesces_as == group


class Sender:
    """The queue before one handler. Closed by `aclose`."""

    def __init__(self, handler: Espf | Nsps, clock: Clock, draw: Draw, look: Look, http: Http | None = None) -> None:
        """`http` replaces the network."""
        self.handler = handler
        self._queue: list[Sent] = []
        self._finished: deque[Sent] = deque(maxlen=REMEMBERED)
        self._known: dict[tuple[int, ...], Mapping[str, object] | None] = {}
        self._sending = asyncio.Lock()
        self._clock, self._draw, self._look = clock, draw, look
        self._outcome = ""
        endpoint = Endpoint(
            target="event handler",
            url=handler.url,
            max_concurrency=1,
            requests_per_second=handler.rate,
            timeout_seconds=handler.timeout,
        )
        self._transport = Transport(endpoint, clock, http=http, meter=self._note)

    def emit(self, happening: Happening, i_event: int) -> None:
        """Put an event on the queue; a disabled handler loses it."""
        if not self.handler.enabled:
            return
        self._coalesce(happening)
        variables = variables_of(happening, i_event, self._clock.now(), self.handler)
        stale = self._update(happening.about)
        for _ in range(2 if self._draw() < self.handler.duplicates else 1):
            sent = Sent(i_event, happening, variables, self._clock.monotonic(), stale)
            overtakes = bool(self._queue) and self._draw() < self.handler.out_of_order
            self._queue.insert(len(self._queue) - overtakes, sent)

    @property
    def log(self) -> list[Sent]:
        """What was sent, and what waits."""
        return [*self._finished, *self._queue]

    async def deliver(self) -> int:
        """Try each event that is due now, once; returns how many."""
        async with self._sending:
            due = [sent for sent in self._queue if sent.due <= self._clock.monotonic()]
            for sent in due:
                await self._try(sent)
            return len(due)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _coalesce(self, happening: Happening) -> None:
        group = happening.coalesces_as
        if group is not None:
            self._queue = [sent for sent in self._queue if not sent.waits_as(group)]

    def _update(self, about: Mapping[str, int]) -> Mapping[str, object] | None:
        """What was known until now of whom an event is about; what is so now is known from now on."""
        key = tuple(about.values())
        before = self._known.get(key)
        self._known[key] = self._look(about)
        return before

    async def _try(self, sent: Sent) -> None:
        if sent not in self._queue:
            return  # a newer one has taken its place meanwhile
        try:
            answer: int | str = (await self._transport.request(self._request(sent))).status
        except Transient:
            answer = self._outcome
        sent.answers.append(answer)
        sent.fate = self._fate(answer)
        if sent.fate != "queued":
            self._finished.append(sent)
            self._queue = [other for other in self._queue if other is not sent]
        pauses = self.handler.retry_seconds
        sent.due = self._clock.monotonic() + pauses[min(len(sent.answers), len(pauses)) - 1]

    def _fate(self, answer: int | str) -> Fate:
        if isinstance(self.handler, Nsps):
            return "done" if isinstance(answer, int) and 200 <= answer < 300 else "queued"
        if answer == 200:
            return "done"
        return "dropped" if self._outcome in (Outcome.REFUSED, Outcome.THROTTLED) else "queued"

    def _request(self, sent: Sent) -> Request:
        date = {"Date": format_datetime(self._clock.now(), usegmt=True)}
        event = {"event_type": sent.happening.event_type, "variables": sent.variables}
        if isinstance(self.handler, Espf):
            return espf_request(self.handler, event, date)
        account = self._data(sent, self.handler)
        body = nsps_body(event, account, self._clock.now(), sent.i_event)
        return Request("event", "POST", "", headers=date | nsps_headers(self.handler, self._draw), json=body)

    def _data(self, sent: Sent, handler: Nsps) -> Mapping[str, object] | None:
        """What NSPS adds: nothing, what it knew from the event before, or what is so now."""
        if self._draw() < handler.without_data:
            return None
        is_stale = sent.stale is not None and self._draw() < handler.stale
        return sent.stale if is_stale else self._look(sent.happening.about)

    def _note(self, _target: str, _operation: str, outcome: str, _seconds: float, _admission: Admission) -> None:
        """A 429 is no answer to `Transport`'s caller; its outcome tells it from a 503."""
        self._outcome = outcome
