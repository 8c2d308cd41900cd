"""Values of the core <-> what a column holds.

Rules of this module:

1. Nothing is encoded with the clear text of a secret in it: callers hand over sealed values.
2. What cannot be decoded is damage of the database (`Malformed`): we never put it there.
3. A fingerprint is 12 bytes of blake2b over the encoded value: equal values, equal fingerprints.
"""

import hashlib
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from controller.store.trouble import Malformed
from desired_state.account import Account
from desired_state.desired import Desired
from desired_state.subscriber import State, SubscriberSpec

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_account = msgspec.json.Decoder(Account)
_desired = msgspec.json.Decoder(Desired)
_spec = msgspec.json.Decoder(SubscriberSpec)


def encode(value: Account | Desired | SubscriberSpec) -> bytes:
    """The JSON of a (sealed) value."""
    return _encoder.encode(value)


def decode_account(text: bytes | str) -> Account:
    """The account that was encoded."""
    return _decoded(_account, text)


def decode_desired(text: bytes | str) -> Desired:
    """The wish that was encoded."""
    return _decoded(_desired, text)


def decode_spec(text: bytes | str) -> SubscriberSpec:
    """The spec that was encoded."""
    return _decoded(_spec, text)


def decode_state(text: str) -> State:
    """The state of that name."""
    try:
        return State(text)
    except ValueError:
        raise Malformed("a stored State cannot be read") from None


def _decoded(decoder: msgspec.json.Decoder[T], text: bytes | str) -> T:
    try:
        return decoder.decode(text)
    except msgspec.MsgspecError:
        raise Malformed(f"a stored {decoder.type.__name__} cannot be read") from None


def fingerprint(encoded: bytes) -> bytes:
    """What two encoded values are compared by."""
    return hashlib.blake2b(encoded, digest_size=12).digest()


def to_seconds(at: datetime | None) -> float | None:
    """An instant as a column holds it."""
    return None if at is None else at.timestamp()


def instant(seconds: float) -> datetime:
    """An instant as the core has it."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise Malformed("a stored instant cannot be read") from None


def to_instant(seconds: float | None) -> datetime | None:
    """An instant as the core has it, or `None` where the column is empty."""
    return None if seconds is None else instant(seconds)
