"""The subjects as fixtures."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.subjects import FAULTY_SUBJECTS, SUBJECTS, FaultySubject, Subject


@pytest.fixture(params=SUBJECTS)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    async with SUBJECTS[request.param]() as made:
        yield made


@pytest.fixture(params=FAULTY_SUBJECTS)
async def faulty(request: pytest.FixtureRequest) -> AsyncIterator[FaultySubject]:
    async with FAULTY_SUBJECTS[request.param]() as made:
        yield made
