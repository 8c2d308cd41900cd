"""What a command loads before it does anything: most of the time of one that only looks."""

import re
import subprocess
import sys

from controller.store import Store
from tests.cli.site import Site

_LIBRARIES = (
    "aiohttp",
    "apscheduler",
    "asyncio",
    "defusedxml",
    "httpx",
    "jinja2",
    "logging",
    "prometheus_client",
    "rich",
    "sqlite_utils",
    "starlette",
    "structlog",
    "uvicorn",
)
_OURS = (
    "controller.app",
    "controller.billing.client",
    "controller.log",
    "controller.store.ledger",
    "desired_state.plan",
    "desired_state.policy",
    "platforms.dialects",
    "platforms.driver",
    "platforms.registry",
    "platforms.transport",
)


def test_status_loads_nothing_that_talks_or_decides_or_changes_tables(here: Site) -> None:
    Store.open(here.folder / "state.db").close()
    words = ("-X", "importtime", "-m", "controller", "status", "--config", str(here.config))

    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)

    loaded = set(re.findall(r"^import time:.*\|\s*([\w.]+)$", done.stderr, re.MULTILINE))
    assert "tv: nobody yet" in done.stdout
    assert "controller.views.status" in loaded
    assert loaded.isdisjoint((*_LIBRARIES, *_OURS)), loaded.intersection((*_LIBRARIES, *_OURS))
