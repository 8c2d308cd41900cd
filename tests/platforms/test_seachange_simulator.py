"""The SeaChange simulator, over HTTP as `simulate` offers it."""

from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element, fromstring

import httpx
import pytest

from platforms.seachange.simulated import Customer
from platforms.seachange.simulator import PASSWORD, USERNAME, SeaChangeSimulator
from tests.clocks import VirtualClock, draws
from tests.servers import serving

NAMESPACE = "urn:eventis:traxisweb:1.0"
CUSTOMERS, CUSTOMER = "/traxis/web/Customers", "/traxis/web/Customer/1_3"
PRODUCTS, PURCHASES = "/traxis/web/Products", "/traxis/web/Purchases"
WHOLE = (
    '<Enabled>true</Enabled><Name first="Ana" last="Doe"/><Contact email="a@example.net" phone=""/>'
    '<Products><Product id="basic"/><Product id="sport"/></Products><Cpes><Cpe id="001A79000001"/></Cpes>'
    "<Pin>1234</Pin><Note>ours</Note>"
)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def simulator(clock: VirtualClock) -> SeaChangeSimulator:
    return SeaChangeSimulator(clock, draws())


@pytest.fixture
async def api(simulator: SeaChangeSimulator) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(simulator)
    async with httpx.AsyncClient(transport=transport, base_url="http://tv", auth=(USERNAME, PASSWORD)) as client:
        yield client


def body(inner: str = WHOLE, attributes: str = 'id="1_3"') -> str:
    return f'<Customer xmlns="{NAMESPACE}" {attributes}>{inner}</Customer>'


def understood(answer: httpx.Response, root: str) -> Element:
    """The document, with plain names."""
    assert answer.headers["content-type"] == "application/xml"
    found = fromstring(answer.content)
    assert found.tag == f"{{{NAMESPACE}}}{root}"
    for element in found.iter():
        element.tag = element.tag.rpartition("}")[2]
    return found


def code(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, understood(answer, "Error").get("code")


async def test_everything_needs_name_and_password(api: httpx.AsyncClient) -> None:
    for path in (CUSTOMERS, CUSTOMER, PRODUCTS, PURCHASES):
        answer = await api.get(path, auth=(USERNAME, "wrong"))
        assert code(answer) == (401, "Unauthorized")
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert (await api.put(CUSTOMER, content=body(), auth=("x", PASSWORD))).status_code == 401
    assert (await api.get(CUSTOMERS)).status_code == 200


async def test_a_customer_is_put_and_read_whole(api: httpx.AsyncClient) -> None:
    put = await api.put(CUSTOMER, content=body())
    assert put.status_code == 201
    for answer in (put, await api.get(CUSTOMER)):
        shown = understood(answer, "Customer")
        assert dict(shown.attrib) == {"id": "1_3", "revision": "1"}
        assert [child.tag for child in shown] == ["Enabled", "Name", "Contact", "Products", "Cpes", "Pin", "Note"]
        assert (shown.findtext("Enabled"), shown.findtext("Pin"), shown.findtext("Note")) == ("true", "****", "ours")
        assert [each.get("id") for each in shown.iterfind("Products/Product")] == ["basic", "sport"]
        assert [each.get("id") for each in shown.iterfind("Cpes/Cpe")] == ["001A79000001"]
        assert [dict(each.attrib) for each in (shown[1], shown[2])] == [
            {"first": "Ana", "last": "Doe"},
            {"email": "a@example.net", "phone": ""},
        ]


async def test_what_is_left_out_is_cleared_and_the_revision_grows(
    api: httpx.AsyncClient, simulator: SeaChangeSimulator
) -> None:
    await api.put(CUSTOMER, content=body())
    put = await api.put(CUSTOMER, content=body(""))
    assert put.status_code == 200
    shown = understood(put, "Customer")
    assert (shown.get("revision"), shown.findtext("Enabled"), shown.findtext("Pin")) == ("2", "false", "")
    held = simulator.platform.customers["1_3"]
    assert held == Customer(id="1_3", revision=2, switched_at=held.switched_at)


async def test_a_stale_revision_is_412_and_changes_nothing(
    api: httpx.AsyncClient, simulator: SeaChangeSimulator
) -> None:
    assert (await api.put(CUSTOMER, content=body(), headers={"if-match": "1"})).status_code == 412
    await api.put(CUSTOMER, content=body())
    assert (await api.put(CUSTOMER, content=body(), headers={"if-match": "1"})).status_code == 200
    assert (await api.put(CUSTOMER, content=body(""), headers={"if-match": "1"})).status_code == 412
    assert simulator.platform.customers["1_3"].revision == 2


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{}",
        "<Customer",
        '<Customer id="1_3"/>',
        f'<Customers xmlns="{NAMESPACE}" id="1_3"/>',
        body(attributes=""),
        body(attributes='id="2_3"'),
        body(attributes='id="1_3" tier="gold"'),
        body("<Enabled>yes</Enabled>"),
        body('<Enabled at="now">true</Enabled>'),
        body("<Region/>"),
        body("<Note/><Note/>"),
        body('<Note xmlns="">ours</Note>'),
        body('<Name middle="B"/>'),
        body("<Products><Product/></Products>"),
        body('<Products><Product id=""/></Products>'),
        body('<Products><Cpe id="basic"/></Products>'),
        body(f"<Note>{'x' * 256}</Note>"),
        '<!DOCTYPE x [<!ENTITY a "b">]>' + body("<Note>&a;</Note>"),
    ],
)
async def test_a_document_that_is_not_understood_is_400(
    api: httpx.AsyncClient, simulator: SeaChangeSimulator, document: str
) -> None:
    assert code(await api.put(CUSTOMER, content=document)) == (400, "InvalidDocument")
    assert simulator.platform.customers == {}


