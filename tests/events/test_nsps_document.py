"""`/process-event` against PortaOne's own OpenAPI document (its structure; the prose is left out), over real HTTP."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.openapi import from_dict

from controller.cli.run import hooks
from controller.server.app import create_app
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
        app = create_app(bed.application.health, bed.application.metrics.render, hooks(bed.application))
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
    case.call_and_validate(base_url=url, headers=TOKEN)
