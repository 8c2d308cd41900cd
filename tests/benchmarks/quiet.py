"""A full pass over a fleet at rest, by the product's own objects, in a process of its own: `python -m … CONFIG`.

The first pass of a process knows no page yet: it is measured for itself, and the one after it is what recurs for years.
"""

import asyncio
import gc
import sys
from pathlib import Path
from time import process_time

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
        began = process_time()
        (first,), first_cpu = await app.loop.full_pass(), process_time() - began
        spent = Spent.now()
        (report,) = await app.loop.full_pass()
        sys.stdout.write(
            spent.told(
                first_cpu=first_cpu,
                changes=len(first.plan.changes) + len(report.plan.changes),
                failed=len(first.failed) + len(report.failed),
            )
        )
    finally:
        await app.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
