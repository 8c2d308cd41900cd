"""P18: a daemon that was told is killed before, while and after it answers, and while it acts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kills.announcing import Announcing
from tests.kills.choice import Choice, complaint, figures
from tests.kills.scenarios import EVENTS
from tests.kills.yard import yard

pytestmark = pytest.mark.kills
_FEW = 12


def test_p18_what_was_answered_is_acted_upon_whoever_was_killed(
    tmp_path: Path, choice: Choice, record_property: Callable[[str, object], None]
) -> None:
    if not choice.wants(EVENTS.name, _FEW):
        pytest.skip("only by order")
    with yard(tmp_path, EVENTS.platform, EVENTS.settings) as grounds:
        with grounds.ground() as first:
            announcing = Announcing(first)
        cases = choice.once(announcing.crossings, _FEW)
        played = grounds.play(cases, announcing)
    record_property("kills", figures(EVENTS.name, played))
    assert not complaint(EVENTS.name, played), complaint(EVENTS.name, played)
