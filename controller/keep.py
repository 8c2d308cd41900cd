"""How much is kept of what grows with time; `store/retention.py` cuts it back, `retention.py` when."""

from dataclasses import dataclass
from datetime import timedelta

NEEDED = timedelta(days=2)
"""The audit of so long is kept in any case: twice what the brake counts."""


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of the audit: what is younger than `age`, and no more than the last `rows`."""

    age: timedelta
    rows: int
