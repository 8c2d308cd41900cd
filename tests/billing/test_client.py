"""Calls and what goes wrong with them (contract, section 1)."""

from collections.abc import Callable

import httpx
import pytest

from controller.billing.client import BillingClient
from controller.billing.faults import BillingFault
from platforms.driver import PlatformError, Transient, Unavailable
from platforms.gate import Admission
from platforms.simulation import Fault
from tests.billing.helpers import billing, settings
from tests.clocks import VirtualClock

CANARY = "canary-secret"


async def answering(answer: Callable[[httpx.Request], httpx.Response]) -> dict[str, object]:
    """One call to a server that logs everybody in, and answers everything else with `answer`."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/rest/Session/login":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 900})
        return answer(request)

    client = BillingClient(settings(), VirtualClock(), http=httpx.MockTransport(handle))
    try:
        return await client.call("Account/get_account_info", {"i_account": 5})
    finally:
        await client.aclose()


async def test_a_call_is_a_post_of_params_with_a_bearer_token() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"account_info": {}})

    await answering(answer)
    (request,) = seen
    assert (request.method, request.url.path) == ("POST", "/rest/Account/get_account_info")
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["content-type"] == "application/json"
    assert request.content.replace(b" ", b"") == b'{"params":{"i_account":5}}'


@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_that_states_a_fault_is_one_whatever_its_status(status: int) -> None:
    fault = {"faultcode": "Server.Account.internal_error", "faultstring": CANARY, "account_info": {}}
    with pytest.raises(BillingFault, match=r"Server\.Account\.internal_error") as error:
        await answering(lambda _: httpx.Response(status, json=fault))
    assert CANARY not in str(error.value)


async def test_a_value_that_only_speaks_of_a_fault_is_none() -> None:
    values = {"custom_fields_values": [{"name": "faultcode", "faultcode": "x"}]}
    assert await answering(lambda _: httpx.Response(200, json=values)) == values


async def test_an_empty_body_is_an_empty_answer() -> None:
    assert await answering(lambda _: httpx.Response(200)) == {}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(200, html="<html>Please log in</html>"), Transient),
        (httpx.Response(200, content=b'{"account_info": {"i_acc'), Transient),
        (httpx.Response(200, json=[1, 2]), Transient),
        (httpx.Response(200, content=b'{"a": "\xff"}'), Transient),
        (httpx.Response(500, text="Internal Server Error"), Transient),
        (httpx.Response(500, html="<html/>"), Transient),
        (httpx.Response(500, json={"message": "no fault in it"}), Transient),
        (httpx.Response(500), Transient),
        (httpx.Response(502), Transient),
        (httpx.Response(503, headers={"retry-after": "7"}), Transient),
        (httpx.Response(504, html="<html/>"), Transient),
        (httpx.Response(429), Transient),
        (httpx.Response(404, html="<html/>"), Transient),
        (httpx.Response(501), Transient),
        (httpx.Response(401), Unavailable),
        (httpx.Response(403), Unavailable),
        (httpx.Response(302, headers={"location": "/login"}), Unavailable),
        (httpx.Response(500, json={"faultcode": "Server.Account.some", "faultstring": CANARY}), BillingFault),
        (httpx.Response(500, json={"faultcode": "Server.Session.auth_failed"}), Unavailable),
        (httpx.Response(500, json={"faultcode": "Server.Session.alert_You_must_change_password"}), Unavailable),
    ],
)
async def test_what_an_answer_means(answer: httpx.Response, kind: type[PlatformError]) -> None:
    with pytest.raises(PlatformError) as error:
        await answering(lambda _: answer)
    assert type(error.value).__mro__[0] is kind or (kind is Unavailable and isinstance(error.value, Unavailable))
    assert CANARY not in error.value.text
    assert "Account/get_account_info" in error.value.text or isinstance(error.value, Unavailable)


async def test_p10_no_secret_is_in_the_repr_of_the_settings() -> None:
    assert CANARY not in repr(settings(token=CANARY, password=CANARY))


@pytest.mark.parametrize("kind", ["lost_answer", "truncated", "html", "garbage"])
async def test_a_spoilt_answer_is_transient_and_the_next_call_goes_on(kind: str) -> None:
    async with billing() as world:
        world.sim.populate(3)
        await world.source.account(70001)
        world.sim.faults.add(Fault.model_validate({"operation": "Account/*", "kind": kind}))
        with pytest.raises(Transient):
            await world.source.account(70001)
        assert await world.source.account(70001) is not None


async def test_a_write_is_never_repeated_by_the_client_when_its_answer_is_lost() -> None:
    async with billing() as world:
        world.sim.populate(1)
        world.sim.faults.add(Fault(operation="Account/make_transaction", kind="lost_answer"))
        with pytest.raises(Transient):
            await world.client.call(
                "Account/make_transaction", {"i_account": 70001, "action": "Manual charge", "amount": 3.99}
            )
        assert len(world.sim.installation.transactions) == 1


async def test_operations_are_metered_by_their_name() -> None:
    seen: list[tuple[str, str, str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"access_token": "t"})

    def meter(target: str, operation: str, outcome: str, _seconds: float, _admission: Admission) -> None:
        seen.append((target, operation, outcome))

    client = BillingClient(settings(), VirtualClock(), http=httpx.MockTransport(handle), meter=meter)
    await client.call("Generic/get_version", {})
    await client.aclose()
    assert seen == [("billing", "Session/login", "ok"), ("billing", "Generic/get_version", "ok")]
