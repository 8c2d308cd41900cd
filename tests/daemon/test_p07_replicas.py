"""P7: two daemons on one store, one of which leads by a Lease; the whole of it in one process and virtual time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from controller.leadership.by_lease import ByLease
from controller.leadership.client import Cluster, Leases
from controller.leadership.elector import Elector
from controller.leadership.simulator import TOKEN, ApiServer
from controller.leadership.timing import Timing
from controller.log import logger
from controller.store import NotLeading, Store
from controller.store.ledger import Ledger
from controller.watch import COUNTING
from platforms.simulation import Fault
from tests.bed import Bed
from tests.daemon.office import Office

TIMING = Timing(duration=60, renew=5, longest_call=10)
SOON = 2.0


class Pair:
    """Two replicas, started one after the other, and the API server that they ask."""

    def __init__(self, bed: Bed, folder: Path) -> None:
        (folder / "token").write_text(TOKEN)
        self.bed = bed
        self.server = ApiServer(bed.world, bed.world.draw)
        self._folder = folder
        self._ends: dict[Office, AsyncExitStack] = {}
        self.offices: list[Office] = []

    async def start(self) -> Office:
        name = f"replica-{len(self._ends) + 1}"

        def by(ledger: Ledger) -> ByLease:
            cluster = Cluster("http://kubernetes", self._folder, "tv", "iptv-reconciler")
            line = httpx.ASGITransport(self.server)
            leases = Leases(cluster, self.bed.world, timeout_seconds=3600, http=line)
            ledger.share()
            elector = Elector(leases, name, TIMING, self.bed.world, logger("leadership"))
            return ByLease(elector, leases, ledger, self.bed.world)

        office, stack = Office(self.bed, by=by), AsyncExitStack()
        await stack.enter_async_context(office.at_work())
        self._ends[office] = stack
        self.offices.append(office)
        return office

    async def end(self, office: Office) -> None:
        """SIGTERM, and its end."""
        self.offices.remove(office)
        await self._ends[office].aclose()

    async def leader(self) -> Office:
        (only,) = [each for each in self.offices if await leads(each)]
        return only

    async def standby(self) -> Office:
        (other,) = [each for each in self.offices if not await leads(each)]
        return other


async def leads(office: Office) -> bool:
    return bool((await office.metrics())["leader"])


@pytest.fixture
async def pair(bed: Bed, tmp_path: Path) -> AsyncIterator[Pair]:
    made = Pair(bed, tmp_path)
    await made.start()
    await made.start()
    await bed.world.sleep(TIMING.duration + 10)
    yield made
    for office in list(made.offices):
        await made.end(office)


def epochs(bed: Bed) -> list[int]:
    """Under which epoch each call was made, in order."""
    store = Store.open(bed.config.store.path)
    try:
        return [epoch for (epoch,) in store.db.conn.execute("SELECT epoch FROM audit ORDER BY id")]
    finally:
        store.close()


async def works(pair: Pair, number: int) -> None:
    """A new account gets its record, without a word from anybody who does not lead."""
    account = pair.bed.tv_account(number)
    assert await (await pair.leader()).espf("Account/New", i_event=number, i_account=account) == 200
    await pair.bed.world.sleep(SOON)
    assert pair.bed.customer(f"tv{number:06}_3")["status"] == "active"


async def test_p07_one_works_and_the_other_is_ready_to(pair: Pair) -> None:
    await works(pair, 1)
    await pair.bed.world.sleep(2 * COUNTING)
    leader, standby = await pair.leader(), await pair.standby()
    for office in (leader, standby):
        assert (await office.get("/readyz")).status_code == 200
        assert (await office.get("/livez")).status_code == 200
    shown, little = await leader.metrics(), await standby.metrics()
    assert shown['accounts{platform="tv",state="in_sync"}'] == 1
    assert shown["epoch"] == 2
    assert not [name for name in little if name.startswith(("accounts", "pass_last", "epoch", "brake", "queue_depth"))]
    assert {name.partition("{")[0] for name in little} >= {"leader", "build_info", "config_info", "events_total"}
    assert little['actions_total{kind="create",platform="tv",result="changed"}'] == 0, "it counts from the start"


async def test_p18_what_the_standby_was_told_the_leader_acts_upon_within_seconds(pair: Pair) -> None:
    standby, account = await pair.standby(), pair.bed.tv_account()
    assert await standby.espf("Account/New", i_event=1, i_account=account) == 200
    await pair.bed.world.sleep(SOON)
    assert pair.bed.customer("tv000001_3")["status"] == "active"

    customer = pair.bed.billing.installation.accounts[account].customer.i_customer
    pair.bed.billing.change("block", i_account=account)
    assert await standby.espf("Customer/Updated", i_event=2, i_customer=customer) == 200
    await pair.bed.world.sleep(SOON)
    assert pair.bed.customer("tv000001_3")["status"] == "disabled"

    pair.bed.billing.change("unblock", i_account=account)
    assert await standby.espf("Product/ServiceAttribute/Changed", i_event=3, i_product=61) == 200
    await pair.bed.world.sleep(SOON)
    assert pair.bed.customer("tv000001_3")["status"] == "active"
    assert await standby.espf("Account/New", i_event=1, i_account=account) == 200, "known again as it is by the leader"


async def test_p07_who_ends_in_order_is_followed_within_seconds(pair: Pair) -> None:
    await works(pair, 1)
    await pair.end(await pair.leader())
    await pair.bed.world.sleep(SOON)
    await works(pair, 2)
    assert epochs(pair.bed) == [2, 3]


async def test_p07_a_call_under_way_is_finished_before_the_lease_is_given_back(pair: Pair) -> None:
    account = pair.bed.tv_account()
    pair.bed.platform.faults.add(Fault(kind="delay", seconds=8, operation="customers.create"))
    leader = await pair.leader()
    await leader.espf("Account/New", i_event=1, i_account=account)
    await pair.bed.world.sleep(1)
    assert pair.bed.platform.requests.in_flight == 1
    await pair.end(leader)
    assert pair.bed.platform.requests.in_flight == 0
    await pair.bed.world.sleep(SOON)
    assert len(pair.bed.customers()) == 1
    assert epochs(pair.bed) == [2]


@pytest.mark.parametrize("state", ["frozen", "dead"])
async def test_p07_without_an_api_server_the_work_ends_in_time_and_begins_again_with_it(pair: Pair, state: str) -> None:
    await works(pair, 1)
    pair.server.set_state(state)  # type: ignore[arg-type]  # both are states
    await pair.bed.world.sleep(TIMING.duration)
    assert [await leads(each) for each in pair.offices] == [False, False]
    asked = total(pair.bed)
    account = pair.bed.tv_account(2)
    assert [await each.espf("Account/New", i_event=2, i_account=account) for each in pair.offices] == [200, 200]
    await pair.bed.world.sleep(1000)
    assert total(pair.bed) == asked, "nobody calls anybody"
    for each in pair.offices:
        with pytest.raises(NotLeading):
            await each.daemon.present.ledger.run(lambda store: store.targets.set_meta("cursor", "17"))
    assert [(await each.get("/livez")).status_code for each in pair.offices] == [200, 200]

    pair.server.set_state("up")
    await pair.bed.world.sleep(TIMING.duration + SOON)
    assert pair.bed.customer("tv000002_3")["status"] == "active"
    assert epochs(pair.bed) == [2, 3]


def total(bed: Bed) -> int:
    return sum(each.operations.total() for each in (bed.billing.requests, bed.platform.requests))


async def test_p07_one_whom_the_api_server_refuses_stands_by_for_ever(pair: Pair) -> None:
    pair.server.token = "another"
    await pair.bed.world.sleep(TIMING.duration)
    assert [await leads(each) for each in pair.offices] == [False, False]
    pair.server.token = TOKEN
    await pair.bed.world.sleep(TIMING.duration + SOON)
    await works(pair, 1)


async def test_p07_another_configuration_is_the_same_leaders(pair: Pair) -> None:
    leader = await pair.leader()
    before: Mapping[str, float] = await leader.metrics()
    await leader.reconfigure(schedule={"full_pass": "5m"})
    await pair.bed.world.sleep(SOON)
    assert await pair.leader() is leader
    assert (await leader.metrics())["epoch"] == before["epoch"]
    await works(pair, 1)


async def test_p07_sigterm_does_not_wait_for_a_lead_that_was_lost_meanwhile(pair: Pair) -> None:
    await works(pair, 1)
    leader, account = await pair.leader(), pair.bed.tv_account(2)
    pair.server.set_state("frozen")
    await pair.bed.world.sleep(TIMING.usable - 20)
    pair.bed.billing.faults.add(Fault(kind="delay", seconds=28, count=None))
    assert await leader.espf("Account/New", i_event=2, i_account=account) == 200
    await pair.bed.world.sleep(SOON)
    assert await leads(leader)
    began = pair.bed.world.monotonic()
    ending = asyncio.create_task(pair.end(leader))
    await pair.bed.world.sleep(TIMING.duration)
    assert ending.done(), "it waits to win the lead again"
    assert pair.bed.world.monotonic() - began <= TIMING.duration
    pair.bed.billing.faults.clear()
    pair.server.set_state("up")
    await ending
