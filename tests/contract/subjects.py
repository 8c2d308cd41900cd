"""What the contract suite is run against: a driver, and an independent look at what its platform holds.

To put another driver through the suite, write a `Subject` for it and add it to `SUBJECTS`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import httpx
from starlette.types import ASGIApp

from desired_state.account import Secret
from desired_state.catalog import Package
from desired_state.sales import FeedRecord, SaleKind
from desired_state.subscriber import SubscriberSpec
from platforms.driver import Driver
from platforms.endpoint import Endpoint
from platforms.memory import MemoryDriver, Record
from platforms.ministra.simulated import Plan, User
from platforms.ministra.simulator import PASSWORD as MINISTRA_PASSWORD
from platforms.ministra.simulator import USERNAME as MINISTRA_USERNAME
from platforms.ministra.simulator import MinistraSimulator
from platforms.registry import DRIVERS, DriverSettings
from platforms.seachange.simulated import Customer, Sale
from platforms.seachange.simulator import PASSWORD, USERNAME, SeaChangeSimulator
from platforms.simulation import Faults
from platforms.telebreeze.simulator import API_KEY, TelebreezeSimulator
from platforms.transport import Http
from tests.clocks import VirtualClock, draws
from tests.contract import renamed
from tests.servers import serving

PACKAGES = {"1": "basic", "2": "sport", "3": "kids", "basic": "", "sport": ""}
FOREIGN_DEVICE = "001A79F0E1D2"


class Subject(Protocol):
    """One driver and its platform."""

    driver: Driver
    clock: VirtualClock

    @property
    def packages(self) -> Mapping[str, str]:
        """What the platform offers: ids and external ids."""
        ...

    def fitting(self, spec: SubscriberSpec) -> SubscriberSpec:
        """The wish with packages, drawn from `PACKAGES`, in a combination that the platform can hold."""
        ...

    @property
    def writes(self) -> int:
        """How many changing calls reached the platform."""
        ...

    def truth(self, external_id: str) -> Mapping[str, object] | None:
        """All the platform holds, in its own words; `None` if there is no such record."""
        ...

    def password(self, external_id: str) -> str:
        """The password in force, empty if none is."""
        ...

    def add_foreign(self, external_id: str) -> None:
        """A record somebody else made, with `FOREIGN_DEVICE`."""
        ...

    def remove(self, external_id: str) -> None:
        """Somebody else removes the record."""
        ...

    def sell(self, external_id: str) -> None:
        """The record's customer buys a film for 3.99 EUR."""
        ...


class FaultySubject(Subject, Protocol):
    """A subject whose platform can be made to fail."""

    faults: Faults


class Undemanding:
    """What a subject whose platform can hold any packages together has in common with others of its kind."""

    packages: Mapping[str, str] = PACKAGES

    def fitting(self, spec: SubscriberSpec) -> SubscriberSpec:
        return spec


class MemorySubject(Undemanding):
    def __init__(self) -> None:
        packages = [Package(each, name) for each, name in PACKAGES.items()]
        self.clock = VirtualClock()
        self.memory = MemoryDriver("tv", self.clock, packages)
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

    def sell(self, external_id: str) -> None:
        (record_id,) = (each for each, record in self.memory.records.items() if record.external_id == external_id)
        price: dict[str, Any] = {"amount": Decimal("3.99"), "currency": "EUR", "sold_at": self.clock.now()}
        self.memory.sales.append(
            FeedRecord(platform="tv", id="1", kind=SaleKind.VOD, record_id=record_id, external_id=external_id, **price)
        )


class TelebreezeSubject(Undemanding):
    def __init__(self, simulator: TelebreezeSimulator, url: str, http: Http | None) -> None:
        self.simulator = simulator
        self.faults = simulator.faults
        self.clock = VirtualClock()
        settings = DriverSettings(endpoint=Endpoint(target="tv", url=url), api_key=API_KEY)
        self.driver = DRIVERS["telebreeze"].build(settings, self.clock, http=http)

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

    def sell(self, external_id: str) -> None:
        buyer = {"customerId": (self.truth(external_id) or {})["id"], "externalId": external_id}
        price = {"type": "vod", "amount": "3.99", "currency": "EUR", "createdAt": "2026-03-01T12:00:00Z"}
        self.simulator.transactions.append({"id": "t-1", **buyer, **price})


