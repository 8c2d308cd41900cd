"""What a platform holds, or should hold, for an account.

Rules of this module:

1. Desired and observed share one type, `SubscriberSpec`, so that comparing them is comparing values.
2. A field that is `None` is not managed: what the platform holds there stays.
3. A record is ours by its ownership note, or because our store remembers that we made it. Everything else is foreign.
"""

import re
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from desired_state.account import Contact, Secret

_NOTE = re.compile(r"iptv-reconciler env=(?P<i_env>\d{1,18}) i_account=(?P<i_account>\d{1,18})(?!\d)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class SubscriberKey:
    """Whose record on which platform instance; the only thing that travels through queues."""

    platform: str
    i_account: int


class State(StrEnum):
    """Where a subscriber stands; each is in exactly one state (promise P19)."""

    IN_SYNC = "in_sync"
    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    BACKOFF = "backoff"
    PARKED = "parked"
    HELD = "held"
    PAUSED = "paused"
    CONFLICT = "conflict"
    NO_SERVICE = "no_service"


@dataclass(frozen=True, slots=True)
class Owner:
    """Which account of which billing environment a record was made for."""

    i_env: int
    i_account: int

    @property
    def note(self) -> str:
        """The text that marks a record as ours, in the platform's free field."""
        return f"iptv-reconciler env={self.i_env} i_account={self.i_account}"

    @staticmethod
    def of(note: str | None) -> "Owner | None":
        """The owner a free field names, wherever in it; `None` if it names none."""
        match = _NOTE.search(note or "")
        return Owner(int(match["i_env"]), int(match["i_account"])) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberSpec:
    """The state of one subscriber on one platform. `packages` are the platform's ids, sorted, without repeats.

    `max_connections` 0 means "no limit". `note` carries the ownership mark. `account_number` is the account's
    present id in billing, for platforms that show it to people beside the name of the record.
    """

    enabled: bool
    packages: tuple[str, ...] | None = None
    auth: str | None = None
    device_ids: tuple[str, ...] | None = field(default=None, repr=False)
    login: str | None = field(default=None, repr=False)
    password: Secret | None = None
    pin: Secret | None = None
    max_connections: int | None = None
    contact: Contact | None = None
    note: str | None = None
    account_number: str | None = None

    def over(self, observed: "SubscriberSpec") -> "SubscriberSpec":
        """This wish with every field it does not manage taken from what is observed."""
        both = zip(SPEC_FIELDS, _values(self), _values(observed), strict=True)
        return SubscriberSpec(**{name: theirs if ours is None else ours for name, ours, theirs in both})

    def differs_from(self, observed: "SubscriberSpec") -> tuple[str, ...]:
        """The names of the managed fields in which the platform holds something else."""
        both = zip(SPEC_FIELDS, _values(self), _values(observed), strict=True)
        return tuple([name for name, ours, theirs in both if ours is not None and ours != theirs])

    def sealed(self) -> "SubscriberSpec":
        """The same spec without the clear text of its secrets: what may be stored and compared."""
        if all(secret is None or secret.value is None for secret in (self.password, self.pin)):
            return self
        return replace(self, password=self.password and self.password.sealed(), pin=self.pin and self.pin.sealed())


SPEC_FIELDS = tuple(each.name for each in fields(SubscriberSpec))
UNREADABLE = ("password", "pin")
_values = attrgetter(*SPEC_FIELDS)


@dataclass(frozen=True, slots=True)
class Observation:
    """What a platform showed. `external_id` is the name we gave the record, `record_id` the platform's own.

    `observed_at` is the instant at which the reading began, so that a reading older than a write can be told.
    """

    external_id: str
    record_id: str
    spec: SubscriberSpec
    observed_at: datetime

    @property
    def owner(self) -> Owner | None:
        """Whom the record's own note names."""
        return Owner.of(self.spec.note)

    def with_secrets_of(self, remembered: SubscriberSpec | None) -> "Observation":
        """This observation with the secrets no platform shows, as we last wrote them (fingerprints).

        What a platform can show is that none is set: that is newer than what we remember.
        """
        if remembered is None:
            return self
        password = _known(self.spec.password, remembered.password)
        return replace(self, spec=replace(self.spec, password=password, pin=_known(self.spec.pin, remembered.pin)))


def _known(shown: Secret | None, remembered: Secret | None) -> Secret | None:
    return shown if shown is not None and not shown.fingerprint else remembered
