"""One line of the log for every decision, in one form: looks, passes, charges and what billing is told.

Rules of this module:

1. What was decided is written down here, and nowhere else. `news.py` says what is worth a line.
2. A field that does not apply is left out. The trace's id is added by `log.py`.
3. Account ids, platforms, kinds, states and the sentences of `explain` may be shown; nothing else is (promise P10).
"""

from dataclasses import dataclass, fields
from operator import attrgetter

from controller.log import logger


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided, about which account (`account` is its id), and what came of it.

    `action` is a kind of call, `hold`, `none` (it stands otherwise than before, and no call was made), `charge` or
    `tell`. `reason` is the rule, as `explain` has it; `state` how it stands now, `held_by` what holds it. `intent` is
    the call's number in the audit, `request_id` its name there. `charge` is the sale, as `charges list` names it.
    `trigger` is what had it looked at.
    """

    account: str | None = None
    i_account: int | None
    platform: str | None = None
    billing: str | None = None
    charge: str | None = None
    action: str
    reason: str | None = None
    state: str | None = None
    held_by: str | None = None
    text: str | None = None
    intent: int | None = None
    request_id: str | None = None
    trigger: str | None = None
    result: str


_NAMES = tuple(field.name for field in fields(Decided))
_values = attrgetter(*_NAMES)


def tell(decided: Decided, seconds: float | None = None) -> None:
    """Write it down, with how long it took, if anybody counted."""
    said = zip(_NAMES, _values(decided), strict=True)
    told = {name: value for name, value in said if value is not None and value != ""}
    if seconds is not None:
        told["seconds"] = round(seconds, 3)
    logger("decisions").info("decided", **told)
