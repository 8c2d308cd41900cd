"""What every driver makes of a platform that fails in the ways the contracts list."""

from dataclasses import replace
from datetime import timedelta

import pytest

from platforms.driver import Reference, Transient
from platforms.listing import understood
from platforms.simulation import Fault
from tests.contract.subjects import FaultySubject
from tests.contract.test_driver import FULL, made, seen

UNCLEAR = [
    Fault(kind="status", status=500),
    Fault(kind="status", status=502),
    Fault(kind="status", status=503),
    Fault(kind="status", status=429),
    Fault(kind="html"),
    Fault(kind="html", status=502),
    Fault(kind="html", status=404),
    Fault(kind="garbage"),
    Fault(kind="truncated"),
    Fault(kind="lost_answer"),
]


def name_of(fault: Fault) -> str:
    return f"{fault.kind} {fault.status or ''}".strip()


def strike(subject: FaultySubject, fault: Fault, operation: str) -> None:
    subject.faults.add(fault.model_copy(update={"operation": operation}))


@pytest.mark.parametrize("fault", UNCLEAR, ids=name_of)
async def test_an_unclear_read_is_never_taken_for_absence(faulty: FaultySubject, fault: Fault) -> None:
    observed = await made(faulty)
    for reference in (Reference("a_3"), Reference("a_3", observed.record_id)):
        strike(faulty, fault, "*")
        with pytest.raises(Transient):
            await faulty.driver.observe(reference)


@pytest.mark.parametrize("fault", UNCLEAR, ids=name_of)
async def test_a_list_of_which_a_page_fails_raises(faulty: FaultySubject, fault: Fault) -> None:
    await made(faulty)
    strike(faulty, fault, "*.list")
    with pytest.raises(Transient):
        async for _ in faulty.driver.list():
            pass


@pytest.mark.parametrize("fault", UNCLEAR, ids=name_of)
async def test_an_unclear_write_is_transient(faulty: FaultySubject, fault: Fault) -> None:
    observed = await made(faulty)
    strike(faulty, fault, "*.update")
    with pytest.raises(Transient):
        await faulty.driver.update(observed, replace(observed.spec, enabled=False))
    strike(faulty, fault, "*.create")
    with pytest.raises(Transient):
        await faulty.driver.create("b_3", replace(FULL, login="", device_ids=(), packages=("1",)))


async def test_a_pause_asked_for_is_passed_on(faulty: FaultySubject) -> None:
    strike(faulty, Fault(kind="status", status=429, retry_after=17), "*.create")
    with pytest.raises(Transient) as caught:
        await faulty.driver.create("a_3", FULL)
    assert caught.value.retry_after == timedelta(seconds=17)


async def test_a_create_whose_answer_was_lost_is_done_once(faulty: FaultySubject) -> None:
    strike(faulty, Fault(kind="lost_answer"), "*.create")
    with pytest.raises(Transient):
        await faulty.driver.create("a_3", FULL)
    assert faulty.truth("a_3") is not None
    record_id = await faulty.driver.create("a_3", FULL)
    assert (await seen(faulty)).record_id == record_id
    assert len([each async for each in understood(faulty.driver.list())]) == 1


async def test_an_update_whose_answer_was_lost_took_effect(faulty: FaultySubject) -> None:
    observed = await made(faulty)
    strike(faulty, Fault(kind="lost_answer"), "*.update")
    with pytest.raises(Transient):
        await faulty.driver.update(observed, replace(observed.spec, enabled=False))
    assert (await seen(faulty)).spec == replace(observed.spec, enabled=False)


async def test_a_delete_whose_answer_was_lost_may_be_repeated(faulty: FaultySubject) -> None:
    observed = await made(faulty)
    strike(faulty, Fault(kind="lost_answer"), "*.delete")
    with pytest.raises(Transient):
        await faulty.driver.delete(observed)
    await faulty.driver.delete(observed)
    assert faulty.truth("a_3") is None


async def test_a_deletion_a_proxy_answers_is_not_believed(faulty: FaultySubject) -> None:
    observed = await made(faulty)
    for fault in (Fault(kind="html"), Fault(kind="html", status=404)):
        strike(faulty, fault, "*.delete")
        with pytest.raises(Transient):
            await faulty.driver.delete(observed)
    assert faulty.truth("a_3") is not None


async def test_a_driver_does_not_repeat_calls_by_itself(faulty: FaultySubject) -> None:
    observed = await made(faulty)
    written = faulty.writes
    strike(faulty, Fault(kind="status", status=503, count=5), "*.update")
    with pytest.raises(Transient):
        await faulty.driver.update(observed, replace(observed.spec, enabled=False))
    assert faulty.writes == written + 1
