"""What may be seen of a record: nothing that anybody may have written about a person."""

import pytest

from controller.shown import show_spec
from desired_state.subscriber import Owner, SubscriberSpec

MARK = Owner(3, 70001).note


@pytest.mark.parametrize(
    ("note", "shown"),
    [
        ("", ""),
        (MARK, MARK),
        ("Ana Canary, call +4299123456", "set"),
        (f"Ana Canary {MARK} call +4299123456", f"{MARK} …"),
    ],
)
def test_p10_of_a_note_only_our_own_mark_is_shown(note: str, shown: str) -> None:
    assert show_spec(SubscriberSpec(enabled=True, note=note)) == {"enabled": True, "note": shown}


def test_p10_a_note_that_is_replaced_shows_as_changed() -> None:
    ours = SubscriberSpec(enabled=True, note=MARK)
    theirs = SubscriberSpec(enabled=True, note="Ana Canary")
    assert show_spec(theirs, ours) == {"enabled": True, "note": "changed"}
    assert show_spec(ours, theirs) == {"enabled": True, "note": MARK}
