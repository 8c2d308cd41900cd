"""Pauses, maintenance and change windows: nothing is done meanwhile, and everything afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from controller.cli.codes import Code
from controller.cli.plan import found_code
from controller.views.plan import Found
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.deciding import pause, resume


@pytest.mark.parametrize("target", ["all", "tv"])
async def test_p09_while_everything_is_paused_nothing_is_written(bed: Bed, target: str) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    await pause(bed, target)
    bed.billing.change("block", i_account=account)
    bed.tv_account(2)
    bed.platform.requests.reset()
    await bed.espf("Account/Blocked", i_account=account, i_event=1)
    await bed.act_on_events()
    await bed.full_pass()
    assert bed.platform.requests.writes == 0
    view = (await bed.explain(f"i_account:{account}"))["platforms"]["tv"]
    assert view["state"] == "paused"
    assert view["held"] is not None
    assert "paused by ops" in view["held"]["text"]
    assert "moving house" in view["held"]["text"]
    (shown,) = (await bed.status())["pauses"]
    assert (shown["target"], shown["owner"], shown["reason"]) == (target, "ops", "moving house")

    bed.world.advance(2 * 3600 + 1)
    await bed.full_pass()
    assert [row["status"] for row in bed.customers()].count("disabled") == 1
    assert len(bed.customers()) == 2
    assert (await bed.status())["pauses"] == []


async def test_a_paused_account_is_left_alone_and_nobody_else(bed: Bed) -> None:
    first, second = bed.tv_account(1), bed.tv_account(2)
    await bed.full_pass()
    await pause(bed, f"i_account:{first}@billing", i_account=first)
    for account in (first, second):
        bed.billing.change("block", i_account=account)
    await bed.full_pass()
    assert (bed.customer("tv000001_3")["status"], bed.customer("tv000002_3")["status"]) == ("active", "disabled")
    await resume(bed, f"i_account:{first}@billing", i_account=first)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_a_platform_in_maintenance_is_not_called_and_makes_no_noise(bed: Bed) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    await pause(bed, "tv", maintenance=True)
    bed.platform.faults.add(Fault(operation="*", kind="status", status=503, count=None))
    bed.platform.requests.reset()
    bed.billing.change("block", i_account=account)
    await bed.espf("Account/Blocked", i_account=account, i_event=1)
    await bed.act_on_events()
    found = Found.of(await bed.full_pass())
    assert (found.failed, found.resting) == ((), ("tv",))
    assert sum(bed.platform.requests.operations.values()) == 0
    assert (await bed.status())["healthy"]
    bed.platform.faults.clear()
    bed.world.advance(2 * 3600 + 1)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_outside_its_change_windows_a_platform_is_not_written_to(make_bed: Callable[..., Bed]) -> None:
    tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated"}
    bed = make_bed(platforms={"tv": {**tv, "change_windows": ["22:00-04:00"], "change_windows_zone": "Europe/Prague"}})
    noon = datetime(2026, 3, 12, 11, 0, tzinfo=UTC)
    bed.world.advance((noon - bed.world.now()).total_seconds() % (24 * 3600))
    bed.tv_account(1)
    found = Found.of(await bed.full_pass())
    assert bed.customers() == []
    assert (found_code(found), (await bed.status())["healthy"]) == (Code.CHANGES, True)
    bed.world.advance(10 * 3600 + 60)
    await bed.full_pass()
    assert len(bed.customers()) == 1


async def test_p09_a_sick_platform_in_maintenance_is_not_even_tried_and_counts_as_well(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    async with bed.daemon() as loop:
        bed.platform.faults.add(Fault(operation="*", kind="status", status=401, count=None))
        loop.ask_for_pass()
        await bed.world.sleep(5)
        assert (await bed.status())["platforms"]["tv"]["breaker"] == "open"
        await pause(bed, "tv", maintenance=True, hours=0.25)
        bed.platform.requests.reset()
        await bed.world.sleep(600)
        assert sum(bed.platform.requests.operations.values()) == 0
        assert (await bed.status())["healthy"]
        bed.platform.faults.clear()
        bed.tv_account(2)
        await bed.world.sleep(300 + 60)
        assert len(bed.customers()) == 2, "after its end it is tried at once"


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_p18_what_was_announced_during_a_maintenance_is_acted_upon_after_it(bed: Bed, is_resumed: bool) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    async with bed.daemon():
        await pause(bed, "tv", maintenance=True, hours=0.25)
        await bed.world.sleep(5)
        bed.billing.change("device", i_account=account, devices=["00:1A:79:00:00:AA"])
        await bed.espf("Account/CustomField/Changed", i_account=account)
        await bed.world.sleep(60)
        if is_resumed:
            await resume(bed, "tv")
        else:
            await bed.world.sleep(900 - 60)
        await bed.world.sleep(20)
        assert bed.customer("tv000001_3")["devices"] == [{"deviceId": "001A790000AA"}]


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_the_daemon_goes_on_at_once_when_a_pause_ends(bed: Bed, is_resumed: bool) -> None:
    account = bed.tv_account(1)
    await bed.full_pass()
    async with bed.daemon():
        await bed.world.sleep(60)
        await pause(bed, "all", hours=0.01 if not is_resumed else 2)
        await bed.world.sleep(5)
        bed.billing.change("block", i_account=account)
        await bed.world.sleep(20)
        assert bed.customer("tv000001_3")["status"] == "active"
        if is_resumed:
            await resume(bed, "all")
        await bed.world.sleep(20)
        assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_the_daemon_acts_as_soon_as_a_change_window_begins(make_bed: Callable[..., Bed]) -> None:
    tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated"}
    bed = make_bed(platforms={"tv": {**tv, "change_windows": ["22:00-22:02"]}})
    before = datetime(2026, 3, 12, 21, 58, tzinfo=UTC)
    bed.world.advance((before - bed.world.now()).total_seconds() % (24 * 3600))
    bed.tv_account(1)
    async with bed.daemon():
        await bed.world.sleep(110)
        assert bed.customers() == []
        await bed.world.sleep(60)
        assert len(bed.customers()) == 1
