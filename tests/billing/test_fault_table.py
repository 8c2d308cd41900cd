"""What the client does about every fault code of the contract's table (section 1.3): how many calls, which error."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest

from controller.billing.client import BillingClient
from controller.billing.faults import BillingFault
from controller.billing.session import PAUSE_AFTER_LOCK, PAUSE_AFTER_REFUSAL
from platforms.driver import PlatformError, Unavailable
from tests.billing.helpers import billing, settings
from tests.clocks import VirtualClock

READ = "Account/get_account_info"
LOGIN = "Session/login"
REFRESH = "Session/refresh_access_token"


@dataclass
class Faulty:
    """A PortaBilling that refuses an operation with a code, as often as said."""

    code: str
    refused: dict[str, int]
    calls: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        operation = request.url.path.removeprefix("/rest/")
        self.calls[operation] += 1
        if self.calls[operation] <= self.refused.get(operation, 0):
            return httpx.Response(500, json={"faultcode": self.code, "faultstring": "x"})
        token = f"t{sum(self.calls.values())}"
        return httpx.Response(200, content=json.dumps({"access_token": token, "refresh_token": "r", "expires_in": 900}))


async def ask(client: BillingClient) -> PlatformError | None:
    """The error of one call; `None` if it was answered."""
    try:
        await client.call(READ, {"i_account": 1})
    except PlatformError as error:
        return error
    return None


def client_of(server: Faulty, clock: VirtualClock) -> BillingClient:
    return BillingClient(settings(), clock, http=httpx.MockTransport(server))


@pytest.mark.parametrize(
    "code",
    [
        "Server.Session.check_auth.auth_failed",
        "Client.Session.check_auth.failed_to_process_access_token",
        "Client.Session.check_auth.failed_to_process_jwt",
        "Client.check_auth.envelope_missed",
    ],
)
async def test_a_session_that_is_over_is_renewed_and_the_call_repeated_once(code: str) -> None:
    server = Faulty(code, {READ: 1})
    assert await ask(client_of(server, VirtualClock())) is None
    assert server.calls == {LOGIN: 1, READ: 2, REFRESH: 1}
    for_ever = Faulty(code, {READ: 1000})
    client = client_of(for_ever, VirtualClock())
    assert [type(await ask(client)) for _ in range(5)] == [Unavailable] * 5
    assert for_ever.calls == {LOGIN: 2, READ: 3, REFRESH: 1}, (
        "once with what a refresh gives, once with a login; no loop"
    )


async def test_a_refused_refresh_is_followed_by_one_login() -> None:
    clock = VirtualClock()
    server = Faulty("Server.Session.refresh_access_token.refresh_failed", {REFRESH: 1})
    client = client_of(server, clock)
    assert await ask(client) is None
    clock.advance(890)
    assert await ask(client) is None
    assert server.calls == {LOGIN: 2, READ: 2, REFRESH: 1}


@pytest.mark.parametrize(
    ("code", "pause"),
    [
        ("Server.Session.auth_failed", PAUSE_AFTER_REFUSAL),
        ("Server.Session.alert_You_must_change_password", PAUSE_AFTER_REFUSAL),
        ("Server.Session.cannot_login_brute_force_activity", PAUSE_AFTER_LOCK),
    ],
)
async def test_a_refused_login_is_left_alone_for_its_pause_and_recovers_by_itself(code: str, pause: timedelta) -> None:
    clock = VirtualClock()
    server = Faulty(code, {LOGIN: 1})
    client = client_of(server, clock)
    for _ in range(10):
        error = await ask(client)
        assert isinstance(error, Unavailable)
        assert code in error.text
    assert server.calls == {LOGIN: 1}
    clock.advance(pause)
    assert await ask(client) is None


async def test_a_lock_met_at_a_refresh_is_not_followed_by_a_login() -> None:
    clock = VirtualClock()
    server = Faulty("Server.Session.cannot_login_brute_force_activity", {REFRESH: 1})
    client = client_of(server, clock)
    assert await ask(client) is None
    clock.advance(901)
    await ask(client)
    assert server.calls[LOGIN] == 1


@pytest.mark.parametrize(
    "code",
    [
        "Client.Session.logout.failed_to_process_access_token",
        "Server.Account.duplicate_id",
        "Server.Account.duplicate_login",
        "Client.Account.too_short.account_info.login",
        "Server.CDR.xdr_not_found",
        "Something.nobody.knows",
    ],
)
async def test_any_other_code_refuses_this_call_only(code: str) -> None:
    server = Faulty(code, {READ: 1})
    client = client_of(server, VirtualClock())
    error = await ask(client)
    assert isinstance(error, BillingFault)
    assert error.code == code
    assert await ask(client) is None
    assert server.calls == {LOGIN: 1, READ: 2}


async def test_a_wrong_password_for_a_day_is_tried_some_hundred_times_at_most() -> None:
    async with billing(token="another", bad_logins_before_lock=10_000) as world:
        for _ in range(24 * 60):
            assert isinstance(await ask(world.client), Unavailable)
            world.clock.advance(60)
        assert world.sim.sessions.logins < 4 * 24 + 10
