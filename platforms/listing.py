"""The rows of a platform's list: compared first, and understood only where they differ.

Rules of this module:

1. Nearly every row says what it said the last time. Each comes with a fingerprint of all that is read of it; what it
   means is worked out for those alone that are new or differ.
2. Equal fingerprints mean equal observations. So they cover how a row is read, too: the dialect, and the version of
   this program. One that changes for nothing costs a little work; one that does not change hides the truth.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from types import GenericAlias
from typing import Any, Protocol

import msgspec

from desired_state.subscriber import Observation
from platforms.version import VERSION

_BYTES = 12


class Listed(msgspec.Struct, frozen=True, gc=False):
    """A record as a list shows it: the platform's id of it, and what it is compared by, in 12 bytes."""

    record_id: str
    fingerprint: bytes

    def observe(self) -> Observation:
        """What the row shows. Pure; raises `Transient` for one that makes no sense."""
        raise NotImplementedError

    @staticmethod
    def of(observation: Observation) -> "Listed":
        """The row of a driver that has nothing cheaper to compare than what it understood."""
        shown = msgspec.json.encode((observation.external_id, observation.spec))
        fingerprint = blake2b(shown, digest_size=_BYTES).digest()
        return _Understood(observation.record_id, fingerprint, observation)


class _Understood(Listed, frozen=True, gc=False):
    observation: Observation

    def observe(self) -> Observation:
        return self.observation


async def understood(pages: AsyncIterator[Sequence[Listed]]) -> AsyncIterator[Observation]:
    """What every row of a list shows."""
    async for rows in pages:
        for row in rows:
            yield row.observe()


class Translation(Protocol):
    """How a platform's rows are understood. Both raise `Transient` for a row that makes no sense."""

    def record_id(self, row: Mapping[str, object]) -> str:
        """The platform's id of the record."""
        ...

    def observation(self, row: Mapping[str, object], read_at: datetime) -> Observation:
        """What the row shows; `read_at` is when reading it began."""
        ...


class Reader:
    """Reads pages of JSON rows as far as it takes to compare them."""

    def __init__(self, translation: Translation, fields: Iterable[str], page: tuple[str, str], meaning: object) -> None:
        """`fields` are all that is ever read of a row, the id first; `page` names the list of rows, and the total.

        `meaning` is what else decides how a row is understood; its `repr` has to tell.
        """
        self._translation = translation
        self._fields = tuple(dict.fromkeys(fields))
        row = _struct("Row", self._fields, (object,) * len(self._fields), _Row)
        self._decode: Callable[[bytes], msgspec.Struct] = msgspec.json.Decoder(
            _struct("Page", page, (GenericAlias(list, row), object))
        ).decode
        self._none = blake2b(repr((VERSION, meaning)).encode(), digest_size=_BYTES)

    def page(self, body: bytes, read_at: datetime) -> tuple[Sequence[Listed], object] | None:
        """The rows of a page, and the total it states; `None` if it is none."""
        try:
            rows, total = msgspec.structs.astuple(self._decode(body))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if rows is msgspec.UNSET:
            return None
        listed = [
            _Unread(row.key if type(row.key) is str and row.key else self._id(row), fingerprint, self, row, read_at)
            for row, fingerprint in zip(rows, self._fingerprints(rows), strict=True)
        ]
        return listed, None if total is msgspec.UNSET else total

    def understand(self, row: "_Row", read_at: datetime) -> Observation:
        """What a row shows."""
        return self._translation.observation(self._shown(row), read_at)

    def _fingerprints(self, rows: "Iterable[_Row]") -> Iterator[bytes]:
        encode, begin = msgspec.json.Encoder().encode, self._none.copy
        for row in rows:
            digest = begin()
            digest.update(encode(row))
            yield digest.digest()

    def _id(self, row: "_Row") -> str:
        return self._translation.record_id(self._shown(row))

    def _shown(self, row: "_Row") -> Mapping[str, object]:
        values = zip(self._fields, msgspec.structs.astuple(row), strict=True)
        return {name: value for name, value in values if value is not msgspec.UNSET}


class _Row(msgspec.Struct, frozen=True, gc=False):
    """A row as far as it is read; its first field is the id."""

    key: object = msgspec.UNSET


class _Unread(Listed, frozen=True, gc=False):
    reader: Reader
    row: _Row
    read_at: datetime

    def observe(self) -> Observation:
        return self.reader.understand(self.row, self.read_at)


def _struct(name: str, names: tuple[str, ...], types: tuple[Any, ...], base: type = msgspec.Struct) -> type:
    """A struct whose fields bear these names in JSON, whatever those are, and need not be there."""
    ours = ["key", *(f"field_{place}" for place in range(1, len(names)))]
    fields = [(our, kind | msgspec.UnsetType, msgspec.UNSET) for our, kind in zip(ours, types, strict=True)]
    return msgspec.defstruct(name, fields, bases=(base,), rename=dict(zip(ours, names, strict=True)), gc=False)
