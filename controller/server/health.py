"""Is the process alive, and is it ready?

Rules of this module:

1. Alive is one fact: the loop has made progress within the stated time. Nothing outside the process counts (promise
   P22), or a platform's outage would restart every pod.
2. Ready is three: the configuration is valid, the store is open, and it has a whole list of billing's accounts, which a
   process before may have read: whoever begins anew can keep events and explain accounts at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Check:
    """The answer to one question, with a sentence for whoever asks why."""

    ok: bool
    text: str


class HealthSource(Protocol):
    """What the endpoints ask; both answer at once, from memory."""

    def live(self) -> Mapping[str, Check]:
        """The checks of `/livez`."""
        ...

    def ready(self) -> Mapping[str, Check]:
        """The checks of `/readyz`."""
        ...


class Health:
    """The facts as the loop and the composition root report them.

    `monotonic` gives seconds that never go back; `stalled_after` is the time without progress after which the process
    counts as stuck.
    """

    def __init__(self, monotonic: Callable[[], float], stalled_after: timedelta) -> None:
        self._monotonic = monotonic
        self._stalled_after = stalled_after
        self._progress_at = monotonic()
        self._ready = {
            "configuration": Check(False, "not loaded yet"),
            "store": Check(False, "not open yet"),
            "snapshot": Check(False, "billing has not been read completely yet"),
        }

    def progressed(self) -> None:
        """The loop took a step, if only to find that there is nothing to do."""
        self._progress_at = self._monotonic()

    def configured(self) -> None:
        """The configuration is valid."""
        self._ready["configuration"] = Check(True, "valid")

    def stored(self, usable: bool = True) -> None:
        """The store can be used, or no longer can."""
        self._ready["store"] = Check(usable, "open" if usable else "cannot be used")

    def snapshot_taken(self) -> None:
        """Billing's list has been read completely at least once."""
        self._ready["snapshot"] = Check(True, "read")

    @property
    def has_snapshot(self) -> bool:
        """Whether billing's list is known to have been read."""
        return self._ready["snapshot"].ok

    def live(self) -> Mapping[str, Check]:
        """Whether the loop still turns."""
        idle = self._monotonic() - self._progress_at
        limit = self._stalled_after.total_seconds()
        return {"loop": Check(idle <= limit, f"last progress {idle:.0f} s ago; stuck after {limit:.0f} s")}

    def ready(self) -> Mapping[str, Check]:
        """Whether there is all that is needed to answer for the accounts."""
        return dict(self._ready)
