"""The key under which secrets are fingerprinted.

Rules of this module:

1. The key is made once, from the system's randomness, in a file of its own beside the database (mode 0600): whoever
   has only the database cannot try passwords against the fingerprints in it.
2. Losing the key costs one rewrite of every password, under the brake; it loses nothing.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from controller.store import StoreError

_SIZE = 32


def fingerprinter(store_path: Path) -> Callable[[str], str]:
    """The function that fingerprints secrets for this store. Raises `StoreError` where its key cannot be had."""
    path = store_path.with_name(store_path.name + ".key")
    try:
        key = _existing(path) or _made(path)
    except OSError as error:
        raise StoreError(f"the key file {path} cannot be used: {error.strerror or error}") from error
    return lambda secret: hashlib.blake2b(secret.encode(), key=key, digest_size=16).hexdigest()


def _existing(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(key) != _SIZE:
        raise StoreError(
            f"the key file {path} is damaged ({len(key)} bytes instead of {_SIZE}); restore it, or remove it to have"
            " all passwords written once more"
        )
    return key


def _made(path: Path) -> bytes:
    """Make the key; of two processes that try at once one wins, and both use its key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(os.urandom(_SIZE))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()
