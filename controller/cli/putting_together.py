"""What commands that act, or ask billing and platforms, share: the objects put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from controller.app import Application, Network, World, assemble
from controller.cli.codes import Failed
from controller.clock import SystemClock
from controller.config import Config
from controller.store.ledger import Ledger
from controller.tracing import TracingError


@asynccontextmanager
async def assembled(
    config: Config, ledger: Ledger, world: World | None = None, network: Network | None = None
) -> AsyncIterator[Application]:
    """Everything put together, and let go of at the end."""
    try:
        application = assemble(config, ledger, world or SystemClock(), network)
    except TracingError as error:
        raise Failed(str(error)) from None
    try:
        yield application
    finally:
        await application.aclose()
