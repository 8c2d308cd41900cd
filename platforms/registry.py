"""Which drivers there are: the configuration's `driver` name -> how to build one. Explicit on purpose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from platforms.breaker import Breaker
from platforms.driver import Driver
from platforms.endpoint import Endpoint
from platforms.ministra.client import Client as MinistraClient
from platforms.ministra.client import Connection as MinistraConnection
from platforms.ministra.dialect import Dialect as MinistraDialect
from platforms.ministra.driver import MinistraDriver
from platforms.ministra.simulator import MinistraSimulator
from platforms.ministra.wire import Wire as MinistraWire
from platforms.seachange.client import Client as SeaChangeClient
from platforms.seachange.client import basic
from platforms.seachange.dialect import Dialect as SeaChangeDialect
from platforms.seachange.driver import SeaChangeDriver
from platforms.seachange.simulator import SeaChangeSimulator
from platforms.seachange.wire import Wire as SeaChangeWire
from platforms.simulation import Draw
from platforms.telebreeze.client import Client as TelebreezeClient
from platforms.telebreeze.dialect import Dialect as TelebreezeDialect
from platforms.telebreeze.driver import TelebreezeDriver
from platforms.telebreeze.session import Session as TelebreezeSession
from platforms.telebreeze.simulator import TelebreezeSimulator
from platforms.telebreeze.wire import Wire as TelebreezeWire
from platforms.transport import Clock, Http, Meter, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSettings:
    """What the configuration says about one platform instance; its name is the endpoint's target.

    Which of the credentials must be there is the driver kind's to say. `dialect` holds overrides only.
    """

    endpoint: Endpoint
    api_key: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    dialect: Mapping[str, object] = field(default_factory=dict)


Drive = Callable[[DriverSettings, Transport, Clock], Driver]
"""Makes a driver that calls through this transport; raises `pydantic.ValidationError` for a dialect that is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverKind:
    """How the driver of a kind of platform is made (`kinds.py` has what there is to know of it), and its simulator."""

    drive: Drive
    simulator: Callable[[Clock, Draw], ASGIApp]

    def build(
        self,
        settings: DriverSettings,
        clock: Clock,
        *,
        http: Http | None = None,
        meter: Meter | None = None,
        breaker: Breaker | None = None,
    ) -> Driver:
        """A driver; `http` replaces the network, `meter` is told of every request, `breaker` how it ended.

        Raises `pydantic.ValidationError` for a dialect that is none.
        """
        transport = Transport(settings.endpoint, clock, http=http, meter=meter, breaker=breaker)
        return self.drive(settings, transport, clock)


def _telebreeze(settings: DriverSettings, transport: Transport, clock: Clock) -> Driver:
    dialect = TelebreezeDialect.model_validate(settings.dialect)
    session = TelebreezeSession(transport, settings.api_key or "", dialect, clock)
    wire = TelebreezeWire(settings.endpoint.target, dialect)
    return TelebreezeDriver(TelebreezeClient(session, wire, clock), wire, clock)


def _seachange(settings: DriverSettings, transport: Transport, clock: Clock) -> Driver:
    wire = SeaChangeWire(settings.endpoint.target, SeaChangeDialect.model_validate(settings.dialect))
    authorization = basic(settings.username or "", settings.password or "")
    return SeaChangeDriver(SeaChangeClient(transport, authorization, wire, clock), wire, clock)


def _ministra(settings: DriverSettings, transport: Transport, clock: Clock) -> Driver:
    connection = MinistraConnection(transport, settings.username or "", settings.password or "")
    wire = MinistraWire(settings.endpoint.target, MinistraDialect.model_validate(settings.dialect))
    return MinistraDriver(MinistraClient(connection, wire, clock), wire, clock)


DRIVERS: Mapping[str, DriverKind] = {
    "telebreeze": DriverKind(drive=_telebreeze, simulator=TelebreezeSimulator),
    "seachange": DriverKind(drive=_seachange, simulator=SeaChangeSimulator),
    "ministra": DriverKind(drive=_ministra, simulator=MinistraSimulator),
}
