"""A set of numbers in little memory: a million neighbouring ones, of accounts or records, take about a megabyte."""

from collections.abc import Iterable

_BITS = 9  # numbers in one block: 2 ** _BITS; they are handed out in sequence
_MASK = (1 << _BITS) - 1
_NONE = bytearray(_MASK + 1)


class Numbers:
    """Which numbers have come by."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def __len__(self) -> int:
        """How many distinct numbers there were."""
        return sum(block.count(1) for block in self._blocks.values())

    def __bool__(self) -> bool:
        """Whether there was any."""
        return bool(self._blocks)

    def __contains__(self, number: int) -> bool:
        """Whether it was there."""
        return not self.lacking((number,))

    def same_as(self, other: "Numbers") -> bool:
        """Whether exactly the same numbers were there."""
        return self._blocks == other._blocks

    def add(self, number: int) -> bool:
        """Remember the number; whether it is new."""
        return bool(self.add_new((number,)))

    def update(self, numbers: Iterable[int]) -> None:
        """Remember the numbers."""
        current, block = -1, _NONE
        for number in numbers:
            if number >> _BITS != current:
                current = number >> _BITS
                block = self._block(current)
            block[number & _MASK] = 1

    def add_new(self, numbers: Iterable[int]) -> list[int]:
        """Remember the numbers; which of them are new, in their order."""
        new = list[int]()
        current, block = -1, _NONE
        for number in numbers:
            if number >> _BITS != current:
                current = number >> _BITS
                block = self._block(current)
            if not block[number & _MASK]:
                block[number & _MASK] = 1
                new.append(number)
        return new

    def lacking(self, numbers: Iterable[int]) -> list[int]:
        """Which of the numbers were not there."""
        get = self._blocks.get
        return [each for each in numbers if not get(each >> _BITS, _NONE)[each & _MASK]]

    def _block(self, place: int) -> bytearray:
        block = self._blocks.get(place)
        if block is None:
            block = self._blocks[place] = bytearray(_MASK + 1)
        return block
