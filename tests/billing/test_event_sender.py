"""The simulated installation sends events as the contract says (sections 7.1, 7.2, 7.4)."""

import base64
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
import pytest

from controller.billing.simulator.events import Happening, Vocabulary, happenings
from controller.billing.simulator.handlers import Espf, Nsps
from controller.billing.simulator.sender import Sender
from tests.billing.helpers import installation
from tests.clocks import VirtualClock, draws

BLOCKED = Happening("Account/Blocked", {"i_account": 70001})


class Receiver:
    """Answers with the statuses of a script, then 200; 0 is no answer at all."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            raise httpx.ReadTimeout("no answer")
        return httpx.Response(status)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(request.content) for request in self.requests]


def look(about: Mapping[str, int]) -> Mapping[str, object]:
    return dict(about)


def sender_to(receiver: Receiver, clock: VirtualClock, handler: Espf | Nsps) -> Sender:
    return Sender(handler, clock, draws(), look, httpx.MockTransport(receiver))


def espf(**fields: object) -> Espf:
    return Espf.model_validate({"url": "http://us.test/espf", **fields})


async def drain(sender: Sender, clock: VirtualClock, tries: int = 5) -> None:
    for _ in range(tries):
        await sender.deliver()
        clock.advance(100)


@pytest.mark.parametrize(
    ("status", "tries", "fate"),
    [(200, 1, "done"), (400, 1, "dropped"), (401, 1, "dropped"), (429, 1, "dropped"), (202, 2, "done")]
    + [(status, 2, "done") for status in (302, 500, 502, 503, 0)],
)
async def test_espf_drops_on_4xx_and_sends_again_on_all_but_200(status: int, tries: int, fate: str) -> None:
    clock, receiver = VirtualClock(), Receiver(status)
    sender = sender_to(receiver, clock, espf())
    sender.emit(BLOCKED, 5)
    await drain(sender, clock)
    assert len(receiver.requests) == tries
    assert {body["variables"]["i_event"] for body in receiver.bodies} == {5}
    assert [sent.fate for sent in sender.log] == [fate]


@pytest.mark.parametrize("status", [400, 401, 429, 503, 0])
async def test_nsps_sends_again_on_all_but_2xx(status: int) -> None:
    clock, receiver = VirtualClock(), Receiver(status, 202)
    sender = sender_to(receiver, clock, Nsps(url="http://us.test/process-event"))
    sender.emit(BLOCKED, 5)
    await drain(sender, clock)
    first, second = receiver.bodies
    assert first["event_id"] == second["event_id"]
    assert first["data"] == second["data"]
    assert receiver.requests[0].headers["Authorization"] == "Bearer simulated-nsps"


async def test_an_espf_request_has_its_headers_and_may_write_numbers_as_text() -> None:
    clock, receiver = VirtualClock(), Receiver()
    sender = sender_to(receiver, clock, espf(numbers_as_text=True, with_event_time=False, with_environment=False))
    sender.emit(BLOCKED, 5)
    await drain(sender, clock)
    (request,) = receiver.requests
    assert request.headers["Date"].endswith("GMT")
    assert request.headers["Authorization"] == f"Basic {base64.b64encode(b'espf:simulated-espf').decode()}"
    assert receiver.bodies[0] == {
        "event_type": "Account/Blocked",
        "variables": {"i_event": "5", "i_account": "70001"},
    }


async def test_duplicates_disorder_coalescing_and_silence() -> None:
    clock, receiver = VirtualClock(), Receiver()
    twice = sender_to(receiver, clock, espf(duplicates=1))
    twice.emit(BLOCKED, 1)
    assert [sent.i_event for sent in twice.log] == [1, 1]
    disordered = sender_to(receiver, clock, espf(out_of_order=1))
    for i_event in (1, 2):
        disordered.emit(BLOCKED, i_event)
    assert [sent.i_event for sent in disordered.log] == [2, 1]
    newest = sender_to(receiver, clock, espf())
    for i_event in (1, 2):
        newest.emit(Happening("Account/ProductAddon/Deleted", {"i_account": 1}), i_event)
    assert [sent.i_event for sent in newest.log] == [2]
    silent = sender_to(receiver, clock, espf(enabled=False))
    silent.emit(BLOCKED, 1)
    assert await silent.deliver() == 0


@pytest.mark.parametrize(
    ("vocabulary", "expected"),
    [("grouped", "Subscriber/Updated"), ("mr80", "Account/Status/Suspend"), ("mr115", "Account/Status/Suspended")],
)
def test_three_vocabularies(vocabulary: Vocabulary, expected: str) -> None:
    found = happenings("drain", 7, vocabulary)
    assert found[-1].event_type == expected
    assert vocabulary == "grouped" or found[0] == Happening("Account/BalanceChanged", {"billing_entity_id": 7})


@pytest.mark.parametrize("vocabulary", ["grouped", "mr80", "mr115"])
def test_a_blocked_customer_brings_no_event_of_its_accounts(vocabulary: Vocabulary) -> None:
    (event,) = happenings("customer_block", 4001, vocabulary)
    assert event.event_type.startswith("Customer/")
    assert event.about == {"i_customer": 4001}


async def test_a_change_reaches_both_handlers_and_is_shown() -> None:
    sim, receiver = installation(), Receiver(503)
    i_account = sim.change("create", id="tv1")
    sim.events.send_to(espf(), httpx.MockTransport(receiver))
    sim.events.send_to(Nsps(url="http://us.test/process-event"), httpx.MockTransport(receiver))
    sim.change("block", i_account=i_account)
    assert await sim.events.deliver() == 2
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sim), base_url="http://sim.test") as http:
        shown = (await http.get("/_sim/events")).json()["events"]
        refused = await http.put("/_sim/espf", json={"rate": 5})
    assert [(row["to"], row["event_type"], row["fate"]) for row in shown] == [
        ("espf", "Account/Blocked", "queued"),
        ("nsps", "Account/Blocked", "done"),
    ]
    assert shown[0]["variables"]["i_account"] == i_account
    assert refused.status_code == 422
