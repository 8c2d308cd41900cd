"""Which calls billing answers us, noted while they are made: the rights of our user."""

from collections import Counter
from collections.abc import Awaitable
from typing import TypeVar

from controller.billing.assumptions import ASSUMPTIONS
from controller.billing.faults import BillingFault
from controller.doctor.checks import Check, Findings
from platforms.driver import PlatformError

T = TypeVar("T")

NAME = "rights"

_NEEDED = {each.operation for each in ASSUMPTIONS if each.needed}


class Questions:
    """The calls of one billing. What goes wrong with one is noted and ends nothing."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._answered: Counter[str] = Counter()
        self._problems: dict[str, list[str]] = {}

    async def note(self, operation: str, call: Awaitable[T]) -> T | None:
        """The answer of a call, or `None` where there was none."""
        try:
            answer = await call
        except PlatformError as error:
            self._problems.setdefault(operation, []).append(_sentence(operation, error))
            return None
        self._answered[operation] += 1
        return answer

    def checks(self, not_needed: frozenset[str]) -> list[Check]:
        """A line for each call that was made, but for those `not_needed` by this configuration."""
        made = dict.fromkeys((*self._answered, *self._problems))
        return [self._check(operation) for operation in made if operation not in not_needed]

    def _check(self, operation: str) -> Check:
        answered, problems = self._answered[operation], self._problems.get(operation, [])
        if not problems:
            return self._findings.ok(NAME, f"{operation} is answered")
        if answered:
            text = f"{operation} failed {len(problems)} of {answered + len(problems)} times; the first: {problems[0]}"
            return self._findings.warn(NAME, text)
        return self._findings.missing(NAME, problems[0], essential=operation in _NEEDED)


def _sentence(operation: str, error: PlatformError) -> str:
    """What went wrong, with the call it was.

    A want of rights has no fault code that we know (contract, 1.3): the code is told, and what it may mean.
    """
    if isinstance(error, BillingFault):
        return f"{error.text}; if that is for want of rights, give our API user's role access to this call"
    return error.text if operation in error.text else f"{operation}: {error.text}"
