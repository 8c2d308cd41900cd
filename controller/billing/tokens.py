"""Access tokens and how long they live (contract, section 1.2). Pure.

Rules of this module:

1. The life is `expires_in` where billing tells it, else the JWT's own `exp - iat`, else the time to `expires_at`. The
   first two need no agreement of clocks. A life that nobody tells, or that makes no sense, is `None`: then the fault
   that ends it is the only sign.
2. A token is renewed when `MARGIN` of its life is left, and used until the end of it where that fails. A fixed margin
   once made every call log in, when tokens lived no longer than the margin.
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from math import inf

import msgspec

from controller.billing.values import Unreadable, instant, money, text

MARGIN = 0.15


@dataclass(frozen=True, slots=True)
class Tokens:
    """A session. Its instants are on the monotonic clock, in seconds; infinite if the token's life is not known.

    `is_refreshed`: it comes of a refresh, not of a login. `is_proven`: billing accepted it.
    """

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    renew_at: float = inf
    ends_at: float = inf
    is_refreshed: bool = False
    is_proven: bool = False

    def is_due(self, monotonic: float) -> bool:
        """Whether it is time for a new one."""
        return monotonic >= self.renew_at

    def is_over(self, monotonic: float) -> bool:
        """Whether it is of no more use."""
        return monotonic >= self.ends_at


def tokens_in(answer: Mapping[str, object], previous: Tokens | None, asked_at: tuple[datetime, float]) -> Tokens | None:
    """The tokens of a login or refresh; `None` if there is no access token in it, or none that a header can carry.

    `asked_at` is the instant the question left, on both clocks: a life is counted from there, never too long. The
    refresh token of `previous` goes on where billing sends no new one.
    """
    try:
        access = text("access_token", answer.get("access_token"))
        refresh = text("refresh_token", answer.get("refresh_token"))
    except Unreadable:
        return None
    if not (access and access.isascii() and access.isprintable()):
        return None
    wall, monotonic = asked_at
    life = lifetime(answer, access, wall)
    kept = previous.refresh if previous is not None else None
    life = inf if life is None else life
    renew_at, ends_at = monotonic + life * (1 - MARGIN), monotonic + life
    return Tokens(access, refresh or kept, renew_at, ends_at, is_refreshed=previous is not None)


def lifetime(answer: Mapping[str, object], access: str, now: datetime) -> float | None:
    """The life of the token in seconds, counted from `now`."""
    for seconds in (_told(answer), _of_jwt(access, now), _until(answer, now)):
        if seconds is not None and seconds > 0:
            return seconds
    return None


def _told(answer: Mapping[str, object]) -> float | None:
    return _number(answer.get("expires_in"))


def _until(answer: Mapping[str, object], now: datetime) -> float | None:
    try:
        expires = instant("expires_at", answer.get("expires_at"))
    except Unreadable:
        return None
    return (expires - now).total_seconds() if expires is not None else None


def _of_jwt(token: str, now: datetime) -> float | None:
    """The claims are only read, not trusted: whether the token holds is for billing to say."""
    try:
        payload = token.split(".")[1]
        claims = msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=dict[str, object])
    except (IndexError, binascii.Error, ValueError):
        return None
    expires, issued = _number(claims.get("exp")), _number(claims.get("iat"))
    if expires is None:
        return None
    return expires - (issued if issued is not None else now.timestamp())


def _number(value: object) -> float | None:
    try:
        number = money("", Decimal(str(value)) if isinstance(value, float) else value)
    except Unreadable:
        return None
    return None if number is None else float(number)
