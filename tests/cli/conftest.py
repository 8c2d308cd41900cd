"""A site of its own for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.site import Site, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    """Simulators on loopback and a valid configuration."""
    with site(tmp_path) as made:
        made.configure()
        yield made
