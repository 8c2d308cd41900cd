"""When an account that billing shows no longer counts as gone, and what follows from that (promise P3).

Rules of this module:

1. An account is absent once two complete lists did not show it, the later of which began at least `APART` after the
   earlier had ended, and billing, asked for this very account after both, said that it has none. Lists that come sooner
   are one with the last that counted.
2. What is not proven says nothing: an incomplete list, a fault, no answer, an answer about another account neither
   count nor end the count. The account itself ends it, seen in any list or by a look-up: that is for the shell to see.
3. An instant that lies ahead comes of a clock that was wrong. What rests on it begins anew, which can only be later.
4. The first effect is that the record is switched off. It may be removed when it has been off, for the absence, as long
   as the platform's grace.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

APART = timedelta(minutes=15)
LISTS = 2
ABSENT = "absent_from_billing"
"""The reason for which the record of an account is switched off and removed that is proven to be gone."""


@dataclass(frozen=True, slots=True)
class Absence:
    """What is known of an account that is missing in billing's lists.

    `since` is when the first complete list without it began, `lists` how many such lists count, and `counted_at` when
    the last of these ended. `looked_up_at` is when billing, asked for the account, last said that it has none;
    `proven_at` when it first did so after enough lists.
    """

    since: datetime
    lists: int
    counted_at: datetime
    looked_up_at: datetime | None = None
    proven_at: datetime | None = None

    @property
    def is_proven(self) -> bool:
        """Whether the account is gone."""
        return self.proven_at is not None

    @property
    def awaits_look_up(self) -> bool:
        """Whether only billing's own word about this account is missing."""
        return self.lists >= LISTS and not self.is_proven


def unlisted(known: Absence | None, began: datetime, ended: datetime) -> Absence:
    """A complete list, read from `began` to `ended`, did not show the account."""
    if known is None or began < known.counted_at:
        return Absence(began, 1, ended)
    if began - known.counted_at < APART:
        return known
    return replace(known, lists=known.lists + 1, counted_at=ended)


def denied(known: Absence, at: datetime) -> Absence:
    """Billing, asked at an instant for this very account, said that it has none."""
    proves = known.lists >= LISTS and at >= known.counted_at
    return replace(known, looked_up_at=at, proven_at=known.proven_at or (at if proves else None))


@dataclass(frozen=True, slots=True)
class Grace:
    """How long the record of an absent account stays: `off_since`, as far as it is off, until it `ends`."""

    off_since: datetime | None = None
    ends: datetime | None = None
    is_over: bool = False


def off_since(known: datetime | None, now: datetime, *, is_off: bool) -> datetime | None:
    """Since when a record has been off for the absence, given since when that was known; `None` if it is on."""
    if not is_off:
        return None
    return known if known is not None and known <= now else now


def grace(since: datetime | None, length: timedelta, now: datetime) -> Grace:
    """The grace of a record that has been off since an instant."""
    if since is None:
        return Grace()
    return Grace(since, since + length, is_over=since + length <= now)


def next_step(known: Absence | None) -> str:
    """What is awaited before the account counts as gone, for whoever asks."""
    if known is None:
        return "a complete list without the account counts as the first, as long as a platform has a record of it"
    if known.lists < LISTS:
        return f"a complete list that begins after {_at(known.counted_at + APART)} counts as the second"
    if not known.is_proven:
        return "billing is asked for the account itself with every pass, until it says that it has none"
    return "its records are switched off, and stay so for the grace of their platform"


def because(known: Absence, left: Grace, length: timedelta, *, deletes: bool) -> str:
    """Why the record is off or goes, in a sentence; `deletes`: the platform's records may be deleted at all."""
    proven = known.proven_at or known.counted_at
    fact = f"absent from billing since {_at(known.since)}, confirmed by a look-up at {_at(proven)}"
    if not deletes:
        return f"{fact}; stays switched off, because delete_enabled is false"
    if left.ends is None:
        return f"{fact}; will be switched off, and deleted when it has been off for {_span(length)}"
    return f"{fact}, will be deleted after {_at(left.ends)}"


def _span(length: timedelta) -> str:
    return str(length).removesuffix(", 0:00:00")


def _at(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
