"""Targets that fail, refuse us or want to be left alone, and the daemon that lets them rest and misses nobody."""

from collections.abc import Callable

import pytest

from controller.store import Progress
from platforms.breaker import FAILURES, FIRST_PROBE, LAST_PROBE
from platforms.simulation import Fault
from tests.bed import Bed

DOWN = {"operation": "*", "kind": "status", "status": 500, "count": None}
OTHER = {"driver": "telebreeze", "url": "http://other.test", "api_key": "simulated", "requests_per_second": 10000}
BY_LOGIN = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "auth": "login"}
CATALOG = [
    {"product": {"i_product": 61}, "platform": "tv", "packages": ["basic"]},
    {"product": {"i_product": 62}, "platform": "other", "packages": ["basic"]},
]
HOUR = 3600.0


def spoil(bed: Bed, **fault: object) -> None:
    bed.platform.faults.add(Fault.model_validate(fault))


def calls(bed: Bed) -> int:
    return sum(bed.platform.requests.operations.values())


def gauge(bed: Bed, name: str, target: str) -> float:
    label = f'iptv_reconciler_{name}{{target="{target}"}} '
    lines = bed.application.metrics.render().decode().splitlines()
    (value,) = (line.removeprefix(label) for line in lines if line.startswith(label))
    return float(value)


async def breaker(bed: Bed, platform: str = "tv") -> str:
    return (await bed.status())["platforms"][platform]["breaker"]


async def progress(bed: Bed, i_account: int) -> Progress:
    found = (await bed.store()).subscribers("tv").get(i_account)
    assert found is not None
    return found.progress


async def test_p13_a_platform_that_fails_is_asked_by_probes_only_and_no_account_pays_for_it(bed: Bed) -> None:
    bed.tv_account()
    await bed.full_pass()
    accounts = [bed.tv_account(number) for number in range(2, 41)]
    spoil(bed, **DOWN | {"operation": "customers.create"})

    async with bed.daemon():
        await bed.world.sleep(5)
        bed.platform.faults.clear()
        spoil(bed, **DOWN)
        bed.platform.requests.reset()
        await bed.world.sleep(2 * HOUR)
        assert await breaker(bed) == "open"
        assert not (await bed.status())["healthy"]
        assert calls(bed) <= FAILURES + 8 + 6 + 2 * HOUR / LAST_PROBE
        assert max([(await progress(bed, i_account)).failures for i_account in accounts]) <= 2
        bed.platform.faults.clear()
        await bed.world.sleep(LAST_PROBE + 120)
        assert await breaker(bed) == "closed"
        assert len(bed.customers()) == 40