async def test_an_unknown_product_is_422(api: httpx.AsyncClient) -> None:
    answer = await api.put(CUSTOMER, content=body('<Products><Product id="film"/></Products>'))
    assert code(answer) == (422, "UnknownProduct")


async def test_a_cpe_of_another_customer_is_409_and_named_until_it_is_given_up(api: httpx.AsyncClient) -> None:
    await api.put(CUSTOMER, content=body())
    other, path = body(attributes='id="2_3"'), "/traxis/web/Customer/2_3"
    refused = await api.put(path, content=other)
    assert code(refused) == (409, "CpeInUse")
    assert "001A79000001" in refused.text
    await api.put(CUSTOMER, content=body('<Cpes><Cpe id="001a79000001"/></Cpes>'))
    assert (await api.put(path, content=other)).status_code == 201
    assert (await api.put(CUSTOMER, content=body())).status_code == 409
    await api.delete(path)
    assert (await api.put(CUSTOMER, content=body())).status_code == 200


async def test_what_is_not_there_is_404(api: httpx.AsyncClient) -> None:
    assert code(await api.get(CUSTOMER)) == (404, "NotFound")
    assert code(await api.delete(CUSTOMER)) == (404, "NotFound")
    await api.put(CUSTOMER, content=body())
    assert (await api.delete(CUSTOMER)).status_code == 204
    assert code(await api.get(CUSTOMER)) == (404, "NotFound")


async def test_a_slash_in_an_id_is_written_otherwise(api: httpx.AsyncClient, simulator: SeaChangeSimulator) -> None:
    path = "/traxis/web/Customer/a~~2Fb"
    assert (await api.put(path, content=body(attributes='id="a/b"'))).status_code == 201
    assert list(simulator.platform.customers) == ["a/b"]
    assert understood(await api.get(path), "Customer").get("id") == "a/b"


