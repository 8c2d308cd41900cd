"""Drivers with one known bug each, all of them the in-memory one otherwise."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count

from desired_state.account import Secret
from desired_state.catalog import Offer, Package
from desired_state.desired import Problem
from desired_state.sales import FeedRecord, SaleKind
from desired_state.subscriber import Observation, SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.driver import FeedPage, Reference, Rejected, Taken, Transient, Unavailable
from platforms.listing import Listed, understood
from platforms.memory import MemoryDriver, Record
from tests.clocks import VirtualClock

PACKAGES = (Package("1", "basic"), Package("2", "sport"), Package("3", "kids"))


class Sound(MemoryDriver):
    """Without a bug."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__("tv", clock, PACKAGES)
        self.clock = clock


class ForgetsTheNote(Sound):
    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        return await super().create(external_id, replace(spec, note=None))

    def normalize(self, spec: SubscriberSpec) -> SubscriberSpec:
        return replace(super().normalize(spec), note=None)


class MakesASecondRecord(Sound):
    numbers = count(1)

    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        if self._find(external_id) is None:
            return await super().create(external_id, spec)
        record_id = f"double-{next(self.numbers)}"
        self.records[record_id] = Record(external_id, spec)
        return record_id


class RefusesItsOwn(Sound):
    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        if self._find(external_id) is not None:
            raise Taken("tv already has a customer of that name", "external_id")
        return await super().create(external_id, spec)


class TakesOverForeignRecords(Sound):
    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        found = self._find(external_id)
        if found is None:
            return await super().create(external_id, spec)
        self.records[found] = Record(external_id, spec)
        return found


class TakesOverUnmarkedRecords(Sound):
    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        found = self._find(external_id)
        if found is not None and self._observation(found).owner is None:
            self.records[found] = Record(external_id, spec)
            return found
        return await super().create(external_id, spec)


class DropsWhatIsNotManaged(Sound):
    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        self._put(observed.record_id, replace(self._held(observed), spec=after))


class ForgetsTheContact(Sound):
    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        await super().update(observed, replace(after, contact=None))


class AddsPackagesOnly(Sound):
    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        packages = tuple(sorted({*(observed.spec.packages or ()), *(after.packages or ())}))
        await super().update(observed, replace(after, packages=packages))


class TogglesWhenRepeated(Sound):
    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        held = self._held(observed).spec
        is_done = after.sealed().differs_from(held) == ()
        await super().update(observed, replace(after, enabled=not held.enabled) if is_done else after)


class ListMissesOne(Sound):
    async def list(self) -> AsyncIterator[Sequence[Listed]]:
        async for rows in super().list():
            yield rows[:-1] if len(rows) < 3 else rows[::2]


class ListShowsLess(Sound):
    async def list(self) -> AsyncIterator[Sequence[Listed]]:
        async for row in understood(super().list()):
            yield [Listed.of(replace(row, spec=replace(row.spec, device_ids=())))]


class LeavesTheRecord(Sound):
    async def delete(self, observed: Observation) -> None:
        self.writes += 1


class CannotDeleteTwice(Sound):
    async def delete(self, observed: Observation) -> None:
        self._held(observed)
        await super().delete(observed)


class DeletesAFriendToo(Sound):
    async def delete(self, observed: Observation) -> None:
        place = list(self.records).index(observed.record_id) if observed.record_id in self.records else None
        await super().delete(observed)
        if place is not None and place < len(self.records):
            del self.records[list(self.records)[place]]


class SuspendsByDeleting(Sound):
    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        if after.enabled:
            await super().update(observed, after)
        else:
            await self.delete(observed)


class SuspendsByTakingPackages(Sound):
    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        await super().update(observed, after if after.enabled else replace(after, packages=()))


class FindsByPrefix(Sound):
    async def observe(self, reference: Reference) -> Observation | None:
        exact = await super().observe(reference)
        alike = [each for each, record in self.records.items() if reference.external_id.startswith(record.external_id)]
        return exact or (self._observation(alike[0]) if alike else None)


class RaisesForNobody(Sound):
    async def observe(self, reference: Reference) -> Observation | None:
        found = await super().observe(reference)
        if found is None and reference.external_id.endswith("x"):
            raise Transient("tv answered with HTTP 404")
        return found


class TrustsTheIdAlone(Sound):
    async def observe(self, reference: Reference) -> Observation | None:
        if reference.record_id is not None and reference.record_id not in self.records:
            return None
        return await super().observe(reference)


class ShowsThePassword(Sound):
    def _observation(self, record_id: str) -> Observation:
        shown = super()._observation(record_id)
        return replace(shown, spec=replace(shown.spec, password=self.records[record_id].spec.password))


