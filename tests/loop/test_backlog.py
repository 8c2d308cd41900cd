"""Details take hours on a large installation. Meanwhile passes go on, and who can be served is served."""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

import pytest

from controller.backlog import LONGEST_REST
from controller.billing.simulator.changes import Action
from controller.gather import DETAILS_AT_ONCE
from controller.views.status_text import status_lines
from platforms.simulation import Fault
from tests.bed import Bed

ACCOUNTS = 60
SLOW = {"requests_per_second": 1}  # two minutes for the details of all
OFTEN = {"full_pass": "10s"}
INFO = "Account/get_account_info"


def populate(bed: Bed) -> list[int]:
    return [bed.tv_account(number) for number in range(1, ACCOUNTS + 1)]


def disabled(bed: Bed) -> int:
    return sum(row["status"] == "disabled" for row in bed.customers())


async def unread(bed: Bed) -> int:
    return (await bed.store()).accounts("billing").unread()


@pytest.mark.parametrize("off", ["block", "drain"])
async def test_an_account_whose_row_tells_enough_does_not_wait_for_the_details_of_others(
    make_bed: Callable[..., Bed], off: Action
) -> None:
    bed = make_bed()
    last = populate(bed)[-1]
    await bed.full_pass()
    bed.reconfigure(billing=SLOW)
    bed.lose_the_database()
    bed.world.advance(60)
    bed.billing.change(off, i_account=last)

    async with bed.daemon():
        await bed.world.sleep(75)
        assert bed.customer("tv000060_3")["status"] == "disabled"
        assert await unread(bed) > ACCOUNTS // 4


