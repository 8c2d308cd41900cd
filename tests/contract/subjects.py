"""What the contract suite is run against: a driver, and an independent look at what its platform holds.

To put another driver through the suite, write a `Subject` for it and add it to `SUBJECTS`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from typing import Protocol

import httpx

from desired_state.account import Secret
from desired_state.catalog import Package
from desired_state.subscriber import SubscriberSpec
from platforms.driver import Driver
from platforms.memory import MemoryDriver, Record
from platforms.registry import DRIVERS, DriverSettings
from platforms.seachange.simulated import Customer
from platforms.seachange.simulator import PASSWORD, USERNAME, SeaChangeSimulator
from platforms.simulation import Faults
from platforms.telebreeze.simulator import API_KEY, TelebreezeSimulator
from platforms.transport import Endpoint, Http
from tests.clocks import VirtualClock, draws
from tests.contract import renamed
from tests.servers import serving

PACKAGES = {"1": "basic", "2": "sport", "3": "kids", "basic": "", "sport": ""}
FOREIGN_DEVICE = "FOREIGN-DEVICE"


class Subject(Protocol):
    """One driver and its platform."""

    driver: Driver

    @property
    def writes(self) -> int:
        """How many changing calls reached the platform."""
        ...

    def truth(self, external_id: str) -> Mapping[str, object] | None:
        """All the platform holds, in its own words; `None` if there is no such record."""
        ...

    def password(self, external_id: str) -> str:
        """The password in force, empty if none is; not asked for where there are no passwords."""
        ...

    def add_foreign(self, external_id: str) -> None:
        """A record somebody else made, with `FOREIGN_DEVICE`; one without a name only where names can be changed."""
        ...

    def remove(self, external_id: str) -> None:
        """Somebody else removes the record."""
        ...


class FaultySubject(Subject, Protocol):
    """A subject whose platform can be made to fail."""

    faults: Faults


class MemorySubject:
    def __init__(self) -> None:
        packages = [Package(each, name) for each, name in PACKAGES.items()]
        self.memory = MemoryDriver("tv", VirtualClock(), packages)
        self.driver: Driver = self.memory

    @property
    def writes(self) -> int:
        return self.memory.writes

    def truth(self, external_id: str) -> Mapping[str, object] | None:
        found = [record for record in self.memory.records.values() if record.external_id == external_id]
        return asdict(found[0].spec) if found else None

    def password(self, external_id: str) -> str:
        found = [record for record in self.memory.records.values() if record.external_id == external_id]
        secret: Secret | None = found[0].spec.password
        return (secret.value or "") if secret else ""

    def add_foreign(self, external_id: str) -> None:
        spec = SubscriberSpec(enabled=True, device_ids=(FOREIGN_DEVICE,), note="VIP")
        self.memory.records[f"foreign-{external_id}"] = Record(external_id, spec)

    def remove(self, external_id: str) -> None:
        for record_id, record in tuple(self.memory.records.items()):
            if record.external_id == external_id:
                del self.memory.records[record_id]


class TelebreezeSubject:
    def __init__(self, simulator: TelebreezeSimulator, url: str, http: Http | None) -> None:
        self.simulator = simulator
        self.faults = simulator.faults
        settings = DriverSettings(endpoint=Endpoint(target="tv", url=url), api_key=API_KEY)
        self.driver = DRIVERS["telebreeze"].build(settings, VirtualClock(), http=http)

    @property
    def writes(self) -> int:
        return self.simulator.requests.writes

    def truth(self, external_id: str) -> Mapping[str, object] | None:
        rows = self.simulator.operator.customers.values()
        return next((row for row in rows if row["externalId"] == external_id), None)

    def password(self, external_id: str) -> str:
        return str((self.truth(external_id) or {}).get("password", ""))

    def add_foreign(self, external_id: str) -> None:
        fields = {"externalId": external_id, "devices": [{"deviceId": FOREIGN_DEVICE}], "notes": "VIP"}
        self.simulator.operator.create({name: value for name, value in fields.items() if value})

    def remove(self, external_id: str) -> None:
        self.simulator.operator.delete(str((self.truth(external_id) or {})["id"]))


class SeaChangeSubject:
    def __init__(
        self, simulator: SeaChangeSimulator, url: str, http: Http | None, dialect: Mapping[str, object] | None = None
    ) -> None:
        self.simulator = simulator
        self.faults = simulator.faults
        endpoint = Endpoint(target="tv", url=url)
        settings = DriverSettings(endpoint=endpoint, username=USERNAME, password=PASSWORD, dialect=dialect or {})
        self.driver = DRIVERS["seachange"].build(settings, VirtualClock(), http=http)

    @property
    def writes(self) -> int:
        return self.simulator.requests.writes

    def truth(self, external_id: str) -> Mapping[str, object] | None:
        customer = self.simulator.platform.customers.get(external_id)
        return None if customer is None else customer.model_dump()

    def password(self, external_id: str) -> str:
        raise NotImplementedError

    def add_foreign(self, external_id: str) -> None:
        self.simulator.platform.put(Customer(id=external_id, cpes=(FOREIGN_DEVICE,), note="VIP"))

    def remove(self, external_id: str) -> None:
        self.simulator.platform.delete(external_id)


@asynccontextmanager
async def memory() -> AsyncIterator[MemorySubject]:
    yield MemorySubject()


@asynccontextmanager
async def telebreeze() -> AsyncIterator[TelebreezeSubject]:
    simulator = _simulator()
    subject = TelebreezeSubject(simulator, "http://tv", httpx.ASGITransport(simulator))
    yield subject
    await subject.driver.aclose()


@asynccontextmanager
async def telebreeze_over_a_socket() -> AsyncIterator[TelebreezeSubject]:
    simulator = _simulator()
    async with serving(simulator) as url:
        subject = TelebreezeSubject(simulator, url, None)
        yield subject
        await subject.driver.aclose()


@asynccontextmanager
async def seachange() -> AsyncIterator[SeaChangeSubject]:
    simulator = _seachange_simulator()
    subject = SeaChangeSubject(simulator, "http://tv", httpx.ASGITransport(simulator))
    yield subject
    await subject.driver.aclose()


@asynccontextmanager
async def seachange_over_a_socket() -> AsyncIterator[SeaChangeSubject]:
    simulator = _seachange_simulator()
    async with serving(simulator) as url:
        subject = SeaChangeSubject(simulator, url, None)
        yield subject
        await subject.driver.aclose()


@asynccontextmanager
async def seachange_in_other_words() -> AsyncIterator[SeaChangeSubject]:
    simulator = _seachange_simulator()
    http = httpx.ASGITransport(renamed.Renamed(simulator))
    subject = SeaChangeSubject(simulator, "http://tv", http, renamed.DIALECT)
    yield subject
    await subject.driver.aclose()


def _simulator() -> TelebreezeSimulator:
    return TelebreezeSimulator(VirtualClock(), draws(7), packages=PACKAGES)


def _seachange_simulator() -> SeaChangeSimulator:
    return SeaChangeSimulator(VirtualClock(), draws(7), products=PACKAGES)


FAULTY_SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[FaultySubject]]] = {
    "telebreeze": telebreeze,
    "telebreeze over a socket": telebreeze_over_a_socket,
    "seachange": seachange,
    "seachange over a socket": seachange_over_a_socket,
    "seachange in other words": seachange_in_other_words,
}
SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[Subject]]] = {"memory": memory, **FAULTY_SUBJECTS}
