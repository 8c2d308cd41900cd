"""What PortaBilling's refusals mean (contract, section 1.3): one table, by fault code.

Every fault comes as HTTP 500 with `{"faultcode", "faultstring"}`, those about the session included; a status says
nothing by itself. Only the code is ever shown: the string may quote what we sent, personal data included.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto

import msgspec

from platforms.driver import Rejected

_PRESENTABLE = re.compile(r"[A-Za-z0-9_.:/-]{1,120}")


class Meaning(Enum):
    """What to do about a fault."""

    SESSION_OVER = auto()  # refresh or log in again, then repeat: the call was not carried out
    REFRESH_REFUSED = auto()  # log in
    LOGIN_REFUSED = auto()  # wrong credentials: for a person
    LOGIN_LOCKED = auto()  # too many bad logins: wait long
    PASSWORD_EXPIRED = auto()  # for a person
    REFUSED = auto()  # this call, and nothing else


_MEANINGS: Mapping[str, Meaning] = {
    "Server.Session.auth_failed": Meaning.LOGIN_REFUSED,
    "Server.Session.cannot_login_brute_force_activity": Meaning.LOGIN_LOCKED,
    "Server.Session.alert_You_must_change_password": Meaning.PASSWORD_EXPIRED,
    "Server.Session.check_auth.auth_failed": Meaning.SESSION_OVER,
    "Client.Session.check_auth.failed_to_process_access_token": Meaning.SESSION_OVER,
    "Client.Session.check_auth.failed_to_process_jwt": Meaning.SESSION_OVER,
    "Client.check_auth.envelope_missed": Meaning.SESSION_OVER,
    "Server.Session.refresh_access_token.refresh_failed": Meaning.REFRESH_REFUSED,
    # Refused like any code that is not here; listed because the contract's table does. To log in again in order to
    # log out would be absurd, so a dead session is no `SESSION_OVER` there.
    "Client.Session.logout.failed_to_process_access_token": Meaning.REFUSED,
    "Server.Account.duplicate_id": Meaning.REFUSED,
    "Server.Account.duplicate_login": Meaning.REFUSED,
    "Client.Account.too_short.account_info.login": Meaning.REFUSED,
    "Server.CDR.xdr_not_found": Meaning.REFUSED,
}


class BillingFault(Rejected):
    """Billing understood a call and refused it. `code` is its fault code."""

    def __init__(self, operation: str, code: str) -> None:
        super().__init__(f"billing refused {operation}: {code}")
        self.operation = operation
        self.code = code

    @property
    def meaning(self) -> Meaning:
        """What to do about it; a code that the table does not have concerns this call only."""
        return _MEANINGS.get(self.code, Meaning.REFUSED)


class _Fault(msgspec.Struct):
    faultcode: str


_DECODER = msgspec.json.Decoder(_Fault)


def fault_in(body: bytes, operation: str) -> BillingFault | None:
    """The fault that the body of an answer states; `None` if it states none (a proxy's page, an empty body)."""
    try:
        code = _DECODER.decode(body).faultcode.strip()
    except (ValueError, RecursionError):
        return None
    return BillingFault(operation, code if _PRESENTABLE.fullmatch(code) else "a fault with an unreadable code")
