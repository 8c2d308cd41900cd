"""The Telebreeze simulator and the faults all simulators share, over HTTP as `simulate` offers them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from platforms.simulation import Fault, Faults
from platforms.telebreeze.simulator import API_KEY, TelebreezeSimulator
from tests.clocks import VirtualClock, draws
from tests.servers import serving

CUSTOMERS = "/api/dashboard/customers"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def simulator(clock: VirtualClock) -> TelebreezeSimulator:
    return TelebreezeSimulator(clock, draws())


@pytest.fixture
async def api(simulator: TelebreezeSimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(simulator), base_url="http://tv") as client:
        client.headers["authorization"] = f"Bearer {await token(client)}"
        yield client


async def token(client: httpx.AsyncClient, api_key: str = API_KEY) -> str:
    answer = await client.post("/api/dashboard/auth/access-token", data={"apiKey": api_key})
    return str(answer.json().get("accessToken"))


async def create(api: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await api.post(CUSTOMERS, json=fields)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


async def test_everything_needs_a_token(api: httpx.AsyncClient, clock: VirtualClock) -> None:
    assert (await api.get(CUSTOMERS)).status_code == 200
    clock.advance(3600)
    assert (await api.get(CUSTOMERS)).status_code == 401
    assert await token(api, "wrong") == "None"


async def test_a_customer_has_defaults_and_shows_no_password(api: httpx.AsyncClient) -> None:
    made = await create(api, externalId="1_3", password="secret")
    assert made["status"] == "active"
    assert made["balance"] == "0.00"
    assert made["createdAt"] == made["updatedAt"] == "2026-03-01T12:00:00Z"
    for shown in (made, (await api.get(f"{CUSTOMERS}/{made['id']}")).json(), (await api.get(CUSTOMERS)).json()):
        assert "secret" not in str(shown)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"externalId": "1_3"}, "externalId"),
        ({"externalId": "2_3", "username": "ANA"}, "username"),
        ({"externalId": "2_3", "devices": [{"deviceId": "D1"}]}, "devices"),
    ],
)
async def test_what_must_be_unique_is(api: httpx.AsyncClient, fields: Mapping[str, object], field: str) -> None:
    await create(api, externalId="1_3", username="Ana", devices=[{"deviceId": "D1"}])
    answer = await api.post(CUSTOMERS, json=fields)
    assert (answer.status_code, answer.json()["field"]) == (409, field)
    await create(api, externalId="3_3", username="", devices=[{"deviceId": "d1"}])


async def test_a_value_given_up_is_free_again(api: httpx.AsyncClient) -> None:
    one = await create(api, externalId="1_3", username="ana")
    await api.patch(f"{CUSTOMERS}/{one['id']}", json={"username": "bo"})
    two = await create(api, externalId="2_3", username="ana")
    assert (await api.delete(f"{CUSTOMERS}/{two['id']}")).status_code == 204
    assert (await api.delete(f"{CUSTOMERS}/{two['id']}")).status_code == 404
    await create(api, externalId="2_3", username="ana")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"externalId": ""},
        {"externalId": "x" * 65},
        {"externalId": "1_3", "status": "blocked"},
        {"externalId": "1_3", "authMethod": "pin"},
        {"externalId": "1_3", "packages": ["9"]},
        {"externalId": "1_3", "packages": "1"},
        {"externalId": "1_3", "devices": ["D1"]},
        {"externalId": "1_3", "maxConcurrentConnections": -1},
        {"externalId": "1_3", "notes": "x" * 256},
        {"externalId": "1_3", "firstName": None},
        {"externalId": "1_3", "balance": "5"},
        {"externalId": "1_3", "surname": "Doe"},
        [],
    ],
)
async def test_what_is_not_valid_is_422_and_named(api: httpx.AsyncClient, fields: object) -> None:
    answer = await api.post(CUSTOMERS, json=fields)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 1


async def test_a_page_has_at_most_500_rows_in_the_order_of_ids(
    api: httpx.AsyncClient, simulator: TelebreezeSimulator
) -> None:
    for number in range(510):
        simulator.operator.create({"externalId": f"{number}_3"})
    page = (await api.get(CUSTOMERS, params={"limit": 1000})).json()
    ids = [row["id"] for row in page["rows"]]
    assert (len(ids), page["count"]) == (500, 510)
    assert ids == sorted(ids)
    assert [row["externalId"] for row in page["rows"]] != [f"{number}_3" for number in range(500)]
    found = (await api.get(CUSTOMERS, params={"externalId": "7_3"})).json()
    assert [row["externalId"] for row in found["rows"]] == ["7_3"]
    assert (await api.get(CUSTOMERS, params={"offset": "x"})).status_code == 422


async def test_a_read_may_lag_a_write(
    api: httpx.AsyncClient, simulator: TelebreezeSimulator, clock: VirtualClock
) -> None:
    old = await create(api, externalId="old")
    gone = await create(api, externalId="gone")
    simulator.operator.read_lag = 5
    await create(api, externalId="new")
    await api.patch(f"{CUSTOMERS}/{old['id']}", json={"status": "disabled"})
    await api.patch(f"{CUSTOMERS}/{old['id']}", json={"externalId": "renamed"})
    await api.delete(f"{CUSTOMERS}/{gone['id']}")
    assert await names(api) == {"old": "active", "gone": "active"}
    assert (await api.get(CUSTOMERS, params={"externalId": "old"})).json()["count"] == 1
    assert (await api.post(CUSTOMERS, json={"externalId": "new"})).status_code == 409
    clock.advance(5)
    assert await names(api) == {"renamed": "disabled", "new": "active"}
    assert (await api.get(f"{CUSTOMERS}/{gone['id']}")).status_code == 404


async def names(api: httpx.AsyncClient) -> dict[str, str]:
    rows = (await api.get(CUSTOMERS)).json()["rows"]
    return {row["externalId"]: row["status"] for row in rows}


async def test_the_feed_of_sales_goes_on_from_its_cursor_and_shows_the_last_again(api: httpx.AsyncClient) -> None:
    made = await create(api, externalId="1_3")
    feed = "/api/dashboard/transactions"
    assert (await api.get(feed)).json() == {"rows": [], "next": ""}
    for number in range(3):
        sale = {"externalId": "1_3", "type": "vod", "title": f"Film {number}", "amount": "4.99", "currency": "EUR"}
        assert (await api.post("/_sim/transactions", json=sale)).status_code == 201
    one = (await api.get(feed, params={"limit": 2})).json()
    two = (await api.get(feed, params={"after": one["next"]})).json()
    end = (await api.get(feed, params={"after": two["next"]})).json()
    assert [row["title"] for row in one["rows"] + two["rows"]] == ["Film 0", "Film 1", "Film 1", "Film 2"]
    assert one["rows"][0]["customerId"] == made["id"]
    assert end == {"rows": two["rows"][-1:], "next": two["next"]}
    assert (await api.get(feed, params={"after": "junk"})).status_code == 422
    assert (await api.post("/_sim/transactions", json={"externalId": "nobody"})).status_code == 404


@pytest.mark.parametrize(
    ("method", "given", "code"),
    [
        ("device", {"device_id": "D1"}, 1),
        ("device", {"device_id": "D2"}, 0),
        ("device", {"login": "ana", "password": "secret"}, 0),
        ("login", {"login": "ANA", "password": "secret"}, 1),
        ("login", {"login": "ana", "password": "wrong"}, 0),
        ("login", {"device_id": "D1"}, 0),
        ("all", {"device_id": "D1"}, 1),
        ("all", {"login": "ana", "password": "secret"}, 1),
        ("all", {}, 0),
    ],
)
async def test_a_viewer_logs_in_as_the_customer_is_set_up(
    api: httpx.AsyncClient, method: str, given: dict[str, str], code: int
) -> None:
    devices = [{"deviceId": "D1"}]
    await create(api, externalId="1_3", authMethod=method, username="Ana", password="secret", devices=devices)
    assert (await api.post("/api/authorization/login", data=given)).json()["code"] == code


async def test_foreign_edits_are_not_counted(api: httpx.AsyncClient, simulator: TelebreezeSimulator) -> None:
    simulator.requests.reset()
    made = (await api.post("/_sim/customers", json={"firstName": "Ana", "password": "secret"})).json()
    await api.patch(f"/_sim/customers/{made['id']}", json={"firstName": "Bo"})
    (row,) = (await api.get("/_sim/customers")).json()["rows"]
    assert (row["firstName"], row["password"], row["externalId"]) == ("Bo", "secret", "")
    assert (await api.delete(f"/_sim/customers/{made['id']}")).status_code == 204
    assert (await api.delete(f"/_sim/customers/{made['id']}")).status_code == 404
    assert (await api.delete("/_sim/tokens")).status_code == 204
    shown = (await api.get("/_sim/requests")).json()
    assert shown == {"operations": {}, "reads": 0, "writes": 0, "most_in_flight": 0}
    assert (await api.get(CUSTOMERS)).status_code == 401


async def test_requests_are_counted(api: httpx.AsyncClient) -> None:
    await api.delete("/_sim/requests")
    await create(api, externalId="1_3")
    await api.get(CUSTOMERS)
    await api.get(f"{CUSTOMERS}/x")
    shown = (await api.get("/_sim/requests")).json()
    assert shown["operations"] == {"customers.create": 1, "customers.get": 1, "customers.list": 1}
    assert (shown["reads"], shown["writes"]) == (2, 1)


async def test_faults_are_ordered_shown_and_cleared_over_http(api: httpx.AsyncClient) -> None:
    order = {"operation": "customers.*", "kind": "status", "status": 503, "retry_after": 1.5, "count": 2, "after": 1}
    assert (await api.post("/_sim/faults", json=order)).status_code == 200
    answers = [await api.get(CUSTOMERS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["retry-after"] == "1.5"
    await api.post("/_sim/faults", json={"kind": "html", "count": None})
    (standing,) = (await api.get("/_sim/faults")).json()["faults"]
    assert (standing["kind"], standing["operation"], standing["count"]) == ("html", "*", None)
    assert (await api.get(CUSTOMERS)).text.startswith("<!DOCTYPE html>")
    assert (await api.delete("/_sim/faults")).json() == {"faults": []}
    assert (await api.get(CUSTOMERS)).status_code == 200


@pytest.mark.parametrize("order", ["{", '{"kind": "fire"}', '{"kind": "html", "sort": 1}'])
async def test_a_wrong_order_is_refused(api: httpx.AsyncClient, order: str) -> None:
    answer = await api.post("/_sim/faults", content=order)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_chance_decides_where_it_is_asked_to() -> None:
    outcomes = iter([0.1, 0.9, 0.4])
    faults = Faults(lambda: next(outcomes))
    faults.add(Fault(kind="html", probability=0.5, count=None))
    assert [faults.take("x") is not None for _ in range(3)] == [True, False, True]


def test_two_equal_orders_strike_twice() -> None:
    faults = Faults(draws())
    faults.add(Fault(kind="html"))
    faults.add(Fault(kind="html"))
    assert [faults.take("x") is not None for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("kind", ["lost_answer", "truncated"])
async def test_over_a_socket_the_connection_breaks_and_the_write_took_effect(
    simulator: TelebreezeSimulator, kind: str
) -> None:
    async with serving(simulator) as url, httpx.AsyncClient(base_url=url) as api:
        api.headers["authorization"] = f"Bearer {await token(api)}"
        await api.post("/_sim/faults", json={"kind": kind})
        with pytest.raises(httpx.RemoteProtocolError):
            await api.post(CUSTOMERS, json={"externalId": "1_3"})
        assert (await api.get(CUSTOMERS)).json()["count"] == 1


async def test_a_delayed_answer_takes_the_time_ordered(api: httpx.AsyncClient, clock: VirtualClock) -> None:
    await api.post("/_sim/faults", json={"kind": "delay", "seconds": 30})
    await api.get(CUSTOMERS)
    assert clock.monotonic() == 30
