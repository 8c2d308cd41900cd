"""What the other folders have as well: beds of a test's own."""

from tests.loop.conftest import bed, make_bed

__all__ = ["bed", "make_bed"]
