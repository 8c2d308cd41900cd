"""The event loop of commands that act, or ask billing and platforms."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from controller.cli.codes import Failed
from controller.store import StoreError, store_error_in

T = TypeVar("T")


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