async def test_p13_the_account_that_happens_to_be_the_probe_is_not_sent_into_a_long_backoff(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.world.advance(60)
    bed.billing.change("block", i_account=account)
    spoil(bed, operation="customers.*", kind="status", status=403, count=None)

    async with bed.daemon() as loop:
        await bed.world.sleep(2 * HOUR)
        assert (await progress(bed, account)).failures <= 1
        bed.platform.faults.clear()
        await bed.world.sleep(LAST_PROBE + 30)
        assert await breaker(bed) == "closed"
        loop.ask_for_pass()
        await bed.world.sleep(30)

    assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_p13_an_account_whose_every_call_looks_like_an_outage_closes_its_platform_to_nobody(bed: Bed) -> None:
    poisoned = bed.tv_account(1)
    await bed.full_pass()
    bed.world.advance(60)
    bed.billing.change("product", i_account=poisoned, i_product=62)
    spoil(bed, operation="customers.update", kind="status", status=403, count=None)

    async with bed.daemon() as loop:
        await bed.world.sleep(2 * HOUR)
        for number in range(2, 12):
            bed.tv_account(number)
        loop.ask_for_pass()
        await bed.world.sleep(FIRST_PROBE + 60)
        assert len(bed.customers()) == 11
    assert bed.platform.requests.operations["customers.update"] < 25, "it backs off like any other that fails"


async def test_p13_a_failing_platform_delays_no_other_and_opens_nobody_elses_breaker(
    make_bed: Callable[..., Bed],
) -> None:
    platforms = {"tv": {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated"}, "other": OTHER}
    bed = make_bed(platforms=platforms, catalog=CATALOG)
    await bed.full_pass()
    for number in range(1, 21):
        bed.tv_account(number, i_product=61 + number % 2)
    spoil(bed, operation="customers.create", kind="status", status=500, count=None)

    async with bed.daemon():
        await bed.world.sleep(10)
        assert len(bed.platform_at("http://other.test").operator.customers) == 10
        assert await breaker(bed, "other") == "closed"
        assert [gauge(bed, "breaker_open", target) for target in ("tv", "other", "billing")] == [1, 0, 0]


async def test_p13_a_platform_that_takes_minutes_to_be_read_keeps_no_pass_of_another(
    make_bed: Callable[..., Bed],
) -> None:
    slow = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated"}
    paged = slow | {"dialect": {"listing": {"page_size": 5}}}
    bed = make_bed(platforms={"tv": paged, "other": OTHER}, catalog=CATALOG)
    for number in range(1, 51):
        bed.tv_account(number)
    await bed.full_pass()
    spoil(bed, operation="customers.list", kind="delay", seconds=9, count=None)

    async with bed.daemon() as loop:
        await bed.world.sleep(10 * 60)
        late = bed.tv_account(51)
        moved = [bed.tv_account(number, i_product=62) for number in range(60, 63)]
        loop.ask_for_pass()
        await bed.world.sleep(5)
        assert len(bed.platform_at("http://other.test").operator.customers) == len(moved)
        await bed.world.sleep(5 * 60)
        assert bed.customer("tv000051_3")["status"] == "active", f"i_account {late} waited for the platform alone"
        assert (await bed.status())["healthy"]
    assert bed.platform.requests.operations["packages.list"] < 15, "a reading is not begun anew while one is under way"


async def test_billings_trouble_opens_its_own_breaker_and_is_nobodys_failure(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"tv": BY_LOGIN})
    accounts = [bed.tv_account(number) for number in range(1, 21)]
    await bed.full_pass()
    bed.world.advance(60)
    bed.billing.faults.add(Fault.model_validate(DOWN))
    started = bed.world.now().timestamp()
    bed.to_billing.began.clear()

    async with bed.daemon():
        for i_account in accounts:
            await bed.espf("Account/Blocked", i_account=i_account)
        await bed.world.sleep(HOUR / 2)
        assert (await bed.status())["billing"]["sources"]["billing"]["breaker"] == "open"
        assert not (await bed.status())["healthy"]
        assert await breaker(bed) == "closed"
        assert gauge(bed, "breaker_open", "billing") == 1
        assert started <= gauge(bed, "breaker_opened_timestamp_seconds", "billing") < started + 60
        assert len(bed.to_billing.began) < 60, "5 that failed, logins, and probes"
        assert max([(await progress(bed, i_account)).failures for i_account in accounts]) <= 2
        for i_account in accounts:
            bed.billing.change("block", i_account=i_account)
        bed.billing.faults.clear()
        await bed.world.sleep(LAST_PROBE + 60)
        assert (await bed.status())["billing"]["sources"]["billing"]["breaker"] == "closed"
        assert {row["status"] for row in bed.customers()} == {"disabled"}
        assert gauge(bed, "breaker_opened_timestamp_seconds", "billing") == 0


@pytest.mark.parametrize("mended", [True, False])
async def test_a_restart_knows_since_when_a_breaker_is_open_and_tries_once_at_once(bed: Bed, mended: bool) -> None:
    bed.tv_account()
    spoil(bed, **DOWN | {"status": 403})
    async with bed.daemon():
        await bed.world.sleep(120)
        opened_at = (await bed.store()).targets.reading("tv").breaker_opened_at
        assert opened_at is not None
    bed.restart()
    bed.world.advance(HOUR)
    bed.platform.requests.reset()
    if mended:
        bed.platform.faults.clear()

    async with bed.daemon():
        await bed.world.sleep(FIRST_PROBE - 5)
        reading = (await bed.store()).targets.reading("tv")
        assert reading.breaker_opened_at == (None if mended else opened_at)
        assert len(bed.customers()) == mended
        assert mended or calls(bed) == 1


async def test_a_stop_that_comes_during_a_probe_does_not_wait_for_the_next_one(bed: Bed) -> None:
    bed.tv_account()
    spoil(bed, **DOWN | {"status": 403})
    async with bed.daemon():
        await bed.world.sleep(FIRST_PROBE - 5)
        assert await breaker(bed) == "open"
        bed.platform.faults.clear()
        spoil(bed, operation="*", kind="delay", seconds=3, count=None)
        before = calls(bed)
        while calls(bed) == before:
            await bed.world.sleep(0.5)
        stopped_at = bed.world.monotonic()
    assert bed.world.monotonic() - stopped_at <= 3 * 3, "a log-in, and the two calls of the probe"


async def test_p17_nothing_reaches_a_platform_before_the_pause_is_over_that_it_asked_for(bed: Bed) -> None:
    for number in range(1, 21):
        bed.tv_account(number)
    spoil(bed, operation="customers.create", kind="status", status=429, retry_after=1500)

    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        before = calls(bed)
        for _ in range(14):
            loop.ask_for_pass()
            await bed.world.sleep(100)
        assert calls(bed) == before
        assert await breaker(bed) == "closed", "to be busy is no failure"
        await bed.world.sleep(700)
        assert len(bed.customers()) == 20


@pytest.mark.long
async def test_p17_repeats_are_a_tenth_of_the_calls_where_half_of_all_fail_for_hours(bed: Bed) -> None:
    spoil(bed, operation="customers.create", kind="status", status=500, count=None, probability=0.5)
    hours, every = 1, 20
    fresh = int(hours * HOUR / every)
    async with bed.daemon():
        for number in range(1, fresh + 1):
            i_account = bed.billing.change("create", id=f"tv{number:06}", i_product=61)
            bed.billing.change(
                "device", i_account=i_account, devices=[f"00:1A:79:00:{number // 256:02X}:{number % 256:02X}"]
            )
            await bed.espf("Account/New", i_account=i_account)
            await bed.world.sleep(every)
        repeats = bed.platform.requests.operations["customers.create"] - fresh
        assert 0 < repeats <= fresh / 10 + 10
        bed.platform.faults.clear()
        await bed.world.sleep(HOUR)
        assert len(bed.customers()) == fresh, "nobody is given up"


async def test_p17_a_backoff_survives_a_restart(bed: Bed) -> None:
    account = bed.tv_account()
    spoil(bed, operation="customers.create", kind="status", status=500, count=None)
    async with bed.daemon():
        await bed.world.sleep(20)
        while (await progress(bed, account)).failures < 8:
            await bed.world.sleep(20)
    next_try = (await progress(bed, account)).next_try
    assert next_try is not None
    bed.restart()
    tries = bed.platform.requests.operations["customers.create"]

    async with bed.daemon() as loop:
        while (ahead := (next_try - bed.world.now()).total_seconds()) > 2:
            loop.ask_for_pass()
            await bed.world.sleep(min(100, ahead - 1))
        assert bed.platform.requests.operations["customers.create"] == tries
        assert (await progress(bed, account)).failures == 8
        await bed.world.sleep(120)
        assert (await progress(bed, account)).failures > 8
