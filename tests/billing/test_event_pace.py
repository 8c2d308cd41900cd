"""How the simulated installation sends events: pace, handlers that hang, and what NSPS adds (contract, 7.1, 7.4)."""

import asyncio

import httpx

from controller.billing.simulator.events import PRODUCT_CHANGED, Happening
from controller.billing.simulator.handlers import Nsps
from controller.billing.simulator.sender import REMEMBERED, Sender
from tests.billing.helpers import installation
from tests.billing.test_event_sender import BLOCKED, Receiver, espf, sender_to
from tests.clocks import VirtualClock, draws


def nsps(**fields: object) -> Nsps:
    return Nsps.model_validate({"url": "http://us.test/process-event", "without_data": 0, "stale": 0, **fields})


async def test_ten_events_a_second_and_no_more() -> None:
    clock, times = VirtualClock(), list[float]()

    def answer(_request: httpx.Request) -> httpx.Response:
        times.append(clock.monotonic())
        return httpx.Response(200)

    sim = installation(clock)
    sim.events.send_to(espf(), httpx.MockTransport(answer))
    i_account = sim.change("create", id="tv1")
    for _ in range(40):
        sim.change("block", i_account=i_account)
    assert await sim.events.deliver() == 41
    assert 4 <= times[-1] <= 4.1
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in zip(times, times[10:], strict=False))


async def test_a_handler_that_hangs_does_not_delay_the_other_and_nothing_is_sent_twice() -> None:
    clock, receiver, hanging = VirtualClock(), Receiver(), Receiver()

    async def hang(request: httpx.Request) -> httpx.Response:
        await clock.sleep(200)
        return hanging(request)

    sim = installation(clock)
    sim.events.send_to(espf(), httpx.MockTransport(hang))
    sim.events.send_to(nsps(), httpx.MockTransport(receiver))
    running = asyncio.create_task(sim.events.run())
    i_account = sim.change("create", id="tv1")
    await clock.sleep(1)
    sim.change("block", i_account=i_account)
    await clock.sleep(1)
    assert [body["data"]["event_type"] for body in receiver.bodies] == ["Account/New", "Account/Blocked"]
    handed_over = asyncio.create_task(sim.events.deliver())
    await clock.sleep(1000)
    await handed_over
    running.cancel()
    assert [body["event_type"] for body in hanging.bodies] == ["Account/New", "Account/Blocked"]
    assert len(receiver.requests) == 2


async def test_the_log_of_what_was_sent_is_bounded() -> None:
    clock = VirtualClock()
    sender = sender_to(Receiver(), clock, espf(rate=1000))
    for i_event in range(REMEMBERED + 5):
        sender.emit(BLOCKED, i_event)
    await sender.deliver()
    assert [sent.i_event for sent in sender.log] == list(range(5, REMEMBERED + 5))


async def test_trace_headers_are_absent_at_times() -> None:
    clock, receiver = VirtualClock(), Receiver()
    sender = sender_to(receiver, clock, nsps(without_trace=0.5))
    for i_event in range(40):
        sender.emit(BLOCKED, i_event)
    await sender.deliver()
    traced = ["x-b3-traceid" in request.headers for request in receiver.requests]
    assert traced == ["x-request-id" in request.headers for request in receiver.requests]
    assert set(traced) == {True, False}


async def test_what_nsps_adds_is_in_its_own_words_and_holds_no_secret() -> None:
    sim, receiver = installation(), Receiver()
    sim.events.send_to(nsps(), httpx.MockTransport(receiver))
    i_account = sim.change("create", id="tv1")
    sim.change("addon_add", i_account=i_account, i_product=86)
    sim.change("block", i_account=i_account)
    await sim.events.deliver()
    added = receiver.bodies[-1]["pb_data"]
    info = added["account_info"]
    words = {name: info[name] for name in ("i_account", "id", "bill_status", "billing_model", "blocked", "status")}
    assert words == {
        "i_account": i_account,
        "id": "tv1",
        "bill_status": "open",
        "billing_model": "credit_account",
        "blocked": True,
        "status": "blocked",
    }
    assert info["assigned_addons"][0]["addon_effective_from"] == "2026-03-01T12:00:00"
    assert info["service_features"][0]["effective_flag_value"] == "Y"
    assert added["product_info"] == {"i_product": 61, "name": "IPTV Basic", "addon_priority": 0}
    assert not {"login", "password", "h323_password", "balance", "credit_limit", "baddr1", "city"} & set(info)


async def test_what_nsps_adds_is_missing_or_that_of_the_event_before() -> None:
    sim, receiver = installation(), Receiver()
    i_account = sim.change("create", id="tv1")
    blocked = []
    for switches in ({"stale": 1}, {"without_data": 1}):
        sim.events.send_to(nsps(**switches), httpx.MockTransport(receiver))
        sim.change("block", i_account=i_account)
        sim.change("unblock", i_account=i_account)
        await sim.events.deliver()
        blocked.append([body["pb_data"]["account_info"] for body in receiver.bodies if "pb_data" in body])
    latest = blocked[0][-1]
    assert latest["blocked"] is True, "it was unblocked meanwhile"
    assert blocked[0] == blocked[1], "nothing was added the second time"


async def test_a_change_of_a_product_is_one_event_without_an_account() -> None:
    sim, receiver = installation(), Receiver()
    sim.events.send_to(espf(with_event_time=False), httpx.MockTransport(receiver))
    sim.events.product_changed(61)
    await sim.events.deliver()
    (body,) = receiver.bodies
    assert body["event_type"] == PRODUCT_CHANGED
    assert set(body["variables"]) == {"i_event", "i_env", "i_product"}


async def test_one_that_a_newer_one_replaces_while_others_are_sent_is_not_sent() -> None:
    clock, gone = VirtualClock(), Happening("Account/ProductAddon/Deleted", {"i_account": 1})

    def answer(request: httpx.Request) -> httpx.Response:
        if len(receiver.requests) == 0:
            sender.emit(gone, 3)
        return receiver(request)

    receiver = Receiver()
    sender = Sender(espf(), clock, draws(), dict, httpx.MockTransport(answer))
    sender.emit(BLOCKED, 1)
    sender.emit(gone, 2)
    await sender.deliver()
    await sender.deliver()
    assert [body["variables"]["i_event"] for body in receiver.bodies] == [1, 3]
