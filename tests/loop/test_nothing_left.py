"""Troubles and changes come and go; what a process remembers of them goes with them."""

from collections.abc import Sized

from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.deciding import requeue

ACCOUNTS = 6
ROUNDS = 2
TROUBLES = ("customers.update", "customers.get", "Account/get_account_info", "Account/get_custom_fields_values")


def remembered(bed: Bed) -> dict[str, Sized]:
    """Whatever a process keeps by account or event, by its name."""
    kept: dict[str, Sized] = {}
    for installation in bed.application.installations:
        kept["announced"] = installation.spreader._again_at
        kept["due"], kept["tried"] = installation.fleet.backlog._due, installation.fleet.backlog._tried
        kept["passed over"] = installation.audit._passed_over
        for lane in installation.lanes:
            queue, retries, reader = lane.platform.queue, lane._retries, lane.reconciler.fresh
            kept |= {"failures": lane._failures, "put off": lane._put_off, "withheld": lane._withheld}
            kept |= {"failed": retries._failed, "paid": retries._paid, "rivals": lane.reconciler.rivals._asked}
            kept |= {"reading": reader._reading, "read": reader._kept, "working": queue._working}
            kept |= {"waiting": queue._items, "again": queue._again, "traces": queue._traces, "timers": queue._timers}
    return kept


async def test_nothing_is_left_of_failures_events_orders_and_accounts_that_end(bed: Bed) -> None:
    accounts = [bed.tv_account(number) for number in range(1, ACCOUNTS + 1)]
    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        for number in range(ROUNDS):
            for trouble in TROUBLES:
                (bed.billing if "/" in trouble else bed.platform).faults.add(
                    Fault(operation=trouble, kind="status", status=500, count=2)
                )
            for account in accounts:
                bed.billing.change("block" if number % 2 == 0 else "unblock", i_account=account)
                await bed.espf("Account/Blocked", i_event=f"{number} {account}", i_account=account)
            customer = bed.billing.installation.accounts[accounts[0]].customer
            await bed.espf("Customer/Status/Limited", i_event=f"{number}", i_customer=customer.i_customer)
            await requeue(bed, accounts[1])
            await bed.world.sleep(240)
        bed.billing.change("terminate", i_account=accounts.pop())
        loop.ask_for_pass()
        await bed.world.sleep(600)
        assert {name: kept for name, kept in remembered(bed).items() if len(kept)} == {}
        assert len(bed.customers()) == len(accounts)
