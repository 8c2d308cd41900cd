"""Sales as the drivers show them: in every dialect, exact, and whole even where they make no sense."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.sales import SaleKind
from platforms.driver import Driver, Transient, Unsupported
from platforms.endpoint import Endpoint
from platforms.registry import DRIVERS, DriverSettings
from platforms.seachange.dialect import Dialect as SeaChangeDialect
from platforms.seachange.simulated import Customer, Sale
from platforms.seachange.simulator import PASSWORD, USERNAME, SeaChangeSimulator
from platforms.seachange.wire import Wire as SeaChangeWire
from platforms.selling import Told, sale
from platforms.simulation import Fault
from platforms.telebreeze.dialect import Dialect as TelebreezeDialect
from platforms.telebreeze.wire import Wire as TelebreezeWire
from tests.clocks import VirtualClock, draws

ROW: Mapping[str, object] = {
    "id": "t-1",
    "customerId": "c1",
    "externalId": "1_3",
    "type": "refund",
    "title": "Northern Sea",
    "amount": "3.99",
    "currency": "EUR",
    "createdAt": "2026-03-01T13:00:00+01:00",
    "refundOf": "t-0",
}
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TV = TelebreezeWire("tv", TelebreezeDialect())


def test_a_transaction_says_all_there_is_to_know() -> None:
    record = TV.sale(ROW)
    assert (record.platform, record.id, record.kind, record.refund_of) == ("tv", "t-1", SaleKind.REFUND, "t-0")
    assert (record.record_id, record.external_id, record.title) == ("c1", "1_3", "Northern Sea")
    assert (record.amount, record.currency, record.sold_at, record.problem) == (Decimal("3.99"), "EUR", AT, "")


def test_an_operator_may_have_other_words() -> None:
    words = {"sale": {"amount": "price", "kind": "what"}, "sale_kind": {"vod": "FILM"}}
    wire = TelebreezeWire("tv", TelebreezeDialect.model_validate(words))
    record = wire.sale({**ROW, "what": "FILM", "price": "1.00"})
    assert (record.kind, record.amount) == (SaleKind.VOD, Decimal("1.00"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ""}, "no id"),
        ({"type": "gift"}, "gift"),
        ({"customerId": None, "externalId": None}, "customer"),
        ({"amount": "free"}, "free"),
        ({"amount": True}, "amount"),
        ({"createdAt": "soon"}, "soon"),
        ({"createdAt": "0001-01-01T00:00:00+14:00"}, "time"),
        ({"createdAt": "9999-12-31T23:59:59-14:00"}, "time"),
    ],
    ids=str,
)
def test_what_cannot_be_understood_is_told(changes: Mapping[str, object], said: str) -> None:
    assert said in TV.sale({**ROW, **changes}).problem


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(sorted(ROW)), inner, max_size=9),
    max_leaves=12,
)


@given(JSON)
def test_whatever_a_row_is_it_is_a_record(row: object) -> None:
    record = TV.sale(row)
    assert record.id
    assert record == TV.sale(row)
    if not isinstance(row, dict) or not row.get("id"):
        assert record.problem


@given(st.dictionaries(st.sampled_from(["id", "customer", "kind", "title", "amount", "currency", "at"]), st.text()))
def test_whatever_a_purchase_is_it_is_a_record(attributes: dict[str, str]) -> None:
    wire = SeaChangeWire("cable", SeaChangeDialect())
    record = wire.sale(Element("Purchase", attributes))
    assert record.id
    assert record.record_id == ""
    assert record.kind in (SaleKind.VOD, SaleKind.PPV) or record.problem


def test_a_time_without_a_zone_is_utc() -> None:
    told = Told(id="1", kind="x", external_id="a", amount="1", currency="EUR", at="2026-03-01 12:00:00", content="")
    assert sale("tv", told, {"x": SaleKind.VOD}).sold_at == AT


@pytest.fixture
def simulator() -> SeaChangeSimulator:
    simulator = SeaChangeSimulator(VirtualClock(), draws())
    simulator.platform.put(Customer(id="1_3"))
    return simulator


@pytest.fixture
async def cable(simulator: SeaChangeSimulator) -> AsyncIterator[Driver]:
    settings = DriverSettings(
        endpoint=Endpoint(target="cable", url="http://cable"),
        username=USERNAME,
        password=PASSWORD,
        dialect={"feed": {"page_size": 4}},
    )
    driver = DRIVERS["seachange"].build(settings, VirtualClock(), http=httpx.ASGITransport(simulator))
    yield driver
    await driver.aclose()


async def shown(driver: Driver) -> tuple[list[str], str]:
    """The ids of the whole feed, repeats included, and the last cursor."""
    ids: list[str] = []
    cursor, is_end = "", False
    while not is_end:
        page = await driver.charges(cursor)
        ids += [record.id for record in page.records]
        is_end, cursor = page.cursor == cursor, page.cursor
    return ids, cursor


async def test_a_feed_of_purchases_overlaps_and_ends(cable: Driver, simulator: SeaChangeSimulator) -> None:
    for _ in range(9):
        simulator.platform.sell(Sale(customer="1_3", kind="vod", amount="1.00", currency="EUR"))
    ids, cursor = await shown(cable)
    assert set(ids) == {f"p-{number}" for number in range(1, 10)}
    assert len(ids) > 9
    assert cursor == "9"


@pytest.mark.parametrize("kind", ["html", "garbage", "truncated", "lost_answer"])
async def test_a_feed_that_cannot_be_read_is_no_empty_one(
    cable: Driver, simulator: SeaChangeSimulator, kind: str
) -> None:
    simulator.faults.add(Fault.model_validate({"operation": "purchases.list", "kind": kind}))
    with pytest.raises(Transient):
        await cable.charges("")


async def test_ministra_sells_nothing_that_we_could_see() -> None:
    settings = DriverSettings(endpoint=Endpoint(target="box", url="http://box"), username="u", password="p")
    driver = DRIVERS["ministra"].build(settings, VirtualClock())
    with pytest.raises(Unsupported):
        await driver.charges("")
    assert not driver.capabilities.has_charges
    await driver.aclose()
