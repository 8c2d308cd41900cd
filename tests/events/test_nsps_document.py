"""`/process-event` against PortaOne's own OpenAPI document (its structure; the prose is left out), over real HTTP."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import negative_data_rejection

from controller.events.bodies import nsps_notice
from tests.bed import Bed
from tests.servers import serving

DOCUMENT = json.loads(Path(__file__).with_name("nsps-connector-openapi.json").read_text())
TOKEN = {"Authorization": "Bearer nsps-secret"}

document = from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real endpoints over the real store, served from a thread."""
    found: list[str] = []
    up, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        bed = Bed(tmp_path_factory.mktemp("store"), {})
        app = bed.endpoints
        async with serving(app) as address:
            found.append(address)
            up.set()
            await stop.wait()
        await bed.aclose()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert up.wait(60)
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


@document.parametrize()
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_nsps_may_send_is_answered_as_its_document_says(case: "schemathesis.Case[Any]", url: str) -> None:
    """Bodies that fit the document and bodies that do not, wrong methods, missing and wrong tokens."""
    is_event = case.method == "POST" and holds_what_is_used(case.body)
    case.call_and_validate(base_url=url, headers=TOKEN, excluded_checks=[negative_data_rejection] if is_event else [])


def holds_what_is_used(body: object) -> bool:
    """Whether a body has all that an event needs.

    The document has 422 for any violation of its schema. We decided to answer so only where we could not act upon the
    event: PortaBilling writes ids as numbers and as text, flags as booleans and as letters, and an empty object as an
    empty list; a 422 for billing data that nobody uses would lose the event. So these bodies have to be accepted.
    """
    if not isinstance(body, dict) or not isinstance(data := body.get("data"), dict):
        return False
    texts = (body.get("event_id"), data.get("event_type"))
    objects = (data.get("variables"), body.get("pb_data"))
    return all(isinstance(each, str) for each in texts) and all(
        isinstance(each, dict) or each in (None, [], "") for each in objects
    )


ENRICHED: dict[str, Any] = {
    "event_id": "e",
    "data": {"event_type": "Account/Blocked", "variables": {"i_account": 5}},
    "pb_data": {"account_info": {"i_account": 5}},
}


@pytest.mark.parametrize(
    "billing_data",
    [
        {"account_info": {"i_account": "5"}},
        {"account_info": {"i_account": "5", "assigned_addons": None, "service_features": None}},
        {"account_info": {"i_account": 5, "service_features": [{"name": "x", "attributes": None}]}},
        {"account_info": {"i_account": 5, "service_features": [{"attributes": [{"effective_value": 30}]}]}},
        {"account_info": {"i_account": 5, "zip": 12345, "blocked": "N", "i_product": "61"}},
        {"account_info": []},
        {"account_info": "none"},
        {"sim_info": {"i_sim_card": "7"}, "access_policy_info": []},
        {},
        [],
        "",
        None,
    ],
)
def test_an_event_is_not_lost_for_the_form_of_data_that_nobody_uses(billing_data: object, url: str) -> None:
    event = {**ENRICHED, "pb_data": billing_data, "created_at": 1790000000, "handler_id": 7, "status": None}
    assert posted(url, event) == 202


@pytest.mark.parametrize("variables", [None, [], ""])
def test_an_event_whose_variables_are_empty_is_about_whom_its_billing_data_names(variables: object, url: str) -> None:
    assert posted(url, {**ENRICHED, "data": {"event_type": "Account/Blocked", "variables": variables}}) == 202
    body = json.dumps({**ENRICHED, "data": {"event_type": "Account/Blocked", "variables": variables}})
    assert nsps_notice(body.encode()).variables == {"i_account": 5}


@pytest.mark.parametrize(
    "wrong",
    [
        {"event_id": None},
        {"event_id": 7},
        {"data": None},
        {"data": {"variables": {}}},
        {"data": {"event_type": None}},
        {"data": {"event_type": "Account/Blocked", "variables": "i_account=5"}},
        {"data": {"event_type": "Account/Blocked", "variables": [5]}},
        {"pb_data": [5]},
        {"pb_data": 0},
        {"pb_data": "none"},
    ],
)
def test_what_an_event_cannot_do_without_is_demanded(wrong: dict[str, object], url: str) -> None:
    assert posted(url, {**ENRICHED, **wrong}) == 422


def posted(url: str, event: object) -> int:
    return httpx.post(f"{url}/process-event", json=event, headers=TOKEN).status_code