async def test_a_page_has_at_most_200_customers_in_the_order_of_ids(
    api: httpx.AsyncClient, simulator: SeaChangeSimulator
) -> None:
    for number in reversed(range(210)):
        simulator.platform.put(Customer(id=f"{number:03}_3", pin="1", products=("basic",)))
    one = understood(await api.get(CUSTOMERS, params={"start": 0, "count": 1000}), "Customers")
    two = understood(await api.get(CUSTOMERS, params={"start": 200, "count": 5}), "Customers")
    assert (one.get("total"), len(one), len(two)) == ("210", 200, 5)
    assert [each.get("id") for each in (*one, *two)] == [f"{number:03}_3" for number in range(205)]
    assert (one[0].findtext("Pin"), len(one[0].findall("Products/Product"))) == ("****", 1)
    assert code(await api.get(CUSTOMERS, params={"start": "x"})) == (400, "InvalidDocument")


async def test_products_have_ids_and_names(api: httpx.AsyncClient) -> None:
    shown = understood(await api.get(PRODUCTS), "Products")
    assert [(each.get("id"), each.get("name")) for each in shown] == [
        ("basic", "Basic"),
        ("sport", "Sport"),
        ("kids", "Kids"),
        ("cinema", "Cinema"),
    ]


async def test_a_read_may_lag_a_write(
    api: httpx.AsyncClient, simulator: SeaChangeSimulator, clock: VirtualClock
) -> None:
    for name in ("gone", "old"):
        simulator.platform.put(Customer(id=name))
    simulator.platform.read_lag = 5
    simulator.platform.put(Customer(id="new"))
    simulator.platform.put(Customer(id="old", note="1"))
    simulator.platform.put(Customer(id="old", note="2"))
    await api.delete("/traxis/web/Customer/gone")
    assert await shown(api) == {"gone": "1", "old": "1"}
    assert (await api.get("/traxis/web/Customer/new")).status_code == 404
    clock.advance(5)
    assert await shown(api) == {"new": "1", "old": "3"}


async def shown(api: httpx.AsyncClient) -> dict[str | None, str | None]:
    """The revisions by id, as a list shows them."""
    root = understood(await api.get(CUSTOMERS), "Customers")
    assert root.get("total") == str(len(root))
    return {each.get("id"): each.get("revision") for each in root}


async def test_the_feed_of_purchases_goes_on_from_its_sequence(api: httpx.AsyncClient) -> None:
    await api.put(CUSTOMER, content=body())
    assert dict(understood(await api.get(PURCHASES), "Purchases").attrib) == {"last": "0"}
    for number in range(3):
        sale = {"customer": "1_3", "kind": "vod", "title": f"Film {number}", "amount": "4.99", "currency": "EUR"}
        assert (await api.post("/_sim/purchases", json=sale)).status_code == 201
    one = understood(await api.get(PURCHASES, params={"count": 2}), "Purchases")
    two = understood(await api.get(PURCHASES, params={"since": one.get("last", "")}), "Purchases")
    end = understood(await api.get(PURCHASES, params={"since": two.get("last", "")}), "Purchases")
    assert [each.get("title") for each in (*one, *two)] == ["Film 0", "Film 1", "Film 2"]
    assert dict(one[1].attrib) == {
        "id": "p-2",
        "sequence": "2",
        "customer": "1_3",
        "kind": "vod",
        "title": "Film 1",
        "amount": "4.99",
        "currency": "EUR",
        "at": "2026-03-01T12:00:00Z",
    }
    assert (end.get("last"), len(end)) == ("3", 0)
    assert code(await api.get(PURCHASES, params={"since": "x"})) == (400, "InvalidDocument")
    nobody = {"customer": "x", "kind": "ppv", "amount": "1", "currency": "EUR"}
    assert code(await api.post("/_sim/purchases", json=nobody)) == (404, "NotFound")
    assert code(await api.post("/_sim/purchases", json={**nobody, "kind": "gift"})) == (400, "InvalidDocument")


