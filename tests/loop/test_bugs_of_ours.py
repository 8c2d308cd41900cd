"""A bug that one target brings out is told, and keeps nobody from reading and serving the others.

Here a simulator trips over what it holds: what it raises comes out of the transport in process, and is no error that
anybody foresaw.
"""

import pytest

from tests.bed import Bed


async def test_a_bug_in_reading_billing_leaves_the_platforms_reading_alone(
    bed: Bed, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    before = (await bed.status())["platforms"]["tv"]["last_success"]
    bed.world.advance(600)
    bed.billing.installation.accounts[account] = "no account"  # type: ignore[assignment]

    (report,) = await bed.full_pass()

    assert report.failed == ("billing",)
    status = await bed.status()
    assert status["billing"]["text"] == "'billing' could not be read, by a bug of ours: the log has it"
    assert status["platforms"]["tv"]["last_success"] != before
    assert not status["healthy"]
    logged = capsys.readouterr().out + caplog.text  # where it goes depends on whether a test before this one set it up
    assert "a target could not be read, by a bug" in logged


async def test_a_bug_in_reading_one_platform_leaves_billing_and_the_other_platform_alone(bed: Bed) -> None:
    tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated"}
    bed.reconfigure(platforms={"tv": tv, "other": {**tv, "url": "http://other.test"}})
    bed.tv_account(1)
    other = bed.platform_at("http://other.test").operator
    other.customers[str(other.create({"externalId": "x"})["id"])] = "no customer"  # type: ignore[assignment]

    (report,) = await bed.full_pass()

    assert report.failed == ("other",)
    assert bed.customer("tv000001_3")["status"] == "active"
    status = await bed.status()
    assert status["platforms"]["other"]["text"] == "'other' could not be read, by a bug of ours: the log has it"
    assert status["billing"]["complete"]
