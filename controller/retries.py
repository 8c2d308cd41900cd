"""How much of the work may be repeats: a sick platform is not helped by being asked the same again and again (P17).

Rules of this module:

1. A repeat is a look at a subscriber whose last one failed, by an outage or a bug. It costs a token; a routine one
   waits until there is one. What an event, a timer or an operator asks for never waits: it is paid for later. A
   refusal is an answer: who was refused is parked, and no repeat.
2. A look that is none, and made a call, earns `EARNED` of a token: so that at most a tenth are repeats. There are never
   more than `RESERVE` tokens. Where nothing earned any for `IDLE` seconds, one comes by itself.
3. After `SOUND` looks in a row without a failure, a repeat that succeeds gets its token back: the platform is well
   again, and everybody who failed is caught up with as fast as it can serve. One that fails never does.
4. Nothing here is kept: after a restart the store says who had failed, and the reserve is full.
"""

from collections.abc import Iterable
from enum import Enum, auto

from desired_state.subscriber import SubscriberKey

EARNED = 0.1
RESERVE = 10.0
IDLE = 120.0
SOUND = 10
_ROUNDING = 1e-9  # ten times a tenth is one


class Ending(Enum):
    """What a look says about its platform."""

    IDLE = auto()  # nothing: no call was made
    SOUND = auto()
    FAILED = auto()
    PUT_OFF = auto()  # nothing yet: the look has not come to what it was for


class Retries:
    """Who of one platform has failed, and the tokens for trying them again. `now` is in monotonic seconds."""

    def __init__(self) -> None:
        self._failed: set[SubscriberKey] = set()
        self._paid: set[SubscriberKey] = set()
        self._tokens = RESERVE
        self._earned_at = 0.0
        self._in_a_row = 0

    def remember(self, keys: Iterable[SubscriberKey]) -> None:
        """These had failed when the last process ended."""
        self._failed.update(keys)

    def admits(self, key: SubscriberKey, now: float, *, is_urgent: bool = False) -> bool:
        """Whether a look may begin; it must be `ended` then."""
        if key not in self._failed:
            return True
        if not self.free(now) and not is_urgent:
            return False
        self._tokens = max(self._tokens - 1, -RESERVE)
        self._paid.add(key)
        return True

    def free(self, now: float) -> int:
        """How many routine repeats may begin now."""
        if self._tokens < 1 and self.wait(now) <= 0:
            self._earn(1.0 - min(self._tokens, 0.0), now)
        return int(max(self._tokens, 0.0) + _ROUNDING)

    def wait(self, now: float) -> float:
        """Seconds until a token comes by itself, if none is earned."""
        return self._earned_at + IDLE - now

    def ended(self, key: SubscriberKey, ending: Ending, now: float) -> None:
        """A look ended, whatever asked for it."""
        was_paid = key in self._paid
        self._paid.discard(key)
        if ending is Ending.PUT_OFF:
            self._tokens += was_paid
            return
        if ending is not Ending.IDLE:
            self._in_a_row = 0 if ending is Ending.FAILED else self._in_a_row + 1
            if not was_paid:
                self._earn(EARNED, now)
        if ending is Ending.FAILED:
            self._failed.add(key)
            return
        self._failed.discard(key)
        if was_paid and self._in_a_row >= SOUND:
            self._tokens = min(self._tokens + 1, RESERVE)

    def _earn(self, tokens: float, now: float) -> None:
        self._tokens = min(self._tokens + tokens, RESERVE)
        self._earned_at = now
