"""Ministra: which of its answers are believed (Ministra contract)."""

from dataclasses import replace

import httpx
import pytest

from platforms.driver import Reference, Rejected, Transient, Unavailable
from platforms.listing import understood
from tests.platforms.ministra import SHOWN_MAC, SPEC, Bed, built


@pytest.fixture
def bed() -> Bed:
    return Bed()


# Lists


async def test_users_of_other_tools_do_not_stop_the_list(bed: Bed) -> None:
    bed.foreign("", stb_mac=SHOWN_MAC)
    bed.foreign("", stb_mac="00:1A:79:00:00:02")
    bed.foreign("Dave", stb_mac="garbage", account_number="7")
    bed.foreign("dave", account_number="7")
    listed = [(each.external_id, each.record_id) async for each in understood(bed.driver.list())]
    assert listed == [("", SHOWN_MAC), ("", "00:1A:79:00:00:02"), ("dave", "Dave"), ("dave", "dave")]


async def test_everybody_is_read_in_one_answer(bed: Bed) -> None:
    for number in range(1500):
        bed.foreign(f"user{number}")
    assert len([each async for each in understood(bed.driver.list())]) == 1500
    assert bed.log == [("GET", "accounts", "")]


@pytest.mark.parametrize("results", [None, False, "", {}, {"login": "carol", "status": "1"}, ["carol"], [["carol"]]])
async def test_a_list_that_is_none_is_unclear(results: object) -> None:
    driver = built(httpx.MockTransport(lambda _: httpx.Response(200, json={"status": "OK", "results": results})))
    with pytest.raises(Transient):
        async for _ in driver.list():
            pass


async def test_a_list_answered_by_not_found_is_not_empty() -> None:
    answer = {"status": "ERROR", "results": None, "error": "Account not found"}
    driver = built(httpx.MockTransport(lambda _: httpx.Response(200, json=answer)))
    with pytest.raises(Transient):
        async for _ in driver.list():
            pass


async def test_a_user_without_a_status_is_never_believed() -> None:
    answer = {"status": "OK", "results": {"login": "carol"}}
    driver = built(httpx.MockTransport(lambda _: httpx.Response(200, json=answer)))
    with pytest.raises(Transient, match="a user without 'status'"):
        await driver.observe(Reference("carol"))


# Answers


@pytest.mark.parametrize(
    ("body", "is_gone"),
    [
        ({"status": "ERROR", "results": None, "error": "ACCOUNT NOT FOUND."}, True),
        ({"status": "OK", "results": []}, True),
        ({"status": "OK", "results": None}, False),
        ({"status": "OK", "results": False}, False),
        ({"status": "OK"}, False),
        ({"status": "ERROR", "results": None, "error": "MySQL server has gone away"}, False),
        ({"status": "ERROR"}, False),
        ({"status": "maybe", "results": []}, False),
        ({"results": []}, False),
        ([], False),
        ("gone", False),
    ],
)
async def test_only_the_platforms_own_word_counts_as_gone(body: object, is_gone: bool) -> None:
    driver = built(httpx.MockTransport(lambda _: httpx.Response(200, json=body)))
    if is_gone:
        assert await driver.observe(Reference("carol")) is None
    else:
        with pytest.raises(Transient):
            await driver.observe(Reference("carol"))


async def test_an_error_that_is_not_documented_is_unclear_and_not_quoted(bed: Bed) -> None:
    observed = await bed.made()
    broken = {"status": "ERROR", "results": None, "error": "SQL error in '... canary ...'"}

    def failing(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, json=broken) if request.method != "GET" else None

    with pytest.raises(Transient, match=r"answered users\.update with an error that is not documented") as caught:
        await bed.behind(failing).update(observed, replace(observed.spec, enabled=False))
    assert "canary" not in repr(caught.value)


async def test_a_call_without_a_login_is_rejected(bed: Bed) -> None:
    driver = built(httpx.ASGITransport(bed.simulator), dialect={"user": {"login": "user_name"}})
    with pytest.raises(Rejected, match="check the dialect"):
        await driver.create("carol", SPEC)


async def test_an_api_that_is_not_enabled_is_unavailable(bed: Bed) -> None:
    bed.simulator.is_enabled = False
    with pytest.raises(Unavailable, match="API is not enabled"):
        await bed.driver.observe(Reference("carol"))


async def test_another_404_is_a_wrong_path() -> None:
    driver = built(httpx.MockTransport(lambda _: httpx.Response(404, text="Not Found")))
    with pytest.raises(Transient, match=r"check its url and dialect\.paths"):
        await driver.observe(Reference("carol"))


async def test_wrong_credentials_are_unavailable_and_not_shown(bed: Bed) -> None:
    driver = built(httpx.ASGITransport(bed.simulator), password="canary")
    with pytest.raises(Unavailable, match="HTTP 401") as caught:
        await driver.packages()
    assert "canary" not in repr(caught.value)
