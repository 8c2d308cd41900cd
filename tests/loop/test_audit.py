"""The rolling audit: a steady small stream that finds what no list row shows, and is nobody's burden."""

from datetime import timedelta
from itertools import pairwise

import pytest

from controller.fleet import PassOptions
from platforms.simulation import Fault
from tests.bed import Bed

HOUR, DAY = 3600.0, 86400.0
ACCOUNTS = 48  # one every half hour

DETAILS = ("Account/get_account_info", "Account/get_custom_fields_values")


@pytest.fixture
async def audited(bed: Bed) -> Bed:
    """A fleet whose details were all read just now, with the counters at zero."""
    for number in range(1, ACCOUNTS + 1):
        bed.tv_account(number)
    await bed.full_pass()
    await step(bed)
    bed.billing.requests.reset()
    bed.to_billing.began.clear()
    return bed


async def step(bed: Bed) -> float:
    return await bed.application.loop.audit_step(bed.application.installations[0])


def read(bed: Bed) -> int:
    """How many accounts' details were read, by both calls."""
    infos, fields = (bed.billing.requests.operations[operation] for operation in DETAILS)
    assert infos == fields
    return infos


async def test_every_account_is_read_once_in_a_round_and_never_many_at_once(audited: Bed) -> None:
    await audited.let_time_pass(DAY)

    assert read(audited) == ACCOUNTS
    gaps = [later - earlier for earlier, later in pairwise(sorted(set(audited.to_billing.began[::2])))]
    assert max(gaps) - min(gaps) <= 2 * 60, "evenly, to the length of a step"


async def test_a_long_stop_is_no_reason_for_a_burst(audited: Bed) -> None:
    audited.world.advance(10 * DAY)
    audited.restart()

    await step(audited)
    assert read(audited) == 1
    await audited.let_time_pass(HOUR)
    assert read(audited) <= 1 + 2 + 1


async def test_a_restart_neither_forgets_what_is_owed_nor_pays_it_twice(audited: Bed) -> None:
    for _ in range(4):
        audited.world.advance(HOUR / 4)
        audited.restart()
        await step(audited)
        await step(audited)

    assert read(audited) == 2


async def test_a_failing_account_is_passed_over_and_keeps_nobody_waiting(audited: Bed) -> None:
    audited.billing.faults.add(Fault(operation="Account/get_account_info", kind="status", status=500, count=1))

    await audited.let_time_pass(3 * HOUR)

    assert audited.billing.requests.operations["Account/get_account_info"] == 6
    store = await audited.store()
    _, oldest = store.accounts("billing").auditable()
    assert oldest is not None
    assert oldest < audited.world.now() - timedelta(hours=2), "one is still as old as it was"


async def test_the_audit_rests_ever_longer_while_billing_does_not_answer(audited: Bed) -> None:
    audited.reconfigure(schedule={"detail_audit": "20m"})  # one every 25 seconds
    audited.billing.faults.add(Fault(operation="Account/get_account_info", kind="status", status=503, count=None))

    await audited.let_time_pass(2 * HOUR)

    assert audited.billing.requests.operations["Account/get_account_info"] <= 40


async def test_the_audit_does_nothing_while_there_is_something_more_urgent(audited: Bed) -> None:
    audited.world.advance(HOUR)
    installation = audited.application.installations[0]
    audit = installation.audit

    await audit.step(audited.config.schedule.detail_audit, lambda: False)

    assert read(audited) == 0


async def test_a_pass_does_no_audit_whatever_it_is_for(audited: Bed) -> None:
    audited.world.advance(2 * DAY)
    installation = audited.application.installations[0]

    for options in (PassOptions(), PassOptions(whole_plan=True), PassOptions(in_background=True)):
        await installation.fleet.survey(options)

    assert read(audited) == 0


async def test_closed_accounts_do_not_make_the_audit_go_faster(audited: Bed) -> None:
    for i_account in list(audited.billing.installation.accounts)[: ACCOUNTS // 2]:
        audited.billing.change("terminate", i_account=i_account)
    await audited.full_pass()
    audited.billing.requests.reset()

    await audited.let_time_pass(DAY)

    assert read(audited) == ACCOUNTS // 2


async def test_p11_a_clock_that_was_a_year_ahead_keeps_nobody_from_being_read_again(audited: Bed) -> None:
    account = max(audited.billing.installation.accounts)
    audited.world.jump(-timedelta(days=365))
    audited.billing.change("device", i_account=account, devices=["00:1A:79:00:01:00"])

    await audited.let_time_pass(DAY)
    await audited.full_pass()

    assert audited.customer("tv000048_3")["devices"] == [{"deviceId": "001A79000100"}]
