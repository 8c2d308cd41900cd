"""A bed of its own for every test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.bed import Bed


@pytest.fixture
async def make_bed(tmp_path: Path) -> AsyncIterator[Callable[..., Bed]]:
    """Beds with configurations of the test's choosing; let go of at the end."""
    beds: list[Bed] = []

    def make(**blocks: object) -> Bed:
        beds.append(Bed(tmp_path, blocks))
        return beds[-1]

    yield make
    for bed in beds:
        await bed.aclose()


@pytest.fixture
def bed(make_bed: Callable[..., Bed]) -> Bed:
    """An installation as it usually is."""
    return make_bed()
