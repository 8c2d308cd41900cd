"""Dates: what changes by time alone is acted upon at its instant, by timers of our own, across restarts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.bed import Bed

TODAY = date(2026, 3, 1)  # the virtual clock begins at noon, UTC
HONOLULU, PRAGUE, AUCKLAND = "Pacific/Honolulu", "Europe/Prague", "Pacific/Auckland"


def midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


async def until(bed: Bed, instant: datetime) -> None:
    await bed.world.sleep((instant - bed.world.now()).total_seconds())


async def around(bed: Bed, instant: datetime) -> list[str]:
    """How the customers stand a second before the instant and a second after it, with a daemon that just began."""
    bed.restart()
    bed.world.advance(instant - timedelta(seconds=30) - bed.world.now())
    seen = []
    async with bed.daemon():
        for offset in (-1, 1):
            await until(bed, instant + timedelta(seconds=offset))
            seen.append(" ".join(row["status"] for row in bed.customers()))
    return seen


@pytest.mark.parametrize("zone", [HONOLULU, PRAGUE, AUCKLAND])
async def test_an_account_begins_and_expires_at_midnight_where_it_lives(bed: Bed, zone: str) -> None:
    account = bed.tv_account()
    bed.billing.installation.accounts[account].time_zone = zone
    first, last = TODAY + timedelta(days=2), TODAY + timedelta(days=4)
    bed.billing.change("activate_on", i_account=account, day=first)
    bed.billing.change("expire_on", i_account=account, day=last)
    assert await around(bed, midnight(first, zone)) == ["", "active"]
    assert await around(bed, midnight(last + timedelta(days=1), zone)) == ["active", "disabled"]


async def test_a_new_process_keeps_the_dates_of_the_old_one(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("expire_on", i_account=account, day=TODAY)
    await bed.full_pass()
    ends = midnight(TODAY + timedelta(days=1), PRAGUE)
    bed.restart()
    bed.world.advance(ends - bed.world.now() - timedelta(minutes=1))
    async with bed.daemon():
        await until(bed, ends - timedelta(seconds=1))
        assert bed.customer("tv000001_3")["status"] == "active"
        await until(bed, ends + timedelta(seconds=1))
        assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_a_date_that_passed_while_nobody_was_there_is_acted_upon_at_the_start(bed: Bed) -> None:
    account = bed.tv_account()
    bed.billing.change("addon_add", i_account=account, i_product=86, effective_to=bed.world.now() + timedelta(hours=1))
    await bed.full_pass()
    with_sport = bed.customer("tv000001_3")["packages"]
    bed.restart()
    bed.world.advance(timedelta(hours=5))
    async with bed.daemon():
        await bed.world.sleep(60)
        assert len(bed.customer("tv000001_3")["packages"]) == len(with_sport) - 1


async def test_an_add_on_counts_from_its_first_to_its_last_instant_in_utc(bed: Bed) -> None:
    account = bed.tv_account()
    now = bed.world.now()
    starts, ends = now + timedelta(minutes=13, seconds=17), now + timedelta(minutes=27, seconds=3)
    bed.billing.change("addon_add", i_account=account, i_product=86, effective_from=starts, effective_to=ends)
    seen: list[int] = []
    async with bed.daemon():
        for instant in (starts, ends):
            for offset in (-1, 1):
                await until(bed, instant + timedelta(seconds=offset))
                seen.append(len(bed.customer("tv000001_3")["packages"]))
    assert seen == [1, 2, 2, 1]
