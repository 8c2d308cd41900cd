"""What a leader holds: its fence, and until when it may act.

Rules of this module:

1. Time is the monotonic clock's of this process. It goes on while the process is stopped, so one that wakes up too
   late finds that its time is over.
2. A lease is used up to a tenth before its end (`Timing.usable`): that is for ending what was begun, and for clocks
   that do not run equally fast.
"""

from collections.abc import Callable

from controller.leadership.timing import Timing
from controller.store import Fence, NotLeading


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
