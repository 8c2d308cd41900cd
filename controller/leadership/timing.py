"""How long a lease lasts, and for how much of that time its holder relies on it."""

from dataclasses import dataclass
from math import ceil

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
