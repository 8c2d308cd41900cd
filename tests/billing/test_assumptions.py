"""The table of what we assume is as true as the code: what is really sent, and what is really read."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import msgspec
import pytest

from controller.billing.assumptions import ACCOUNT_FIELDS, ASSUMPTIONS, INFO, LIST, PRODUCTS
from controller.billing.client import BillingClient, BillingSettings
from controller.billing.rows import AccountRow
from controller.billing.session import LOGIN
from controller.billing.settings import CustomFields
from controller.billing.simulator import Simulator
from controller.billing.source import OPERATIONS, PortaBilling
from controller.billing.tokens import tokens_in
from controller.billing.transactions import LIST as XDRS
from controller.billing.transactions import MAKE, Order, Transactions
from controller.billing.wire import decode_account, decode_custom_fields, decode_page, decode_products
from desired_state.charges import Action
from tests.billing.helpers import FIELDS, fingerprint, installation, settings
from tests.clocks import VirtualClock

ASSUMED = {each.operation: each for each in ASSUMPTIONS}


class Recorder(httpx.ASGITransport):
    """Notes the names of all parameters that are sent."""

    def __init__(self, sim: Simulator) -> None:
        super().__init__(app=sim)
        self.sent: dict[str, set[str]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        params = msgspec.json.decode(await request.aread())["params"]
        self.sent.setdefault(request.url.path.removeprefix("/rest/"), set()).update(params)
        return await super().handle_async_request(request)


async def use_everything(recorder: Recorder, clock: VirtualClock, configured: BillingSettings, i_account: int) -> None:
    """All that the daemon does with a source, and long enough for its session to be renewed."""
    source = PortaBilling("billing", BillingClient(configured, clock, http=recorder), clock, fingerprint)

    async def consume(_rows: object) -> None: ...

    await source.snapshot(consume)
    await source.account(i_account)
    await source.find("tv1")
    clock.advance(timedelta(days=2))
    await source.products()
    await source.aclose()


async def test_the_parameters_we_send_are_those_of_the_table() -> None:
    clock = VirtualClock()
    sim = installation(clock)
    recorder = Recorder(sim)
    i_account = sim.change("create", id="tv1", i_product=61)
    customers = CustomFields(owner="customer", device_ids=("TV MAC",))

    await use_everything(recorder, clock, settings(), i_account)
    await use_everything(
        recorder, clock, settings(token=None, password="simulated-password", custom_fields=customers), i_account
    )

    assert recorder.sent == {each.operation: set(each.sends) for each in ASSUMPTIONS if each.needed}


def test_the_table_holds_every_operation_of_the_source() -> None:
    assert {each.operation for each in ASSUMPTIONS if each.needed} == set(OPERATIONS)


class Noting(dict[str, object]):
    """An answer that notes which of its fields are asked for, by their paths."""

    def __init__(self, values: Mapping[str, object], noted: set[str], path: str = "") -> None:
        self._noted, self._path = noted, path
        super().__init__({name: self._inner(name, value) for name, value in values.items()})

    def _inner(self, name: str, value: object) -> object:
        if isinstance(value, list):
            return [self._inner(name, each) for each in value]
        return Noting(value, self._noted, f"{self._path}{name}.") if isinstance(value, dict) else value

    def get(self, name: str, default: object = None) -> object:
        self._noted.add(self._path + name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> object:
        self._noted.add(self._path + name)
        return super().__getitem__(name)


def read_account(answer: Noting) -> None:
    decode_account(answer, 3)


def read_fields(answer: Noting) -> None:
    account = decode_account({"account_info": {"i_account": 1, "id": "tv1"}}, 3)
    assert account is not None
    decode_custom_fields(account, answer, FIELDS, fingerprint)


def read_tokens(answer: Noting) -> None:
    tokens_in(answer, None, (datetime(2026, 3, 1, tzinfo=UTC), 0.0))


def read_products(answer: Noting) -> None:
    decode_products(answer)


ANSWERS: Mapping[str, tuple[Callable[[Noting], None], Mapping[str, object]]] = {
    INFO: (read_account, {"account_info": {"i_account": 1, "id": "tv1", "assigned_addons": [{"i_product": 86}]}}),
    ACCOUNT_FIELDS: (read_fields, {"custom_fields_values": [{"name": "TV MAC", "db_value": ""}]}),
    PRODUCTS: (read_products, {"product_list": [{"i_product": 61, "name": "IPTV Basic"}]}),
    LOGIN: (read_tokens, {"access_token": "a"}),
}


@pytest.mark.parametrize("operation", ANSWERS)
def test_the_fields_we_read_are_those_of_the_table(operation: str) -> None:
    noted: set[str] = set()
    read, answer = ANSWERS[operation]

    read(Noting(answer, noted))

    containers = {path for path in noted if any(other.startswith(f"{path}.") for other in noted)}
    assert noted - (containers - {"account_info.assigned_addons"}) == set(ASSUMED[operation].reads)


def test_the_fields_of_a_row_are_those_of_the_table() -> None:
    assert {f"account_list.{name}" for name in AccountRow.__struct_fields__} | {"total"} == set(ASSUMED[LIST].reads)
    assert decode_page(b'{"total": 7, "account_list": []}').total == 7


async def test_what_is_sent_and_read_for_charges_is_that_of_the_table() -> None:
    clock = VirtualClock()
    sim = installation(clock)
    recorder = Recorder(sim)
    i_account = sim.change("create", id="tv1", i_product=61)
    client = BillingClient(settings(), clock, http=recorder)
    transactions = Transactions(client)

    await transactions.make(Order(i_account, Action.CHARGE, Decimal("3.99"), "VOD: [ref:tv-1]", "[ref:tv-1]"))
    await transactions.booked(i_account, clock.now() - timedelta(days=1), clock.now() + timedelta(days=1))
    await client.aclose()

    for operation in (MAKE, XDRS):
        assert recorder.sent[operation] == set(ASSUMED[operation].sends)
