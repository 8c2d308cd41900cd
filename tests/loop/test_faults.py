"""Faults upstream and on the platform: nobody is deleted, nobody is made twice, and everybody gets there in the end."""

import re
from collections.abc import Callable

import pytest

from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.deciding import approve_gone, hash_of_the_lost


def order(bed: Bed, operation: str, kind: str, **details: object) -> None:
    """Have the platform spoil the next request of this kind."""
    bed.platform.faults.add(Fault.model_validate({"operation": operation, "kind": kind, **details}))


@pytest.mark.parametrize("operation", ["customers.create", "customers.update", "customers.delete"])
@pytest.mark.parametrize("kind", ["lost_answer", "truncated"])
async def test_p06_a_lost_answer_is_resolved_by_reading_and_nothing_is_sent_twice(
    bed: Bed, operation: str, kind: str
) -> None:
    account = bed.tv_account()
    if operation != "customers.create":
        await bed.full_pass()
        bed.world.advance(60)
        bed.billing.change("block" if operation == "customers.update" else "terminate", i_account=account)
    order(bed, operation, kind)
    bed.platform.requests.reset()

    await bed.converge()

    assert bed.platform.requests.operations[operation] == 1
    assert [row["status"] for row in bed.customers()] == {
        "customers.create": ["active"],
        "customers.update": ["disabled"],
        "customers.delete": [],
    }[operation]
    store = await bed.store()
    assert store.journal.count_open() == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503, "retry_after": 7},
        {"kind": "status", "status": 429, "retry_after": 7},
        {"kind": "html"},
        {"kind": "garbage"},
    ],
)
async def test_a_failed_write_is_tried_again_later(bed: Bed, fault: dict[str, object]) -> None:
    bed.tv_account()
    order(bed, "customers.create", **fault)  # type: ignore[arg-type]

    await bed.full_pass()
    assert (await bed.explain("tv000001"))["platforms"]["tv"]["state"] == "backoff"
    await bed.converge(2)

    assert bed.customer("tv000001_3")["status"] == "active"
    assert (await bed.explain("tv000001"))["platforms"]["tv"]["state"] == "in_sync"


@pytest.mark.parametrize("kind", ["html", "garbage", "truncated"])
@pytest.mark.parametrize("operation", ["Account/get_account_list", "Account/get_account_info"])
async def test_p02_nothing_is_taken_away_on_the_word_of_a_spoilt_answer_of_billing(
    bed: Bed, operation: str, kind: str
) -> None:
    bed.tv_account()
    await bed.full_pass()
    bed.platform.requests.reset()
    bed.billing.faults.add(Fault.model_validate({"operation": operation, "kind": kind, "count": None}))

    await bed.converge()

    assert bed.platform.requests.writes == 0
    assert bed.customer("tv000001_3")["status"] == "active"


async def test_p02_an_empty_list_of_billing_is_not_believed(bed: Bed) -> None:
    for number in range(1, 31):
        bed.tv_account(number)
    await bed.full_pass()
    bed.platform.requests.reset()
    bed.billing.installation.accounts.clear()
    bed.billing.installation.order.clear()

    await bed.converge()

    assert bed.platform.requests.writes == 0
    status = await bed.status()
    assert not status["healthy"]
    assert re.match(r"(\d+) of \1 accounts", status["billing"]["text"] or "")


async def test_a_list_of_the_platform_that_lost_most_records_is_not_believed(bed: Bed) -> None:
    for number in range(1, 31):
        bed.tv_account(number)
    await bed.full_pass()
    bed.world.advance(60)
    bed.platform.requests.reset()
    for row in bed.customers():
        bed.platform.operator.delete(row["id"])

    await bed.full_pass()

    assert bed.platform.requests.writes == 0
    assert "30 of our 30 were not among them" in ((await bed.status())["platforms"]["tv"]["text"] or "")


async def test_p11_records_that_somebody_removed_in_a_mass_are_made_again_when_a_person_says_so(bed: Bed) -> None:
    for number in range(1, 31):
        bed.tv_account(number)
    await bed.full_pass()
    bed.world.advance(60)
    for row in bed.customers()[:12]:
        bed.platform.operator.delete(row["id"])
    await bed.converge()
    assert len(bed.customers()) == 18
    assert await approve_gone(bed, await hash_of_the_lost(bed, "tv")) == {"tv": 12}
    await bed.full_pass()
    assert len(bed.customers()) == 30
    assert (await bed.status())["healthy"]


async def test_refused_credentials_stop_the_platform_and_nothing_else(make_bed: Callable[..., Bed]) -> None:
    tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "wrong"}
    bed = make_bed(platforms={"tv": tv})
    bed.tv_account()

    await bed.full_pass()

    assert bed.platform.requests.writes == 0
    assert "api_key" in ((await bed.status())["platforms"]["tv"]["text"] or "")


async def test_p16_a_kill_after_the_call_and_before_its_outcome_is_resolved_after_the_restart(bed: Bed) -> None:
    bed.tv_account()
    order(bed, "customers.create", "lost_answer")
    await bed.full_pass()
    assert (await bed.store()).journal.count_open() == 1

    bed.restart()
    await bed.full_pass()

    assert len(bed.customers()) == 1
    assert (await bed.store()).journal.count_open() == 0
    assert bed.platform.requests.operations["customers.create"] == 1


async def test_an_account_whose_details_cannot_be_read_is_seen_waiting_and_does_not_stop_the_others(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    second = bed.tv_account(2)
    spoilt = {"operation": "Account/get_account_info", "kind": "status", "status": 500, "count": None}
    bed.billing.faults.add(Fault.model_validate(spoilt))

    await bed.converge()

    status = await bed.status()
    assert status["platforms"]["tv"]["accounts"]["backoff"] == 1
    assert [trouble["i_account"] for trouble in status["platforms"]["tv"]["attention"]] == [second]
    assert "HTTP 500" in ((await bed.explain("tv000002"))["platforms"]["tv"]["text"] or "")


async def test_p17_a_long_retry_after_is_not_overruled_by_the_next_pass(bed: Bed) -> None:
    bed.tv_account(1)
    order(bed, "customers.create", "status", status=429, retry_after=3600)
    loop, lane = bed.application.loop, bed.application.installations[0].lanes[0]
    await loop.full_pass()
    await lane.look_once()
    bed.world.advance(600)
    await loop.full_pass()

    assert lane.platform.queue.take(bed.world.monotonic()) is None


async def test_p11_a_change_seen_by_a_single_look_does_not_hide_the_list_row_that_follows(bed: Bed) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.change("block", i_account=account)
    await bed.application.installations[0].gatherer.read_details([account])
    bed.billing.change("unblock", i_account=account)

    await bed.converge()

    assert bed.customer("tv000001_3")["status"] == "active"


async def test_p08_records_of_a_lost_database_are_found_again_by_their_notes(bed: Bed) -> None:
    accounts = [bed.tv_account(number) for number in range(1, 4)]
    await bed.full_pass()
    bed.lose_the_database()
    bed.billing.change("terminate", i_account=accounts[0])
    bed.platform.requests.reset()

    await bed.converge()

    assert sorted(row["externalId"] for row in bed.customers()) == ["tv000002_3", "tv000003_3"]
    assert bed.platform.requests.writes == 1
