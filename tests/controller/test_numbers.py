"""The set of numbers that takes little memory."""

from hypothesis import given
from hypothesis import strategies as st

from controller.numbers import Numbers


@given(st.lists(st.integers(1, 2000) | st.integers(1, 2**63 - 1)))
def test_it_behaves_like_a_set(numbers: list[int]) -> None:
    seen, reference = Numbers(), set[int]()
    for number in numbers:
        assert (number in seen) is (number in reference)
        assert seen.add(number) is (number not in reference)
        reference.add(number)
    assert len(seen) == len(reference)
