"""The log of decisions: one line each, with all that is needed to follow it, and none where nothing is new."""

from collections.abc import Callable, Iterator

import pytest

from platforms.simulation import Fault
from tests.bed import Bed
from tests.heard import Heard, Line, listening
from tests.loop.deciding import pause, resume


@pytest.fixture
def heard() -> Iterator[Heard]:
    with listening() as heard:
        yield heard


def spoil(bed: Bed, operation: str, kind: str = "status", **details: object) -> None:
    bed.platform.faults.add(Fault.model_validate({"operation": operation, "kind": kind, **details}))


def told(line: Line, *names: str) -> tuple[object, ...]:
    return tuple(line.get(name) for name in names)


async def test_a_call_is_one_line_that_leads_to_its_row_in_the_audit(bed: Bed, heard: Heard) -> None:
    account = bed.tv_account()
    await bed.full_pass()

    (line,) = heard.decisions()
    assert {**line, "timestamp": "", "trace_id": ""} == {
        "event": "decided",
        "logger": "decisions",
        "level": "info",
        "timestamp": "",
        "trace_id": "",
        "account": "tv000001",
        "i_account": account,
        "platform": "tv",
        "action": "create",
        "reason": "entitled",
        "state": "in_sync",
        "intent": 1,
        "request_id": line["request_id"],
        "trigger": "pass",
        "result": "changed",
        "seconds": 0.0,
    }
    (action,) = (await bed.explain("tv000001"))["platforms"]["tv"]["last_actions"]
    assert (action["request_id"], action["trace_id"]) == (line["request_id"], line["trace_id"])


async def test_p12_who_is_at_rest_says_nothing_however_often_looked_at(bed: Bed, heard: Heard) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    heard.lines()

    for _ in range(3):
        await bed.full_pass()
        await bed.espf("Account/Updated", i_account=account)
        await bed.act_on_events()

    assert heard.decisions() == []


async def test_a_hold_is_said_when_it_begins_and_when_it_ends(bed: Bed, heard: Heard) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    await pause(bed, "tv")
    bed.billing.change("block", i_account=account)
    heard.lines()

    for _ in range(3):
        await bed.full_pass()
        bed.world.advance(600)
    (began,) = heard.decisions()
    await resume(bed, "tv")
    await bed.full_pass()
    (ended,) = heard.decisions()

    assert told(began, "action", "state", "held_by", "reason", "trigger", "result") == (
        "hold",
        "paused",
        "paused",
        "blocked",
        "pass",
        "held",
    )
    assert "moving house" in began["text"]
    assert told(ended, "action", "state", "held_by", "result") == ("suspend", "in_sync", None, "changed")


async def test_a_hold_that_ends_by_itself_is_said_too(bed: Bed, heard: Heard) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    await pause(bed, "tv")
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    heard.lines()

    bed.billing.change("unblock", i_account=account)
    await bed.full_pass()
    await bed.full_pass()

    (line,) = heard.decisions()
    assert told(line, "action", "state", "result", "reason") == ("none", "in_sync", "noop", "entitled")


async def test_a_hold_is_not_said_again_because_billing_changed_something_else_or_the_process_began_anew(
    bed: Bed, heard: Heard
) -> None:
    account = bed.tv_account()
    bed.billing.installation.accounts[account].customer.bill_status = "E"
    await bed.full_pass()
    assert len(heard.decisions()) == 1

    bed.billing.change("contact", i_account=account, contact={"city": "Elsewhere"})
    await bed.full_pass()
    bed.restart()
    await bed.full_pass()

    assert heard.decisions() == []


async def test_every_try_of_a_call_is_a_line(bed: Bed, heard: Heard) -> None:
    bed.tv_account()
    spoil(bed, "customers.create", status=500, count=2)

    await bed.full_pass()
    await bed.converge(2)

    lines = heard.decisions()
    tries = [told(line, "action", "result", "state") for line in lines]
    failed = [("create", "transient", "backoff"), ("create", "not_done", None)]
    assert tries == [*failed, *failed, ("create", "changed", "in_sync")], "the platform is read to know what came of it"
    assert "HTTP 500" in lines[0]["text"]
    assert [line["intent"] for line in lines] == [1, 1, 2, 2, 3]


async def test_a_refusal_says_what_the_platform_objects(bed: Bed, heard: Heard) -> None:
    bed.tv_account()
    spoil(bed, "customers.create", status=422, count=None)

    await bed.full_pass()
    await bed.full_pass()

    (line,) = heard.decisions()
    assert told(line, "action", "result", "state", "held_by") == ("create", "rejected", "parked", "platform")
    assert "HTTP 422" in line["text"]


async def test_a_call_without_an_answer_is_told_again_when_it_is_known_what_came_of_it(bed: Bed, heard: Heard) -> None:
    bed.tv_account()
    spoil(bed, "customers.create", "lost_answer")

    await bed.full_pass()
    await bed.converge(1)

    asked, known = heard.decisions()[:2]
    assert told(asked, "action", "result") == ("create", "transient")
    assert told(known, "action", "result", "intent") == ("create", "ok", asked["intent"])


async def test_an_account_without_service_any_more_is_said_once(bed: Bed, heard: Heard) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    heard.lines()

    bed.billing.change("product", i_account=account, i_product=66)
    for _ in range(3):
        await bed.full_pass()

    (line,) = heard.decisions()
    assert told(line, "action", "state", "result") == ("suspend", "no_service", "changed")


async def test_an_account_that_is_left_alone_is_said_once_with_the_rule(bed: Bed, heard: Heard) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    heard.lines()

    bed.billing.installation.accounts[account].customer.bill_status = "E"
    for _ in range(3):
        await bed.full_pass()

    (line,) = heard.decisions()
    assert told(line, "account", "action", "state", "held_by", "reason") == (
        "tv000001",
        "hold",
        "held",
        "customer_exported",
        "customer_exported",
    )


async def test_a_look_put_off_by_a_trouble_of_billing_is_no_decision(bed: Bed, heard: Heard) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.faults.add(Fault(operation="*", kind="status", status=503, retry_after=600, count=None))
    await bed.full_pass()
    heard.lines()

    await bed.espf("Account/Updated", i_account=account)
    await bed.act_on_events()

    assert heard.decisions() == []


async def test_what_billing_was_told_is_a_line(make_bed: Callable[..., Bed], heard: Heard) -> None:
    bed = make_bed(billing={"write_back": {"enabled": True}})
    account = bed.tv_account()
    await bed.full_pass()
    heard.lines()

    await bed.tell()
    await bed.tell()

    (line,) = heard.decisions()
    assert told(line, "action", "account", "i_account", "billing", "result") == (
        "tell",
        "tv000001",
        account,
        "billing",
        "told",
    )
    assert line["trace_id"]
