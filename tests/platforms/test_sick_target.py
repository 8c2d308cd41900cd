"""Transport, breaker, pace and gate together: what counts as sickness, and what a sick target is still asked."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from platforms.breaker import FAILURES, FIRST_PROBE, Breaker
from platforms.driver import Resting, Transient
from platforms.endpoint import Endpoint
from platforms.gate import PATIENCE, urgent
from platforms.transport import Request, Transport, unexpected
from tests.clocks import VirtualClock

LOOK = Request("things.get", "GET", "/things")
Answers = Callable[[httpx.Request], httpx.Response]


class Line:
    """A transport to a target that a test plays; `began` are the instants at which it was asked."""

    def __init__(self, answers: Answers, **limits: float) -> None:
        self.clock = VirtualClock()
        self.breaker = Breaker()
        self.answers = answers
        self.takes = 0.0
        self.began: list[float] = []
        endpoint = Endpoint(
            target="tv",
            url="http://tv",
            max_concurrency=int(limits.get("places", 8)),
            requests_per_second=limits.get("rate"),
        )
        self.transport = Transport(endpoint, self.clock, http=httpx.MockTransport(self._asked), breaker=self.breaker)

    async def _asked(self, request: httpx.Request) -> httpx.Response:
        self.began.append(self.clock.monotonic())
        if self.takes:
            await self.clock.sleep(self.takes)
        return self.answers(request)

    async def ask(self) -> object:
        """One request, read as drivers do."""
        answer = await self.transport.request(LOOK)
        if answer.status != 200:
            raise unexpected(answer, "a look")
        return answer.json("a thing")

    async def kinds(self, times: int) -> list[str]:
        """What became of so many requests, one after the other."""
        found = []
        for _ in range(times):
            (came,) = await asyncio.gather(self.ask(), return_exceptions=True)
            found.append(type(came).__name__)
        return found


def answering(status: int, body: bytes = b"{}", **headers: str) -> Answers:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, content=body, headers=named)


def broken(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("broken")


@pytest.mark.parametrize(
    "answers",
    [
        answering(500),
        answering(502),
        answering(503),
        answering(200, b"<html>please wait</html>"),
        answering(200, b'{"rows": ['),
        broken,
    ],
)
async def test_failures_of_the_target_open_its_breaker_and_then_nothing_is_sent(answers: Answers) -> None:
    line = Line(answers)
    assert set(await line.kinds(FAILURES)) == {"Transient"}
    with pytest.raises(
        Resting, match=r"^tv failed too often and is not asked before 2026-03-01 12:00:30 UTC"
    ) as caught:
        await line.ask()
    assert caught.value.retry_after == timedelta(seconds=FIRST_PROBE)
    assert len(line.began) == FAILURES


@pytest.mark.parametrize("answers", [answering(400), answering(404), answering(409), answering(422), answering(429)])
async def test_refusals_of_single_requests_and_throttling_do_not_open_it(answers: Answers) -> None:
    line = Line(answers)
    await line.kinds(100)
    assert not line.breaker.is_open
    assert len(line.began) == 100


@pytest.mark.parametrize("status", [401, 403, 302])
async def test_a_refusal_of_everybody_opens_it_at_once(status: int) -> None:
    line = Line(answering(status))
    assert await line.kinds(2) == ["Unavailable", "Resting"]
    with pytest.raises(Resting, match=r"^tv refuses us \(check credentials, rights, url\) and is not asked before"):
        await line.ask()


async def test_a_status_that_its_reader_understands_says_nothing_against_the_target() -> None:
    line = Line(answering(500))
    for _ in range(100):
        assert (await line.transport.request(LOOK)).status == 500
    assert not line.breaker.is_open


async def test_a_local_refusal_says_nothing_about_the_target() -> None:
    line = Line(answering(403))
    await line.kinds(1000)
    assert line.breaker.rests(line.clock.monotonic()) == FIRST_PROBE


async def test_when_a_probe_is_due_exactly_one_request_goes_through() -> None:
    line = Line(answering(403))
    await line.kinds(1)
    line.clock.advance(FIRST_PROBE)
    line.takes = 1
    came = await asyncio.gather(*(line.ask() for _ in range(50)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in came) == ["Resting"] * 49 + ["Unavailable"]
    assert line.began == [0, FIRST_PROBE]


async def test_who_asks_again_as_soon_as_the_probe_succeeded_is_let_through() -> None:
    line = Line(answering(403))
    await line.kinds(1)
    line.clock.advance(FIRST_PROBE)
    line.answers = answering(200)
    assert await line.kinds(3) == ["dict"] * 3


async def test_a_probe_with_a_page_for_an_answer_is_a_failed_one_and_the_rest_is_longer() -> None:
    line = Line(answering(403))
    await line.kinds(1)
    line.clock.advance(FIRST_PROBE)
    line.answers = answering(200, b"<html>")
    assert await line.kinds(2) == ["Transient", "Resting"]
    assert line.breaker.rests(line.clock.monotonic()) == 2 * FIRST_PROBE


async def test_a_probe_that_is_called_off_leaves_its_turn_to_the_next() -> None:
    line = Line(answering(403))
    await line.kinds(1)
    line.clock.advance(FIRST_PROBE)
    line.answers, line.takes = answering(200), 5
    probe = asyncio.create_task(line.ask())
    await line.clock.sleep(1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert await line.kinds(1) == ["dict"]


@pytest.mark.parametrize("status", [429, 503])
async def test_p17_a_wish_to_be_left_alone_is_everybodys(status: int) -> None:
    line = Line(answering(status, retry_after="600"), places=2)
    line.takes = 1
    came = await asyncio.gather(*(line.ask() for _ in range(6)), return_exceptions=True)
    assert len(line.began) == 2, "who waited for a place is sent away"
    assert [type(each) for each in came].count(Resting) == 4
    line.clock.advance(500)
    with pytest.raises(Resting, match="asked to be left alone and is not asked before 2026-03-01 12:10:01 UTC"):
        await line.ask()
    line.answers = answering(200)
    line.clock.advance(600 - 500 - PATIENCE)  # what is left is worth waiting for
    assert await line.kinds(1) == ["dict"]
    assert line.began == [0, 0, 601]


async def test_p17_a_short_pause_is_waited_for_by_everybody_the_urgent_too() -> None:
    line = Line(answering(429, retry_after=f"{PATIENCE:g}"))
    with pytest.raises(Transient):
        await line.ask()
    line.answers = answering(200)
    routine = asyncio.create_task(line.ask())
    with urgent():
        hurried = asyncio.create_task(line.ask())
    await asyncio.gather(routine, hurried)
    assert line.began == [0, PATIENCE, PATIENCE]


async def test_p17_a_pause_is_at_most_an_hour() -> None:
    line = Line(answering(429, retry_after="86400"))
    await line.kinds(1)
    assert line.breaker.rests(line.clock.monotonic()) == 3600


async def test_a_target_that_throttles_is_asked_by_fewer_at_a_time_and_by_more_again() -> None:
    line = Line(answering(200), places=16)
    under_way = most = serves = 0

    async def asked(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        status = 429 if under_way > serves else 200
        await line.clock.sleep(0.1 if status == 200 else 0.01)
        under_way -= 1
        return httpx.Response(status, content=b"{}")

    line.transport = Transport(line.transport.endpoint, line.clock, http=httpx.MockTransport(asked))
    serves = 3
    await asyncio.gather(*(line.ask() for _ in range(200)), return_exceptions=True)
    most = 0
    throttled = await asyncio.gather(*(line.ask() for _ in range(200)), return_exceptions=True)
    assert most <= 2 * serves
    assert sum(isinstance(each, Transient) for each in throttled) < 60
    serves = 16
    await asyncio.gather(*(line.ask() for _ in range(500)))
    assert most == 16


async def test_p15_urgent_requests_go_first_at_a_slow_pace_too() -> None:
    line = Line(answering(429), places=4)
    line.takes = 1
    for _ in range(6):
        await line.kinds(1)
    line.answers = answering(200)
    order: list[str] = []

    async def go(name: str) -> None:
        await line.ask()
        order.append(name)

    routine = [asyncio.create_task(go("routine")) for _ in range(4)]
    await asyncio.sleep(0)
    with urgent():
        hurried = asyncio.create_task(go("urgent"))
    await asyncio.gather(*routine, hurried)
    assert order.index("urgent") == 1
