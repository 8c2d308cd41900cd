"""What commands that work on an installation share: the configuration and the store.

`putting_together.py` has what takes more than these: a command that only looks at the store starts fast without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.cli.codes import Failed
from controller.config import Config, ConfigError, load
from controller.config.problems import for_log, nearest
from controller.config.secret import Contents
from controller.store import Store, StoreError


def configured(path: Path, *, as_daemon: bool = False, contents: Contents | None = None) -> Config:
    """The configuration, with logging set up and its warnings told. Raises `Failed` with every problem.

    `contents` is made to tell what it was read from, as by `load`.
    """
    config = read(path, contents)
    set_log(config, as_daemon=as_daemon)
    tell_warnings(config)
    return config


def configured_to_look(path: Path) -> Config:
    """The same for a command that logs nothing else; it starts faster. Raises `Failed` with every problem."""
    config = read(path)
    if config.warnings:
        set_log(config, as_daemon=False)
        tell_warnings(config)
    return config


def read(path: Path, contents: Contents | None = None) -> Config:
    """The configuration. Raises `Failed` with every problem."""
    try:
        return load(path, contents=contents)
    except ConfigError as error:
        raise Failed(str(error)) from None


def tell_warnings(config: Config) -> None:
    """Log what is odd about the configuration."""
    from controller import log

    for warning in config.warnings:
        log.logger("config").warning(for_log(warning))


def set_log(config: Config, *, as_daemon: bool) -> None:
    """Log as is configured, from now on; commands say warnings and errors only, so that results stand out."""
    from controller import log

    log.setup(config.log.level if as_daemon else "warning", config.log.format)


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
