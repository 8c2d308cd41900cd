"""A platform in a dict: the reference for what a driver does, and the quickest one for tests of the rest."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from desired_state.account import Secret
from desired_state.catalog import Offer, Package
from desired_state.desired import Problem, mask_device
from desired_state.sales import FeedRecord
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.devices import plain_device
from platforms.driver import FeedPage, Reference, Rejected, Taken, Transient, Unsupported
from platforms.fitting import shortfalls
from platforms.listing import Listed
from platforms.transport import Clock


@dataclass(frozen=True, slots=True)
class Record:
    """What the platform holds, secrets included."""

    external_id: str
    spec: SubscriberSpec


class MemoryDriver:
    """The platform and its driver in one. `records` is the truth, by record id; `writes` counts changing calls.

    `sales` is what it sold.
    """

    capabilities = Capabilities(has_charges=True)

    def __init__(self, name: str, clock: Clock, packages: Iterable[Package] = ()) -> None:
        self.name = name
        self.records: dict[str, Record] = {}
        self.sales: list[FeedRecord] = []
        self.writes = 0
        self._clock = clock
        self._packages = tuple(packages)
        self._last_id = 0

    def normalize(self, spec: SubscriberSpec) -> SubscriberSpec:
        """Lists sorted and without repeats, MACs as 12 upper-case hex digits."""
        devices = spec.device_ids and tuple(plain_device(device) for device in spec.device_ids)
        return replace(spec, packages=_distinct(spec.packages), device_ids=_distinct(devices))

    def problems(self, external_id: str, spec: SubscriberSpec, offer: Offer) -> tuple[Problem, ...]:
        """What follows from the capabilities: only a name can be wrong here."""
        return shortfalls(self.name, self.capabilities, external_id, spec)

    async def list(self) -> AsyncIterator[Sequence[Listed]]:
        """Every record, the oldest first."""
        yield [Listed.of(self._observation(record_id)) for record_id in self.records]

    async def observe(self, reference: Reference) -> Observation | None:
        """By record id, else by name."""
        if reference.record_id in self.records:
            return self._observation(reference.record_id)
        found = self._find(reference.external_id)
        return self._observation(found) if found is not None else None

    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        """Make the record, unless it is there and ours."""
        self.writes += 1
        existing = self._find(external_id)
        if existing is None:
            self._last_id += 1
            self._put(str(self._last_id), Record(external_id, spec))
            return str(self._last_id)
        owner = Owner.of(self.records[existing].spec.note)
        if owner is None or owner != Owner.of(spec.note):
            raise Taken(f"{self.name} already has a customer {external_id!r} that is not ours", "external_id")
        return existing

    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        """Overwrite what is managed and differs."""
        changed = {name: getattr(after, name) for name in after.differs_from(observed.spec)}
        sendable = {name: value for name, value in changed.items() if not _is_sealed(value)}
        if sendable:
            self.writes += 1
            held = self._held(observed)
            self._put(observed.record_id, replace(held, spec=replace(held.spec, **sendable)))

    async def delete(self, observed: Observation) -> None:
        """Forget the record."""
        self.writes += 1
        self.records.pop(observed.record_id, None)

    async def rename(self, observed: Observation, external_id: str) -> str:
        """Give the record another name."""
        self.writes += 1
        if self._find(external_id) not in (None, observed.record_id):
            raise Taken(f"{self.name} already has a customer {external_id!r}", "external_id")
        self._put(observed.record_id, replace(self._held(observed), external_id=external_id))
        return observed.record_id

    async def packages(self) -> tuple[Package, ...]:
        """What it was made with."""
        return self._packages

    async def charges(self, cursor: str) -> FeedPage:
        """What was sold; a cursor is how many of all sales were shown."""
        if not self.capabilities.has_charges:
            raise Unsupported(f"platform {self.name!r} has no feed of what it sells")
        shown = int(cursor or 0)
        new = tuple(self.sales[shown:])
        return FeedPage(new, str(len(self.sales)) if new else cursor)

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def _held(self, observed: Observation) -> Record:
        if observed.record_id not in self.records:
            raise Transient(f"{self.name} has no such customer any more")
        return self.records[observed.record_id]

    def _observation(self, record_id: str) -> Observation:
        record = self.records[record_id]
        visible = replace(record.spec, password=None, pin=None)
        return Observation(record.external_id, record_id, visible, self._clock.now())

    def _find(self, external_id: str) -> str | None:
        matching = (record_id for record_id, record in self.records.items() if record.external_id == external_id)
        return next(matching, None)

    def _put(self, record_id: str, record: Record) -> None:
        offered = {package.id for package in self._packages}
        for package in record.spec.packages or ():
            if package not in offered:
                raise Rejected(f"{self.name} has no package {package!r}", "packages")
        others = [other.spec for other_id, other in self.records.items() if other_id != record_id]
        for device in record.spec.device_ids or ():
            if any(device in (other.device_ids or ()) for other in others):
                raise Taken(f"{self.name} has device {mask_device(device)} on another customer", "device_ids")
        login = record.spec.login
        if login and any((other.login or "").lower() == login.lower() for other in others):
            raise Taken(f"{self.name} has this login on another customer", "login")
        self.records[record_id] = record


def _is_sealed(value: object) -> bool:
    """A secret that cannot be written, for want of its clear text."""
    return isinstance(value, Secret) and bool(value.fingerprint) and value.value is None


def _distinct(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(sorted(set(values)))
