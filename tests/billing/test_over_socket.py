"""The same over a real connection: what in-process transports cannot show."""

import pytest

from controller.billing.client import BillingClient
from controller.billing.source import PortaBilling
from controller.billing.wire import AccountRow, Page
from controller.clock import SystemClock
from platforms.driver import Transient
from platforms.simulation import Fault
from tests.billing.helpers import draw, fingerprint, settings
from tests.servers import serving


async def test_a_snapshot_and_an_account_over_http_with_faults_on_the_way() -> None:
    from controller.billing.simulator import create_simulator

    clock = SystemClock()
    sim = create_simulator(clock, draw)
    sim.populate(120)
    found: list[AccountRow] = []

    async def consume(page: Page) -> None:
        found.extend(page.rows)

    async with serving(sim) as url:
        source = PortaBilling("b", BillingClient(settings(url, page_size=50), clock), clock, fingerprint)
        snapshot = await source.snapshot(consume)
        assert (snapshot.accounts, snapshot.complete, len(found)) == (120, True, 120)
        sim.sessions.lose()
        assert await source.account(70001) is not None
        sim.faults.add(Fault(operation="Account/get_account_list", kind="truncated", after=1))
        with pytest.raises(Transient):
            await source.snapshot(consume)
        sim.faults.add(Fault(operation="Account/get_account_info", kind="lost_answer"))
        with pytest.raises(Transient):
            await source.account(70001)
        assert await source.account(70002) is not None
        await source.aclose()


async def test_a_server_that_is_not_there_is_transient() -> None:
    clock = SystemClock()
    source = PortaBilling("b", BillingClient(settings("http://127.0.0.1:1"), clock), clock, fingerprint)
    with pytest.raises(Transient, match="cannot be reached"):
        await source.account(70001)
    await source.aclose()
