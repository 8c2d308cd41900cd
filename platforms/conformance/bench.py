"""Where a check works: it makes records, changes them, and reads them when a read can be believed.

Rules of this module:

1. Nothing is touched but records whose names were drawn here and were free when they were; all are on the trail, which
   the removal follows.
2. Each call waits until the last write of the same bench must show (`read_lag`): a call may read by itself.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import ParamSpec, TypeVar

from desired_state.catalog import Offer
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.conformance.samples import Samples, Selection, names
from platforms.conformance.verdicts import Deviation, sentence_of
from platforms.driver import Driver, PlatformError, Reference
from platforms.listing import understood
from platforms.simulation import Draw
from platforms.transport import Clock

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is put to the test. `i_env` is the billing environment in the marks of the records that are made.

    `clock` has to be the driver's own.
    """

    driver: Driver
    clock: Clock
    draw: Draw
    i_env: int


@dataclass(slots=True)
class Trail:
    """What one run has made: names, and the owners in the marks. `token` is the draw that its names share.

    `unseen` are the names of records that were made and that no look has shown yet.
    """

    token: float
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    names: list[str] = field(default_factory=list)
    owners: set[Owner] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)


class Bench:
    """One check's place to work."""

    def __init__(self, setting: Setting, offer: Offer, trail: Trail) -> None:
        self.driver = setting.driver
        self.able = setting.driver.capabilities
        self.offer = offer
        self.samples = Samples(self.able, setting.draw, Selection.of(offer))
        self.clock = setting.clock
        self._i_env = setting.i_env
        self._trail = trail
        self._shows_at = setting.clock.monotonic()

    def owner(self) -> Owner:
        """An owner of this run."""
        owner = self.samples.owner(self._i_env)
        self._trail.owners.add(owner)
        return owner

    def wish(self, owner: Owner | None = None, *, enabled: bool = True) -> SubscriberSpec:
        """A normalized wish for all that the platform can hold."""
        return self.driver.normalize(self.samples.wish(owner or self.owner(), enabled=enabled))

    async def name(self) -> str:
        """A name that fits and that no record has, to be used from now on."""
        name = self._fitting(next(self._trail.numbers))
        if await self.find(name) is not None:
            raise Deviation(f"the platform shows a record {name!r}, a name that was drawn at random; nothing was done")
        self._trail.names.append(name)
        return name

    async def create(self, name: str, wish: SubscriberSpec) -> str:
        """Make a record; its id on the platform."""
        record_id = await self.write(self.driver.create, name, wish)
        self._trail.unseen.add(name)
        return record_id

    async def made(self, wish: SubscriberSpec | None = None) -> Observation:
        """A new record as it is observed, with its secrets as they were written."""
        wish = wish or self.wish()
        name = await self.name()
        record_id = await self.create(name, wish)
        return (await self.seen(name, record_id)).with_secrets_of(wish)

    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        """Change a record. Secrets that are not managed go along where the platform wants them with every write."""
        if self.able.writes_secrets_anew:
            held = observed.spec
            after = replace(after, password=after.password or held.password, pin=after.pin or held.pin)
        await self.write(self.driver.update, observed, after)

    async def write(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """A changing call, and its answer."""
        await self.settled()
        try:
            return await call(*args, **kwargs)
        finally:
            self._shows_at = self.clock.monotonic() + self.able.read_lag.total_seconds()

    async def find(self, name: str, record_id: str | None = None) -> Observation | None:
        """What the platform shows."""
        await self.settled()
        observed = await self.driver.observe(Reference(name, record_id))
        self._trail.unseen -= {observed.external_id} if observed is not None else set()
        return observed

    async def seen(self, name: str, record_id: str | None = None) -> Observation:
        """A record that has to be there."""
        observed = await self.find(name, record_id)
        if observed is None:
            raise Deviation(f"record {name!r} was expected, found none")
        return observed

    async def listed(self, *wanted: str) -> list[Observation]:
        """What the list shows of these names."""
        await self.settled()
        return [observed async for observed in understood(self.driver.list()) if observed.external_id in wanted]

    async def settled(self) -> None:
        """Wait until reads must show what was written."""
        seconds = self._shows_at - self.clock.monotonic()
        if seconds > 0:
            await self.clock.sleep(seconds)

    def _fitting(self, number: int) -> str:
        wish, objection = self.wish(), ""
        for name in names(self._trail.token, number):
            problems = self.driver.problems(name, wish, self.offer)
            if not problems:
                return name
            objection = objection or problems[0].text
        raise Deviation(f"a wish that fits the capabilities was expected to be no problem, found: {objection}")


async def refused(call: Awaitable[object], wanted: type[PlatformError], what: str) -> PlatformError:
    """The error that a call has to end with; `Deviation` where it ends otherwise."""
    try:
        await call
    except wanted as error:
        return error
    except Exception as error:
        raise Deviation(f"{what}: expected {wanted.__name__}, found {sentence_of(error)}") from None
    raise Deviation(f"{what}: expected {wanted.__name__}, found that it was carried out")
