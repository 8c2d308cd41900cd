"""The rows of a platform's list: compared first, and understood only where they differ.

Rules of this module:

1. Nearly every row says what it said the last time. Each comes with a fingerprint of all that is read of it; what it
   means is worked out for those alone that are new or differ.
2. Equal fingerprints mean equal observations. So they cover how a row is read, too: the dialect, and the version of
   this program. One that changes for nothing costs a little work; one that does not change hides the truth.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from hashlib import blake2b
from types import GenericAlias
from typing import Any

import msgspec

from desired_state.subscriber import Observation
from platforms.version import VERSION

FINGERPRINT_BYTES = 12


class Listed(msgspec.Struct, frozen=True, gc=False):
    """A record as a list shows it: the platform's id of it, what it is compared by, and how to understand it.

    `observe` is pure. It raises `Transient` for a row that makes no sense.
    """

    record_id: str
    fingerprint: bytes
    observe: Callable[[], Observation]

    @staticmethod
    def of(observation: Observation) -> "Listed":
        """The row of a driver that has nothing cheaper to compare than what it understood."""
        shown = msgspec.json.encode((observation.external_id, observation.spec))
        fingerprint = blake2b(shown, digest_size=FINGERPRINT_BYTES).digest()
        return Listed(observation.record_id, fingerprint, lambda: observation)


async def understood(rows: AsyncIterator[Listed]) -> AsyncIterator[Observation]:
    """What every row of a list shows."""
    async for row in rows:
        yield row.observe()


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row of JSON, as far as it is read. `key` is the first of its fields: the platform's id of the record."""

    key: object = msgspec.UNSET


class Reader:
    """Reads pages of JSON rows as far as it takes to compare them."""

    def __init__(self, fields: Iterable[str], page: tuple[str, str], meaning: object) -> None:
        """`fields` are all that is ever read of a row, the id first; `page` names the list of rows, and the total.

        `meaning` is what else decides how a row is understood; its `repr` has to tell.
        """
        self._fields = tuple(dict.fromkeys(fields))
        row = _struct("Row", self._fields, (object,) * len(self._fields), Row)
        self._decode: Callable[[bytes], msgspec.Struct] = msgspec.json.Decoder(
            _struct("Page", page, (GenericAlias(list, row), object))
        ).decode
        self._encoder = msgspec.json.Encoder()
        self._none = blake2b(repr((VERSION, meaning)).encode(), digest_size=FINGERPRINT_BYTES)

    def page(self, body: bytes) -> tuple[list[Row], object] | None:
        """The rows and the total of a page as it came; `None` if it is none."""
        try:
            rows, total = msgspec.structs.astuple(self._decode(body))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return None if rows is msgspec.UNSET else (rows, None if total is msgspec.UNSET else total)

    def fields(self, row: Row) -> Mapping[str, object]:
        """What the row has of the fields that are read."""
        values = zip(self._fields, msgspec.structs.astuple(row), strict=True)
        return {name: value for name, value in values if value is not msgspec.UNSET}

    def fingerprint(self, row: Row) -> bytes:
        """What the row is compared by."""
        digest = self._none.copy()
        digest.update(self._encoder.encode(row))
        return digest.digest()


def _struct(name: str, names: tuple[str, ...], types: tuple[Any, ...], base: type = msgspec.Struct) -> type:
    """A struct whose fields bear these names in JSON, whatever those are, and need not be there."""
    ours = ["key", *(f"field_{place}" for place in range(1, len(names)))]
    fields = [(our, kind | msgspec.UnsetType, msgspec.UNSET) for our, kind in zip(ours, types, strict=True)]
    return msgspec.defstruct(name, fields, bases=(base,), rename=dict(zip(ours, names, strict=True)), gc=False)
