"""The independent check: do the platforms show what billing's facts ask for?

Rules of this package:

1. It imports nothing of the product and shares no code with it: the expectations are written down here once more, from
   the contracts and the demo's catalog, in plain words.
2. It looks at every account and at every record, and says every difference in a line a person can read.

`facts` are billing's, `words` the form in which each platform's are written down, `judging` compares the two.
"""

from collections.abc import Mapping

from controller.demo.check.facts import CLOSED, ENVIRONMENT, OFF, ON, REAL_ACCOUNTS, Account, AddOn
from controller.demo.check.judging import Difference, Memory, Scene, differences
from controller.demo.check.ministra import MINISTRA
from controller.demo.check.seachange import SEACHANGE
from controller.demo.check.telebreeze import TELEBREEZE
from controller.demo.check.words import Record, Words

WORDS: Mapping[str, Words] = {"tv": TELEBREEZE, "cable": SEACHANGE, "box": MINISTRA}
"""The words of the demo's platforms, by the name that its configuration gives them."""

__all__ = (
    "CLOSED",
    "ENVIRONMENT",
    "OFF",
    "ON",
    "REAL_ACCOUNTS",
    "WORDS",
    "Account",
    "AddOn",
    "Difference",
    "Memory",
    "Record",
    "Scene",
    "Words",
    "differences",
)