async def test_accounts_are_served_as_their_details_come_and_passes_go_on(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(billing=SLOW, schedule=OFTEN)
    populate(bed)

    async with bed.daemon():
        await bed.world.sleep(60)
        assert 10 < len(bed.customers()) < 40
        await bed.world.sleep(60)
        assert bed.billing.requests.operations["Account/get_account_list"] >= 4, "two passes at least"
        await bed.world.sleep(60)
        assert len(bed.customers()) == ACCOUNTS


async def test_p08_a_lost_database_is_rebuilt_in_the_background_too(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed()
    populate(bed)
    await bed.full_pass()
    bed.reconfigure(billing=SLOW, schedule=OFTEN)
    bed.lose_the_database()
    bed.platform.requests.reset()

    async with bed.daemon():
        await bed.world.sleep(60)
        bed.tv_account(ACCOUNTS + 1)
        assert 0 < (await bed.status())["platforms"]["tv"]["accounts"]["in_sync"] < ACCOUNTS
        await bed.world.sleep(180)
        assert (await bed.status())["platforms"]["tv"]["accounts"]["in_sync"] == ACCOUNTS + 1

    assert bed.platform.requests.writes == 1, "only the new account was written"


async def test_p04_one_reading_is_one_pass_to_the_brake_however_many_go_by(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed()
    accounts = populate(bed)
    await bed.full_pass()
    bed.reconfigure(billing={"requests_per_second": 0.5})
    bed.world.advance(60)
    for number, i_account in enumerate(accounts):
        bed.billing.change("activate_on", i_account=i_account, day="2020-01-01")
        if number % 5 < 2:
            bed.billing.change("product", i_account=i_account, i_product=70)

    async with bed.daemon() as loop:
        await bed.world.sleep(20)
        while await unread(bed):
            assert disabled(bed) <= 10
            loop.ask_for_pass()  # many of them, with fewer than 10 found between two
            await bed.world.sleep(60)


async def test_p04_what_can_be_read_at_once_is_held_whole_before_the_first_write(bed: Bed) -> None:
    accounts = populate(bed)
    await bed.full_pass()
    bed.world.advance(60)
    for i_account in accounts[:11]:
        bed.billing.change("product", i_account=i_account, i_product=70)

    await bed.converge()

    assert disabled(bed) == 0


async def test_where_billing_stops_answering_it_is_tried_ever_less_often(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(billing={"requests_per_second": 5}, schedule={"full_pass": "10m"})
    populate(bed)
    bed.billing.faults.add(Fault(operation=INFO, kind="status", status=503, after=10, count=None))

    async with bed.daemon():
        await bed.world.sleep(60)
        asked = bed.billing.requests.operations[INFO]
        assert asked < ACCOUNTS, "a handful at a time"
        await bed.world.sleep(500)
        assert bed.billing.requests.operations[INFO] - asked < ACCOUNTS
        bed.billing.faults.clear()
        await bed.world.sleep(LONGEST_REST.total_seconds() + ACCOUNTS)

    assert len(bed.customers()) == ACCOUNTS


async def test_a_moment_without_answers_delays_a_first_convergence_by_seconds(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(billing={"requests_per_second": 5}, schedule={"full_pass": "1h"})
    populate(bed)

    async with bed.daemon():
        await bed.world.sleep(5)
        bed.billing.faults.add(Fault(operation="*", kind="status", status=502, count=None))
        await bed.world.sleep(5)
        bed.billing.faults.clear()
        asked = len(bed.to_billing.began)
        await bed.world.sleep(35)  # the first probe of billing's breaker, after 30 seconds
        assert len(bed.to_billing.began) > asked
        await bed.world.sleep(2 * ACCOUNTS / 5)

    assert len(bed.customers()) == ACCOUNTS


async def test_status_says_that_the_reading_of_details_rests_how_long_and_why(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(billing={"requests_per_second": 5}, schedule={"full_pass": "1h"})
    populate(bed)
    fault = Fault(operation=INFO, kind="status", status=503, retry_after=120, after=10, count=None)

    async with bed.daemon():
        bed.billing.faults.add(fault)
        await bed.world.sleep(60)
        details = (await bed.status())["billing"]["details"]
        until = datetime.fromisoformat(details["resting_until"] or "")
        assert (details["due_seconds"] - 2 * details["due"] / 5) == pytest.approx(
            (until - bed.world.now()).total_seconds(), abs=0.1
        )
        assert "billing asked to be left alone and is not asked before" in (details["text"] or "")
        assert f"that rests until {details['resting_until']}" in "\n".join(status_lines(await bed.status()))
        assert (await bed.status())["healthy"], "for a while that is nobody's business"
        await bed.world.sleep(400)
        assert not (await bed.status())["healthy"]
        bed.billing.faults.clear()
        await bed.world.sleep(500)
        details = (await bed.status())["billing"]["details"]
        assert (details["due"], details["resting_since"], details["resting_until"], details["text"]) == (0, *[None] * 3)
        assert (await bed.status())["healthy"]


async def test_p17_a_pause_that_billing_asks_for_is_kept_by_the_reading_of_details_also_at_a_pass(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(billing={"requests_per_second": 50}, schedule=OFTEN)
    populate(bed)
    bed.billing.faults.add(Fault(operation=INFO, kind="status", status=503, retry_after=60, after=10, count=None))

    async with bed.daemon():
        await bed.world.sleep(5)
        asked = bed.billing.requests.operations[INFO]
        await bed.world.sleep(50)
        assert bed.billing.requests.operations[INFO] == asked


async def test_p13_accounts_that_are_refused_keep_the_others_waiting_for_a_moment_only(bed: Bed) -> None:
    bed.to_billing.refused = frozenset(populate(bed)[:20])

    async with bed.daemon():
        await bed.world.sleep(60)
        assert len(bed.customers()) == ACCOUNTS - 20


async def test_a_process_that_begins_does_not_rest(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(billing={"requests_per_second": 5})
    populate(bed)
    bed.billing.faults.add(Fault(operation=INFO, kind="status", status=503, count=None))
    await bed.full_pass()
    assert (await bed.status())["billing"]["details"]["resting_until"] is not None

    bed.restart()
    await bed.application.loop.begin()

    assert (await bed.status())["billing"]["details"]["resting_until"] is None


async def test_a_stop_ends_the_reading(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(billing=SLOW)
    populate(bed)
    async with bed.daemon():
        await bed.world.sleep(30)
    asked = len(bed.to_billing.began)

    await bed.world.sleep(300)

    assert len(bed.to_billing.began) <= asked + 2 * DETAILS_AT_ONCE, "only what was under way"


@pytest.mark.parametrize("rate", [3, 50])
async def test_p17_the_load_on_billing_stays_within_its_limits_in_a_whole_run(
    make_bed: Callable[..., Bed], rate: int
) -> None:
    limits = {"requests_per_second": rate, "max_concurrency": 2}
    bed = make_bed(billing=limits, schedule={"full_pass": "10s", "detail_audit": "1m"})
    accounts = populate(bed)
    bed.billing.faults.add(Fault(operation="*", kind="delay", seconds=0.5, count=None, probability=0.2))
    bed.billing.faults.add(Fault(operation=INFO, kind="status", status=503, count=20, after=20))

    async with bed.daemon():
        for i_account in accounts[:10]:
            await bed.world.sleep(20)
            bed.billing.change("block", i_account=i_account)

    began = bed.to_billing.began
    assert len(began) > 2 * ACCOUNTS
    assert min(later - earlier for earlier, later in pairwise(began)) >= 1 / rate - 1e-9
    assert bed.billing.requests.most_in_flight <= 2


async def test_status_says_how_many_details_are_to_be_read_and_how_long_that_takes(
    make_bed: Callable[..., Bed],
) -> None:
    bed = make_bed(billing=SLOW)
    populate(bed)

    async with bed.daemon():
        await bed.world.sleep(60)
        details = (await bed.status())["billing"]["details"]
        assert 0 < details["due"] == await unread(bed) < ACCOUNTS
        assert details["due_seconds"] == 2 * details["due"], "two calls an account, one a second"
        text = "\n".join(status_lines(await bed.status()))
        assert f"details of {details['due']} accounts are to be read, in about" in text
        await bed.world.sleep(120)

    details = (await bed.status())["billing"]["details"]
    assert (details["due"], details["audited"], details["audit_seconds"]) == (0, ACCOUNTS, 86400)
    assert details["oldest"] is not None


async def test_status_says_when_the_audit_needs_longer_than_it_should(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(billing=SLOW, schedule={"detail_audit": "1m"})
    populate(bed)
    await bed.full_pass()

    assert (await bed.status())["billing"]["details"]["audit_seconds"] == 2 * ACCOUNTS


async def test_a_password_is_not_asked_for_twice_to_make_a_record(make_bed: Callable[..., Bed]) -> None:
    tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "auth": "login"}
    bed = make_bed(billing=SLOW, platforms={"tv": tv})
    populate(bed)

    async with bed.daemon():
        await bed.world.sleep(150)

    assert len(bed.customers()) == ACCOUNTS
    assert all(row["password"] for row in bed.customers())
    assert bed.billing.requests.operations[INFO] == ACCOUNTS


async def test_whose_details_are_due_is_found_however_many_they_are(bed: Bed) -> None:
    numbers, (installation,) = range(1, 2501), bed.application.installations
    rows = [
        (each, each % 2, "absent" if each % 5 == 0 else "active", 1.0 if each % 7 == 0 else None) for each in numbers
    ]
    await bed.application.ledger.run(
        lambda store: store.db.conn.executemany(
            "INSERT INTO accounts (billing, i_account, id, account, details_due, presence, missing_since)"
            " VALUES ('billing', ?, '', '', ?, ?, ?)",
            rows,
        )
    )
    due = [each for each in numbers if each % 2 and each % 5 and each % 7]
    assert await installation.gatherer.due_details() == ([], due)
