"""Billing is told how provisioning stands, when asked for; provisioning never waits for that."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from controller.billing.simulator.state import ToldStatus
from controller.workqueue import Priority
from controller.writeback import MOST_LOOKED_AT
from desired_state.subscriber import SubscriberKey
from platforms.simulation import Fault
from platforms.telebreeze.simulator import API_KEY
from tests.bed import TV, Bed

ON = {"write_back": {"enabled": True}}
STATUS = "ESPF/status"

MakeBed = Callable[..., Bed]


@pytest.fixture
def bed(make_bed: MakeBed) -> Bed:
    return make_bed(billing=ON)


def told(bed: Bed) -> list[tuple[int, str]]:
    """What billing was told, in order."""
    return [(each.i_account, each.status) for each in bed.billing.installation.statuses]


def last(bed: Bed) -> ToldStatus:
    return bed.billing.installation.statuses[-1]


def spoil(bed: Bed, kind: str = "status", operation: str = STATUS, **details: object) -> None:
    """Have billing spoil what it is told, until cleared."""
    bed.billing.faults.add(Fault.model_validate({"operation": operation, "kind": kind, "count": None, **details}))


async def running_for(bed: Bed, span: timedelta) -> None:
    """The daemon at work for a span of virtual time."""
    async with bed.daemon():
        for _ in range(200):
            await asyncio.sleep(0)  # until it waits for something
        await bed.world.sleep(span.total_seconds())


async def test_it_is_off_unless_asked_for(make_bed: MakeBed) -> None:
    bed = make_bed()
    bed.tv_account()

    await bed.full_pass()

    assert bed.application.installations[0].writer is None
    assert bed.billing.requests.operations[STATUS] == 0


async def test_an_account_that_is_as_it_should_be_is_told_as_ok_once(bed: Bed) -> None:
    account = bed.tv_account()

    for _ in range(3):
        await bed.full_pass()
        await bed.tell()

    assert bed.billing.installation.statuses == [ToldStatus(account, "OK", "IPTV", "")]


async def test_an_account_without_service_is_in_order_too(bed: Bed) -> None:
    account = bed.tv_account()
    bed.billing.change("block", i_account=account)

    await bed.full_pass()
    await bed.tell()

    assert told(bed) == [(account, "OK")]


async def test_an_account_that_no_platform_has_to_do_with_is_not_told_of(bed: Bed) -> None:
    bed.tv_account(i_product=70)

    await bed.full_pass()
    await bed.tell()

    assert told(bed) == []


async def test_each_state_has_its_status_and_its_sentence(bed: Bed) -> None:
    account = bed.tv_account()
    fault = {"operation": "customers.create", "kind": "status", "count": 1}
    bed.platform.faults.add(Fault.model_validate({**fault, "status": 503}))
    bed.platform.faults.add(Fault.model_validate({**fault, "status": 422}))

    await bed.application.loop.begin()
    await bed.application.loop.full_pass()
    await bed.tell()
    assert last(bed).status == "IN_PROGRESS"

    await bed.full_pass()
    await bed.tell()
    assert last(bed).status == "RETRY"
    assert "HTTP 503" in last(bed).message

    bed.world.advance(3600)
    await bed.full_pass()
    await bed.tell()
    assert last(bed).status == "FAILED"
    assert last(bed).message == (await bed.explain("tv000001"))["platforms"]["tv"]["text"]

    bed.billing.change("product", i_account=account, i_product=62)
    await bed.converge()
    await bed.tell()
    assert last(bed) == ToldStatus(account, "OK", "IPTV", "")


async def test_of_several_platforms_the_worst_is_told_and_one_that_only_observes_has_no_say(make_bed: MakeBed) -> None:
    entry = {"product": {"i_product": 61}, "packages": ["basic"]}
    other = {"driver": "telebreeze", "url": "http://other.test", "api_key": API_KEY}
    bed = make_bed(
        billing=ON,
        platforms={"other": other, "watched": {**other, "url": "http://watched.test", "mode": "observe"}},
        catalog=[{**entry, "platform": name} for name in ("tv", "other", "watched")],
    )
    account = bed.tv_account()
    bed.platform_at("http://other.test").faults.add(Fault(operation="customers.create", kind="status", status=422))
    await bed.full_pass()
    await bed.tell()
    assert [(account, "FAILED")] == told(bed)

    bed.restart()
    await bed.converge()
    await bed.tell()
    assert told(bed)[1:] == [(account, "OK")]
    assert (await bed.status())["platforms"]["watched"]["accounts"]["held"] == 1


async def test_an_account_that_is_only_observed_is_never_told_of(make_bed: MakeBed) -> None:
    bed = make_bed(
        billing=ON, platforms={"tv": {"driver": "telebreeze", "url": TV, "api_key": API_KEY, "mode": "observe"}}
    )
    bed.tv_account()

    await bed.full_pass()
    await bed.tell()

    assert told(bed) == []


async def test_an_account_whose_failure_became_moot_is_in_order(bed: Bed) -> None:
    account = bed.tv_account()
    bed.platform.faults.add(Fault(operation="customers.create", kind="status", status=422))
    await bed.full_pass()
    await bed.tell()
    assert last(bed).status == "FAILED"

    bed.billing.change("product", i_account=account, i_product=70)
    await bed.converge()
    await bed.tell()

    assert told(bed)[1:] == [(account, "OK")]


async def test_a_restart_tells_nothing_twice(bed: Bed) -> None:
    bed.tv_account()
    await bed.full_pass()
    await bed.tell()
    bed.restart()

    await bed.full_pass()
    await bed.tell()

    assert len(told(bed)) == 1


async def test_a_refused_account_is_let_be_until_its_status_is_another_one(bed: Bed) -> None:
    first, second = bed.tv_account(1), bed.tv_account(2)
    bed.billing.faults.add(Fault(operation=STATUS, kind="status", status=404))
    for _ in range(3):
        await bed.full_pass()
        await bed.tell()
    assert told(bed) == [(second, "OK")]
    assert bed.billing.requests.operations[STATUS] == 2

    bed.world.advance(60)
    bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=422))
    bed.billing.change("block", i_account=first)
    await bed.converge(1)
    await bed.tell()

    assert told(bed)[1:] == [(first, "FAILED")]


@pytest.mark.parametrize("status", [400, 415, 422])
async def test_where_json_is_refused_a_form_is_sent_and_that_is_remembered(bed: Bed, status: int) -> None:
    bed.billing.switch(espf_encoding="form", espf_encoding_refusal=status)
    bed.tv_account(1)
    await bed.full_pass()
    await bed.tell()
    assert bed.billing.requests.operations[STATUS] == 2

    bed.restart()
    bed.tv_account(2)
    await bed.full_pass()
    await bed.tell()

    assert [status for _, status in told(bed)] == ["OK", "OK"]
    assert bed.billing.requests.operations[STATUS] == 3


async def test_an_encoding_that_is_configured_is_the_only_one(make_bed: MakeBed) -> None:
    bed = make_bed(billing={"write_back": {"enabled": True, "encoding": "json"}})
    bed.billing.switch(espf_encoding="form")
    bed.tv_account()

    await bed.full_pass()
    await bed.tell()

    assert told(bed) == []
    assert bed.billing.requests.operations[STATUS] == 1


async def test_a_lost_session_is_renewed_once(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.sessions.lose()
    logins = bed.billing.sessions.logins

    await bed.tell()

    assert told(bed) == [(account, "OK")]
    assert bed.billing.sessions.logins == logins + 1


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "delay", "seconds": 100_000},
        {"kind": "lost_answer"},
        {"kind": "status", "status": 401},
        {"kind": "status", "status": 403},
        {"kind": "status", "status": 404},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503, "retry_after": 30},
        {"kind": "html", "status": 502},
    ],
    ids=str,
)
async def test_provisioning_is_done_at_the_same_instant_however_the_status_api_fails(
    make_bed: MakeBed, trouble: dict[str, object]
) -> None:
    """Billing's rate and its places are what everybody waits for here."""
    tight = {**ON, "requests_per_second": 1, "max_concurrency": 2}

    async def provisioned(name: str, faults: dict[str, object]) -> list[tuple[str, str]]:
        bed = make_bed(billing=tight, store={"path": f"{name}.db"})
        spoil(bed, **faults)  # type: ignore[arg-type]
        for number in range(1, 6):
            bed.tv_account(number)
        await running_for(bed, timedelta(minutes=3))
        assert bed.billing.requests.operations[STATUS] > 0
        return [(row["externalId"], row["createdAt"]) for row in bed.customers()]

    undisturbed = await provisioned("undisturbed", {"kind": "delay", "seconds": 0})
    assert len(undisturbed) == 5
    assert await provisioned("disturbed", trouble) == undisturbed


