"""The Ministra simulator: every row of the contract's tables, over HTTP as `simulate` offers it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from platforms.ministra.simulator import PASSWORD, USERNAME, MinistraSimulator
from platforms.simulation import Fault
from tests.clocks import VirtualClock, draws

API = "/stalker_portal/api"
MAC = "00:1A:79:00:00:01"


@pytest.fixture
def simulator() -> MinistraSimulator:
    return MinistraSimulator(VirtualClock(), draws())


@pytest.fixture
async def api(simulator: MinistraSimulator) -> AsyncIterator[httpx.AsyncClient]:
    transport, login = httpx.ASGITransport(simulator), ("simulated", "simulated")
    async with httpx.AsyncClient(transport=transport, base_url="http://tv", auth=login) as client:
        yield client


async def call(api: httpx.AsyncClient, method: str, path: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
    """What the portal answers: its results, or the text of its error."""
    answer = await api.request(method, f"{API}/{path}", data=fields or None)
    assert answer.status_code == 200
    body = answer.json()
    return body["results"] if body["status"] == "OK" else body["error"]


async def dump(api: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {row["login"]: row for row in (await api.get("/_sim/users")).json()["rows"]}


async def test_bad_credentials_are_401_in_json(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{API}/accounts", auth=("simulated", "wrong"))
    assert (answer.status_code, answer.json()["status"]) == (401, "ERROR")


async def test_an_api_that_is_not_enabled_is_404_in_text(api: httpx.AsyncClient, simulator: MinistraSimulator) -> None:
    simulator.is_enabled = False
    answer = await api.get(f"{API}/accounts")
    assert (answer.status_code, answer.text) == (404, "API not enabled")


async def test_a_json_body_is_not_parsed(api: httpx.AsyncClient) -> None:
    answer = await api.post(f"{API}/users", json={"login": "carol"})
    assert answer.json()["error"] == "Insert data is empty"


async def test_a_php_error_is_html_with_status_200(api: httpx.AsyncClient, simulator: MinistraSimulator) -> None:
    simulator.faults.add(Fault(kind="html"))
    answer = await api.get(f"{API}/accounts")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/html")


async def test_stray_output_lands_beside_the_results(api: httpx.AsyncClient, simulator: MinistraSimulator) -> None:
    simulator.stray_output = True
    assert (await api.get(f"{API}/accounts")).json() == {
        "status": "OK",
        "results": [],
        "output": "PHP Notice: undefined index",
    }


async def test_a_new_user_has_no_id_and_falls_to_the_default_plan(api: httpx.AsyncClient) -> None:
    assert await call(api, "POST", "users", login="carol", password="secret", unknown="dropped") is True
    row = await call(api, "GET", "users/carol")
    assert (row["login"], row["tariff_plan"], row["status"], row["subscribed"]) == ("carol", "trial", "1", [])
    assert "password" not in row
    assert "unknown" not in row


async def test_numbers_may_be_numbers(api: httpx.AsyncClient, simulator: MinistraSimulator) -> None:
    simulator.bare_numbers = True
    await call(api, "POST", "users", login="carol", status="0")
    assert (await call(api, "GET", "users/carol"))["status"] == 0


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"login": "Carol"}, "Login already in use"),
        ({"login": "dave", "stb_mac": "001a79000001"}, "MAC address already in use"),
        ({"login": "dave", "stb_mac": "garbage"}, "Not valid mac address"),
        ({"phone": "1"}, "Login required"),
        ({"surname": "Doe"}, "Insert data is empty"),
        ({}, "HTTP POST data is empty"),
    ],
)
async def test_what_a_post_is_refused_for(api: httpx.AsyncClient, fields: dict[str, object], error: str) -> None:
    await call(api, "POST", "users", login="carol", stb_mac=MAC)
    assert await call(api, "POST", "users", **fields) == error
    assert list(await dump(api)) == ["carol"]


async def test_a_post_normalises_a_mac_and_a_put_does_not(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", stb_mac="001a79000001")
    assert (await call(api, "GET", "users/carol"))["stb_mac"] == MAC
    assert await call(api, "PUT", "users/carol", stb_mac="garbage") is True
    assert (await call(api, "GET", "users/carol"))["stb_mac"] == "garbage"


async def test_a_put_does_not_look_for_a_mac_elsewhere(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", stb_mac=MAC)
    await call(api, "POST", "users", login="dave")
    assert await call(api, "PUT", "users/dave", stb_mac=MAC) is True
    assert [row["login"] for row in await call(api, "GET", f"accounts/{MAC}")] == ["carol", "dave"]


async def test_changing_the_mac_clears_the_binding(api: httpx.AsyncClient, simulator: MinistraSimulator) -> None:
    await call(api, "POST", "users", login="carol", stb_mac=MAC)
    (user,) = simulator.portal.users
    user.binding = "box"
    await call(api, "PUT", "users/carol", stb_mac=MAC)
    assert user.binding == "box"
    await call(api, "PUT", "users/carol", stb_mac="00:1A:79:00:00:02")
    assert user.binding == ""


async def test_account_numbers_may_be_shared_and_a_write_by_number_hits_all(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", account_number="7")
    assert await call(api, "POST", "users", login="dave", account_number="7") is True
    await call(api, "PUT", "accounts/7", phone="1")
    assert [row["phone"] for row in (await dump(api)).values()] == ["1", "1"]
    assert await call(api, "DELETE", "accounts/7") is True
    assert await dump(api) == {}


async def test_an_unknown_plan_silently_becomes_the_default_one(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", tariff_plan="basic")
    assert await call(api, "PUT", "users/carol", tariff_plan="nonsense") is True
    assert (await call(api, "GET", "users/carol"))["tariff_plan"] == "trial"


@pytest.mark.parametrize(("method", "fields"), [("PUT", {"phone": "1"}), ("DELETE", {}), ("GET", {})])
async def test_what_is_missing_is_not_found(api: httpx.AsyncClient, method: str, fields: dict[str, object]) -> None:
    for resource in ("users", "accounts", "account_subscription"):
        assert await call(api, method, f"{resource}/nobody", **fields) == "Account not found"


async def test_only_a_real_change_of_the_status_reaches_the_box(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol")
    for status in ("1", "0", "0", "1"):
        assert await call(api, "PUT", "users/carol", status=status) is True
    assert (await dump(api))["carol"]["events"] == ["cut_off", "cut_on"]


async def test_a_login_is_renamed_to_a_free_one_only(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol")
    await call(api, "POST", "users", login="dave")
    assert await call(api, "PUT", "users/carol", login="DAVE") == "Login already in use"
    assert await call(api, "PUT", "users/carol", login="Carol") is True
    assert await call(api, "PUT", "users/carol", login="erin") is True
    assert list(await dump(api)) == ["erin", "dave"]


async def test_an_empty_password_is_ignored(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", password="secret")
    assert await call(api, "PUT", "users/carol", password="") is True
    assert (await dump(api))["carol"]["password"] == "secret"


async def test_unknown_fields_alone_are_an_error(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol")
    assert await call(api, "PUT", "users/carol", surname="Doe") == "Insert data is empty"


async def test_a_comma_separates_ids_and_a_slash_ends_one(api: httpx.AsyncClient) -> None:
    for login in ("a,b", "a", "b"):
        await call(api, "POST", "users", login=login)
    assert [row["login"] for row in await call(api, "GET", "accounts")] == ["a,b", "a", "b"]
    assert (await call(api, "GET", "users/a,b"))["login"] == "a"
    assert await call(api, "PUT", "users/a,b", phone="1") == "Only one identifier allowed"
    assert await call(api, "GET", "users/a,x") == "One or more identifiers are incorrect"
    assert (await call(api, "GET", "users/b%2Fx"))["login"] == "b"


async def test_everybody_is_listed_by_accounts_and_only_the_first_by_users(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol")
    await call(api, "POST", "users", login="0")
    assert [row["login"] for row in await call(api, "GET", "accounts")] == ["carol", "0"]
    for path in ("users", "users/", "users/0"):
        assert (await call(api, "GET", path))["login"] == "carol"
    assert await call(api, "DELETE", "users/0") == "Identifier required"


async def test_a_long_id_with_a_colon_is_taken_for_a_mac(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol:12345678", stb_mac=MAC)
    assert await call(api, "GET", "users/carol:12345678") == "Account not found"
    assert (await call(api, "GET", f"users/{MAC}"))["login"] == "carol:12345678"
    assert await call(api, "GET", "accounts/00-1A-79-00-00-01") == "Account not found"


async def test_add_ons_are_changed_in_one_call_that_tells_whether_anything_changed(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", account_number="7", tariff_plan="basic")
    path = "account_subscription/7"
    both = {"subscribed[]": ["sport", "kids"]}
    assert await call(api, "PUT", path, **both) is True
    assert await call(api, "PUT", path, **both) is False
    assert await call(api, "PUT", path, **{"subscribed[]": ["cinema", "base", "nonsense"]}) is False
    assert await call(api, "PUT", path, **{"subscribed[]": ["sport"], "unsubscribed[]": ["kids"]}) is True
    assert await call(api, "GET", path) == [{"mac": None, "subscribed": ["sport"], "subscribed_id": ["1"]}]
    assert (await dump(api))["carol"]["reboots"] == 2


async def test_a_post_sets_the_whole_list_and_cannot_send_an_empty_one(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", account_number="7", tariff_plan="basic")
    path = "account_subscription/7"
    await call(api, "POST", path, **{"subscribed[]": ["sport"]})
    assert await call(api, "POST", path, **{"subscribed[]": ["kids"]}) is True
    assert (await call(api, "GET", "users/carol"))["subscribed"] == ["kids"]
    assert await call(api, "POST", path) == "Insert data is empty"
    assert await call(api, "DELETE", path) is True
    assert await call(api, "DELETE", path) is False


async def test_an_id_of_twelve_characters_is_taken_for_a_mac_by_subscriptions(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", account_number="123456789012", tariff_plan="basic", stb_mac=MAC)
    assert await call(api, "GET", "account_subscription/123456789012") == "Account not found"
    for mac in (MAC, "001A79000001"):
        assert (await call(api, "GET", f"account_subscription/{mac}"))[0]["mac"] == MAC


async def test_a_subscription_shows_and_hits_every_user_it_finds(api: httpx.AsyncClient) -> None:
    for login in ("carol", "dave"):
        await call(api, "POST", "users", login=login, account_number="7", tariff_plan="basic")
    assert len(await call(api, "GET", "account_subscription/7")) == 2
    await call(api, "PUT", "account_subscription/7", **{"subscribed[]": ["sport"]})
    assert [row["subscribed"] for row in (await dump(api)).values()] == [["sport"], ["sport"]]


async def test_add_ons_are_kept_when_the_plan_changes_and_come_back_with_it(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", account_number="7", tariff_plan="family")
    await call(api, "PUT", "account_subscription/7", **{"subscribed[]": ["kids", "cinema"]})
    shown = []
    for plan in ("basic", "trial", "family"):
        await call(api, "PUT", "users/carol", tariff_plan=plan)
        shown.append((await call(api, "GET", "users/carol"))["subscribed"])
    assert shown == [["kids"], [], ["kids", "cinema"]]


async def test_a_deleted_user_leaves_its_add_ons_to_the_next_of_that_login(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", account_number="7", tariff_plan="basic")
    await call(api, "PUT", "account_subscription/7", **{"subscribed[]": ["sport"]})
    assert await call(api, "DELETE", "users/carol") is True
    await call(api, "POST", "users", login="carol", tariff_plan="basic")
    assert (await call(api, "GET", "users/carol"))["subscribed"] == ["sport"]


async def test_plans_show_what_they_hold_and_what_of_it_is_optional(api: httpx.AsyncClient) -> None:
    plans = await call(api, "GET", "tariffs")
    assert [plan["external_id"] for plan in plans] == ["basic", "family", "trial"]
    held = [(each["external_id"], each["optional"]) for each in plans[0]["packages"]]
    assert held == [("base", "0"), ("sport", "1"), ("kids", "1")]
    assert (await call(api, "GET", "tariffs/2"))["external_id"] == "family"
    packages = await call(api, "GET", "services_package")
    assert [each["external_id"] for each in packages] == ["base", "sport", "kids", "cinema"]
    assert await call(api, "GET", "nonsense") == "Resource not found"


async def test_an_event_reaches_the_box(api: httpx.AsyncClient) -> None:
    await call(api, "POST", "users", login="carol", account_number="7")
    assert await call(api, "POST", "send_event/7", event="send_msg") is True
    assert (await dump(api))["carol"]["events"] == ["send_msg"]


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"username": "CAROL", "password": "secret"}, "bearer"),
        ({"username": "carol", "password": "wrong"}, "invalid_client"),
        ({"username": "nobody", "password": "secret"}, "invalid_client"),
        ({"username": "dave", "password": "secret"}, "access_denied"),
    ],
)
async def test_a_viewer_logs_in_with_login_and_password(
    api: httpx.AsyncClient, given: dict[str, str], answer: str
) -> None:
    await call(api, "POST", "users", login="carol", password="secret")
    await call(api, "POST", "users", login="dave", password="secret", status="0")
    path = "/stalker_portal/auth/token.php"
    body = (await api.post(path, data={"grant_type": "password", **given})).json()
    assert answer in (body.get("error"), body.get("token_type"))
    assert (await api.post(path, data=given)).json() == {"error": "unsupported_grant_type"}


async def test_what_is_done_by_hand_is_neither_checked_nor_counted(
    api: httpx.AsyncClient, simulator: MinistraSimulator
) -> None:
    for fields in ({"stb_mac": MAC}, {"login": "carol", "stb_mac": MAC, "tariff_plan": "basic", "rows": ["sport"]}):
        assert (await api.post("/_sim/users", json=fields)).status_code == 200
    assert (await api.patch("/_sim/users/carol", json={"status": 0, "password": "secret"})).status_code == 200
    row = (await dump(api))["carol"]
    assert (row["status"], row["password"], row["subscribed"], row["rows"]) == ("0", "secret", ["sport"], ["sport"])
    assert (await api.delete("/_sim/users/carol")).status_code == 204
    assert (await api.delete("/_sim/users/carol")).status_code == 404
    assert (await api.patch("/_sim/users/carol", json={})).status_code == 404
    assert list(await dump(api)) == [""]
    assert simulator.requests.operations == {}


async def test_the_dump_tells_since_when_a_user_is_on_or_off() -> None:
    clock = VirtualClock()
    transport, since = httpx.ASGITransport(MinistraSimulator(clock, draws())), []
    async with httpx.AsyncClient(transport=transport, base_url="http://tv", auth=(USERNAME, PASSWORD)) as api:
        await call(api, "POST", "users", login="carol")
        for status in ("1", "0", "0"):
            clock.advance(60)
            await call(api, "PUT", "users/carol", status=status)
            since.append((await dump(api))["carol"]["switched_at"])
    assert since[0] < since[1] == since[2]


async def test_requests_are_counted_by_resource(api: httpx.AsyncClient, simulator: MinistraSimulator) -> None:
    await call(api, "POST", "users", login="carol", account_number="7")
    await call(api, "GET", "accounts")
    await call(api, "GET", "account_subscription/7")
    await call(api, "DELETE", "users/carol")
    counted = ["users.create", "accounts.list", "account_subscription.get", "users.delete"]
    assert simulator.requests.operations == dict.fromkeys(counted, 1)
    assert (simulator.requests.reads, simulator.requests.writes) == (2, 2)
