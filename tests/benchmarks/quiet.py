"""A full pass over a fleet at rest, by the product's own objects, in a process of its own: `python -m … CONFIG`."""

import asyncio
import gc
import sys
from pathlib import Path

from controller import log
from controller.config import load
from tests.benchmarks.fleets import application
from tests.benchmarks.processes import Spent


async def main(config: str) -> None:
    """Begin as the daemon does, and measure one pass."""
    log.setup("warning")
    app = application(load(Path(config)))
    try:
        await app.loop.begin()
        gc.freeze()
        spent = Spent.now()
        (report,) = await app.loop.full_pass()
        sys.stdout.write(spent.told(changes=len(report.plan.changes), failed=len(report.failed)))
    finally:
        await app.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
