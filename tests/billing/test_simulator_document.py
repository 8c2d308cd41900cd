"""The simulated API document: OpenAPI in either version, without what a switch leaves out."""

import httpx
import pytest

from controller.billing.simulator import Simulator
from controller.billing.simulator.methods import METHODS
from tests.billing.helpers import URL, installation, login, post


async def document(sim: Simulator) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sim), base_url=URL) as http:
        return await http.get("/doc/api/AdminInterface.json")


async def test_it_describes_every_method_without_a_session() -> None:
    described = (await document(installation())).json()

    assert set(described["paths"]) == {f"/{name}" for name in METHODS}
    account = described["components"]["schemas"]["AccountInfo"]["properties"]
    assert {"i_account", "status", "dual_version_system", "assigned_addons"} <= set(account)
    answer = described["paths"]["/Account/get_account_list"]["post"]["responses"]["200"]
    rows = answer["content"]["application/json"]["schema"]["properties"]["account_list"]
    assert rows["items"] == {"$ref": "#/components/schemas/AccountInfo"}


async def test_it_can_be_swagger_2() -> None:
    described = (await document(installation(api_document="swagger2"))).json()

    assert described["swagger"] == "2.0"
    assert "status" in described["definitions"]["AccountInfo"]["properties"]


async def test_methods_and_fields_can_be_left_out() -> None:
    described = (await document(installation(undocumented=["Account/get_account_info", "status"]))).json()

    assert "/Account/get_account_info" not in described["paths"]
    assert "status" not in described["components"]["schemas"]["AccountInfo"]["properties"]


async def test_it_can_be_missing() -> None:
    assert (await document(installation(api_document="none"))).status_code == 404


async def test_describing_leaves_no_trace_in_the_installation() -> None:
    sim = installation()

    await document(sim)

    assert not sim.installation.accounts
    assert not sim.installation.transactions
    assert sim.sessions.logins == 0


@pytest.mark.parametrize("method", ["Account/get_account_list", "Generic/get_version"])
async def test_a_method_can_be_refused_for_want_of_rights(method: str) -> None:
    sim = installation(refused_methods=[method])

    answer = await post(sim, method, {}, await login(sim))

    assert answer.status_code == 500
    assert answer.json()["faultcode"].startswith("Server.")
    assert (await post(sim, "Env/get_env_info", {}, await login(sim))).status_code == 200
