"""The rights of our user, as its calls show them."""

import pytest

from controller.billing.faults import BillingFault
from controller.doctor.checks import Check
from controller.doctor.questions import Questions
from platforms.driver import PlatformError, Transient, Unavailable
from tests.doctor.helpers import FAIL, HERE, OK, WARN

CALL = "Account/get_account_list"


async def answer(error: PlatformError | None = None) -> str:
    if error is not None:
        raise error
    return "answer"


async def noted(*errors: PlatformError | None, operation: str = CALL) -> list[Check]:
    questions = Questions(HERE)
    for error in errors:
        assert await questions.note(operation, answer(error)) == (None if error else "answer")
    return questions.checks(frozenset())


async def test_a_call_that_is_answered_is_fine() -> None:
    (check,) = await noted(None, None)

    assert (check.level, check.text) == (OK, f"{CALL} is answered")


@pytest.mark.parametrize("code", ["Server.Account.access_denied", "Client.anything.at.all"])
async def test_a_refusal_is_told_by_its_code_whatever_that_is(code: str) -> None:
    (check,) = await noted(BillingFault(CALL, code))

    assert check.level is FAIL
    assert f"billing refused {CALL}: {code}; if that is for want of rights" in check.text


@pytest.mark.parametrize("error", [Unavailable("no session is accepted"), Transient("no answer")])
async def test_an_error_that_does_not_name_the_call_is_told_with_it(error: PlatformError) -> None:
    (check,) = await noted(error)

    assert (check.level, check.text) == (FAIL, f"{CALL}: {error.text}")


async def test_a_call_that_fails_at_times_is_a_warning() -> None:
    (check,) = await noted(None, Transient(f"no answer to {CALL}"), None)

    assert (check.level, check.text) == (WARN, f"{CALL} failed 1 of 3 times; the first: no answer to {CALL}")


async def test_a_call_that_only_doctor_makes_is_a_warning_where_it_is_refused() -> None:
    (check,) = await noted(BillingFault("Generic/get_version", "any"), operation="Generic/get_version")

    assert check.level is WARN


async def test_calls_that_were_not_needed_are_not_told() -> None:
    questions = Questions(HERE)
    await questions.note(CALL, answer(Transient("no answer")))

    assert questions.checks(frozenset({CALL})) == []
