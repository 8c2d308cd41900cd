"""What every platform driver does, and the errors it may raise.

The error tree; what the loop does about each:

    PlatformError
    |- Transient(retry_after)   may or may not have happened -> back off this subscriber, observe before acting again
    |- Rejected(field)          this wish is refused -> a condition on this subscriber, everybody else goes on
    |  `- Taken                 another record has a value only one can have -> tried again after the next list
    |- Unavailable              credentials, licence, all down -> nobody's turn on this platform for a while
    |  `- Resting(retry_after)  nothing was sent: it failed, or wants to be left alone -> nobody's failure, put off
    `- Unsupported              the platform has no such thing -> found at planning, the change is held

Anything else that leaves a driver is a bug of ours.

Rules for drivers:

1. A driver keeps no state about subscribers between calls, never mutates an argument and never retries: the queue does.
   (Repeating one call once after the platform's own session ran out is the exception.)
2. Every write carries absolute values and may be repeated: create of a record that is already ours, update to the
   values it has, delete of one that is gone all succeed.
3. `None` from `observe` means that the platform said "no such"; what is not clear raises. `list` yields everything or
   raises: what was yielded before an exception proves nothing.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from desired_state.catalog import Offer, Package
from desired_state.desired import Problem
from desired_state.sales import FeedRecord
from desired_state.subscriber import Observation, SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.listing import Listed


class PlatformError(Exception):
    """Something outside went wrong; `str()` is a sentence without secrets or personal data."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Transient(PlatformError):
    """Try again later. A write may or may not have happened."""

    def __init__(self, text: str, retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Rejected(PlatformError):
    """The platform understood and refused this one wish. `field` is the name of what it objects to, in its words."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


class Taken(Rejected):
    """Another record has a value that only one can have: a name, a device, a login."""


class Unavailable(PlatformError):
    """Nothing can be done on this platform now: credentials refused, licence ended, service down."""


class Resting(Unavailable):
    """Nothing was sent: the target is not to be asked before `retry_after` is over. It says nothing new about it."""

    def __init__(self, text: str, retry_after: timedelta) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Unsupported(PlatformError):
    """The platform has no such operation."""


@dataclass(frozen=True, slots=True)
class Reference:
    """How to find a record: by the platform's own id where we know it, else by the name we gave it."""

    external_id: str
    record_id: str | None = None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some records of a feed, and the cursor from which the reading goes on.

    The same cursor as before: there is nothing new.
    """

    records: tuple[FeedRecord, ...]
    cursor: str


class Driver(Protocol):
    """One platform instance."""

    name: str
    capabilities: Capabilities

    def normalize(self, spec: SubscriberSpec) -> SubscriberSpec:
        """The wish as it would read back: pure and idempotent.

        What the platform cannot hold stays in it, for `problems` to tell. What it has no field for, and what a wish can
        do without there (an authentication that goes without saying, "no limit", a cleared PIN), becomes `None`.
        """
        ...

    def problems(self, external_id: str, spec: SubscriberSpec, offer: Offer) -> tuple[Problem, ...]:
        """What of this (normalized) wish the platform cannot hold, a sentence each: pure.

        `offer` is what `packages` answered last. `fitting.shortfalls` tells what follows from the capabilities.
        """
        ...

    def list(self) -> AsyncIterator[Sequence[Listed]]:
        """Every record on the platform, foreign ones too, a page at a time; raises unless the whole list was read.

        `Listed.of` makes a row of an observation, for a driver that has nothing cheaper to compare.
        """
        ...

    async def observe(self, reference: Reference) -> Observation | None:
        """The record as it is now; `None` only where the platform said that there is none.

        Raises `Unsupported` for a name alone where the platform cannot be asked for one.
        """
        ...

    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        """Make the record in one call and return the platform's id of it.

        A record of that name with the same ownership note counts as made; one without it raises `Rejected`.
        """
        ...

    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        """Bring the observed record to `after`, in one call where the platform allows; only what differs is sent.

        A secret is sent when its fingerprint differs from the observed one and its value is at hand. Raises
        `Transient` if the record is gone.
        """
        ...

    async def delete(self, observed: Observation) -> None:
        """Remove the record; one that is gone already counts as removed."""
        ...

    async def rename(self, observed: Observation, external_id: str) -> str:
        """Give the record another name; nothing else changes. Returns the platform's id of it, which may follow."""
        ...

    async def packages(self) -> tuple[Package, ...]:
        """The channel packages the platform offers."""
        ...

    async def charges(self, cursor: str) -> FeedPage:
        """What was sold since a cursor, oldest first; from the beginning for an empty one.

        A record may come again; one that cannot be understood comes with its `problem`. Raises `Unsupported` where
        the platform has no such feed.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
