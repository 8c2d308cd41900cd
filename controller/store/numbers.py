"""A set of small numbers in little memory: a million of them take an eighth of a megabyte."""

from collections.abc import Collection


class Numbers:
    """Which numbers, from 1 on, have come by."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def update(self, numbers: Collection[int]) -> None:
        """Remember these."""
        bits, missing = self._bits, (max(numbers, default=0) >> 3) + 1 - len(self._bits)
        if missing > 0:
            bits.extend(bytes(max(missing, len(bits) // 8)))
        for number in numbers:
            bits[number >> 3] |= 1 << (number & 7)

    def lacking(self, numbers: Collection[int]) -> list[int]:
        """Those of the numbers that have not come by."""
        bits, end = self._bits, 8 * len(self._bits)
        return [number for number in numbers if number >= end or not bits[number >> 3] >> (number & 7) & 1]
