"""Who leads: one replica at a time, by a Lease of Kubernetes.

Rules of this module:

1. A lease that names somebody is taken only after it was seen here, unchanged, for as long as its holder may count on
   it; so is the absence of one, which may just have been deleted under its holder. Only the monotonic clock counts, and
   what is written in the lease about time is never read.
2. The holder counts from the *start* of the call that wrote the lease, and stops a tenth earlier (`mandate.py`). So
   whatever is slow, lost or stopped makes its time shorter and the wait of the others longer.
3. Every try ends by itself in time; none outlasts the mandate. When that is over, or somebody else has the lease, the
   work is cancelled and awaited at once.
4. A write whose answer was lost may have taken effect. If the lease names us, nobody else leads: it is written once
   more, and that call's start counts.
5. Every mandate has a number of its own (`leaseTransitions`, raised with each), also where the same process comes
   again.
6. Who ends in order gives the lease back, so that another takes it at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TypeVar

from controller.leadership.client import Leases
from controller.leadership.lease import Lease
from controller.leadership.mandate import Mandate
from controller.leadership.timing import Timing
from controller.log import Logger
from controller.store import Fence, NotLeading, store_error_in
from controller.waiting import first_of
from platforms.driver import PlatformError, Transient
from platforms.transport import Clock

T = TypeVar("T")
Work = Callable[[Mandate], Awaitable[None]]
"""What a leader does. It ends by itself, or is cancelled when its mandate is over."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the lease was when it was first seen so (`None`: there is none), and how long that has to last."""

    what: tuple[str, str] | None
    at: float
    seconds: float


class Elector:
    """One replica's part in the election, under a name (`identity`) that no other process has or had."""

    def __init__(self, leases: Leases, identity: str, timing: Timing, clock: Clock, log: Logger) -> None:
        self._leases = leases
        self._identity = identity
        self._timing = timing
        self._clock = clock
        self._log = log
        self._seen: _Seen | None = None
        self._said = ""
        self._leader: str | None = None

    async def run(self, work: Work) -> None:
        """Compete, and do the work as long as we lead, again and again until it has returned by itself.

        Raises what the work raises. May be cancelled: then the work is, and the lease is given back.
        """
        while True:
            began = self._clock.monotonic()
            lease = await self._compete()
            if lease is not None and await self._lead(lease, began, work):
                return
            await self._clock.sleep(self._timing.pause)

    async def _compete(self) -> Lease | None:
        """One try; the lease, if it is ours by now."""
        try:
            lease = await self._within(self._timing.renew, self._take())
        except PlatformError as error:
            self._say(error.text)
            return None
        self._said = ""
        return lease

    async def _take(self) -> Lease | None:
        lease = await self._leases.get()
        self._note_leader(lease)
        if not self._is_free(lease):
            return None
        wished = (lease or self._leases.new()).taken(self._identity, self._timing.told, self._clock.now())
        return await (self._leases.create(wished) if lease is None else self._leases.replace(wished))

    def _is_free(self, lease: Lease | None) -> bool:
        """Whether nobody can believe to hold it."""
        now, what = self._clock.monotonic(), None if lease is None else (lease.uid, lease.version)
        if self._seen is None or self._seen.what != what:
            longest = self._seen.seconds if self._seen is not None else 0.0
            seconds = self._timing.duration if lease is None else lease.seconds or self._timing.duration
            self._seen = _Seen(what, now, max(seconds, longest) if lease is None else seconds)
        if lease is not None and lease.holder in (None, self._identity):
            return True
        return now - self._seen.at >= self._seen.seconds

    async def _lead(self, lease: Lease, began: float, work: Work) -> bool:
        """Work under a mandate until either ends; says whether the work has."""
        mandate = Mandate(Fence(lease.uid, lease.transitions, self._identity), self._timing, self._clock.monotonic)
        mandate.prolong(began)
        self._log.info("this process leads", lease=lease.name, transitions=lease.transitions)
        self._said = ""
        holding = _Holding(lease, mandate)
        working = asyncio.ensure_future(work(mandate))
        keeping = asyncio.create_task(self._keep(holding, began))
        try:
            await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_over = keeping.done()
            for task in (working, keeping):
                task.cancel()
            outcome, kept = await asyncio.gather(working, keeping, return_exceptions=True)
            if not is_over:
                await self._give_back(holding.lease)
        for error in (kept, outcome):
            if isinstance(error, Exception):
                self._log.warning("the lead is given up", text=str(_not_leading(error)))
        self._log.info("this process does not lead any more", lease=lease.name, transitions=lease.transitions)
        return outcome is None

    async def _keep(self, holding: "_Holding", began: float) -> None:
        """Renew the lease; returns when the mandate is over, or somebody else has it."""
        mandate, next_at = holding.mandate, began + self._timing.renew
        while (left := mandate.left()) > 0:
            wait = max(next_at - self._clock.monotonic(), 0.0)
            if wait > 0:
                await self._clock.sleep(min(wait, left))
                continue
            began = self._clock.monotonic()
            try:
                if not await self._within(min(self._timing.renew, left), self._renew(holding)):
                    self._log.warning("the lease is another's, or was deleted")
                    return
                next_at = began + self._timing.renew
            except PlatformError as error:
                self._say(error.text)
                next_at = self._clock.monotonic() + self._timing.pause
        self._log.warning("the lease could not be renewed in time")

    async def _renew(self, holding: "_Holding") -> bool:
        """Write the lease once more; whether it still is ours."""
        for _ in range(2):
            began = self._clock.monotonic()
            renewed = await self._leases.replace(holding.lease.kept(self._clock.now()))
            if renewed is not None:
                holding.lease = renewed
                holding.mandate.prolong(began)
                self._said = ""
                return True
            present = await self._leases.get()  # our own write, whose answer was lost, may be what came between
            if present is None or not holding.is_continued_by(present):
                return False
            holding.lease = present
        return True

    async def _give_back(self, lease: Lease) -> None:
        try:
            await self._within(self._timing.renew, self._leases.replace(lease.released(self._clock.now())))
        except PlatformError as error:
            self._log.warning(
                "the lease could not be given back; another takes it when it has run out", text=error.text
            )

    async def _within(self, seconds: float, call: Coroutine[object, object, T]) -> T:
        """What the calls return, unless they take too long. Raises `PlatformError`."""
        calling = asyncio.create_task(call)
        await first_of(calling, self._clock.sleep(seconds))
        if calling.cancelled():
            raise Transient(f"kubernetes gave no answer within {seconds:.1f} s")
        return calling.result()

    def _note_leader(self, lease: Lease | None) -> None:
        """Log who leads, whenever that is another."""
        holder = lease.holder if lease is not None else None
        if holder not in (None, self._leader, self._identity):
            self._log.info("standing by", leader=holder)
        self._leader = holder

    def _say(self, text: str) -> None:
        """Log a trouble once, however often it is met."""
        if text != self._said:
            self._log.warning("the lease cannot be read or written", text=text)
        self._said = text


def _not_leading(error: Exception) -> NotLeading:
    """Why the store took nothing more from us; raises anything else that the work ended by."""
    trouble = store_error_in(error)
    if not isinstance(trouble, NotLeading):
        raise error
    return trouble


@dataclass(slots=True)
class _Holding:
    """What the leader has: the lease as it last wrote it, and its mandate."""

    lease: Lease
    mandate: Mandate

    def is_continued_by(self, present: Lease) -> bool:
        """Whether the lease is still held under this very mandate."""
        ours = self.lease
        return (present.uid, present.holder, present.transitions) == (ours.uid, ours.holder, ours.transitions)
