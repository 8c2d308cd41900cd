"""A look at one subscriber, what it came to, and what a failed one means for the next.

Rules of this module:

1. What the platform refused is parked: it waits for another wish, another configuration, or a day.
2. What else went wrong is the subscriber's own failure, and it backs off ever longer, unless its target was known to be
   in trouble already: then the look says nothing about the subscriber, which is put off until the target is better.
   Who finds the trouble first cannot know; it counts as theirs, or one whose every call looks like an outage would
   close its platform to all others again and again (promise P13).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.decided import Decided
from controller.executor import Opened, Outcome
from controller.store import REFUSED, TAKEN, OpenIntent, Progress, Store
from controller.targets import Platform
from desired_state.plan import Kind
from desired_state.retry import FIRST, PARKED, backoff
from desired_state.subscriber import State
from platforms.breaker import FIRST_PROBE
from platforms.driver import PlatformError, Resting, Taken, Transient

_TRIES_IF_TAKEN = 3  # by as many passes; a value that is still refused then is not shown by any list
_A_WHILE = timedelta(seconds=FIRST_PROBE)


@dataclass(frozen=True, slots=True)
class Result:
    """What one look came to, as metrics name it, and when the next one is due (`None`: when something changes).

    `failures` is how many looks in a row have failed; `converged_after` how
    long the subscriber had been waiting that now is as wished; `wake` whose turn it is now: something they wish was set
    free, or they have something to set free; `elsewhere` on which other platforms the same account waited for this;
    `due_at` when time alone will have changed something, so that another look is needed; `put_off` that it failed by
    nobody's fault but that of a target known to be in trouble, or was not made because its platform is in maintenance.
    `settles`: what is due is a second look for the sake of an event. `call` is the call as it was announced, `news`
    what is to be told of the look.
    """

    result: str
    again_in: timedelta | None = None
    failures: int = 0
    converged_after: timedelta | None = None
    wake: tuple[int, ...] = ()
    elsewhere: tuple[str, ...] = ()
    due_at: datetime | None = None
    put_off: bool = False
    settles: bool = False
    call: Opened | None = None
    news: tuple[Decided, ...] = ()

    @property
    def kind(self) -> Kind | None:
        """The kind of call that was made, if one was."""
        return self.call.intent.kind if self.call is not None else None


@dataclass(frozen=True, slots=True)
class Before:
    """What was said last of a subscriber when a look began, and its calls of which nobody knew what became."""

    said: str = ""
    calls: tuple[OpenIntent, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """One subscriber that is looked at, and why.

    `caused_by` says in words who or what had it looked at, `trace_id` of what it is a part, `before` how it stood.
    `is_probe`: its platform is in trouble; this look is to find out whether it still is.
    """

    platform: Platform
    i_account: int
    trigger: str
    now: datetime
    is_probe: bool = False
    caused_by: str | None = None
    trace_id: str | None = None
    before: Before = Before()


class BillingsTrouble(Transient):
    """Billing could not be asked, and is known to be in trouble: no failure of the account, nor of the platform."""


def billings_trouble(error: PlatformError, *, is_known: bool) -> Transient:
    """What an error of billing's means for a look: its trouble is not this platform's, whose breaker stays closed."""
    kind = BillingsTrouble if is_known or isinstance(error, Resting) else Transient
    return kind(error.text, getattr(error, "retry_after", None))


def note_failure(store: Store, look: Look, outcome: Outcome, draw: Callable[[], float]) -> Result:
    """Note that a look failed, and when it is worth another."""
    subscribers = store.subscribers(look.platform.name)
    known = subscribers.get(look.i_account)
    before = known.progress.failures if known is not None else 0
    text = outcome.error.text if outcome.error is not None else None
    if outcome.result == "rejected":
        progress = _parked(look, outcome.error, text, before + 1)
        subscribers.unsettle(look.i_account, progress, look.now)
        return Result("rejected", failures=before + 1)
    asked_for = getattr(outcome.error, "retry_after", None)
    if look.is_probe or isinstance(outcome.error, Resting | BillingsTrouble):
        subscribers.unsettle(look.i_account, Progress(State.BACKOFF, None, text, before), look.now)
        return Result(outcome.result, again_in=_put_off(asked_for, draw()), put_off=True)
    delay = backoff(before + 1, draw(), asked_for or timedelta(0))
    progress = Progress(State.BACKOFF, None, text, before + 1, look.now + delay)
    subscribers.unsettle(look.i_account, progress, look.now)
    return Result(outcome.result, again_in=delay, failures=before + 1)


def _parked(look: Look, error: PlatformError | None, text: str | None, failures: int) -> Progress:
    is_taken = isinstance(error, Taken)
    next_try = None if is_taken and failures < _TRIES_IF_TAKEN else look.now + PARKED
    return Progress(State.PARKED, TAKEN if is_taken else REFUSED, text, failures, next_try)


def _put_off(asked_for: timedelta | None, draw: float) -> timedelta:
    """When to look again at the latest; sooner, if the target is better sooner."""
    return _A_WHILE * (1 + draw) if asked_for is None else max(asked_for, FIRST) + FIRST * draw
