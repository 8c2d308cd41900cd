"""What a leader holds: its fence, and until when it may act.

Rules of this module:

1. Time is the monotonic clock's of this process. It goes on while the process is stopped, so one that wakes up too
   late finds that its time is over.
2. A lease is used up to a tenth before its end (`Timing.usable`): that is for ending what was begun, and for clocks
   that do not run equally fast.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from controller.store import Fence, NotLeading

_USED = 0.9


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds: how long a lease lasts, how often it is renewed, and the longest call that its holder makes."""

    duration: float
    renew: float
    longest_call: float

    @property
    def usable(self) -> float:
        """For how long its holder relies on it."""
        return _USED * self.duration

    @property
    def told(self) -> int:
        """The duration that is written into the lease, which knows whole seconds only."""
        return ceil(self.duration)

    @property
    def pause(self) -> float:
        """Between two tries, where a failed one is repeated or another's lease is watched."""
        return self.renew / 5


def shortest_duration(renew: float, call: float) -> int:
    """The shortest duration, in seconds, with which a call may begin at any time though one renewal was late."""
    return ceil((2 * renew + call) / _USED)


class Mandate:
    """A time of leading; an `Authority` of the store. It is prolonged as long as the lease is renewed."""

    def __init__(self, fence: Fence, timing: Timing, monotonic: Callable[[], float]) -> None:
        self._fence = fence
        self._timing = timing
        self._monotonic = monotonic
        self._until = 0.0

    @property
    def fence(self) -> Fence:
        """What this leader is known by in the store."""
        return self._fence

    def prolong(self, began: float) -> None:
        """The lease was written by a call that began at this instant; when it arrived there nobody knows."""
        self._until = max(self._until, began + self._timing.usable)

    def left(self) -> float:
        """For how many seconds it may still be acted upon; none, or less, where it is over."""
        return self._until - self._monotonic()

    def require(self) -> None:
        """Raises `NotLeading` where the longest call may outlast it."""
        refusal = self.refusal(self._timing.longest_call)
        if refusal is not None:
            raise NotLeading(refusal)

    def refusal(self, seconds: float) -> str | None:
        """Why a call that may take so many seconds must not begin; `None` if it may."""
        left = self.left()
        if left >= seconds:
            return None
        return f"nothing is sent: of the lease {max(left, 0):.1f} s are left, and a call may take {seconds:g} s"