class DatesReadingsLate(Sound):
    def _observation(self, record_id: str) -> Observation:
        return replace(super()._observation(record_id), observed_at=self.clock.now() + timedelta(seconds=1))


class SharesDevices(Sound):
    def _put(self, record_id: str, record: Record) -> None:
        self.records[record_id] = record


class ShowsTheDevice(Sound):
    def _put(self, record_id: str, record: Record) -> None:
        try:
            super()._put(record_id, record)
        except Taken:
            raise Taken(f"tv has {record.spec.device_ids} on another customer", "device_ids") from None


class KeepsDevices(Sound):
    """A device is never given to another record, even when the first has let it go."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self._known: dict[str, str] = {}

    def _put(self, record_id: str, record: Record) -> None:
        for device in record.spec.device_ids or ():
            if self._known.setdefault(device, record_id) != record_id:
                raise Taken("tv has this device on another customer", "device_ids")
        super()._put(record_id, record)


class TellsSpellingsApart(Sound):
    def normalize(self, spec: SubscriberSpec) -> SubscriberSpec:
        return replace(super().normalize(spec), device_ids=spec.device_ids)


class NormalizesAnew(Sound):
    def normalize(self, spec: SubscriberSpec) -> SubscriberSpec:
        return replace(super().normalize(spec), note=f"{spec.note}.")


class InventsPackages(Sound):
    def _put(self, record_id: str, record: Record) -> None:
        known = tuple(each for each in record.spec.packages or () if each in {"1", "2", "3"})
        super()._put(record_id, replace(record, spec=replace(record.spec, packages=known)))


class RemakesTheGone(Sound):
    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        self.records.setdefault(observed.record_id, Record(observed.external_id, observed.spec))
        await super().update(observed, after)


class RejectsTheGone(Sound):
    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        if observed.record_id not in self.records:
            raise Rejected("tv has no such customer")
        await super().update(observed, after)


class RenamesByCopying(Sound):
    async def rename(self, observed: Observation, external_id: str) -> str:
        self.records["copy-" + observed.record_id] = replace(self._held(observed), external_id=external_id)
        return observed.record_id


class RenamesOntoOthers(Sound):
    async def rename(self, observed: Observation, external_id: str) -> str:
        self.records[observed.record_id] = replace(self._held(observed), external_id=external_id)
        return observed.record_id


class RenamesAgainstItsWord(Sound):
    capabilities = Capabilities(can_rename=False)


class SeesNoProblems(Sound):
    capabilities = Capabilities(max_devices=2, has_pin=False)

    def problems(self, external_id: str, spec: SubscriberSpec, offer: Offer) -> tuple[Problem, ...]:
        return ()


class SeesProblemsEverywhere(Sound):
    def problems(self, external_id: str, spec: SubscriberSpec, offer: Offer) -> tuple[Problem, ...]:
        return (Problem("capability", "there is always something"),) if not spec.enabled else ()


class ShowsWritesTooLate(Sound):
    """It declares that a read may show the past for 5 seconds; in truth for 60."""

    capabilities = Capabilities(read_lag=timedelta(seconds=5))

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self._made: dict[str, timedelta] = {}

    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        record_id = await super().create(external_id, spec)
        self._made.setdefault(record_id, timedelta(seconds=self.clock.monotonic()))
        return record_id

    async def observe(self, reference: Reference) -> Observation | None:
        found = await super().observe(reference)
        is_hidden = found is not None and self.clock.monotonic() < self._made[found.record_id].total_seconds() + 60
        return None if is_hidden else found


class Stumbles(Sound):
    """A bug whose text quotes what it should not."""

    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        secret = after.password or Secret("")
        raise KeyError(f"canary {secret.value} {after.contact and after.contact.email}")


class IsDown(Sound):
    async def packages(self) -> tuple[Package, ...]:
        raise Unavailable("tv does not accept our credentials")


class CannotDelete(Sound):
    capabilities = Capabilities(can_delete=False)


def _sold(number: int) -> FeedRecord:
    return FeedRecord(platform="tv", id=f"t-{number}", kind=SaleKind.VOD)


class ForgetsSales(Sound):
    readings = count(0)

    async def charges(self, cursor: str) -> FeedPage:
        return FeedPage((_sold(1), _sold(2))[next(self.readings) % 2 :], "2")


class ShowsSalesUnderNewIds(Sound):
    readings = count(0)

    async def charges(self, cursor: str) -> FeedPage:
        return FeedPage((_sold(next(self.readings)),), "1")


class EndsTooEarly(Sound):
    async def charges(self, cursor: str) -> FeedPage:
        return FeedPage((_sold(2),), cursor) if cursor else FeedPage((_sold(1),), "1")


class SellsAgainstItsWord(Sound):
    capabilities = Capabilities()

    async def charges(self, cursor: str) -> FeedPage:
        return FeedPage((), cursor)