class MinistraSubject:
    """Of the packages, `1` and `3` are plans, and `2` and `sport` add-ons to the first of them."""

    plans: Mapping[str, Plan] = {"1": Plan(optional=("2", "sport")), "3": Plan(mandatory=("basic",))}
    packages: Mapping[str, str] = {each: each for each in PACKAGES}

    def __init__(self, simulator: MinistraSimulator, url: str, http: Http | None) -> None:
        self.clock = VirtualClock()
        self.portal = simulator.portal
        self.simulator = simulator
        self.faults = simulator.faults
        endpoint = Endpoint(target="tv", url=url)
        settings = DriverSettings(endpoint=endpoint, username=MINISTRA_USERNAME, password=MINISTRA_PASSWORD)
        self.driver = DRIVERS["ministra"].build(settings, self.clock, http=http)

    def fitting(self, spec: SubscriberSpec) -> SubscriberSpec:
        plan = "1" if "1" in (spec.packages or ()) else "3"
        addons = set(spec.packages or ()) & set(self.plans[plan].optional)
        return replace(spec, packages=(plan, *sorted(addons)), account_number="7")

    @property
    def writes(self) -> int:
        return self.simulator.requests.writes

    def truth(self, external_id: str) -> Mapping[str, object] | None:
        found = self.portal.by_login([external_id])
        return asdict(found[0]) if found else None

    def password(self, external_id: str) -> str:
        return str((self.truth(external_id) or {}).get("password", ""))

    def add_foreign(self, external_id: str) -> None:
        user = User(external_id)
        self.portal.users.append(user)
        self.portal.change([user], {"stb_mac": "00:1A:79:F0:E1:D2", "comment": "VIP"})

    def remove(self, external_id: str) -> None:
        self.portal.delete(self.portal.by_login([external_id]))

    def sell(self, external_id: str) -> None:
        raise NotImplementedError


class SeaChangeSubject(Undemanding):
    def __init__(
        self, simulator: SeaChangeSimulator, url: str, http: Http | None, dialect: Mapping[str, object] | None = None
    ) -> None:
        self.simulator = simulator
        self.faults = simulator.faults
        self.clock = VirtualClock()
        endpoint = Endpoint(target="tv", url=url)
        settings = DriverSettings(endpoint=endpoint, username=USERNAME, password=PASSWORD, dialect=dialect or {})
        self.driver = DRIVERS["seachange"].build(settings, self.clock, http=http)

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

    def sell(self, external_id: str) -> None:
        self.simulator.platform.sell(Sale(customer=external_id, kind="vod", amount="3.99", currency="EUR"))


S = TypeVar("S", bound=ASGIApp)
F = TypeVar("F", bound=FaultySubject)


@asynccontextmanager
async def memory() -> AsyncIterator[MemorySubject]:
    yield MemorySubject()


@asynccontextmanager
async def _closed_at_the_end(subject: F) -> AsyncIterator[F]:
    yield subject
    await subject.driver.aclose()


@asynccontextmanager
async def _over_a_socket(simulator: S, subject: Callable[[S, str, None], F]) -> AsyncIterator[F]:
    async with serving(simulator) as url, _closed_at_the_end(subject(simulator, url, None)) as made:
        yield made


def _in_place(simulator: S, subject: Callable[[S, str, Http], F]) -> AbstractAsyncContextManager[F]:
    return _closed_at_the_end(subject(simulator, "http://tv", httpx.ASGITransport(simulator)))


def telebreeze() -> AbstractAsyncContextManager[TelebreezeSubject]:
    return _in_place(_simulator(), TelebreezeSubject)


def telebreeze_over_a_socket() -> AbstractAsyncContextManager[TelebreezeSubject]:
    return _over_a_socket(_simulator(), TelebreezeSubject)


def ministra() -> AbstractAsyncContextManager[MinistraSubject]:
    return _in_place(_ministra_simulator(), MinistraSubject)


def ministra_over_a_socket() -> AbstractAsyncContextManager[MinistraSubject]:
    return _over_a_socket(_ministra_simulator(), MinistraSubject)


def seachange() -> AbstractAsyncContextManager[SeaChangeSubject]:
    return _in_place(_seachange_simulator(), SeaChangeSubject)


def seachange_over_a_socket() -> AbstractAsyncContextManager[SeaChangeSubject]:
    return _over_a_socket(_seachange_simulator(), SeaChangeSubject)


def seachange_in_other_words() -> AbstractAsyncContextManager[SeaChangeSubject]:
    simulator = _seachange_simulator()
    http = httpx.ASGITransport(renamed.Renamed(simulator))
    return _closed_at_the_end(SeaChangeSubject(simulator, "http://tv", http, renamed.DIALECT))


def _simulator() -> TelebreezeSimulator:
    return TelebreezeSimulator(VirtualClock(), draws(7), packages=PACKAGES)


def _ministra_simulator() -> MinistraSimulator:
    return MinistraSimulator(VirtualClock(), draws(7), plans=MinistraSubject.plans)


def _seachange_simulator() -> SeaChangeSimulator:
    return SeaChangeSimulator(VirtualClock(), draws(7), products=PACKAGES)


FAULTY_SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[FaultySubject]]] = {
    "telebreeze": telebreeze,
    "telebreeze over a socket": telebreeze_over_a_socket,
    "seachange": seachange,
    "seachange over a socket": seachange_over_a_socket,
    "seachange in other words": seachange_in_other_words,
    "ministra": ministra,
    "ministra over a socket": ministra_over_a_socket,
}
SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[Subject]]] = {"memory": memory, **FAULTY_SUBJECTS}
