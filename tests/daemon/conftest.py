"""A daemon of its own for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bed import Bed
from tests.daemon.office import Office


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bed]:
    """An installation as it usually is."""
    bed = Bed(tmp_path, {})
    yield bed
    await bed.aclose()


@pytest.fixture
def office(bed: Bed) -> Office:
    """A daemon over it."""
    return Office(bed)
