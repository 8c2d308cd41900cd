"""The daemon behind an installation that announces every change as PortaBilling does: twice, late, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from controller.billing.simulator.handlers import Espf, Nsps
from tests.bed import Bed

SOON = 20.0  # seconds: ten events in a second, a try again after 5, and a second look


class LosesAnswers:
    """The network between both: each third request arrives, and its answer does not."""

    def __init__(self, bed: Bed, handler: Espf | Nsps) -> None:
        self.bed = bed
        self.requests = 0
        self.sender = bed.billing.events.send_to(handler, httpx.ASGITransport(self))

    @property
    def events(self) -> int:
        """How many different ones there were."""
        return len({sent.i_event for sent in self.sender.log})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        lost = self.requests % 3 == 0

        async def relay(message: Message) -> None:
            if lost and message["type"] == "http.response.start":
                message["status"] = 504
            await send(message)

        await self.bed.endpoints(scope, receive, relay)


@asynccontextmanager
async def announced(bed: Bed, handler: Espf | Nsps) -> AsyncIterator[LosesAnswers]:
    """The daemon runs, its first pass is over, and the installation sends its events to it."""
    network = LosesAnswers(bed, handler)
    before = passes(bed)
    sending = asyncio.create_task(bed.billing.events.run())
    try:
        async with bed.daemon():
            while passes(bed) == before:
                await bed.world.sleep(1)
            await bed.world.sleep(SOON)
            yield network
    finally:
        sending.cancel()


ESPF = Espf.model_validate(
    {
        "url": "http://us/espf",
        "username": "espf",
        "password": "espf-secret",
        "duplicates": 0.3,
        "out_of_order": 0.3,
    }
)
NSPS = Nsps.model_validate({"url": "http://us/process-event", "token": "nsps-secret", "stale": 0.5, "duplicates": 0.3})


@pytest.mark.parametrize(
    "handler",
    [ESPF, ESPF.model_copy(update={"vocabulary": "grouped", "numbers_as_text": True}), NSPS],
    ids=["espf", "espf, grouped, numbers as text", "nsps"],
)
async def test_the_fleet_follows_every_change_within_seconds(bed: Bed, handler: Espf | Nsps) -> None:
    first, second, third = (bed.tv_account(number) for number in (1, 2, 3))
    await bed.full_pass()
    async with announced(bed, handler) as network:
        bed.billing.change("block", i_account=first)
        bed.billing.change("terminate", i_account=second)
        bed.billing.change("customer_block", i_account=third)
        bed.tv_account(4)
        await bed.world.sleep(SOON)
        assert statuses(bed) == {"tv000001_3": "disabled", "tv000003_3": "disabled", "tv000004_3": "active"}
        bed.billing.change("unblock", i_account=first)
        bed.billing.change("product", i_account=first, i_product=62)
        bed.billing.change("customer_unblock", i_account=third)
        await bed.world.sleep(SOON)
        assert statuses(bed) == dict.fromkeys(("tv000001_3", "tv000003_3", "tv000004_3"), "active")
        assert bed.customer("tv000001_3")["maxConcurrentConnections"] == 4
        assert network.requests > network.events, "some came more than once"


async def test_what_happened_while_the_handler_was_off_is_followed_at_the_next_pass(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    async with announced(bed, ESPF.model_copy(update={"enabled": False})) as network:
        bed.billing.change("block", i_account=account)
        await bed.world.sleep(SOON)
        assert network.requests == 0
        assert statuses(bed) == {"tv000001_3": "active"}
        bed.application.loop.ask_for_pass()
        await bed.world.sleep(SOON)
        assert statuses(bed) == {"tv000001_3": "disabled"}


def passes(bed: Bed) -> int:
    """How often billing's list was read."""
    return bed.billing.requests.operations["Account/get_account_list"]


def statuses(bed: Bed) -> dict[str, str]:
    return {row["externalId"]: row["status"] for row in bed.customers()}
