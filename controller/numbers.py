"""A set of numbers in little memory: a million neighbouring ones, of accounts or records, take about a megabyte."""

from collections.abc import Iterable

_BITS = 8  # numbers in one word: 2 ** _BITS; they are handed out in sequence, and lists mostly follow them
_MASK = (1 << _BITS) - 1


class Numbers:
    """Which numbers have come by."""

    def __init__(self) -> None:
        self._words: dict[int, int] = {}

    def __len__(self) -> int:
        """How many distinct numbers there were."""
        return sum(word.bit_count() for word in self._words.values())

    def __bool__(self) -> bool:
        """Whether there was any."""
        return bool(self._words)

    def __contains__(self, number: int) -> bool:
        """Whether it was there."""
        return not self.lacking((number,))

    def same_as(self, other: "Numbers") -> bool:
        """Whether exactly the same numbers were there."""
        return self._words == other._words

    def add(self, number: int) -> bool:
        """Remember the number; whether it is new."""
        return bool(self.add_new((number,)))

    def update(self, numbers: Iterable[int]) -> None:
        """Remember the numbers."""
        self.add_new(numbers)

    def add_new(self, numbers: Iterable[int]) -> list[int]:
        """Remember the numbers; which of them are new, in their order."""
        words, new = self._words, list[int]()
        place, word = None, 0
        for number in numbers:
            if number >> _BITS != place:
                if place is not None:
                    words[place] = word
                place = number >> _BITS
                word = words.get(place, 0)
            bit = 1 << (number & _MASK)
            if not word & bit:
                word |= bit
                new.append(number)
        if place is not None:
            words[place] = word
        return new

    def lacking(self, numbers: Iterable[int]) -> list[int]:
        """Which of the numbers were not there."""
        words = self._words
        return [each for each in numbers if not words.get(each >> _BITS, 0) & 1 << (each & _MASK)]
