"""A bed of its own for every test, with charges enabled."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.bed import Bed
from tests.charges.market import ON


@pytest.fixture
async def make_bed(tmp_path: Path) -> AsyncIterator[Callable[..., Bed]]:
    """Beds with configurations of the test's choosing; let go of at the end."""
    beds: list[Bed] = []

    def make(**blocks: object) -> Bed:
        beds.append(Bed(tmp_path, {"charges": ON, **blocks}))
        return beds[-1]

    yield make
    for bed in beds:
        await bed.aclose()


@pytest.fixture
def bed(make_bed: Callable[..., Bed]) -> Bed:
    """An installation that books what is sold."""
    return make_bed()
