"""The simulated installation behaves as the contract says: transport, sessions, faults."""

import httpx
import pytest

from controller.billing.simulator import Simulator
from platforms.simulation import Fault
from tests.billing.helpers import URL, installation, login, post
from tests.clocks import VirtualClock


async def fault(sim: Simulator, operation: str, params: dict[str, object], token: str | None = None) -> str:
    answer = await post(sim, operation, params, token)
    assert answer.status_code == 500, "every fault is a 500"
    assert set(answer.json()) == {"faultcode", "faultstring"}
    return str(answer.json()["faultcode"])


async def test_a_login_answers_with_all_that_was_ever_seen() -> None:
    answer = await post(installation(), "Session/login", {"login": "iptv-reconciler", "password": "simulated-password"})
    assert set(answer.json()) == {"session_id", "access_token", "refresh_token", "expires_at", "expires_in"}
    assert answer.json()["expires_at"] == "2026-03-03 12:00:00"
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"


async def test_bad_logins_lock_the_login_for_a_while() -> None:
    clock = VirtualClock()
    sim = installation(clock, bad_logins_before_lock=2, lock_seconds=60)
    bad: dict[str, object] = {"login": "iptv-reconciler", "token": "wrong"}
    good: dict[str, object] = {"login": "iptv-reconciler", "token": "simulated-token"}
    assert await fault(sim, "Session/login", bad) == "Server.Session.auth_failed"
    assert await fault(sim, "Session/login", bad) == "Server.Session.auth_failed"
    assert await fault(sim, "Session/login", good) == "Server.Session.cannot_login_brute_force_activity"
    clock.advance(60)
    assert (await post(sim, "Session/login", good)).status_code == 200


async def test_the_faults_of_a_call_without_a_session() -> None:
    clock = VirtualClock()
    sim = installation(clock, token_life=100)
    assert await fault(sim, "Generic/get_version", {}) == "Client.check_auth.envelope_missed"
    assert await fault(sim, "Generic/get_version", {}, "unknown") == "Server.Session.check_auth.auth_failed"
    token = await login(sim)
    clock.advance(100)
    expired = await fault(sim, "Generic/get_version", {}, token)
    assert expired == "Client.Session.check_auth.failed_to_process_access_token"


async def test_refresh_rotates_and_has_no_session_id() -> None:
    sim = installation()
    first = (await post(sim, "Session/login", {"login": "iptv-reconciler", "token": "simulated-token"})).json()
    second = await post(sim, "Session/refresh_access_token", {"refresh_token": first["refresh_token"]})
    assert "session_id" not in second.json()
    assert second.json()["access_token"] != first["access_token"]
    again = await fault(sim, "Session/refresh_access_token", {"refresh_token": first["refresh_token"]})
    assert again == "Server.Session.refresh_access_token.refresh_failed"
    assert await fault(sim, "Generic/get_version", {}, first["access_token"]) == "Server.Session.check_auth.auth_failed"


async def test_ping_never_faults_and_logout_ends_the_session() -> None:
    sim = installation()
    token = await login(sim)
    assert (await post(sim, "Session/ping", {"access_token": token})).json() == {"user_id": 17}
    assert (await post(sim, "Session/logout", {"access_token": token})).json() == {"success": 1}
    assert (await post(sim, "Session/ping", {"access_token": token})).json() == {"user_id": 0}
    dead = await fault(sim, "Session/logout", {"access_token": token})
    assert dead == "Client.Session.logout.failed_to_process_access_token"


async def test_i_env_is_refused_at_login_and_a_password_may_have_to_be_changed() -> None:
    sim = installation()
    good: dict[str, object] = {"login": "iptv-reconciler", "token": "simulated-token"}
    assert "i_env" in await fault(sim, "Session/login", {**good, "i_env": 3})
    sim.switch(must_change_password=True)
    assert await fault(sim, "Session/login", good) == "Server.Session.alert_You_must_change_password"


