"""What the tests of billing share: an installation, a client of it, and a way to write JSON answers."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from controller.billing.client import BillingClient, BillingSettings
from controller.billing.settings import CustomFields
from controller.billing.simulator import Simulator, Switches, create_simulator
from controller.billing.source import PortaBilling
from controller.billing.wire import AccountRow, Page
from platforms.breaker import Breaker
from platforms.endpoint import Endpoint
from tests.clocks import VirtualClock

FIELDS = CustomFields(device_ids=("TV MAC",), login="TV Login", password="TV Password", pin="TV PIN")
URL = "http://billing.test"


def fingerprint(value: str) -> str:
    return f"print of {len(value)} characters ending in {value[-2:]}"


def settings(
    url: str = URL,
    *,
    token: str | None = "simulated-token",
    password: str | None = None,
    custom_fields: CustomFields = FIELDS,
    page_size: int = 1000,
    environment: int = 3,
) -> BillingSettings:
    return BillingSettings(
        endpoint=Endpoint(target="billing", url=url),
        login="iptv-reconciler",
        token=token,
        password=password,
        environment=environment,
        page_size=page_size,
        custom_fields=custom_fields,
    )


def draw() -> float:
    return 0.25


def installation(clock: VirtualClock | None = None, **switches: object) -> Simulator:
    return create_simulator(clock or VirtualClock(), draw, Switches.model_validate(switches))


@dataclass
class Billing:
    """A simulator, our client of it, and our source; `handed` are the rows a snapshot handed on."""

    clock: VirtualClock
    sim: Simulator
    client: BillingClient
    source: PortaBilling
    handed: list[AccountRow] = field(default_factory=list)

    async def consume(self, page: Page) -> None:
        self.handed += page.rows

    @property
    def calls(self) -> dict[str, int]:
        return dict(self.sim.requests.operations)


@asynccontextmanager
async def billing(configured: BillingSettings | None = None, **switches: object) -> AsyncIterator[Billing]:
    """Everything in process, on a virtual clock."""
    async with billing_with(switches, configured) as world:
        yield world


@asynccontextmanager
async def billing_with(
    switches: Mapping[str, object], configured: BillingSettings | None = None, breaker: Breaker | None = None
) -> AsyncIterator[Billing]:
    """The same, with the switches in a mapping, and a breaker of the test's."""
    clock = VirtualClock()
    sim = installation(clock, **switches)
    client = BillingClient(configured or settings(), clock, http=httpx.ASGITransport(app=sim), breaker=breaker)
    source = PortaBilling("billing", client, clock, fingerprint)
    try:
        yield Billing(clock, sim, client, source)
    finally:
        await source.aclose()


async def post(sim: Simulator, operation: str, params: dict[str, object], token: str | None = None) -> httpx.Response:
    """A call as any client would make it."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sim), base_url=URL) as http:
        return await http.post(f"/rest/{operation}", json={"params": params}, headers=headers)


async def login(sim: Simulator) -> str:
    answer = await post(sim, "Session/login", {"login": "iptv-reconciler", "token": "simulated-token"})
    return str(answer.json()["access_token"])


def row(**fields: object) -> dict[str, object]:
    """A row of the list as recorded."""
    recorded: dict[str, object] = {
        "i_account": 70101,
        "id": "tv000101",
        "i_customer": 4102,
        "i_product": 61,
        "product_name": "IPTV Basic",
        "billing_model": 1,
        "bill_status": "O",
        "blocked": "N",
        "i_account_balance_control_type": 3,
        "balance": 12.5,
        "credit_limit": None,
        "activation_date": "2025-11-02",
        "expiration_date": None,
        "login": "tv101",
        "phone1": "",
        "assigned_addons": [],
        "service_features": [],
    }
    return {**recorded, **fields}


def page(*rows: object, **fields: object) -> bytes:
    return json.dumps({**fields, "account_list": rows}).encode()
