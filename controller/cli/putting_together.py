"""What commands that act, or ask billing and platforms, share: the objects put together, and who runs them."""

import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from controller.app import Application, Network, World, assemble
from controller.cli.codes import Failed
from controller.clock import SystemClock
from controller.config import Config
from controller.orders import Person
from controller.store.ledger import Ledger
from controller.tracing import TracingError


def person() -> Person:
    """Who runs this command, and now. A container's user may have no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    return Person(name, SystemClock().now())


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
