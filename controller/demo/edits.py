"""What somebody does by hand, in the platforms' panels, to records that are ours."""

from collections.abc import Collection, Sequence

from controller.demo.check import Record
from controller.demo.kinds import Kind

Edit = tuple[str, str, Record]
"""A request to a platform's simulator: method, path, and what is sent."""


def edits(kind: Kind, records: Sequence[Record], ours: Collection[str]) -> list[Edit]:
    """An edit of each of our records that is on: switched off, other packages, our mark and the phone wiped.

    Those left alone for longest come first: what a read shows right after our own write is not believed, it may lag.
    """
    words = kind.words
    victims = [each for each in records if words.is_on(each) and words.name_of(each) in ours]
    victims.sort(key=lambda record: str(record[kind.oldest_first]))
    return [kind.edit(victim) for victim in victims]