async def test_a_page_of_the_feed_has_at_most_500_purchases(
    api: httpx.AsyncClient, simulator: SeaChangeSimulator
) -> None:
    await api.put(CUSTOMER, content=body())
    sale = {"customer": "1_3", "kind": "ppv", "amount": "1", "currency": "EUR"}
    for _ in range(501):
        await api.post("/_sim/purchases", json=sale)
    feed = understood(await api.get(PURCHASES, params={"since": 0, "count": 1000}), "Purchases")
    assert (len(feed), feed.get("last")) == (500, "500")


async def test_foreign_edits_are_not_counted(api: httpx.AsyncClient, simulator: SeaChangeSimulator) -> None:
    row = {"id": "a/b", "first": "Ana", "pin": "1234", "cpes": ["D1"], "enabled": True}
    assert (await api.post("/_sim/customers", json=row, auth=("", ""))).status_code == 201
    assert code(await api.post("/_sim/customers", json=row)) == (409, "Exists")
    assert code(await api.post("/_sim/customers", json={"first": "Ana"})) == (400, "InvalidDocument")
    assert code(await api.post("/_sim/customers", content="{")) == (400, "InvalidDocument")
    (dumped,) = (await api.get("/_sim/customers")).json()["rows"]
    assert dumped == {
        **Customer(id="a/b").model_dump(mode="json"),
        **row,
        "revision": 1,
        "switched_at": dumped["switched_at"],
    }
    changed = await api.put("/_sim/customers/a~~2Fb", json={**dumped, "first": "Eva"})
    assert (changed.json()["first"], changed.json()["pin"], changed.json()["revision"]) == ("Eva", "1234", 2)
    assert code(await api.put("/_sim/customers/other", json=dumped)) == (400, "InvalidDocument")
    assert (await api.delete("/_sim/customers/a~~2Fb")).status_code == 204
    assert code(await api.delete("/_sim/customers/a~~2Fb")) == (404, "NotFound")
    assert (simulator.requests.reads, simulator.requests.writes) == (0, 0)


async def test_the_dump_tells_since_when_a_customer_is_on_or_off(
    api: httpx.AsyncClient, simulator: SeaChangeSimulator, clock: VirtualClock
) -> None:
    since = []
    for inner in (WHOLE, WHOLE.replace("Ana", "Eva"), ""):
        await api.put(CUSTOMER, content=body(inner))
        since.append(simulator.platform.customers["1_3"].switched_at)
        clock.advance(60)
    assert since[0] == since[1] < since[2]


async def test_requests_are_counted_by_what_they_do(api: httpx.AsyncClient) -> None:
    for _ in range(2):
        await api.put(CUSTOMER, content=body())
    for path in (CUSTOMERS, CUSTOMER, PRODUCTS, PURCHASES):
        await api.get(path)
    await api.delete(CUSTOMER)
    await api.post(CUSTOMERS)
    await api.post(CUSTOMER)
    counted = (await api.get("/_sim/requests")).json()
    assert counted["operations"] == {
        "customers.create": 1,
        "customers.delete": 1,
        "customers.get": 1,
        "customers.list": 1,
        "customers.other": 2,
        "customers.update": 1,
        "products.list": 1,
        "purchases.list": 1,
    }
    assert (counted["reads"], counted["writes"]) == (4, 5)


@pytest.mark.parametrize("kind", ["lost_answer", "truncated"])
async def test_over_a_socket_the_connection_breaks_and_the_write_took_effect(
    simulator: SeaChangeSimulator, kind: str
) -> None:
    async with serving(simulator) as url, httpx.AsyncClient(base_url=url, auth=(USERNAME, PASSWORD)) as api:
        await api.post("/_sim/faults", json={"kind": kind, "operation": "customers.create"})
        with pytest.raises(httpx.RemoteProtocolError):
            await api.put(CUSTOMER, content=body())
        assert await shown(api) == {"1_3": "1"}
