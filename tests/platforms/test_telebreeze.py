"""Telebreeze: log-in, dialect, and what is special about its driver."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from pydantic import ValidationError

from desired_state.account import Contact, Secret
from desired_state.catalog import Offer
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.dialects import DIALECTS
from platforms.driver import Driver, Reference, Rejected, Transient, Unavailable
from platforms.endpoint import Endpoint
from platforms.listing import understood
from platforms.registry import DRIVERS, DriverSettings
from platforms.simulation import Fault
from platforms.telebreeze.simulator import API_KEY, TelebreezeSimulator
from platforms.transport import Http
from tests.clocks import VirtualClock, draws

NOTE = Owner(3, 7).note
SPEC = SubscriberSpec(enabled=True, packages=("1",), auth="device", device_ids=("001A79000001",), note=NOTE)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def simulator(clock: VirtualClock) -> TelebreezeSimulator:
    return TelebreezeSimulator(clock, draws())


def built(
    http: Http, clock: VirtualClock, *, api_key: str = API_KEY, dialect: dict[str, object] | None = None
) -> Driver:
    endpoint = Endpoint(target="tv", url="http://tv", max_concurrency=32)
    settings = DriverSettings(endpoint=endpoint, api_key=api_key, dialect=dialect or {})
    return DRIVERS["telebreeze"].build(settings, clock, http=http)


@pytest.fixture
async def driver(simulator: TelebreezeSimulator, clock: VirtualClock) -> AsyncIterator[Driver]:
    made = built(httpx.ASGITransport(simulator), clock)
    yield made
    await made.aclose()


def logins(simulator: TelebreezeSimulator) -> int:
    return simulator.requests.operations["auth.token"]


async def test_many_calls_at_once_share_one_login(driver: Driver, simulator: TelebreezeSimulator) -> None:
    simulator.faults.add(Fault(operation="auth.token", kind="delay", seconds=1))
    await asyncio.gather(*(driver.observe(Reference(f"{number}_3")) for number in range(20)))
    assert logins(simulator) == 1


async def test_a_token_is_renewed_before_it_runs_out(
    driver: Driver, simulator: TelebreezeSimulator, clock: VirtualClock
) -> None:
    simulator.token_life = 100
    for after, expected in ((0, 1), (89, 1), (2, 2)):
        clock.advance(after)
        await driver.packages()
        assert logins(simulator) == expected


async def test_a_lost_session_is_mended_by_one_login_and_one_repetition(
    driver: Driver, simulator: TelebreezeSimulator
) -> None:
    await driver.packages()
    simulator.expire_tokens()
    simulator.requests.reset()
    simulator.faults.add(Fault(operation="customers.list", kind="delay", seconds=1, count=10))
    await asyncio.gather(*(driver.observe(Reference(f"{number}_3")) for number in range(10)))
    assert logins(simulator) == 1
    assert simulator.requests.operations["customers.list"] == 20


async def test_a_session_lost_again_at_once_is_unavailable(driver: Driver, simulator: TelebreezeSimulator) -> None:
    simulator.faults.add(Fault(operation="customers.*", kind="status", status=401, count=None))
    with pytest.raises(Unavailable, match=r"tv answered customers\.find with HTTP 401"):
        await driver.observe(Reference("1_3"))
    assert (logins(simulator), simulator.requests.operations["customers.list"]) == (2, 2)


async def test_a_wrong_api_key_is_unavailable_and_not_shown(
    simulator: TelebreezeSimulator, clock: VirtualClock
) -> None:
    driver = built(httpx.ASGITransport(simulator), clock, api_key="canary-key")
    with pytest.raises(Unavailable, match="check api_key and url of platform 'tv'") as caught:
        await driver.packages()
    assert "canary" not in repr(caught.value)
    await driver.aclose()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=500),
        Fault(kind="html"),
        Fault(kind="garbage"),
        Fault(kind="lost_answer"),
        Fault(kind="truncated"),
    ],
)
async def test_a_login_that_fails_otherwise_is_transient(
    driver: Driver, simulator: TelebreezeSimulator, fault: Fault
) -> None:
    simulator.faults.add(fault.model_copy(update={"operation": "auth.token"}))
    with pytest.raises(Transient):
        await driver.packages()
    assert len(await driver.packages()) == 4


@pytest.mark.parametrize("answer", [{}, [], {"accessToken": None}, {"accessToken": ""}, {"accessToken": "a\nb"}])
async def test_a_login_without_a_token_is_transient(clock: VirtualClock, answer: object) -> None:
    driver = built(httpx.MockTransport(lambda _: httpx.Response(200, json=answer)), clock)
    with pytest.raises(Transient, match="without a usable 'accessToken'"):
        await driver.packages()
    await driver.aclose()


@pytest.mark.parametrize("life", [None, "soon", -1, "3600"])
async def test_a_token_of_unknown_life_is_used(clock: VirtualClock, life: object) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"accessToken": "t", "expiresIn": life})
        return httpx.Response(200, json={"rows": []})

    driver = built(httpx.MockTransport(answer), clock)
    assert await driver.packages() == ()
    await driver.aclose()


async def test_every_name_of_the_api_can_be_overridden(clock: VirtualClock) -> None:
    seen: list[tuple[str, str, str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = request.content.decode()
        seen.append((request.method, str(request.url), body, request.headers.get("authorization", "")))
        if request.url.path == "/login":
            return httpx.Response(200, json={"jwt": "t", "ttl": 10})
        if request.method == "GET":
            return httpx.Response(200, json={"items": [{"cid": "1", "ext": "1_3", "state": "ON"}], "total": "1"})
        return httpx.Response(201, json={"cid": "2"})

    dialect: dict[str, object] = {
        "paths": {"token": "/login", "customers": "/clients", "customer": "/clients/{id}/"},
        "session": {"api_key": "key", "access_token": "jwt", "expires_in": "ttl", "scheme": "Token"},
        "listing": {"rows": "items", "count": "total", "limit": "top", "offset": "skip", "page_size": 50},
        "customer": {"id": "cid", "external_id": "ext", "status": "state", "notes": "remark"},
        "status": {"active": "ON"},
    }
    driver = built(httpx.MockTransport(answer), clock, dialect=dialect)
    found = await driver.observe(Reference("1_3"))
    assert found is not None
    assert found.spec.enabled
    assert await driver.create("2_3", SubscriberSpec(enabled=True, note="n")) == "2"
    assert seen == [
        ("POST", "http://tv/login", f"key={API_KEY}", ""),
        ("GET", "http://tv/clients?top=50&skip=0&ext=1_3", "", "Token t"),
        ("POST", "http://tv/clients", '{"ext":"2_3","state":"ON","remark":"n"}', "Token t"),
    ]
    await driver.aclose()


@pytest.mark.parametrize(
    "wrong",
    [{"path": {}}, {"paths": {"token": "no-slash"}}, {"paths": {"customer": "/customers"}}, {"listing": {"rows": ""}}],
)
def test_a_dialect_with_a_mistake_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DIALECTS["telebreeze"].model_validate(wrong)


def test_settings_do_not_show_credentials() -> None:
    endpoint = Endpoint(target="tv", url="http://tv")
    settings = DriverSettings(endpoint=endpoint, api_key="canary", username="canary", password="canary")
    assert "canary" not in repr(settings)


def test_a_device_is_spelt_in_one_way(clock: VirtualClock) -> None:
    driver = built(httpx.MockTransport(lambda _: httpx.Response(500)), clock)
    spellings = ("00:1a:79:00:00:01", "00-1A-79-00-00-01", "001a.7900.0001", " 001a79000001 ", "Stb:7", "", "stb-7")
    spec = driver.normalize(SubscriberSpec(enabled=True, device_ids=spellings))
    assert spec.device_ids == ("001A79000001", "Stb:7", "stb-7")


def test_texts_are_trimmed_and_a_cleared_pin_is_no_wish(clock: VirtualClock) -> None:
    driver = built(httpx.MockTransport(lambda _: httpx.Response(500)), clock)
    wish = SubscriberSpec(enabled=True, login=" Ana ", contact=Contact(city=" Brno "), pin=Secret("", ""))
    assert driver.normalize(wish) == SubscriberSpec(enabled=True, login="Ana", contact=Contact(city="Brno"))


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (SubscriberSpec(enabled=True, note="x" * 256), "the note has 256 characters"),
        (SubscriberSpec(enabled=True, auth="pin"), "no authentication by 'pin'"),
        (SubscriberSpec(enabled=True, pin=Secret("f", "1234")), "there is no PIN"),
    ],
)
def test_what_telebreeze_cannot_hold_is_named(clock: VirtualClock, spec: SubscriberSpec, text: str) -> None:
    driver = built(httpx.MockTransport(lambda _: httpx.Response(500)), clock)
    (problem,) = driver.problems("1_3", driver.normalize(spec), Offer(()))
    assert text in problem.text


async def test_a_customer_is_told_from_others_of_like_names(clock: VirtualClock) -> None:
    rows = [{"id": str(number), "externalId": name, "status": "active"} for number, name in enumerate(["1_33", "1_3"])]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"accessToken": "t"})
        offset = int(request.url.params["offset"])
        return httpx.Response(200, json={"rows": rows[offset:], "count": 2})

    driver = built(httpx.MockTransport(answer), clock)
    found = await driver.observe(Reference("1_3"))
    assert found is not None
    assert found.record_id == "1"
    assert await driver.observe(Reference("1_333")) is None
    await driver.aclose()


async def test_our_own_customer_counts_as_made_whatever_value_is_reported_as_double(
    driver: Driver, simulator: TelebreezeSimulator
) -> None:
    record_id = await driver.create("1_3", SPEC)
    body = json.dumps({"message": "in use", "field": "devices"}).encode()

    async def devices_first(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/customers"):
            return httpx.Response(409, content=body)
        return await httpx.ASGITransport(simulator).handle_async_request(request)

    other = built(httpx.MockTransport(devices_first), VirtualClock())
    assert await other.create("1_3", SPEC) == record_id
    with pytest.raises(Rejected, match="devices"):
        await other.create("2_3", SPEC)
    await other.aclose()


async def test_our_own_customer_that_is_not_shown_yet_is_waited_for(
    driver: Driver, simulator: TelebreezeSimulator, clock: VirtualClock
) -> None:
    simulator.operator.read_lag = 5
    record_id = await driver.create("1_3", SPEC)
    with pytest.raises(Transient, match="does not show it yet"):
        await driver.create("1_3", SPEC)
    clock.advance(5)
    assert await driver.create("1_3", SPEC) == record_id


async def test_a_large_list_is_read_in_pages(driver: Driver, simulator: TelebreezeSimulator) -> None:
    for number in range(1201):
        simulator.operator.create({"externalId": f"{number}_3"})
    listed = {each.external_id async for each in understood(driver.list())}
    assert listed == {f"{number}_3" for number in range(1201)}
    assert simulator.requests.operations["customers.list"] == 3


async def test_a_list_that_shrinks_while_it_is_read_skips_nobody(clock: VirtualClock) -> None:
    simulator = TelebreezeSimulator(clock, draws())
    for number in range(1600):
        simulator.operator.create({"externalId": f"{number}_3"})
    driver = built(httpx.ASGITransport(simulator), clock)
    read: list[str] = []
    async for each in understood(driver.list()):
        read.append(each.external_id)
        if len(read) % 100 == 0:
            simulator.operator.delete(each.record_id)
    assert sorted(read) == sorted(f"{number}_3" for number in range(1600))
    await driver.aclose()


async def test_a_reading_is_as_old_as_its_beginning(
    driver: Driver, simulator: TelebreezeSimulator, clock: VirtualClock
) -> None:
    record_id = await driver.create("1_3", SPEC)
    for read in (driver.observe(Reference("1_3")), driver.observe(Reference("1_3", record_id)), first(driver)):
        began = clock.now()
        simulator.faults.add(Fault(operation="customers.*", kind="delay", seconds=5))
        observed = await read
        assert observed is not None
        assert (observed.observed_at, clock.now()) == (began, began + timedelta(seconds=5))


async def first(driver: Driver) -> Observation | None:
    (only,) = [each async for each in understood(driver.list())]
    return only


async def test_a_created_customer_can_watch_and_a_suspended_one_cannot(
    driver: Driver, simulator: TelebreezeSimulator
) -> None:
    async def code() -> object:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(simulator), base_url="http://tv") as player:
            answer = await player.post("/api/authorization/login", data={"device_id": "001A79000001"})
            return answer.json()["code"]

    await driver.create("1_3", SPEC)
    assert await code() == 1
    observed = await driver.observe(Reference("1_3"))
    assert observed is not None
    await driver.update(observed, SubscriberSpec(enabled=False))
    assert await code() == 0
