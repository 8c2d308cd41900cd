"""A set of numbers in little memory: a million neighbouring ones, of accounts or records, take about a megabyte."""

from collections.abc import Iterable

_BITS = 8  # numbers in one word: 2 ** _BITS; they are handed out in sequence
_MASK = (1 << _BITS) - 1


class Numbers:
    """Which numbers have come by."""

    def __init__(self) -> None:
        self._words: dict[int, int] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many distinct numbers there were."""
        return self._count

    def __contains__(self, number: int) -> bool:
        """Whether it was there."""
        return not self.lacking((number,))

    def same_as(self, other: "Numbers") -> bool:
        """Whether exactly the same numbers were there."""
        return self._words == other._words

    def add(self, number: int) -> bool:
        """Remember the number; whether it is new."""
        return bool(self.add_all((number,)))

    def add_all(self, numbers: Iterable[int]) -> list[int]:
        """Remember the numbers; which of them are new, in their order."""
        words, new = self._words, list[int]()
        for number in numbers:
            word, bit = number >> _BITS, 1 << (number & _MASK)
            bits = words.get(word, 0)
            if not bits & bit:
                words[word] = bits | bit
                new.append(number)
        self._count += len(new)
        return new

    def lacking(self, numbers: Iterable[int]) -> list[int]:
        """Which of the numbers were not there."""
        words = self._words
        return [each for each in numbers if not words.get(each >> _BITS, 0) & 1 << (each & _MASK)]
