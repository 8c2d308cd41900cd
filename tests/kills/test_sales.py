"""P6, P16: a daemon is killed wherever it reads what was sold, or books it, and once more while the next recovers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kills.choice import Choice, complaint, figures
from tests.kills.scenarios import SALES
from tests.kills.selling import Selling
from tests.kills.yard import yard

pytestmark = pytest.mark.kills
_FEW = 8


def test_p06_p16_each_sale_is_booked_once_whoever_was_killed(
    tmp_path: Path, choice: Choice, record_property: Callable[[str, object], None]
) -> None:
    if not choice.wants(SALES.name, _FEW):
        pytest.skip("only by order")
    with yard(tmp_path, SALES.platform, SALES.settings) as grounds:
        with grounds.ground() as first:
            selling = Selling(first)
        played = grounds.play(choice.once(selling.crossings, _FEW), selling)
        played += grounds.play(choice.twice(played, _FEW // 4), selling)
    record_property("kills", figures(SALES.name, played))
    assert not complaint(SALES.name, played), complaint(SALES.name, played)
