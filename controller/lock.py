"""One process at a time performs changes on a store, or the replicas that agree by a Lease which of them does."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.store import StoreError


@contextmanager
def performing(store_path: Path, *, is_shared: bool = False) -> Iterator[None]:
    """Hold the store's lock file while the context lasts; the system lets go of it when the process ends, however.

    Several may hold it together, where each says so. Raises `StoreError` where another process holds it otherwise.
    """
    path = store_path.with_name(store_path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"the lock file {path} cannot be used: {error.strerror or error}") from error
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise StoreError(
            f"another process works on the store {store_path} already (it holds {path}); stop it first,"
            " or use plan, status and explain, which only look"
        ) from None
    try:
        yield
    finally:
        os.close(file)
