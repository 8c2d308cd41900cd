"""The rows of a platform's list: compared first, and understood only where they differ.

Rules of this module:

1. Nearly every row says what it said the last time. Each comes with a fingerprint of all that is read of it; what it
   means is worked out for those alone that are new or differ.
2. Equal fingerprints mean equal observations. So they cover how a row is read, too: the dialect, and the version of
   this program. One that changes for nothing costs a little work; one that does not change hides the truth.
3. Most pages are, byte for byte, what they were the last time. Of a page only the ids are read at once, which prove
   that the list is whole; its `mark` tells whether the rest has to be.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from hashlib import blake2b, sha256
from types import GenericAlias
from typing import Any, Protocol, TypeGuard, overload

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

    def broken(self) -> Exception:
        """What to raise for a page of which more is wrong than its ids show."""
        ...


@dataclass(frozen=True)
class Unread(Sequence[Listed]):
    """The rows of a page, read when somebody asks for one: the last ones of it, from the place `first` on.

    That may raise `Transient`, for a page of which more is wrong than its ids show.
    """

    ids: Sequence[str]
    body: bytes = field(repr=False)
    read: Callable[[bytes], Sequence[Listed]] = field(repr=False)
    first: int = 0

    @cached_property
    def mark(self) -> bytes:
        """Equal marks mean equal rows of equal pages."""
        return sha256(self.body).digest() + self.first.to_bytes(4)  # of the strong hashes the fastest

    @cached_property
    def _rows(self) -> Sequence[Listed]:
        return self.read(self.body)[self.first :]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.ids)

    def __iter__(self) -> Iterator[Listed]:
        """Each of them."""
        return iter(self._rows)

    @overload
    def __getitem__(self, place: int) -> Listed: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Listed]: ...
    def __getitem__(self, place: int | slice) -> Listed | Sequence[Listed]:
        """One of them, or some: the last ones, unread themselves."""
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if (stop, step) == (len(self), 1):
                return replace(self, ids=self.ids[start:], first=self.first + start)
        return self._rows[place]


class Reader:
    """Reads pages of JSON rows as far as it takes to compare them."""

    def __init__(self, translation: Translation, fields: Iterable[str], page: tuple[str, str], meaning: object) -> None:
        """`fields` are all that is ever read of a row, the id first; `page` names the list of rows, and the total.

        `meaning` is what else decides how a row is understood; its `repr` has to tell.
        """
        self._translation = translation
        self._fields = tuple(dict.fromkeys(fields))
        self._decode, self._decode_ids = (_decoder(page, each) for each in (self._fields, self._fields[:1]))
        self._none = blake2b(repr((VERSION, meaning)).encode(), digest_size=_BYTES)

    def page(self, body: bytes, read_at: datetime) -> tuple[Sequence[Listed], object] | None:
        """The rows of a page, and the total it states; `None` if it is none."""
        found = _read(self._decode_ids, body)
        if found is None:
            return None
        rows, total = found
        ids, read = [row.key for row in rows], partial(self._rows, read_at)
        return (Unread(ids, body, read) if _are_texts(ids) else read(body)), total

    def understand(self, row: "_Fields", read_at: datetime) -> Observation:
        """What a row shows."""
        return self._translation.observation(self._shown(row), read_at)

    def _rows(self, read_at: datetime, body: bytes) -> Sequence[Listed]:
        found = _read(self._decode, body)
        if found is None:
            raise self._translation.broken()
        rows, _ = found
        return [
            _Row(row.key if type(row.key) is str and row.key else self._id(row), fingerprint, self, row, read_at)
            for row, fingerprint in zip(rows, self._fingerprints(rows), strict=True)
        ]

    def _fingerprints(self, rows: "Iterable[_Fields]") -> Iterator[bytes]:
        encode, begin = msgspec.json.Encoder().encode, self._none.copy
        for row in rows:
            digest = begin()
            digest.update(encode(row))
            yield digest.digest()

    def _id(self, row: "_Fields") -> str:
        return self._translation.record_id(self._shown(row))

    def _shown(self, row: "_Fields") -> Mapping[str, object]:
        values = zip(self._fields, msgspec.structs.astuple(row), strict=True)
        return {name: value for name, value in values if value is not msgspec.UNSET}


class _Fields(msgspec.Struct, frozen=True, gc=False):
    """A row as far as it is read; its first field is the id."""

    key: object = msgspec.UNSET


class _Row(Listed, frozen=True, gc=False):
    reader: Reader
    row: _Fields
    read_at: datetime

    def observe(self) -> Observation:
        return self.reader.understand(self.row, self.read_at)


def _are_texts(ids: list[object]) -> TypeGuard[list[str]]:
    return set(map(type, ids)) <= {str} and "" not in ids


def _decoder(page: tuple[str, str], fields: tuple[str, ...]) -> Callable[[bytes], msgspec.Struct]:
    row = _struct("Row", fields, (object,) * len(fields), _Fields)
    return msgspec.json.Decoder(_struct("Page", page, (GenericAlias(list, row), object))).decode


def _read(decode: Callable[[bytes], msgspec.Struct], body: bytes) -> "tuple[Sequence[_Fields], object] | None":
    """The rows of a page as far as they are decoded, and its total; `None` if it is none."""
    try:
        rows, total = msgspec.structs.astuple(decode(body))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return None if rows is msgspec.UNSET else (rows, None if total is msgspec.UNSET else total)


def _struct(name: str, names: tuple[str, ...], types: tuple[Any, ...], base: type = msgspec.Struct) -> type:
    """A struct whose fields bear these names in JSON, whatever those are, and need not be there."""
    ours = ["key", *(f"field_{place}" for place in range(1, len(names)))]
    fields = [(our, kind | msgspec.UnsetType, msgspec.UNSET) for our, kind in zip(ours, types, strict=True)]
    return msgspec.defstruct(name, fields, bases=(base,), rename=dict(zip(ours, names, strict=True)), gc=False)
