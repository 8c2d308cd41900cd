"""A site whose customer buys films: selling, booking, and the commands' JSON."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx

from controller.app import Application
from controller.cli.putting_together import assembled
from controller.config import load
from controller.store import Store
from controller.store.ledger import Ledger
from tests.cli.site import Site, site

ON: Mapping[str, object] = {"enabled": True, "poll": "1s", "settle": "0s"}


@contextmanager
def shop(folder: Path) -> Iterator[Site]:
    """An installation with two customers that books what is sold; its daemon never ran."""
    with site(folder) as made:
        made.configure(charges=ON, schedule={"full_pass": "10m"})
        for number in (1, 2):
            made.tv_account(number)
        asyncio.run(_opened(made))
        yield made


def sell(here: Site, amount: str = "3.99", **details: object) -> str:
    """Let the first customer buy a film; returns the ID by which the commands know the sale."""
    sale = {"externalId": "tv000001_3", "type": "vod", "title": "Canary Film", "amount": amount, "currency": "EUR"}
    answer = httpx.post(f"{here.platform_url}/_sim/transactions", json={**sale, **details})
    return f"tv/{answer.json()['id']}"


def book(here: Site) -> None:
    """Read the feed and book what can be booked, as the daemon does."""
    asyncio.run(_book(here))


def told(here: Site, *words: str) -> dict[str, Any]:
    """What a command of charges says as JSON."""
    found: dict[str, Any] = json.loads(here.call("charges", *words, "--output", "json").out)
    return found


def stands(here: Site, charge: str) -> tuple[str, str | None]:
    """The state of a sale, and the reason for it."""
    found = told(here, "show", charge)
    return found["state"], found["reason"]


async def _book(here: Site) -> None:
    async with _application(here) as application:
        for installation in application.installations:
            assert installation.cashier is not None
            await installation.cashier.till.begin()
            await installation.cashier.once()


async def _opened(here: Site) -> None:
    async with _application(here) as application:
        await application.loop.begin()
        await application.loop.full_pass()
        for installation in application.installations:
            await installation.fleet.backlog.ended()
            for lane in installation.lanes:
                await lane.work(until_empty=True, most_failures=1)


def _application(here: Site) -> AbstractAsyncContextManager[Application]:
    config = load(here.config)
    return assembled(config, Ledger(lambda: Store.open(config.store.path), threaded=False))