async def test_an_outage_is_said_once_shown_and_over_when_billing_listens_again(
    bed: Bed, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    spoil(bed, status=500)
    accounts = [bed.tv_account(number) for number in range(1, 4)]
    await bed.full_pass()
    before = await bed.status()

    await bed.tell()

    during = await bed.status()
    logged = capsys.readouterr().out + caplog.text  # where it goes depends on whether a test before this one set it up
    assert logged.count("billing cannot be told") == 1
    assert during["write_back"]["billing"]["text"] == "billing answered ESPF/status with HTTP 500"
    assert (during["healthy"], during["platforms"]) == (before["healthy"], before["platforms"])
    assert during["healthy"]

    bed.billing.faults.clear()
    await bed.full_pass()
    await bed.tell()

    after = (await bed.status())["write_back"]["billing"]
    assert after == {"told": {"OK": 3, "IN_PROGRESS": 0, "RETRY": 0, "FAILED": 0}, "refused": 0, "text": None}
    assert told(bed) == [(account, "OK") for account in accounts]


@pytest.mark.long
@pytest.mark.parametrize("switch", [{"standalone_mode": True}, {"espf_rights": False}], ids=str)
async def test_without_the_right_it_is_held_back_and_tried_again_late(bed: Bed, switch: dict[str, object]) -> None:
    bed.tv_account()
    bed.billing.switch(**switch)

    await running_for(bed, timedelta(hours=4))

    assert told(bed) == []
    assert bed.billing.requests.operations[STATUS] < 25
    assert "rights" in ((await bed.status())["write_back"]["billing"]["text"] or "")


async def test_one_account_that_trips_the_api_keeps_nobody_else_from_being_told(bed: Bed) -> None:
    accounts = [bed.tv_account(number) for number in range(1, 4)]
    await bed.full_pass()
    bed.billing.faults.add(Fault(operation=STATUS, kind="status", status=500))

    await bed.tell()

    assert told(bed) == [(account, "OK") for account in (*accounts[1:], accounts[0])]


async def test_p17_telling_a_whole_fleet_stays_within_billings_limits(make_bed: MakeBed) -> None:
    bed = make_bed(billing={**ON, "requests_per_second": 10, "max_concurrency": 2})
    bed.billing.faults.add(Fault(operation="*", kind="delay", seconds=0.3, count=None))
    for number in range(1, 100):
        bed.tv_account(number)

    await running_for(bed, timedelta(minutes=2))

    assert 90 <= len(told(bed)) <= 10 * 120 * 0.1 + 1
    assert bed.billing.requests.most_in_flight <= 2
    assert sum(bed.billing.requests.operations.values()) <= 10 * 120 + 2


async def test_the_daemon_tells_what_a_look_changed_without_waiting_for_a_pass(make_bed: MakeBed) -> None:
    bed = make_bed(billing=ON, events={"espf": {"username": "espf", "password": "espf-secret"}})
    account = bed.tv_account()
    async with bed.daemon():
        await bed.world.sleep(5)
        assert last(bed).status == "OK"
        bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=422, count=None))
        bed.billing.change("block", i_account=account)

        await bed.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(5)

        assert told(bed)[-1] == (account, "FAILED")


