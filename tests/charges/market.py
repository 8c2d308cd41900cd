"""Selling on the simulated platforms, and looking at what billing has booked for it."""

from collections.abc import Mapping
from decimal import Decimal

import httpx
from starlette.types import ASGIApp

from controller.store import Charge
from desired_state.sales import reference, references_in
from tests.bed import Bed

ON: Mapping[str, object] = {"enabled": True, "poll": "1m", "settle": "60s"}
CREDITS = "manual credit"


async def post(app: ASGIApp, path: str, sale: Mapping[str, object]) -> Mapping[str, object]:
    """Tell a simulator that something was sold; returns the record."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sim.test") as http:
        answer = await http.post(path, json=sale)
        assert answer.status_code == 201, answer.text
        told: Mapping[str, object] = answer.json()
        return told


async def sell(bed: Bed, customer: object = "tv000001_3", amount: object = "3.99", **details: object) -> str:
    """Let a customer of the Telebreeze buy a film; returns the id of the transaction."""
    sale = {"externalId": customer, "type": "vod", "title": "Northern Sea", "amount": amount, "currency": "EUR"}
    told = await post(bed.platform, "/_sim/transactions", {**sale, **details})
    return str(told["id"])


async def opened(bed: Bed, accounts: int = 1) -> list[int]:
    """So many accounts with records on the platform, and the feed read to its (empty) end."""
    made = [bed.tv_account(number + 1) for number in range(accounts)]
    await bed.full_pass()
    await book(bed)
    return made


async def book(bed: Bed) -> None:
    """Everybody's feeds are read, and what can be booked now is booked."""
    for installation in bed.application.installations:
        assert installation.cashier is not None
        await installation.cashier.till.begin()
        await installation.cashier.once()


async def in_time(bed: Bed, rounds: int = 4, seconds: float = 61) -> None:
    """Book again and again, with time between."""
    for _ in range(rounds):
        await book(bed)
        bed.world.advance(seconds)


def booked(bed: Bed, i_account: int) -> list[Decimal]:
    """What billing has booked for an account, in order; credits are negative."""
    made = [each for each in bed.billing.installation.transactions if each.i_account == i_account]
    return [-each.amount if each.action.lower() == CREDITS else each.amount for each in made]


async def charge(bed: Bed, record_id: str, platform: str = "tv") -> Charge:
    """How a sale stands."""
    store = await bed.store()
    found = store.charges.find(platform, record_id)
    assert found is not None
    return found


async def stands(bed: Bed, record_id: str, platform: str = "tv") -> tuple[str, str | None]:
    """The state of a sale, and the reason for it."""
    found = await charge(bed, record_id, platform)
    return found.state.value, found.reason


def signed(sale: Mapping[str, object]) -> Decimal:
    """What a transaction of the Telebreeze should be booked as."""
    amount = Decimal(str(sale["amount"]))
    return -amount if sale["type"] == "refund" else amount


def assert_exactly_once(bed: Bed) -> None:
    """Everything that the Telebreeze sold or gave back is booked once, with its amount, and nothing else is."""
    made = [each for each in bed.billing.installation.transactions if references_in(each.visible_comment)]
    found = sorted(
        (references_in(each.visible_comment)[0], -each.amount if each.action.lower() == CREDITS else each.amount)
        for each in made
    )
    sold = sorted((reference("tv", str(sale["id"])), signed(sale)) for sale in bed.platform.transactions)
    assert found == sold
    for account in bed.billing.installation.accounts.values():
        theirs = [sale for sale in bed.platform.transactions if str(sale["externalId"]).startswith(f"{account.id}_")]
        assert sum(booked(bed, account.i_account)) == sum(map(signed, theirs))
