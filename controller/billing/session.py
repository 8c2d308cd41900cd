"""Our session at PortaBilling: one login at a time, and no storm of them (contract, sections 1.2 and 1.3).

Rules of this module:

1. Whoever needs a token takes the present one; it is renewed by refresh, else by login, by one task while the others
   wait. Who waited takes what that task got, its failure included.
2. It is renewed before its life is over. Where that fails, the present token goes on being used until billing refuses
   it or its life is over; the next try is made after a tenth of what is left of it.
3. A login that failed is not tried again for a while: everybody gets the same error until then. After refusals in a row
   the pause doubles, so that wrong credentials do not get the user locked; the longest follows a lock for brute force,
   which every further try would prolong, a login in place of a locked refresh included. A login that was not sent
   (`Resting`) has not failed.
4. `i_env` is never sent: a user of one environment is refused for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from controller.billing.faults import BillingFault, Meaning
from controller.billing.tokens import Tokens, tokens_in
from platforms.driver import Resting, Transient, Unavailable
from platforms.transport import Clock

LOGIN = "Session/login"
REFRESH = "Session/refresh_access_token"

PAUSE_AFTER_LOCK = timedelta(minutes=15)
PAUSE_AFTER_REFUSAL = timedelta(minutes=1)
PAUSE_AFTER_FAILURE = timedelta(seconds=1)

Ask = Callable[[str, Mapping[str, object]], Awaitable[Mapping[str, object]]]
"""Make one call without a session: operation and parameters to the answer. Raises `PlatformError`."""

_SENTENCES = {
    Meaning.LOGIN_REFUSED: "billing does not accept our login ({code}): check login, token or password in the"
    " configuration, and whether the API user is enabled",
    Meaning.LOGIN_LOCKED: "billing has locked logins after too many bad ones ({code}): correct the credentials; we"
    " try again after 15 minutes",
    Meaning.PASSWORD_EXPIRED: "billing wants the password of our API user changed ({code}): change it there and in the"
    " configuration, or use an API token",
}


class Session:
    """The tokens of one API user."""

    def __init__(self, credentials: Mapping[str, str], ask: Ask, clock: Clock) -> None:
        """`credentials` are the parameters of a login: `login`, and `token` or `password`."""
        self._credentials = credentials
        self._ask = ask
        self._clock = clock
        self._renewing = asyncio.Lock()
        self._tokens: Tokens | None = None
        self._failure: Transient | Unavailable | None = None
        self._paused_until = 0.0
        self._early_from = 0.0
        self._refusals = 0

    @property
    def is_living(self) -> bool:
        """Whether there is a token that is still of use, so that a login that fails keeps nobody out."""
        return self._living is not None

    async def token(self) -> str:
        """A token that should be accepted. Raises `Unavailable` or `Transient` where there is none to be had."""
        living = self._living
        if living is not None and not (living.is_due(self._clock.monotonic()) and self._may_try_early()):
            return living.access
        try:
            return await self._renewed(self._tokens)
        except (Transient, Unavailable):
            living = self._living
            if living is None:
                raise
            return living.access

    def accepted(self, token: str) -> None:
        """Billing carried out a call with this token."""
        present = self._tokens
        if present is not None and not present.is_proven and present.access == token:
            self._tokens = replace(present, is_proven=True)

    async def token_instead_of(self, refused: str) -> str:
        """Another token than `refused`, which billing does not accept any more; by a login, if a refresh just gave it.

        Raises `Unavailable` or `Transient` where there is none to be had.
        """
        living = self._living
        if living is not None and living.access != refused:
            return living.access
        if living is not None:
            refresh = None if living.is_refreshed and not living.is_proven else living.refresh
            self._tokens = replace(living, refresh=refresh, ends_at=self._clock.monotonic())
        return await self._renewed(self._tokens)

    async def token_by_login(self, refused: str) -> str:
        """The same for one that was renewed and refused at once: raises `Unavailable` where a login gave it."""
        living = self._living
        if living is not None and living.access == refused and not (living.is_refreshed or living.is_proven):
            raise self.give_up(refused)
        return await self.token_instead_of(refused)

    def give_up(self, refused: str) -> Unavailable:
        """Forget a token that was refused although it is new, and pause; returns the error that says so."""
        error = Unavailable("billing does not accept a session that it has just given us; check the API user's rights")
        if self._tokens is None or self._tokens.access == refused:
            self._tokens = None
            self._pause(error)
        return error

    async def _renewed(self, stale: Tokens | None) -> str:
        async with self._renewing:
            present = self._tokens
            if present is None or (stale is not None and present.access == stale.access):
                if self._failure is not None and self._is_paused():
                    raise _again(self._failure)
                present = self._tokens = await self._new_tokens(present)
            return present.access

    async def _new_tokens(self, old: Tokens | None) -> Tokens:
        try:
            tokens = await self._refreshed(old) or await self._logged_in()
        except Resting:
            raise
        except (Transient, Unavailable) as error:
            self._pause(error)
            raise
        self._failure = None
        self._refusals = 0
        return tokens

    async def _refreshed(self, old: Tokens | None) -> Tokens | None:
        """New tokens for old, or `None` where only a login helps."""
        if old is None or old.refresh is None:
            return None
        asked_at = (self._clock.now(), self._clock.monotonic())
        try:
            return tokens_in(await self._ask(REFRESH, {"refresh_token": old.refresh}), old, asked_at)
        except BillingFault as fault:
            if fault.meaning is Meaning.LOGIN_LOCKED:
                raise session_error(fault) from None
            return None

    async def _logged_in(self) -> Tokens:
        if self._tokens is not None:
            self._tokens = replace(self._tokens, refresh=None)
        asked_at = (self._clock.now(), self._clock.monotonic())
        try:
            tokens = tokens_in(await self._ask(LOGIN, self._credentials), None, asked_at)
        except BillingFault as fault:
            raise session_error(fault) from None
        if tokens is None:
            raise Transient("billing's answer to our login holds no access token that we could use")
        return tokens

    @property
    def _living(self) -> Tokens | None:
        """The present token, if billing may still accept it."""
        present = self._tokens
        return present if present is not None and not present.is_over(self._clock.monotonic()) else None

    def _may_try_early(self) -> bool:
        """Whether to renew a token that is still good; nobody waits for a try of another that may fail once more."""
        is_tried = self._failure is not None and self._renewing.locked()
        return self._clock.monotonic() >= self._early_from and not is_tried

    def _is_paused(self) -> bool:
        return self._clock.monotonic() < self._paused_until

    def _pause(self, error: Transient | Unavailable) -> None:
        now, living = self._clock.monotonic(), self._living
        pause = _pause_after(error, self._refusals).total_seconds()
        unhurried = min((living.ends_at - now) / 10, PAUSE_AFTER_LOCK.total_seconds()) if living is not None else 0.0
        self._failure = error
        self._paused_until = now + pause
        self._early_from = now + max(pause, unhurried)
        self._refusals += isinstance(error, Unavailable)


class LoginsLocked(Unavailable):
    """Billing has locked logins for a while: every further try would prolong it."""


def session_error(fault: BillingFault) -> Unavailable:
    """What a fault about the session means to everybody, in words."""
    sentence = _SENTENCES.get(fault.meaning, "billing refused our login: {code}").format(code=fault.code)
    return LoginsLocked(sentence) if fault.meaning is Meaning.LOGIN_LOCKED else Unavailable(sentence)


def _pause_after(error: Transient | Unavailable, refusals: int) -> timedelta:
    """`refusals` are those before this one, in a row."""
    if isinstance(error, LoginsLocked):
        return PAUSE_AFTER_LOCK
    if isinstance(error, Transient):
        return max(error.retry_after or PAUSE_AFTER_FAILURE, PAUSE_AFTER_FAILURE)
    return min(PAUSE_AFTER_REFUSAL * (1 << min(refusals, 8)), PAUSE_AFTER_LOCK)


def _again(error: Transient | Unavailable) -> Transient | Unavailable:
    """A new exception of the same kind and text: one that many tasks raise would gather all their tracebacks."""
    return Transient(error.text, error.retry_after) if isinstance(error, Transient) else Unavailable(error.text)
