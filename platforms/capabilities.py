"""What kinds of platforms can do: the configuration and the core's callers know it without a driver."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Degradable = Literal["connection_limit", "devices", "pin"]
"""What an operator may do without on a platform that cannot hold it: the limit, further devices, the PIN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a platform can hold, and how; lengths are in characters, `None` is no limit.

    Names: `name_pattern` is what a name has to match as a whole (empty: anything), `folds_case` that two names which
    differ only in case are one. `only_macs`: a device is a MAC. `login_is_name`: viewers log in by the name of the
    record, so that no login is set. `can_clear_password`: one that is set can be taken away. `writes_secrets_anew`:
    whatever is changed of a record, its secrets are part of the call. `read_lag` is how long a read may still show the
    state before a write.
    `finds_by_name`: a record can be asked for by the name we gave it; where it cannot, a record whose making was not
    answered is looked for by a person, never made once more.
    `has_charges`: there is a feed of what it sells.
    """

    external_id_length: int = 64
    name_pattern: str = ""
    folds_case: bool = False
    can_rename: bool = True
    can_delete: bool = True
    auths: frozenset[str] = frozenset({"device", "login", "all"})
    max_devices: int | None = None
    only_macs: bool = False
    login_length: int | None = None
    login_is_name: bool = False
    has_password: bool = True
    can_clear_password: bool = True
    has_pin: bool = True
    has_connection_limit: bool = True
    note_length: int | None = None
    writes_secrets_anew: bool = False
    read_lag: timedelta = timedelta(0)
    finds_by_name: bool = True
    has_charges: bool = False
