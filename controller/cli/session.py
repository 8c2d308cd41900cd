"""What commands that work on an installation share: configuration, store, and the objects put together."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

from controller import log
from controller.app import Application, Network, World, assemble
from controller.cli.codes import Failed
from controller.clock import SystemClock
from controller.config import Config, ConfigError, load
from controller.config.problems import for_log, nearest
from controller.config.secret import Contents
from controller.orders import Person
from controller.store import Ledger, Store, StoreError, store_error_in
from controller.tracing import TracingError

T = TypeVar("T")


def configured(path: Path, *, as_daemon: bool = False, contents: Contents | None = None) -> Config:
    """The configuration, with logging set up and its warnings told. Raises `Failed` with every problem.

    `contents` is made to tell what it was read from, as by `load`.
    """
    log.setup("warning")
    try:
        config = load(path, contents=contents)
    except ConfigError as error:
        raise Failed(str(error)) from None
    set_log(config, as_daemon=as_daemon)
    for warning in config.warnings:
        log.logger("config").warning(for_log(warning))
    return config


def set_log(config: Config, *, as_daemon: bool) -> None:
    """Log as is configured, from now on; commands say warnings and errors only, so that results stand out."""
    log.setup(config.log.level if as_daemon else "warning", config.log.format)


def execute(work: Coroutine[object, object, T]) -> T:
    """Run a command's work; what the store objects becomes a sentence."""
    try:
        return asyncio.run(work)
    except StoreError as error:
        raise Failed(str(error)) from error
    except ExceptionGroup as group:
        failed = store_error_in(group)
        if failed is None:
            raise
        raise Failed(str(failed)) from group


def person() -> Person:
    """Who runs this command, and now. A container's user may have no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    return Person(name, SystemClock().now())


def check_platform(config: Config, name: str | None) -> None:
    """Raise `Failed` where a platform is named that there is not."""
    if name is not None and name not in config.platforms:
        raise Failed(f"there is no platform {name!r}; {nearest(name, config.platforms)}")


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """The store, to look at. Raises `Failed` where there is none yet or it cannot be used."""
    if not config.store.path.exists():
        raise Failed(f"there is no store at {config.store.path} yet: nothing has been read so far; run or apply first")
    store = None
    try:
        store = Store.open(config.store.path)
        with store.translating():
            yield store
    except StoreError as error:
        raise Failed(str(error)) from error
    finally:
        if store is not None:
            store.close()


def private_copy(path: Path) -> Store:
    """A copy of the store, on which anything can be tried without a trace."""
    store = Store.open(path)
    try:
        return store.copy()
    finally:
        store.close()


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
