"""SeaChange: what is special about its driver."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from pydantic import ValidationError

from desired_state.account import Contact, Secret
from desired_state.catalog import Offer
from desired_state.subscriber import Observation, SubscriberSpec
from platforms.dialects import DIALECTS
from platforms.driver import Driver, Reference, Rejected, Transient, Unavailable
from platforms.endpoint import Endpoint
from platforms.listing import understood
from platforms.registry import DRIVERS, DriverSettings
from platforms.seachange.simulated import Customer
from platforms.seachange.simulator import PASSWORD, USERNAME, SeaChangeSimulator
from platforms.simulation import Fault
from tests.clocks import VirtualClock, draws
from tests.platforms.seachange import NAMESPACE, NO_PIN, NOTE, SPEC, answering, built, calls, gone, seen, truth
from tests.servers import serving

ODD_NAMES = ("a/b", "/", "a b", "100%", "a?b#c", "Žižka_3", "a&b<c>\"d'", "a~b", "a+b;c=d", "..a", " a ")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def simulator(clock: VirtualClock) -> SeaChangeSimulator:
    return SeaChangeSimulator(clock, draws())


@pytest.fixture
async def driver(simulator: SeaChangeSimulator, clock: VirtualClock) -> AsyncIterator[Driver]:
    made = built(httpx.ASGITransport(simulator), clock)
    yield made
    await made.aclose()


async def test_each_kind_of_change_costs_what_it_must(driver: Driver, simulator: SeaChangeSimulator) -> None:
    await driver.create("1_3", SPEC)
    assert calls(simulator) == {"customers.get": 1, "customers.create": 1}
    observed = await seen(driver)
    assert calls(simulator) == {"customers.get": 1}
    await driver.update(observed, replace(SPEC, enabled=False, packages=("sport",)))
    assert calls(simulator) == {"customers.get": 1, "customers.update": 1}
    await driver.create("1_3", SPEC)
    assert calls(simulator) == {"customers.get": 1}
    await driver.delete(observed)
    assert calls(simulator) == {"customers.delete": 1}
    await driver.packages()
    assert calls(simulator) == {"products.list": 1}


async def test_every_call_bears_name_and_password(clock: VirtualClock) -> None:
    given: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        given.append(request.headers["authorization"])
        return httpx.Response(204)

    driver = built(httpx.MockTransport(answer), clock, password="pä:ss")
    await driver.delete(Observation("1_3", "1_3", SPEC, clock.now()))
    assert given == [f"Basic {b64encode(f'{USERNAME}:pä:ss'.encode()).decode()}"]
    await driver.aclose()


async def test_a_wrong_password_is_unavailable_and_not_shown(
    simulator: SeaChangeSimulator, clock: VirtualClock
) -> None:
    driver = built(httpx.ASGITransport(simulator), clock, password="canary")
    with pytest.raises(Unavailable, match=r"tv answered customers\.get with HTTP 401") as caught:
        await driver.observe(Reference("1_3"))
    assert "canary" not in repr(caught.value)
    await driver.aclose()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Not Found</body></html>",
        b'{"message": "Not found"}',
        gone(code="NoSuchPath"),
        gone(code=""),
        gone(namespace="urn:x"),
        f'<Customer xmlns="{NAMESPACE}" id="1_3" code="NotFound"/>'.encode(),
    ],
)
async def test_only_the_platforms_own_word_says_gone(clock: VirtualClock, body: bytes) -> None:
    driver = answering(clock, 404, body)
    observed = Observation("1_3", "1_3", SPEC, clock.now())
    for call in (driver.observe(Reference("1_3")), driver.create("1_3", SPEC), driver.delete(observed)):
        with pytest.raises(
            Transient, match=r"HTTP 404, as if there were no such path; check its url and dialect\.paths"
        ):
            await call
    await driver.aclose()


async def test_the_platforms_own_word_is_believed(clock: VirtualClock) -> None:
    driver = answering(clock, 404, gone())
    assert await driver.observe(Reference("1_3")) is None
    await driver.delete(Observation("1_3", "1_3", SPEC, clock.now()))
    with pytest.raises(Transient, match="HTTP 404"):
        await driver.packages()
    with pytest.raises(Transient, match="HTTP 404"):
        _ = [each async for each in understood(driver.list())]
    await driver.aclose()


def page(inner: str, attributes: str = 'total="1"') -> bytes:
    return f'<Customers xmlns="{NAMESPACE}" {attributes}>{inner}</Customers>'.encode()


ROW = '<Customer id="1_3" revision="1"/>'


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Please wait</body></html>",
        b"",
        page(ROW)[:-5],
        page(ROW).replace(b"urn:eventis", b"urn:other"),
        page("<Customer/>"),
        page("<Product/>"),
        page('<Customer xmlns="" id="1_3"/>'),
        page(ROW, 'total="2"'),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + page(ROW),
    ],
)
async def test_a_list_that_is_not_what_it_should_be_fails(clock: VirtualClock, body: bytes) -> None:
    driver = answering(clock, 200, body)
    with pytest.raises(Transient):
        _ = [each async for each in understood(driver.list())]
    await driver.aclose()


@pytest.mark.parametrize("attributes", ['total="1"', "", 'total="many"'])
async def test_a_total_that_is_not_stated_is_not_needed(clock: VirtualClock, attributes: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        rows = ROW if request.url.params["start"] == "0" else ""
        return httpx.Response(200, content=page(rows, attributes))

    driver = built(httpx.MockTransport(answer), clock)
    assert [each.external_id async for each in understood(driver.list())] == ["1_3"]
    await driver.aclose()


async def test_an_answer_about_another_customer_is_not_believed(clock: VirtualClock) -> None:
    driver = answering(clock, 200, f'<Customer xmlns="{NAMESPACE}" id="2_3" revision="1"/>'.encode())
    for call in (driver.observe(Reference("1_3")), driver.create("1_3", SPEC)):
        with pytest.raises(Transient, match="customer '1_3' with another customer"):
            await call
    await driver.aclose()


async def test_a_large_list_is_read_in_pages(driver: Driver, simulator: SeaChangeSimulator) -> None:
    names = {f"{number}_3" for number in range(501)}
    for name in names:
        simulator.platform.put(Customer(id=name))
    assert {each.external_id async for each in understood(driver.list())} == names
    assert calls(simulator) == {"customers.list": 3}


async def test_a_list_that_shrinks_while_it_is_read_skips_nobody(driver: Driver, simulator: SeaChangeSimulator) -> None:
    for number in range(900):
        simulator.platform.put(Customer(id=f"{number}_3"))
    read: list[str] = []
    async for each in understood(driver.list()):
        read.append(each.external_id)
        if len(read) % 50 == 0:
            simulator.platform.delete(each.record_id)
    assert sorted(read) == sorted(f"{number}_3" for number in range(900))


async def test_a_reading_is_as_old_as_its_beginning(
    driver: Driver, simulator: SeaChangeSimulator, clock: VirtualClock
) -> None:
    await driver.create("1_3", SPEC)
    for read in (seen(driver), first(driver)):
        began = clock.now()
        simulator.faults.add(Fault(operation="customers.*", kind="delay", seconds=5))
        assert ((await read).observed_at, clock.now()) == (began, began + timedelta(seconds=5))


async def first(driver: Driver) -> Observation:
    (only,) = [each async for each in understood(driver.list())]
    return only


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_a_name_of_odd_characters_stays_itself(driver: Driver, simulator: SeaChangeSimulator, name: str) -> None:
    assert driver.problems(name, driver.normalize(SPEC), Offer(())) == ()
    record_id = await driver.create(name, SPEC)
    assert list(simulator.platform.customers) == [record_id] == [name]
    observed = await seen(driver, name)
    assert [each.external_id async for each in understood(driver.list())] == [observed.external_id] == [name]
    await driver.update(observed, replace(SPEC, enabled=False))
    assert not truth(simulator, name).enabled
    await driver.delete(observed)
    assert simulator.platform.customers == {}


async def test_odd_names_come_through_a_real_connection(simulator: SeaChangeSimulator, clock: VirtualClock) -> None:
    async with serving(simulator) as url:
        settings = DriverSettings(endpoint=Endpoint(target="tv", url=url), username=USERNAME, password=PASSWORD)
        driver = DRIVERS["seachange"].build(settings, clock)
        for name in ODD_NAMES:
            await driver.create(name, replace(SPEC, device_ids=()))
            assert (await seen(driver, name)).external_id == name
        await driver.aclose()
    assert set(simulator.platform.customers) == set(ODD_NAMES)


@pytest.mark.parametrize("name", ["a~~2Fb", "~~2f", ".", "..", "a\nb", "a\x00b", "a\ud800b"])
async def test_a_name_that_cannot_be_addressed_is_a_problem(driver: Driver, name: str) -> None:
    (problem,) = driver.problems(name, driver.normalize(SPEC), Offer(()))
    assert problem.code == "capability"
    assert "the customer id" in problem.text


async def test_a_name_that_means_another_customer_is_rejected(driver: Driver, simulator: SeaChangeSimulator) -> None:
    await driver.create("a/b", SPEC)
    simulator.requests.reset()
    with pytest.raises(Rejected, match="'~~2F' means '/'"):
        await driver.observe(Reference("a~~2Fb"))
    with pytest.raises(Rejected, match="'~~2F' means '/'"):
        await driver.create("a~~2Fb", SPEC)
    assert calls(simulator) == {}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (SubscriberSpec(enabled=True, auth="login"), "no authentication by 'login'"),
        (SubscriberSpec(enabled=True, auth="all"), "no authentication by 'all'"),
        (SubscriberSpec(enabled=True, password=Secret("f", "x")), "there are no passwords"),
        (SubscriberSpec(enabled=True, max_connections=2), "no limit of connections, and 2 are allowed"),
        (SubscriberSpec(enabled=True, note="x" * 256), "the note has 256 characters"),
        (SubscriberSpec(enabled=True, device_ids=("a\x01b",)), "a character that XML has no place for"),
    ],
)
def test_what_seachange_cannot_hold_is_named(driver: Driver, spec: SubscriberSpec, text: str) -> None:
    (problem,) = driver.problems("1_3", driver.normalize(spec), Offer(()))
    assert text in problem.text


def test_a_wish_is_bent_into_what_reads_back(driver: Driver) -> None:
    wish = SubscriberSpec(
        enabled=True,
        packages=("sport", "basic", "sport"),
        auth="device",
        device_ids=("00:1a:79:00:00:01", " 001A.7900.0001 ", "Stb:7", ""),
        login="ana",
        password=Secret("", ""),
        pin=Secret("", ""),
        max_connections=0,
        contact=Contact(first_name=" An\x07a\n", last_name="Doe", email="e", phone="p", city="Brno", zip="1"),
        note=f" {NOTE}\r\nVIP ",
        account_number="1",
    )
    assert driver.normalize(wish) == SubscriberSpec(
        enabled=True,
        packages=("basic", "sport"),
        device_ids=("001A79000001", "Stb:7"),
        pin=NO_PIN,
        contact=Contact(first_name="Ana", last_name="Doe", email="e", phone="p"),
        note=f"{NOTE}  VIP",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": {}},
        {"paths": {"customers": "no-slash"}},
        {"paths": {"customer": "/Customer"}},
        {"document": {"true": ""}},
        {"customer": {"id": "two words"}},
        {"customer": {"pin": "x:Pin"}},
        {"listing": {"page_size": 1}},
    ],
)
def test_a_dialect_with_a_mistake_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DIALECTS["seachange"].model_validate(wrong)
