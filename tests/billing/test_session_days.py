"""A day with PortaBilling: how often we log in, and what a bad hour costs (contract, sections 1.2 and 1.3)."""

import asyncio
from collections.abc import Mapping

import pytest

from platforms.breaker import LAST_PROBE
from platforms.driver import Resting, Transient
from platforms.simulation import Fault
from tests.billing.helpers import Billing, billing, billing_with

VERSION = "Generic/get_version"
DAY = 86_400
STEP = 100


async def ask(world: Billing) -> object:
    return (await world.client.call(VERSION, {}))["version"]


@pytest.mark.parametrize("rotate", [True, False])
@pytest.mark.parametrize("life", [900, 172_800])
async def test_a_day_of_concurrent_calls_takes_one_login_and_a_refresh_for_each_life(life: int, rotate: bool) -> None:
    async with billing_with({"token_life": life, "rotate_refresh_tokens": rotate}) as world:
        for _ in range(DAY // STEP):
            assert len(await asyncio.gather(*(ask(world) for _ in range(5)))) == 5
            world.clock.advance(STEP)
        assert world.sim.sessions.logins == 1
        assert DAY // life <= world.sim.sessions.refreshes <= DAY / (0.8 * life)
        assert world.calls[VERSION] == 5 * DAY // STEP, "no call was refused and repeated"


async def test_a_session_lost_every_hour_costs_a_login_an_hour() -> None:
    async with billing(token_life=172_800) as world:
        for _ in range(24):
            world.sim.sessions.lose()
            await asyncio.gather(*(ask(world) for _ in range(20)))
            world.clock.advance(3600)
        assert world.sim.sessions.logins == 24


@pytest.mark.parametrize("operation", ["Session/login", VERSION])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html"},
        {"kind": "garbage"},
        {"kind": "truncated"},
        {"kind": "status", "status": 502},
        {"kind": "status", "status": 504},
        {"kind": "status", "status": 500},
    ],
)
async def test_a_bad_hour_of_a_proxy_does_not_hammer_logins_and_ends_by_itself(
    operation: str, fault: Mapping[str, object]
) -> None:
    async with billing() as world:
        world.sim.faults.add(Fault.model_validate({"operation": operation, "count": None, **fault}))
        for _ in range(60):
            answers = await asyncio.gather(*(ask(world) for _ in range(10)), return_exceptions=True)
            assert {type(answer) for answer in answers} <= {Transient, Resting}
            world.clock.advance(60)
        assert world.calls["Session/login"] <= 60, "one for all who ask at the same time"
        world.sim.faults.clear()
        world.clock.advance(LAST_PROBE)
        assert await ask(world) == "MR115-simulated"


async def test_an_address_that_may_not_log_in_is_named_among_the_reasons() -> None:
    async with billing() as world:
        world.sim.faults.add(Fault(operation="Session/login", kind="status", status=500))
        with pytest.raises(Transient, match="our address is not among those that the API user may come from"):
            await ask(world)
