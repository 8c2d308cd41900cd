"""Things that meet at the wrong moment: a look and a pass, a list and a single reading, a stop and a start."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from controller.look import Result
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.vanishing import vanish

YEARS = timedelta(days=3650)


def spoil(bed: Bed, operation: str, **details: object) -> None:
    bed.platform.faults.add(Fault.model_validate({"operation": operation, "kind": "status", **details}))


async def look(bed: Bed, account: int, trigger: str) -> Result:
    """One look at one subscriber, as a worker would."""
    lane = bed.application.installations[0].lanes[0]
    return await lane.reconciler.reconcile(lane.platform, account, trigger, bed.world.draw)


async def test_p11_an_account_that_goes_off_and_on_between_two_lists_ends_as_billing_says(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.world.advance(60)
    bed.billing.change("block", i_account=account)
    await look(bed, account, "event")
    assert bed.customer("tv000001_3")["status"] == "disabled"
    bed.billing.change("unblock", i_account=account)

    await bed.converge()

    assert bed.customer("tv000001_3")["status"] == "active"


async def test_p11_what_is_wished_otherwise_during_a_look_is_not_taken_for_seen(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    store = await bed.store()
    seen = store.subscribers("tv").get(account)
    assert seen is not None
    bed.billing.change("contact", i_account=account, contact={"firstname": "Eva"})
    await bed.application.installations[0].gatherer.read_details([account])

    store.subscribers("tv").settle(seen, None, seen.progress)

    assert account in store.subscribers("tv").unsettled()


async def test_p06_a_record_that_was_made_by_a_lost_call_for_an_account_that_left_is_turned_off(bed: Bed) -> None:
    account = bed.tv_account()
    bed.platform.faults.add(Fault(operation="customers.create", kind="lost_answer"))
    await bed.application.loop.full_pass()
    await bed.application.installations[0].lanes[0].look_once()
    bed.billing.change("product", i_account=account, i_product=70)
    spoil(bed, "customers.list", status=500)

    await bed.converge(5)

    assert [row["status"] for row in bed.customers()] in ([], ["disabled"])


async def test_p02_nothing_is_taken_away_that_billing_was_not_asked_about_in_the_same_look(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.world.advance(60)
    installation = bed.application.installations[0]
    bed.billing.change("contact", i_account=account, contact={"firstname": "Eva"})
    await installation.gatherer.read_details([account])
    bed.platform.operator.change(bed.customer("tv000001_3")["id"], {"packages": ["1", "4"]})
    bed.billing.change("product", i_account=account, i_product=62)
    spoil(bed, "customers.list", status=500)
    await installation.gatherer.read_platform(installation.billing.platforms[0])

    await look(bed, account, "pass")

    assert bed.customer("tv000001_3")["packages"] == ["1", "4"]


async def test_an_account_that_is_blocked_while_its_password_is_asked_for_is_not_switched_on(
    make_bed: Callable[..., Bed],
) -> None:
    tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "auth": "login"}
    bed = make_bed(platforms={"tv": tv})
    account = bed.tv_account()
    fields = bed.billing.installation.accounts[account].custom_fields
    fields |= {"TV Login": "ana", "TV Password": "Watch-1"}
    await bed.application.loop.full_pass()
    await bed.application.installations[0].gatherer.read_details([account])
    bed.billing.change("block", i_account=account)

    await look(bed, account, "pass")

    assert bed.customers() == []


async def test_a_stop_that_comes_during_the_start_ends_the_daemon(bed: Bed) -> None:
    bed.application.loop.stop()
    running = asyncio.create_task(bed.application.loop.run())
    for _ in range(2000):
        await asyncio.sleep(0)
    assert running.done()
    await running


async def test_a_clock_that_leapt_and_was_put_right_blinds_nobody(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(schedule={"detail_audit": "6h"})
    account = bed.tv_account()
    await bed.full_pass()
    bed.world.jump(YEARS)
    await look(bed, account, "event")
    bed.world.jump(-YEARS)
    bed.world.advance(60)
    bed.billing.change("block", i_account=account)

    await bed.converge()

    assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_what_is_gone_is_missed_though_it_was_seen_by_a_clock_that_was_ahead(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    bed.world.jump(YEARS)
    bed.world.advance(60)
    bed.tv_account(2)
    vanishes = bed.tv_account(3)
    theirs = bed.platform.operator.create({"externalId": "tv000004_3"})
    await bed.converge()
    bed.world.jump(-YEARS)
    await bed.converge()
    bed.tv_account(4)
    await bed.converge()
    assert (await bed.explain("tv000004"))["platforms"]["tv"]["state"] == "conflict"

    bed.platform.operator.delete(str(theirs["id"]))
    bed.platform.operator.delete(str(bed.customer("tv000002_3")["id"]))
    vanish(bed, vanishes)
    await bed.converge()

    states = {row["externalId"]: row["status"] for row in bed.customers()}
    in_sync = dict.fromkeys(("tv000001_3", "tv000002_3", "tv000004_3"), "active")
    assert states == in_sync | {"tv000003_3": "disabled"}


async def test_p13_an_account_that_nobody_can_make_sense_of_delays_nobody_else(bed: Bed) -> None:
    first, second = bed.tv_account(1), bed.tv_account(2)
    await bed.full_pass()
    store = await bed.store()
    store.db.conn.execute("UPDATE subscribers SET desired = '{}', quiet_desired = NULL WHERE i_account = ?", (first,))
    store.db.conn.commit()
    bed.billing.change("block", i_account=second)

    await bed.full_pass()

    assert bed.customer("tv000002_3")["status"] == "disabled"


async def test_p14_refused_credentials_are_over_as_soon_as_the_platform_can_be_read(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.world.advance(60)
    bed.billing.change("block", i_account=account)
    spoil(bed, "customers.update", status=403)
    await bed.full_pass()
    assert (await bed.status())["platforms"]["tv"]["breaker"] == "open"

    await bed.converge()

    assert (await bed.status())["platforms"]["tv"]["breaker"] == "closed"
    assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_p04_tries_that_came_to_nothing_are_given_back_to_the_brake(bed: Bed) -> None:
    accounts = [bed.tv_account(number) for number in range(1, 31)]
    await bed.full_pass()
    bed.world.advance(60)
    for account in accounts[:10]:
        bed.billing.change("block", i_account=account)
    spoil(bed, "customers.update", status=500, count=4)

    await bed.full_pass()
    await bed.full_pass()

    assert sum(row["status"] == "disabled" for row in bed.customers()) == 10


async def test_p19_a_new_process_counts_everybody_before_its_first_pulse(bed: Bed) -> None:
    bed.tv_account()
    await bed.full_pass()
    bed.restart()
    await bed.application.loop.show()
    scraped = bed.application.metrics.render().decode()
    assert 'iptv_reconciler_accounts{platform="tv",state="in_sync"} 1.0' in scraped
    assert 'iptv_reconciler_billing_accounts{presence="active"} 1.0' in scraped
