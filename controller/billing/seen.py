"""A set of account numbers in little memory: a million neighbouring ones take about a megabyte."""

from collections.abc import Iterable

_BITS = 8  # numbers in one word: 2 ** _BITS; account numbers are handed out in sequence
_MASK = (1 << _BITS) - 1


class SeenAccounts:
    """Which account numbers have come by."""

    def __init__(self) -> None:
        self._words: dict[int, int] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many distinct numbers there were."""
        return self._count

    def __contains__(self, i_account: int) -> bool:
        """Whether it was there."""
        return not self.without((i_account,))

    def same_as(self, other: "SeenAccounts") -> bool:
        """Whether exactly the same numbers were there."""
        return self._words == other._words

    def add(self, i_account: int) -> bool:
        """Remember the number; whether it is new."""
        return bool(self.add_all((i_account,)))

    def add_all(self, i_accounts: Iterable[int]) -> list[int]:
        """Remember the numbers; which of them are new, in their order."""
        words, new = self._words, list[int]()
        for i_account in i_accounts:
            word, bit = i_account >> _BITS, 1 << (i_account & _MASK)
            bits = words.get(word, 0)
            if not bits & bit:
                words[word] = bits | bit
                new.append(i_account)
        self._count += len(new)
        return new

    def without(self, i_accounts: Iterable[int]) -> list[int]:
        """Which of the numbers were not there."""
        words = self._words
        return [each for each in i_accounts if not words.get(each >> _BITS, 0) & 1 << (each & _MASK)]
