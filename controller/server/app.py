"""The endpoints, as a Starlette application."""

import asyncio
from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controller.server.health import Check, HealthSource
from controller.server.hooks import Hooks
from controller.server.page import Page

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def create_app(
    health: HealthSource, metrics_render: Callable[[], bytes], hooks: Hooks | None = None, page: Page | None = None
) -> Starlette:
    """The application. `metrics_render` is called in a thread: it may take its time, the loop may not."""

    async def metrics(_: Request) -> Response:
        return Response(await asyncio.to_thread(metrics_render), headers={"content-type": METRICS_TYPE})

    async def livez(_: Request) -> Response:
        return _answer(health.live())

    async def readyz(_: Request) -> Response:
        return _answer(health.ready())

    async def nsps_health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            *(hooks.routes() if hooks is not None else ()),  # first to be found: there are thousands of events
            Route("/metrics", metrics),
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/health", nsps_health),
            *([Route("/", page)] if page is not None else ()),
        ]
    )


def _answer(checks: Mapping[str, Check]) -> Response:
    ok = all(check.ok for check in checks.values())
    told = {name: {"ok": check.ok, "text": check.text} for name, check in checks.items()}
    return JSONResponse({"ok": ok, "checks": told}, status_code=200 if ok else 503)
