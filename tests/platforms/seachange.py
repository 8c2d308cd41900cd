"""What the tests of the SeaChange driver share."""

import httpx

from desired_state.account import Contact, Secret
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.driver import Driver, Reference
from platforms.endpoint import Endpoint
from platforms.registry import DRIVERS, DriverSettings
from platforms.seachange.simulated import Customer
from platforms.seachange.simulator import PASSWORD, USERNAME, SeaChangeSimulator
from platforms.transport import Http
from tests.clocks import VirtualClock

NAMESPACE = "urn:eventis:traxisweb:1.0"
NOTE = Owner(3, 7).note
NO_PIN = Secret("")
PIN = Secret("f1", "1234")
SPEC = SubscriberSpec(
    enabled=True,
    packages=("basic",),
    device_ids=("001A79000001",),
    pin=NO_PIN,
    contact=Contact(first_name="Ana", last_name="Doe", email="a@example.net", phone="1"),
    note=NOTE,
)


def built(http: Http, clock: VirtualClock, *, password: str = PASSWORD) -> Driver:
    endpoint = Endpoint(target="tv", url="http://tv")
    settings = DriverSettings(endpoint=endpoint, username=USERNAME, password=password)
    return DRIVERS["seachange"].build(settings, clock, http=http)


def answering(clock: VirtualClock, status: int, body: bytes) -> Driver:
    """A driver of a platform that answers everything alike."""
    return built(httpx.MockTransport(lambda _: httpx.Response(status, content=body)), clock)


async def seen(driver: Driver, external_id: str = "1_3") -> Observation:
    observed = await driver.observe(Reference(external_id))
    assert observed is not None
    return observed


def truth(simulator: SeaChangeSimulator, customer_id: str = "1_3") -> Customer:
    return simulator.platform.customers[customer_id]


def calls(simulator: SeaChangeSimulator) -> dict[str, int]:
    """What was asked for since the last look."""
    counted = dict(simulator.requests.operations)
    simulator.requests.reset()
    return counted


def gone(code: str = "NotFound", namespace: str = NAMESPACE) -> bytes:
    return f'<Error xmlns="{namespace}" code="{code}">There is none</Error>'.encode()
