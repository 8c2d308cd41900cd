"""Traces: what is done because of an event goes on with the trace in which it came, all the way to the other sides."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from controller.fresh import SETTLING
from platforms.simulation import Fault
from platforms.transport import Http
from tests.bed import Bed
from tests.heard import Heard, listening

CAME, OTHER = "463ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312"
HEX = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as the other side got it."""

    target: str
    path: str
    body: str
    headers: Mapping[str, str]

    @property
    def trace(self) -> str | None:
        return self.headers.get("x-b3-traceid")


class _Recording(httpx.ASGITransport):
    def __init__(self, app: ASGIApp, target: str, sent: list[Sent]) -> None:
        super().__init__(app)
        self._target = target
        self._sent = sent

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = Sent(self._target, request.url.path, request.content.decode(), dict(request.headers))
        self._sent.append(sent)
        return await super().handle_async_request(request)


class TracedBed(Bed):
    """An installation of which every request is written down."""

    def __init__(self, folder: Path) -> None:
        self.sent: list[Sent] = []
        super().__init__(folder, {})

    def carrier(self, target: str, app: ASGIApp) -> Http:
        return _Recording(app, target, self.sent)

    def taken(self) -> list[Sent]:
        """What was sent since somebody asked last."""
        sent, self.sent[:] = list(self.sent), []
        return sent


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[TracedBed]:
    bed = TracedBed(tmp_path)
    yield bed
    await bed.aclose()


@pytest.fixture
def heard() -> Iterator[Heard]:
    with listening() as heard:
        yield heard


async def watched(bed: TracedBed, count: int = 1) -> list[int]:
    """Accounts that are in sync."""
    accounts = [bed.tv_account(number + 1) for number in range(count)]
    await bed.full_pass()
    bed.taken()
    return accounts


async def announce(bed: Bed, i_account: int, **headers: str) -> None:
    """NSPS tells that the account is blocked, and it is."""
    bed.billing.change("block", i_account=i_account)
    data = {"event_type": "Account/Blocked", "variables": {"i_account": i_account}}
    event = {"event_id": f"event-{i_account}-{bed.world.now()}", "data": data}
    assert (await bed.post("/process-event", event, **headers)).status_code == 202


async def test_the_trace_of_an_event_goes_to_billing_and_to_the_platform(bed: TracedBed, heard: Heard) -> None:
    (account,) = await watched(bed)
    heard.lines()

    await announce(bed, account, **{"x-b3-traceid": CAME})
    await bed.act_on_events()

    sent = bed.taken()
    assert {each.target for each in sent} == {"billing", "tv"}
    assert {each.trace for each in sent} == {CAME}
    spans = [each.headers["x-b3-spanid"] for each in sent]
    assert len(set(spans)) == len(spans), "each request is another span of it"
    (line,) = heard.decisions()
    assert (line["action"], line["trigger"], line["trace_id"]) == ("suspend", "event", CAME)
    (action, _) = (await bed.explain("tv000001"))["platforms"]["tv"]["last_actions"]
    assert action["trace_id"] == CAME


async def test_it_survives_the_end_of_the_process(bed: TracedBed) -> None:
    (account,) = await watched(bed)
    await announce(bed, account, **{"x-b3-traceid": CAME})
    bed.restart()

    await bed.act_on_events()

    assert {each.trace for each in bed.taken()} == {CAME}


async def test_the_second_look_after_an_event_belongs_to_it_too(bed: TracedBed) -> None:
    (account,) = await watched(bed)
    async with bed.daemon():
        await bed.world.sleep(5)
        bed.taken()
        await announce(bed, account, **{"x-b3-traceid": CAME})
        await bed.world.sleep(SETTLING.total_seconds() + 1)
        about = [each for each in bed.taken() if "get_account_info" in each.path]

    assert len(about) == 2
    assert {each.trace for each in about} == {CAME}


async def test_and_so_does_another_try(bed: TracedBed, heard: Heard) -> None:
    (account,) = await watched(bed)
    bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=500))
    heard.lines()
    async with bed.daemon():
        await bed.world.sleep(5)
        await announce(bed, account, **{"x-b3-traceid": CAME})
        await bed.world.sleep(120)

    lines = heard.decisions()
    assert [line["result"] for line in lines] == ["transient", "not_done", "changed"]
    assert {line["trace_id"] for line in lines} == {CAME}


