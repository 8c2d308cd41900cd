"""What a check came to, and the words for what it missed. Pure.

Rules of this module:

1. A text names what was expected and what was found: fields, packages, counts, names of records that the run itself
   made. It never holds a secret, a login or contact data, and of a device only its ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from desired_state.account import Secret
from desired_state.desired import mask_device
from desired_state.subscriber import SPEC_FIELDS, UNREADABLE, SubscriberSpec
from platforms.driver import PlatformError

READABLE = tuple(name for name in SPEC_FIELDS if name not in UNREADABLE)
_NONE_SET = Secret("")
_SHOWN = ("enabled", "packages", "auth", "max_connections")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the result: `name` is the sentence that was put to the test, `text` what came of it."""

    name: str
    ok: bool
    text: str


class Deviation(Exception):
    """The driver did something else than it should; the text says what was expected and what was found."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def expect(holds: bool, text: str) -> None:
    """Raise `Deviation` unless it holds."""
    if not holds:
        raise Deviation(text)


def same(expected: SubscriberSpec, found: SubscriberSpec, fields: Iterable[str] = READABLE) -> None:
    """Raise `Deviation` unless these fields are the same, and no secret shows as cleared that is expected to be set."""
    wrong = [name for name in fields if getattr(expected, name) != getattr(found, name)]
    lost = [name for name in UNREADABLE if _is_set(getattr(expected, name)) and getattr(found, name) == _NONE_SET]
    expect(not wrong and not lost, "; ".join(_difference(name, expected, found) for name in (*wrong, *lost)))


def managed(wish: SubscriberSpec) -> tuple[str, ...]:
    """The fields that a wish manages and a platform can show."""
    return tuple(name for name in READABLE if getattr(wish, name) is not None)


def sentence_of(error: Exception) -> str:
    """What an error of a driver says; one that is none of `platforms.driver` is a bug, and may quote anything."""
    kind = type(error).__name__
    return f"{kind}: {error.text}" if isinstance(error, PlatformError) else f"{kind}, which is a bug of the driver"


def _difference(name: str, expected: SubscriberSpec, found: SubscriberSpec) -> str:
    if name in _SHOWN:
        return f"{name}: expected {getattr(expected, name)!r}, found {getattr(found, name)!r}"
    if name == "device_ids":
        return f"{name}: expected {_masked(expected.device_ids)}, found {_masked(found.device_ids)}"
    return f"{name}: what was found is not what was expected"


def _is_set(secret: Secret | None) -> bool:
    return secret is not None and bool(secret.fingerprint)


def _masked(devices: tuple[str, ...] | None) -> str:
    return "none" if not devices else ", ".join(mask_device(device) for device in devices)
