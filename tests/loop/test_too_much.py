"""More than can be handled: nothing is lost or piles up, the urgent goes first, and the metrics say what limits."""

from collections.abc import Callable

from controller.workqueue import Priority
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.deciding import requeue

ACCOUNTS = 14
SENT = 3  # events about each
ONE_AT_A_TIME = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "max_concurrency": 1}
LAST = f"tv{ACCOUNTS:06}_3"
Make = Callable[..., Bed]


def metric(bed: Bed, name: str) -> float:
    lines = bed.application.metrics.render().decode().splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"iptv_reconciler_{name} "))


def waiting(bed: Bed, *priorities: Priority) -> int:
    (billing,) = [installation.billing for installation in bed.application.installations]
    return sum(platform.queue.depth()[priority] for platform in billing.platforms for priority in priorities)


async def test_p15_a_flood_of_events_fills_no_more_than_one_place_an_account_and_an_operator_goes_before_it(
    make_bed: Make,
) -> None:
    bed = make_bed(
        billing={"requests_per_second": 2}, platforms={"tv": ONE_AT_A_TIME}, brake={"floor": 100, "daily_floor": 100}
    )
    accounts = [bed.tv_account(number) for number in range(1, ACCOUNTS + 1)]
    await bed.full_pass()
    async with bed.daemon():
        await bed.world.sleep(60)
        bed.billing.requests.reset()
        for number in range(SENT * ACCOUNTS):
            account = accounts[number % ACCOUNTS]
            assert (await bed.espf("Account/Blocked", i_event=number, i_account=account)).status_code == 200
        assert waiting(bed, Priority.EVENT) <= ACCOUNTS
        for account in accounts:
            bed.billing.change("block", i_account=account)
        await requeue(bed, accounts[-1])
        while bed.customer(LAST)["status"] != "disabled":
            await bed.world.sleep(1)
        disabled = [row for row in bed.customers() if row["status"] == "disabled"]
        assert len(disabled) <= ACCOUNTS / 2, "whom the workers had taken already, and then the operator's"

        await bed.world.sleep(40)
        assert {row["status"] for row in bed.customers()} == {"disabled"}
        assert bed.billing.requests.operations["Account/get_account_info"] <= 3 * ACCOUNTS, "not once for each event"
        assert waiting(bed, *Priority) == 0
        assert metric(bed, 'target_wait_seconds_total{limit="rate",target="billing"}') > 20


async def test_a_slow_billing_lets_no_passes_pile_up_and_is_named_as_what_limits(make_bed: Make) -> None:
    bed = make_bed(billing={"requests_per_second": 100, "max_concurrency": 1}, schedule={"full_pass": "30s"})
    accounts = [bed.tv_account(number) for number in range(1, ACCOUNTS + 1)]
    async with bed.daemon() as loop:
        await bed.world.sleep(60)
        bed.billing.faults.add(Fault(operation="*", kind="delay", seconds=8, count=None))
        bed.billing.requests.reset()
        for _ in range(50):
            loop.ask_for_pass()
        bed.billing.change("block", i_account=accounts[-1])
        await bed.espf("Account/Blocked", i_event=1, i_account=accounts[-1])
        await bed.world.sleep(60)
        assert bed.customer(LAST)["status"] == "disabled", "an event goes before what is routine"
        assert bed.billing.requests.operations["Account/get_account_list"] <= 8
        assert waiting(bed, *Priority) <= ACCOUNTS
    assert metric(bed, 'target_places{target="billing"}') == 1
    waited = {
        limit: metric(bed, f'target_wait_seconds_total{{limit="{limit}",target="billing"}}')
        for limit in ("concurrency", "rate", "pause")
    }
    assert max(waited, key=waited.__getitem__) == "concurrency"
