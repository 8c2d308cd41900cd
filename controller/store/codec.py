"""Values of the core <-> what a column holds.

Rules of this module:

1. Nothing is encoded with the clear text of a secret in it: callers hand over sealed values.
2. A fingerprint is 12 bytes of blake2b over the encoded value: equal values, equal fingerprints.
"""

import hashlib
from datetime import UTC, datetime

import msgspec

from desired_state.account import Account
from desired_state.desired import Desired
from desired_state.subscriber import SubscriberSpec

_encoder = msgspec.json.Encoder()
_account = msgspec.json.Decoder(Account)
_desired = msgspec.json.Decoder(Desired)
_spec = msgspec.json.Decoder(SubscriberSpec)


def encode(value: Account | Desired | SubscriberSpec) -> bytes:
    """The JSON of a (sealed) value."""
    return _encoder.encode(value)


def decode_account(text: bytes | str) -> Account:
    """The account that was encoded."""
    return _account.decode(text)


def decode_desired(text: bytes | str) -> Desired:
    """The wish that was encoded."""
    return _desired.decode(text)


def decode_spec(text: bytes | str) -> SubscriberSpec:
    """The spec that was encoded."""
    return _spec.decode(text)


def fingerprint(encoded: bytes) -> bytes:
    """What two encoded values are compared by."""
    return hashlib.blake2b(encoded, digest_size=12).digest()


def to_seconds(at: datetime | None) -> float | None:
    """An instant as a column holds it."""
    return None if at is None else at.timestamp()


def instant(seconds: float) -> datetime:
    """An instant as the core has it."""
    return datetime.fromtimestamp(seconds, UTC)


def to_instant(seconds: float | None) -> datetime | None:
    """An instant as the core has it, or `None` where the column is empty."""
    return None if seconds is None else instant(seconds)
