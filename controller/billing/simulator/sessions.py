"""Logins, tokens and their ends (contract, section 1.2)."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from controller.billing.simulator.refusal import Refusal
from controller.billing.simulator.state import ENVIRONMENT
from controller.billing.simulator.switches import Switches
from platforms.simulation import Draw
from platforms.transport import Clock

I_USER = 17
_DATE_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(slots=True)
class _Login:
    session_id: str
    expires: datetime


@dataclass(slots=True)
class Sessions:
    """Who is logged in. `logins` counts every try."""

    clock: Clock
    draw: Draw
    logins: int = 0
    refreshes: int = 0
    _tokens: dict[str, _Login] = field(default_factory=dict)
    _refresh_tokens: dict[str, str] = field(default_factory=dict)
    _bad_logins: int = 0
    _locked_until: datetime | None = None
    _issued: int = 0

    def lose(self) -> None:
        """Forget every session, refresh tokens included: what inactivity or a restart does."""
        self._tokens.clear()
        self._refresh_tokens.clear()

    def login(self, params: Mapping[str, object], switches: Switches) -> dict[str, object]:
        """`Session/login`."""
        self.logins += 1
        if self._locked_until is not None and self.clock.now() < self._locked_until:
            raise Refusal("Server.Session.cannot_login_brute_force_activity", "Too many attempts")
        if "i_env" in params:
            raise Refusal("Client.Session.login.i_env", "Environment setting is forbidden")
        if not _is_right(params, switches):
            raise self._bad_login(switches)
        if switches.must_change_password:
            raise Refusal("Server.Session.alert_You_must_change_password", "You must change password")
        self._bad_logins = 0
        session_id = self._secret()
        return {"session_id": session_id, **self._issue(session_id, switches)}

    def refresh(self, params: Mapping[str, object], switches: Switches) -> dict[str, object]:
        """`Session/refresh_access_token`; its answer has no session_id."""
        self.refreshes += 1
        given = str(params.get("refresh_token", ""))
        session_id = self._refresh_tokens.get(given)
        if session_id is None:
            raise Refusal("Server.Session.refresh_access_token.refresh_failed", "Refresh failed")
        if switches.rotate_refresh_tokens:
            del self._refresh_tokens[given]
        self._end(session_id)
        return self._issue(session_id, switches, with_refresh_token=switches.rotate_refresh_tokens)

    def ping(self, params: Mapping[str, object]) -> dict[str, object]:
        """`Session/ping`: never a fault."""
        login = self._tokens.get(str(params.get("access_token", "")))
        alive = login is not None and self.clock.now() < login.expires
        return {"user_id": I_USER if alive else 0}

    def logout(self, params: Mapping[str, object]) -> dict[str, object]:
        """`Session/logout` by access token or session id."""
        login = self._tokens.get(str(params.get("access_token", "")))
        session_id = login.session_id if login is not None else str(params.get("session_id", ""))
        alive = any(other.session_id == session_id for other in self._tokens.values())
        if not alive and "access_token" in params:
            raise Refusal("Client.Session.logout.failed_to_process_access_token", "Failed to process access token")
        self._end(session_id)
        return {"success": int(alive)}

    def check(self, credential: str | None) -> None:
        """Let in a call that brings an access token, or (form bodies) a session id."""
        if not credential:
            raise Refusal("Client.check_auth.envelope_missed", "Authentication information is missing")
        login = self._tokens.get(credential) or self._by_session_id(credential)
        if login is None:
            raise Refusal("Server.Session.check_auth.auth_failed", "Authentication failed")
        if self.clock.now() >= login.expires:
            raise Refusal("Client.Session.check_auth.failed_to_process_access_token", "Access token has expired")

    def _by_session_id(self, session_id: str) -> _Login | None:
        return next((login for login in self._tokens.values() if login.session_id == session_id), None)

    def _bad_login(self, switches: Switches) -> Refusal:
        self._bad_logins += 1
        if self._bad_logins >= switches.bad_logins_before_lock:
            self._bad_logins = 0
            self._locked_until = self.clock.now() + timedelta(seconds=switches.lock_seconds)
        return Refusal("Server.Session.auth_failed", "Authentication failed")

    def _end(self, session_id: str) -> None:
        self._tokens = {token: login for token, login in self._tokens.items() if login.session_id != session_id}

    def _issue(self, session_id: str, switches: Switches, *, with_refresh_token: bool = True) -> dict[str, object]:
        now = self.clock.now()
        login = _Login(session_id, now + timedelta(seconds=switches.token_life))
        access = _jwt(login, now, switches, self._secret()) if switches.jwt_tokens else self._secret()
        self._tokens[access] = login
        answer: dict[str, object] = {"access_token": access}
        if with_refresh_token:
            answer["refresh_token"] = self._secret()
            self._refresh_tokens[str(answer["refresh_token"])] = session_id
        if switches.tell_expires_at:
            answer["expires_at"] = login.expires.strftime(_DATE_TIME)
        if switches.tell_expires_in:
            answer["expires_in"] = switches.token_life
        return answer

    def _secret(self) -> str:
        """Never the same twice."""
        self._issued += 1
        return f"{int(self.draw() * 16**10):010x}{self._issued:06x}"


def _is_right(params: Mapping[str, object], switches: Switches) -> bool:
    if params.get("login") != switches.login:
        return False
    return params.get("token") == switches.token or params.get("password") == switches.password


def _jwt(login: _Login, now: datetime, switches: Switches, signature: str) -> str:
    """A token of the right shape; its signature is none, but no two tokens are the same."""
    claims = {
        "exp": int(login.expires.timestamp()),
        "iat": int(now.timestamp()),
        "jti": login.session_id,
        "i_user": I_USER,
        "i_env": ENVIRONMENT,
        "login": switches.login,
        "realm": "admin",
        "scopes": "espf.api:write espf.handlers:write",
        "aud": ["portabilling-api", "portasip-api", "espf-api"],
        "is_super_user": 0,
    }
    return ".".join((_base64({"alg": "RS256", "typ": "JWT"}), _base64(claims), signature))


def _base64(value: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")