async def test_forms_trailing_slashes_and_session_ids_work_too() -> None:
    sim = installation()
    sim.populate(1)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sim), base_url=URL) as http:
        form = {"params": '{"login": "iptv-reconciler", "token": "simulated-token"}'}
        session = (await http.post("/rest/Session/login/", data=form)).json()["session_id"]
        call = {"auth_info": f'{{"session_id": "{session}"}}', "params": '{"i_account": "70001"}'}
        answer = await http.post("/rest/Account/get_account_info/", data=call)
        assert answer.json()["account_info"]["i_account"] == 70001
        broken = await http.post("/rest/Session/login", content=b"{", headers={"content-type": "application/json"})
        assert broken.status_code == 500


async def test_unknown_methods_and_standalone_mode_are_faults() -> None:
    sim = installation(standalone_mode=True)
    sim.populate(1)
    token = await login(sim)
    assert "unknown_method" in await fault(sim, "Account/get_everything", {}, token)
    blocked: dict[str, object] = {"account_info": {"i_account": 70001, "blocked": "Y"}}
    assert "standalone_mode" in await fault(sim, "Account/update_account", blocked, token)
    assert (await post(sim, "Account/get_account_info", {"i_account": 70001}, token)).status_code == 200


async def test_an_outage_is_a_500_that_is_not_json() -> None:
    answer = await post(installation(outage="plain_text_500"), "Session/login", {})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/plain; charset=utf-8")


async def test_faults_are_ordered_by_the_name_of_the_operation_and_calls_are_counted() -> None:
    sim = installation()
    sim.faults.add(Fault(operation="Generic/*", kind="status", status=504))
    token = await login(sim)
    assert (await post(sim, "Generic/get_version", {}, token)).status_code == 504
    assert (await post(sim, "Generic/get_version", {}, token)).json() == {"version": "MR115-simulated"}
    assert (await post(sim, "Env/get_env_info", {}, token)).json()["env_info"]["i_env"] == 3
    assert dict(sim.requests.operations) == {"Session/login": 1, "Generic/get_version": 2, "Env/get_env_info": 1}
    assert (sim.requests.reads, sim.requests.writes) == (3, 0)


async def test_the_admin_api_needs_no_session() -> None:
    sim = installation()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sim), base_url=URL) as http:
        assert (await http.post("/_sim/populate", json={"accounts": 20, "seed": 7})).json() == {"accounts": 20}
        changed = await http.post("/_sim/changes", json={"action": "block", "i_account": 70001})
        assert changed.json() == {"i_account": 70001}
        facts = (await http.get("/_sim/accounts")).json()["accounts"]
        assert (facts[0]["i_account"], facts[0]["status"]) == (70001, "blocked")
        assert (await http.patch("/_sim/switches", json={"total": "text"})).json()["total"] == "text"
        assert (await http.get("/_sim/switches")).json()["total"] == "text"
        assert (await http.post("/_sim/sessions/lose")).json() == {"lost": True}
        assert (await http.get("/_sim/transactions")).json() == {"transactions": []}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/_sim/populate", {"accounts": -1}, 422),
        ("/_sim/populate", {"account": 1}, 422),
        ("/_sim/changes", {"action": "explode"}, 422),
        ("/_sim/changes", {"action": "rename", "i_account": 70001}, 422),
        ("/_sim/changes", {"action": "product", "i_account": 70001, "i_product": 1}, 422),
        ("/_sim/changes", {"action": "block", "i_account": 5}, 404),
        ("/_sim/changes", {"action": "customer_block", "i_customer": 5}, 404),
    ],
)
async def test_wrong_admin_requests_are_explained(path: str, body: dict[str, object], status: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=installation()), base_url=URL) as http:
        answer = await http.post(path, json=body)
        assert answer.status_code == status
        assert answer.json()["errors"]


@pytest.mark.parametrize("body", [b"[1]", b"nonsense", b'{"no_such": 1}'])
async def test_wrong_switches_are_explained(body: bytes) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=installation()), base_url=URL) as http:
        assert (await http.patch("/_sim/switches", content=body)).status_code == 422
