"""A set of account numbers in little memory: a million neighbouring ones take about a megabyte."""

_BITS = 8  # numbers in one word: 2 ** _BITS; account numbers are handed out in sequence


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
        return bool(self._words.get(i_account >> _BITS, 0) & _bit(i_account))

    def same_as(self, other: "SeenAccounts") -> bool:
        """Whether exactly the same numbers were there."""
        return self._words == other._words

    def add(self, i_account: int) -> bool:
        """Remember the number; whether it is new."""
        word = i_account >> _BITS
        bits = self._words.get(word, 0)
        bit = _bit(i_account)
        if bits & bit:
            return False
        self._words[word] = bits | bit
        self._count += 1
        return True


def _bit(i_account: int) -> int:
    return 1 << (i_account & ((1 << _BITS) - 1))
