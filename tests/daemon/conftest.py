"""A daemon of its own for every test."""

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller import log
from tests.bed import Bed
from tests.daemon.desk import Desk
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


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged."""
    stream = io.StringIO()
    log.setup("INFO", stream=stream)
    yield stream
    log.setup("WARNING")


@pytest.fixture
async def desk(tmp_path: Path, logged: io.StringIO) -> AsyncIterator[Desk]:
    """A daemon that follows a configuration file."""
    desk = Desk(tmp_path, logged)
    yield desk
    await desk.bed.aclose()
