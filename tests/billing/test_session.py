"""Logins, refreshes, and the storms that must not be (contract, sections 1.2 and 1.3)."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from controller.billing.client import BillingClient
from controller.billing.session import PAUSE_AFTER_LOCK, PAUSE_AFTER_REFUSAL, REFRESH, Session
from platforms.driver import Rejected, Transient, Unavailable
from platforms.simulation import Fault
from tests.billing.helpers import Billing, billing, billing_with, settings
from tests.clocks import VirtualClock

VERSION = "Generic/get_version"


async def ask(world: Billing) -> object:
    return (await world.client.call(VERSION, {}))["version"]


@pytest.mark.parametrize("password", [None, "simulated-password"])
async def test_one_login_by_token_or_password_serves_all_calls(password: str | None) -> None:
    configured = settings() if password is None else settings(token=None, password=password)
    async with billing(configured) as world:
        assert await asyncio.gather(*(ask(world) for _ in range(50))) == ["MR115-simulated"] * 50
        assert world.sim.sessions.logins == 1


@pytest.mark.parametrize("switches", [{"tell_expires_in": False}, {"jwt_tokens": False, "tell_expires_in": False}, {}])
@pytest.mark.parametrize("life", [30, 900, 172_800])
async def test_a_session_is_refreshed_in_time_and_no_call_ever_fails(life: int, switches: dict[str, object]) -> None:
    async with billing_with({"token_life": life, **switches}) as world:
        for _ in range(40):
            await ask(world)
            world.clock.advance(life / 10)
        assert world.sim.sessions.logins == 1
        assert world.sim.sessions.refreshes == 4, "once in nine tenths of a life"
        assert world.calls[VERSION] == 40, "no call was refused and repeated"


async def test_a_life_that_billing_does_not_tell_ends_with_a_refresh_and_one_repeat() -> None:
    async with billing(jwt_tokens=False, tell_expires_in=False, tell_expires_at=False, token_life=60) as world:
        await ask(world)
        world.clock.advance(61)
        await ask(world)
        assert (world.sim.sessions.logins, world.sim.sessions.refreshes, world.calls[VERSION]) == (1, 1, 3)


async def test_refresh_tokens_that_do_not_rotate_are_kept() -> None:
    async with billing(rotate_refresh_tokens=False, token_life=100) as world:
        for _ in range(5):
            await ask(world)
            world.clock.advance(90)
        assert (world.sim.sessions.logins, world.sim.sessions.refreshes) == (1, 4)


async def test_a_wall_clock_that_is_wrong_by_hours_does_not_matter() -> None:
    async with billing(token_life=900) as world:
        await ask(world)
        world.clock.jump(timedelta(hours=-5))
        await ask(world)
        assert world.sim.sessions.refreshes == 0


async def test_50_calls_on_a_lost_session_make_one_login() -> None:
    async with billing() as world:
        await ask(world)
        world.sim.sessions.lose()
        await asyncio.gather(*(ask(world) for _ in range(50)))
        assert world.sim.sessions.logins == 2
        assert world.sim.sessions.refreshes == 1
        assert world.calls[VERSION] <= 1 + 2 * 50


async def test_50_calls_on_an_expired_session_make_one_refresh() -> None:
    async with billing(jwt_tokens=False, tell_expires_in=False, tell_expires_at=False, token_life=60) as world:
        await ask(world)
        world.clock.advance(61)
        await asyncio.gather(*(ask(world) for _ in range(50)))
        assert (world.sim.sessions.logins, world.sim.sessions.refreshes) == (1, 1)


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"token": "another"}, "does not accept our login"),
        ({"login": "another"}, "does not accept our login"),
        ({"must_change_password": True}, "wants the password of our API user changed"),
    ],
)
async def test_a_refused_login_is_said_clearly_and_not_tried_by_each_of_100_calls(
    switches: dict[str, object], words: str
) -> None:
    async with billing_with(switches) as world:
        answers = await asyncio.gather(*(ask(world) for _ in range(100)), return_exceptions=True)
        assert all(isinstance(answer, Unavailable) and words in answer.text for answer in answers)
        assert world.sim.sessions.logins == 1
        world.clock.advance(PAUSE_AFTER_REFUSAL)
        with pytest.raises(Unavailable):
            await ask(world)
        assert world.sim.sessions.logins == 2


async def test_a_lock_for_brute_force_is_left_alone_for_long() -> None:
    async with billing(bad_logins_before_lock=1, lock_seconds=600) as world:
        world.sim.switch(token="another")
        with pytest.raises(Unavailable):
            await ask(world)
        world.clock.advance(PAUSE_AFTER_REFUSAL)
        with pytest.raises(Unavailable, match="locked logins"):
            await ask(world)
        world.sim.switch(token="simulated-token")
        for _ in range(14):
            world.clock.advance(60)
            with pytest.raises(Unavailable, match="locked logins"):
                await ask(world)
        assert world.sim.sessions.logins == 2
        world.clock.advance(PAUSE_AFTER_LOCK)
        assert await ask(world) == "MR115-simulated"


async def test_a_login_that_fails_in_passing_is_tried_again_soon_and_once() -> None:
    async with billing() as world:
        world.sim.faults.add(Fault(operation="Session/login", kind="status", status=502))
        answers = await asyncio.gather(*(ask(world) for _ in range(30)), return_exceptions=True)
        assert all(isinstance(answer, Transient) for answer in answers)
        assert world.calls["Session/login"] == 1
        world.clock.advance(1)
        assert await ask(world) == "MR115-simulated"


async def test_p10_a_token_that_cannot_stand_in_a_header_is_said_so_and_not_shown() -> None:
    async def answer(_operation: str, _params: Mapping[str, object]) -> Mapping[str, object]:
        return {"access_token": "cléf-canary\n", "expires_in": 900}

    session = Session({}, answer, VirtualClock())
    with pytest.raises(Transient, match="no access token that we could use") as error:
        await session.token()
    assert "canary" not in repr(error.value)


async def test_a_login_told_to_wait_waits() -> None:
    async with billing() as world:
        world.sim.faults.add(Fault(operation="Session/login", kind="status", status=503, retry_after=120))
        for _ in range(4):
            with pytest.raises(Transient) as error:
                await ask(world)
            world.clock.advance(20)
        assert error.value.retry_after == timedelta(seconds=120)
        assert world.calls["Session/login"] == 1


async def test_a_refresh_that_fails_in_passing_spares_the_token_that_is_still_good() -> None:
    async with billing(token_life=900) as world:
        await ask(world)
        world.clock.advance(800)
        world.sim.faults.add(Fault(operation="Session/refresh_access_token", kind="status", status=502))
        assert await ask(world) == "MR115-simulated"
        assert await ask(world) == "MR115-simulated"
        world.clock.advance(10)
        assert await ask(world) == "MR115-simulated"
        assert (world.sim.sessions.logins, world.sim.sessions.refreshes) == (1, 1)
        assert world.calls["Session/refresh_access_token"] == 2, "the one that failed, and another after a pause"


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 502}, {"kind": "html"}])
async def test_while_nobody_can_log_in_the_present_token_is_used_to_the_end_of_its_life(
    fault: dict[str, object],
) -> None:
    async with billing(token_life=900) as world:
        await ask(world)
        world.clock.advance(780)
        for operation in ("Session/login", "Session/refresh_access_token"):
            world.sim.faults.add(Fault.model_validate({"operation": operation, "count": None, **fault}))
        while world.clock.monotonic() < 890:
            assert await ask(world) == "MR115-simulated"
            world.clock.advance(1)
        assert world.calls[VERSION] <= 1 + 110, "none was refused"
        assert 1 < world.calls["Session/refresh_access_token"] + world.calls["Session/login"] < 40
        world.clock.advance(60)
        with pytest.raises(Transient):
            await ask(world)
        world.sim.faults.clear()
        world.clock.advance(2)
        assert await ask(world) == "MR115-simulated"


async def test_a_refused_refresh_and_a_failed_login_leave_the_present_token_in_use() -> None:
    async with billing(token_life=900) as world:
        await ask(world)
        world.clock.advance(800)
        world.sim.switch(refused_methods=["Session/refresh_access_token"], token="another")
        for _ in range(5):
            assert await ask(world) == "MR115-simulated"
        assert (world.calls["Session/refresh_access_token"], world.sim.sessions.logins) == (1, 2)
        world.clock.advance(99)
        assert await ask(world) == "MR115-simulated"
        world.clock.advance(2)
        with pytest.raises(Unavailable, match="does not accept our login"):
            await ask(world)


async def test_a_session_that_ends_while_its_renewal_rests_is_renewed_at_once() -> None:
    async with billing() as world:
        await ask(world)
        world.clock.advance(160_000)
        world.sim.faults.add(Fault(operation="Session/refresh_access_token", kind="status", status=502))
        assert await ask(world) == "MR115-simulated"
        world.clock.advance(5)
        world.sim.sessions.lose()
        assert await ask(world) == "MR115-simulated"


async def test_nobody_waits_for_a_renewal_that_failed_before() -> None:
    async with billing(token_life=900) as world:
        await ask(world)
        world.clock.advance(770)
        world.sim.faults.add(Fault(operation="Session/*", kind="status", status=502))
        world.sim.faults.add(Fault(operation="Session/*", kind="delay", seconds=20))
        await ask(world)
        world.clock.advance(20)
        first = asyncio.create_task(ask(world))
        await world.clock.sleep(1)
        assert world.sim.requests.in_flight == 1
        await world.client.session.token()
        assert world.sim.requests.in_flight == 1, "the renewal is still under way"
        await first


async def test_a_refresh_whose_answer_was_lost_ends_in_a_login() -> None:
    async with billing(token_life=900) as world:
        await ask(world)
        world.clock.advance(800)
        world.sim.faults.add(Fault(operation="Session/refresh_access_token", kind="lost_answer"))
        with pytest.raises(Transient):
            await ask(world)
        world.clock.advance(2)
        assert await ask(world) == "MR115-simulated"
        assert world.sim.sessions.logins == 2


async def test_a_cancelled_login_leaves_the_others_to_go_on() -> None:
    async with billing() as world:
        world.sim.faults.add(Fault(operation="Session/login", kind="delay", seconds=5))
        first = asyncio.create_task(ask(world))
        others = [asyncio.create_task(ask(world)) for _ in range(5)]
        await asyncio.sleep(0)
        first.cancel()
        assert await asyncio.gather(*others) == ["MR115-simulated"] * 5


class DeadRefreshes:
    """Before billing: a refresh is answered with a token that is no good, and a call on it is refused."""

    def __init__(self, world: Billing) -> None:
        self._world = world
        self.refreshes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith(REFRESH):
            self.refreshes += 1
            answer = {"access_token": f"dead{self.refreshes}", "refresh_token": "r", "expires_in": 900}
            await JSONResponse(answer)(scope, receive, send)
        else:
            await self._world.sim(scope, receive, send)


async def test_a_refresh_that_gives_a_session_that_is_refused_is_followed_by_a_login() -> None:
    async with billing() as world:
        dead = DeadRefreshes(world)
        client = BillingClient(settings(), world.clock, http=httpx.ASGITransport(dead))
        await client.log_in()
        for _ in range(3):
            world.sim.sessions.lose()
            answers = await asyncio.gather(*(client.call(VERSION, {}) for _ in range(20)))
            assert {answer["version"] for answer in answers} == {"MR115-simulated"}
        assert (dead.refreshes, world.sim.sessions.logins) == (3, 4), "one of each, however many calls there are"
        world.clock.advance(172_000)
        assert (await client.call(VERSION, {}))["version"] == "MR115-simulated"
        assert (dead.refreshes, world.sim.sessions.logins) == (4, 5), "the same where it was renewed in time"
        await client.aclose()


async def test_i_env_is_never_sent_at_login() -> None:
    async with billing() as world:
        await ask(world)
        with pytest.raises(Rejected, match="i_env"):
            await world.client.call("Session/login", {"login": "x", "i_env": 3})


async def test_a_session_that_is_refused_although_new_stops_everybody_for_a_while() -> None:
    async with billing(token_life=1) as world:
        world.clock.advance(0)
        await ask(world)
        world.sim.world.switches = world.sim.world.switches.model_copy(update={"token_life": 0})
        world.clock.advance(2)
        answers = await asyncio.gather(*(ask(world) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        assert world.sim.sessions.logins + world.sim.sessions.refreshes <= 3