async def test_p10_what_is_told_holds_no_personal_data(bed: Bed) -> None:
    contact = {"firstname": "Canary-Ada", "email": "canary@example.net", "phone1": "+420555000111"}
    for number, status in enumerate([422, 409, 503, 500], start=1):
        account = bed.tv_account(number)
        bed.billing.change("contact", i_account=account, contact=contact)
        bed.platform.faults.add(Fault(operation="customers.create", kind="status", status=status))

    await bed.full_pass()
    await bed.tell()

    said = " ".join(each.message for each in bed.billing.installation.statuses)
    assert len(said) > 100
    for secret in ("anary", "555000", "00:1A:79", "001A790000", "simulated-token"):
        assert secret not in said


async def test_another_group_is_told_everything_anew(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    await bed.tell()
    bed.reconfigure(billing={"write_back": {"enabled": True, "group": "WiMAX"}})

    await bed.full_pass()
    await bed.tell()

    assert [(each.i_account, each.group) for each in bed.billing.installation.statuses] == [
        (account, "IPTV"),
        (account, "WiMAX"),
    ]


async def test_looks_beyond_what_can_be_remembered_are_left_to_a_comparison_of_all(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    await bed.tell()
    writer, lane = bed.application.installations[0].writer, bed.application.installations[0].lanes[0]
    assert writer is not None
    for number in range(MOST_LOOKED_AT):
        writer.looked_at(1_000_000 + number)

    bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=422))
    bed.billing.change("block", i_account=account)
    lane.platform.queue.add(SubscriberKey("tv", account), Priority.EVENT, bed.world.monotonic())
    assert await lane.look_once()
    await bed.tell()

    assert told(bed) == [(account, "OK"), (account, "FAILED")]


async def test_a_stop_does_not_wait_for_a_status_api_that_hangs(bed: Bed) -> None:
    bed.tv_account()
    spoil(bed, "delay", seconds=100_000)
    began = bed.world.monotonic()

    await running_for(bed, timedelta(seconds=60))

    assert bed.world.monotonic() - began < 61
