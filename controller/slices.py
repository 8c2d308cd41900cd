"""What sweeps over many accounts share: they go slice by slice, so that what is urgent is served in between."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from controller.store import Records
from controller.store.ledger import Ledger
from controller.targets import Platform

T = TypeVar("T")


def slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """All of them in their order, so many at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


async def with_records(ledger: Ledger, platform: Platform, action: Callable[[Records], T]) -> T:
    """Do something with what is known of a platform's records, in a slice of its own. Raises `StoreError`."""
    return await ledger.run_slice(lambda store: action(store.records(platform.name, platform.i_env)))
