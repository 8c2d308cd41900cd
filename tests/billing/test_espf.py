"""The ESPF API: our client of it, and the simulated one."""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from controller.billing.espf import Encoding, StatusApi, StatusReport
from controller.billing.simulator import Simulator
from platforms.driver import PlatformError, Rejected, Transient, Unavailable
from platforms.endpoint import Endpoint
from platforms.simulation import Fault
from platforms.transport import Transport
from tests.billing.helpers import URL, Billing, billing_with, login

STATUS = "ESPF/status"


@asynccontextmanager
async def api(encoding: Encoding | None = None, **switches: object) -> AsyncIterator[tuple[Billing, StatusApi]]:
    """An installation with one account, 70001, and the API to tell of it."""
    async with billing_with(switches) as billing:
        billing.sim.change("create", id="tv000001", i_product=61)
        transport = Transport(Endpoint(target="billing", url=URL), billing.clock, http=httpx.ASGITransport(billing.sim))
        yield billing, StatusApi(transport, billing.client.session, "IPTV", encoding)


def statuses(sim: Simulator) -> list[tuple[int, str, str]]:
    return [(each.i_account, each.status, each.message) for each in sim.installation.statuses]


@pytest.mark.parametrize("encoding", ["json", "form"])
async def test_a_status_is_told_in_either_encoding(encoding: Encoding) -> None:
    async with api(encoding, espf_encoding=encoding) as (billing, espf):
        await espf.tell(StatusReport(70001, "FAILED", "it is šikmo & more"))
        assert statuses(billing.sim) == [(70001, "FAILED", "it is šikmo & more")]


async def test_a_long_message_is_cut() -> None:
    async with api() as (billing, espf):
        await espf.tell(StatusReport(70001, "FAILED", "x" * 5000))
        assert [len(message) for _, _, message in statuses(billing.sim)] == [4000]


async def test_where_a_form_works_no_longer_json_is_tried_again() -> None:
    async with api(espf_encoding="json", espf_encoding_refusal=422) as (billing, espf):
        espf.prefer("form")
        await espf.tell(StatusReport(70001, "OK"))
        await espf.tell(StatusReport(70001, "RETRY"))
        assert billing.calls[STATUS] == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, Unavailable),
        (400, Rejected),
        (401, Unavailable),
        (403, Unavailable),
        (404, Rejected),
        (409, Rejected),
        (422, Rejected),
        (429, Transient),
        (500, Transient),
        (502, Transient),
    ],
)
async def test_what_an_answer_means(status: int, error: type[PlatformError]) -> None:
    async with api() as (billing, espf):
        billing.sim.faults.add(Fault(operation=STATUS, kind="status", status=status, count=None))
        with pytest.raises(error):
            await espf.tell(StatusReport(70001, "OK"))


async def test_a_session_that_billing_still_knows_is_not_renewed_for_the_status_api() -> None:
    """The reads would lose theirs, and the API would refuse the new one too: a right is missing."""
    async with api() as (billing, espf):
        billing.sim.faults.add(Fault(operation=STATUS, kind="status", status=401, count=None))
        for _ in range(3):
            with pytest.raises(Unavailable):
                await espf.tell(StatusReport(70001, "OK"))
        assert (billing.sim.sessions.logins, billing.sim.sessions.refreshes) == (1, 0)


async def test_a_session_that_is_over_is_renewed_and_the_status_told() -> None:
    async with api() as (billing, espf):
        await espf.tell(StatusReport(70001, "RETRY"))
        billing.sim.sessions.lose()
        await espf.tell(StatusReport(70001, "OK"))
        assert [status for _, status, _ in statuses(billing.sim)] == ["RETRY", "OK"]
        assert billing.sim.sessions.logins == 2


async def simulated(
    sim: Simulator, method: str, path: str, authorization: str = "", body: object = None
) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sim), base_url=URL) as http:
        headers = {"Authorization": authorization} if authorization else {}
        return await http.request(method, f"/espf/v1/{path}", json=body, headers=headers)


async def test_the_simulator_lists_groups_takes_an_id_and_shows_what_it_was_told() -> None:
    async with api() as (billing, _):
        sim = billing.sim
        bearer = f"Bearer {await login(sim)}"
        basic = "Basic " + b64encode(b"iptv-reconciler:simulated-password").decode()
        groups = (await simulated(sim, "GET", "groups", basic)).json()["group_list"]
        assert {"i_group": "4", "name": "IPTV", "is_custom": False} in groups
        told = await simulated(
            sim, "POST", "account/tv000001/status", bearer, {"status": "OK", "group": "IPTV", "message": "m"}
        )
        assert told.status_code == 200
        async with httpx.AsyncClient(transport=httpx.ASGITransport(sim), base_url=URL) as http:
            shown = (await http.get("/_sim/statuses")).json()
        assert shown == {"statuses": [{"i_account": 70001, "status": "OK", "group": "IPTV", "message": "m"}]}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("account/i/70001/status", {"status": "GOOD", "group": "IPTV"}, 400),
        ("account/i/70001/status", {"status": "OK", "group": "TV"}, 404),
        ("account/i/1/status", {"status": "OK", "group": "IPTV"}, 404),
        ("account/nobody/status", {"status": "OK", "group": "IPTV"}, 404),
        ("account/i/70001/status", {"status": "OK", "group": "IPTV", "message": "x" * 4001}, 400),
    ],
)
async def test_the_simulator_refuses_with_real_statuses(path: str, body: dict[str, object], status: int) -> None:
    async with api() as (billing, _):
        assert (await simulated(billing.sim, "POST", path, body=body)).status_code == 401
        bearer = f"Bearer {await login(billing.sim)}"
        assert (await simulated(billing.sim, "POST", path, bearer, body)).status_code == status
        billing.sim.switch(espf_rights=False)
        assert (await simulated(billing.sim, "POST", path, bearer, body)).status_code == 403
        assert billing.sim.installation.statuses == []
