"""Whether the reading of details rests (`backlog.py` does it), as far as the store tells."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from controller.store import Store


@dataclass(frozen=True, slots=True)
class Rest:
    """Details are not read for a while: `since` when billing does not give them, `until` when, and what it answered."""

    since: datetime
    until: datetime
    text: str


def resting(store: Store, name: str) -> Rest | None:
    """Whether the reading of the details of the billing source called `name` rests."""
    noted = store.targets.meta(_key(name))
    return msgspec.json.decode(noted, type=Rest) if noted else None


def note_rest(store: Store, name: str, rest: Rest | None) -> None:
    """Note that the reading rests, or does not."""
    if rest is not None or store.targets.meta(_key(name)):
        store.targets.set_meta(_key(name), msgspec.json.encode(rest).decode() if rest is not None else "")


def _key(name: str) -> str:
    return f"{name} rests from details"
