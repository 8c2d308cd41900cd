"""What stands in a path for a user, and what cannot.

Rules of this module:

1. Ministra splits the path before it reads the id: a slash ends it, a comma separates several. A web server that
   rewrites the path, as Ministra's does, may read `& + % ; ? #` and a backslash anew. An id that is empty or "0" counts
   as none, and then *everybody* is meant.
2. `users/` takes 12 bytes or more with a colon for a MAC, `account_subscription/` any 12 bytes or more.
3. What does not address exactly the user meant is never sent.
"""

import re

from platforms.devices import is_mac, plain_device

_SAFE = r"(?!\.{1,2}$|0$)(?=\S)[^\x00-\x1f\x7f,/\\&+%;?#]*(?<=\S)"
NAME_PATTERN = r"(?!(?=.*:)(?:.{12}|.*[^\x00-\x7f]))" + _SAFE
"""A login that `users/<login>` finds; one with a colon has to be short, in bytes."""

_SHORTEST_MAC = 12


def is_addressable(login: str) -> bool:
    """Whether `users/<login>` means the user of that login."""
    return re.fullmatch(NAME_PATTERN, login) is not None


def spelt(mac: str) -> str:
    """A MAC as Ministra spells it: `00:1A:79:00:00:01`."""
    return ":".join(re.findall("..", plain_device(mac)))


def addon_address(mac: str, account_number: str) -> str | None:
    """What `account_subscription/` finds a user by; `None` if by nothing.

    A MAC that is stored in another spelling than the platform's own is not found by it.
    """
    if is_mac(mac) and mac == spelt(mac):
        return mac
    is_short = len(account_number.encode()) < _SHORTEST_MAC
    return account_number if is_short and re.fullmatch(_SAFE, account_number) else None
