"""The checks that an operator can run, against every driver of the suite, and against what they have to catch."""

from platforms.conformance import CHECKS, Setting, conform
from platforms.listing import understood
from tests.clocks import draws
from tests.contract.subjects import Subject


async def test_every_driver_passes_every_check(subject: Subject) -> None:
    subject.add_foreign("theirs")
    before = subject.truth("theirs")
    left = list[str]()

    verdicts = await conform(Setting(subject.driver, subject.clock, draws(), i_env=3), left.append)

    assert [verdict for verdict in verdicts if not verdict.ok] == []
    assert [verdict.name for verdict in verdicts[1:-1]] == [check.name for check in CHECKS]
    assert left == []
    assert [each.external_id async for each in understood(subject.driver.list())] == ["theirs"]
    assert subject.truth("theirs") == before
