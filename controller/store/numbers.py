"""A set of small numbers in little memory: a million of them take an eighth of a megabyte."""


class Numbers:
    """Which numbers, from 1 on, have come by."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def __contains__(self, number: int) -> bool:
        """Whether it was there."""
        place = number >> 3
        return place < len(self._bits) and bool(self._bits[place] >> (number & 7) & 1)

    def add(self, number: int) -> None:
        """Remember the number."""
        place = number >> 3
        if place >= len(self._bits):
            self._bits.extend(bytes(max(place + 1 - len(self._bits), len(self._bits) // 8)))
        self._bits[place] |= 1 << (number & 7)