async def test_of_several_events_the_last_one_counts(bed: TracedBed) -> None:
    (account,) = await watched(bed)
    await announce(bed, account, **{"x-b3-traceid": OTHER})
    bed.world.advance(1)
    await announce(bed, account, **{"x-b3-traceid": CAME})

    await bed.act_on_events()

    assert {each.trace for each in bed.taken()} == {CAME}


async def test_an_event_about_a_customer_takes_all_accounts_along(bed: TracedBed) -> None:
    (account,) = await watched(bed)
    customer = bed.billing.installation.accounts[account].customer.i_customer
    bed.billing.change("customer_block", i_account=account)
    data = {"event_type": "Customer/Blocked", "variables": {"i_customer": customer}}
    await bed.post("/process-event", {"event_id": "1", "data": data}, **{"x-b3-traceid": CAME})

    await bed.act_on_events()

    assert {each.trace for each in bed.taken()} == {CAME}


async def test_an_event_without_a_trace_has_one_of_its_own(bed: TracedBed) -> None:
    (account,) = await watched(bed)
    bed.billing.change("block", i_account=account)
    await bed.espf("Account/Blocked", i_account=account)

    await bed.act_on_events()

    (trace,) = {each.trace for each in bed.taken()}
    assert trace is not None
    assert HEX.fullmatch(trace)


async def test_looks_at_the_same_time_do_not_mix(bed: TracedBed, heard: Heard) -> None:
    accounts = await watched(bed, 12)
    heard.lines()
    traces = {account: f"{account:032x}" for account in accounts}
    for account, trace in traces.items():
        await announce(bed, account, **{"x-b3-traceid": trace})

    await bed.act_on_events()

    sent = bed.taken()
    for account, trace in traces.items():
        name = f'"i_account":{account}'
        assert {each.trace for each in sent if name in each.body and "get_account_info" in each.path} == {trace}
    assert {line["i_account"]: line["trace_id"] for line in heard.decisions()} == traces
    assert {each.trace for each in sent} == set(traces.values())


async def test_a_pass_is_one_trace_and_each_look_it_causes_another(bed: TracedBed, heard: Heard) -> None:
    for number in (1, 2):
        bed.tv_account(number)

    await bed.full_pass()

    sent, lines = bed.taken(), heard.lines()
    (passed,) = (line for line in lines if line["event"] == "pass finished")
    looks = [line["trace_id"] for line in lines if line["event"] == "decided"]
    reads = {each.trace for each in sent if "get_account_list" in each.path or each.path.endswith("/packages")}
    assert reads == {passed["trace_id"]}
    assert len(set(looks)) == 2
    assert {each.trace for each in sent} == {passed["trace_id"], *looks}


@pytest.mark.parametrize(
    "header",
    ["", "0" * 32, "not-hex-at-all!!", CAME + "00", f"{CAME}\r\nx-evil: 1", "٤" * 16, "x" * 5000, f"{CAME},{CAME}"],
    ids=["empty", "zero", "words", "long", "injection", "other digits", "huge", "two"],
)
async def test_a_header_that_is_no_trace_is_never_passed_on(bed: TracedBed, heard: Heard, header: str) -> None:
    (account,) = await watched(bed)
    heard.lines()
    bed.billing.change("block", i_account=account)
    scope = {"type": "http", "method": "POST", "path": "/espf", "query_string": b"", "http_version": "1.1"}
    raw = [(b"authorization", b"Basic ZXNwZjplc3BmLXNlY3JldA=="), (b"x-b3-traceid", header.encode())]
    body = f'{{"event_type": "Account/Blocked", "variables": {{"i_account": {account}}}}}'.encode()
    answers: list[Mapping[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, object]) -> None:
        answers.append(message)

    await bed.endpoints({**scope, "headers": raw}, receive, send)
    assert answers[0]["status"] == 200
    await bed.act_on_events()

    sent = bed.taken()
    assert all(each.trace and HEX.fullmatch(each.trace) and each.trace != CAME for each in sent)
    said = repr((sent, heard.lines(), answers))
    assert not header.strip("0") or header not in said
    assert "x-evil" not in said
