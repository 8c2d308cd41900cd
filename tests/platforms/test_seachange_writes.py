"""SeaChange: what its driver puts in the place of what is there, and what it leaves alone."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import httpx
import pytest

from desired_state.account import Secret
from desired_state.subscriber import Observation
from platforms.driver import Driver, Rejected, Taken, Transient
from platforms.seachange.simulated import Customer
from platforms.seachange.simulator import SeaChangeSimulator
from platforms.transport import Http
from tests.clocks import VirtualClock, draws
from tests.platforms.seachange import NO_PIN, NOTE, PIN, SPEC, built, calls, gone, seen, truth


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def simulator(clock: VirtualClock) -> SeaChangeSimulator:
    return SeaChangeSimulator(clock, draws())


@pytest.fixture
async def driver(simulator: SeaChangeSimulator, clock: VirtualClock) -> AsyncIterator[Driver]:
    made = built(httpx.ASGITransport(simulator), clock)
    yield made
    await made.aclose()


async def test_a_foreign_customer_is_never_replaced(driver: Driver, simulator: SeaChangeSimulator) -> None:
    theirs, _ = simulator.platform.put(Customer(id="1_3", note="VIP"))
    with pytest.raises(Taken, match="'1_3' that is not ours; remove it there") as caught:
        await driver.create("1_3", SPEC)
    assert (caught.value.field, truth(simulator), simulator.requests.writes) == ("id", theirs, 0)


async def test_a_customer_that_comes_in_between_is_not_replaced_where_the_platform_heeds_it(
    clock: VirtualClock,
) -> None:
    conditions: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        conditions.append(request.headers.get("if-none-match"))
        return httpx.Response(412) if request.method == "PUT" else httpx.Response(404, content=gone())

    driver = built(httpx.MockTransport(answer), clock)
    with pytest.raises(Transient, match=r"another revision of customer '1_3' than was read \(HTTP 412\)"):
        await driver.create("1_3", SPEC)
    assert conditions == [None, "*"]
    await driver.aclose()


def meddling(simulator: SeaChangeSimulator, act: Callable[[], object]) -> Http:
    """The simulator, where somebody else acts just before every PUT."""

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            act()
        return await httpx.ASGITransport(simulator).handle_async_request(request)

    return httpx.MockTransport(answer)


async def test_what_somebody_else_changes_in_between_stands(
    driver: Driver, simulator: SeaChangeSimulator, clock: VirtualClock
) -> None:
    await driver.create("1_3", SPEC)
    observed, theirs = await seen(driver), truth(simulator).model_copy(update={"note": f"{NOTE} VIP"})
    other = built(meddling(simulator, lambda: simulator.platform.put(theirs)), clock)
    with pytest.raises(Transient, match="another revision"):
        await other.update(observed, replace(SPEC, packages=("sport",)))
    assert (truth(simulator).note, truth(simulator).products) == (f"{NOTE} VIP", ("basic",))
    await other.aclose()


async def test_a_customer_that_somebody_removes_in_between_does_not_come_back(
    driver: Driver, simulator: SeaChangeSimulator, clock: VirtualClock
) -> None:
    await driver.create("1_3", SPEC)
    observed = await seen(driver)
    other = built(meddling(simulator, lambda: simulator.platform.delete("1_3")), clock)
    with pytest.raises(Transient, match="another revision"):
        await other.update(observed, replace(SPEC, packages=("sport",)))
    assert simulator.platform.customers == {}
    await other.aclose()


async def test_what_was_changed_since_the_comparison_and_is_not_about_it_stays(
    driver: Driver, simulator: SeaChangeSimulator
) -> None:
    await driver.create("1_3", SPEC)
    observed = await seen(driver)
    simulator.platform.put(truth(simulator).model_copy(update={"enabled": False, "cpes": ("B",)}))
    await driver.update(observed, replace(observed.spec, packages=("sport",)))
    held = truth(simulator)
    assert (held.enabled, held.cpes, held.products, held.first) == (False, ("B",), ("sport",), "Ana")


async def test_a_reading_that_lags_is_not_written_over_what_is_newer(
    driver: Driver, simulator: SeaChangeSimulator, clock: VirtualClock
) -> None:
    await driver.create("1_3", SPEC)
    observed = await seen(driver)
    simulator.platform.read_lag = 5
    await driver.update(observed, replace(SPEC, packages=("sport",)))
    with pytest.raises(Transient, match="another revision"):
        await driver.update(observed, replace(SPEC, enabled=False))
    clock.advance(5)
    await driver.update(observed, replace(SPEC, enabled=False))
    assert (truth(simulator).enabled, truth(simulator).products) == (False, ("sport",))


async def test_our_own_customer_that_is_not_shown_yet_stays_one(driver: Driver, simulator: SeaChangeSimulator) -> None:
    simulator.platform.read_lag = 5
    assert await driver.create("1_3", SPEC) == await driver.create("1_3", SPEC)
    assert list(simulator.platform.customers) == ["1_3"]


async def test_a_pin_is_made_kept_changed_and_cleared(driver: Driver, simulator: SeaChangeSimulator) -> None:
    async def observed(remembered: Secret | None) -> Observation:
        return (await seen(driver)).with_secrets_of(replace(SPEC, pin=remembered))

    await driver.create("1_3", replace(SPEC, pin=PIN))
    assert (truth(simulator).pin, (await seen(driver)).spec.pin) == ("1234", None)
    await driver.update(await observed(PIN), replace(SPEC, packages=("sport",), pin=PIN))
    assert (truth(simulator).pin, truth(simulator).products) == ("1234", ("sport",))
    await driver.update(await observed(PIN), replace(SPEC, pin=Secret("f2", "5678")))
    assert truth(simulator).pin == "5678"
    await driver.update(await observed(Secret("f2")), replace(SPEC, pin=Secret("", "")))
    assert (truth(simulator).pin, (await seen(driver)).spec.pin) == ("", NO_PIN)


async def test_a_pin_that_somebody_cleared_is_seen_and_set_again(driver: Driver, simulator: SeaChangeSimulator) -> None:
    await driver.create("1_3", replace(SPEC, pin=PIN))
    simulator.platform.put(truth(simulator).model_copy(update={"pin": ""}))
    observed = (await seen(driver)).with_secrets_of(replace(SPEC, pin=PIN.sealed()))
    assert replace(SPEC, pin=PIN).differs_from(observed.spec) == ("pin",)
    await driver.update(observed, replace(SPEC, pin=PIN))
    assert truth(simulator).pin == "1234"


async def test_a_pin_that_is_not_at_hand_is_not_lost_but_to_turn_off(
    driver: Driver, simulator: SeaChangeSimulator
) -> None:
    await driver.create("1_3", replace(SPEC, pin=PIN))
    observed = (await seen(driver)).with_secrets_of(replace(SPEC, pin=PIN.sealed()))
    simulator.requests.reset()
    with pytest.raises(Transient, match="has a PIN that every change has to carry"):
        await driver.update(observed, replace(observed.spec, packages=("sport",)))
    assert (truth(simulator).pin, simulator.requests.writes) == ("1234", 0)
    await driver.update(observed, replace(observed.spec, enabled=False))
    assert (truth(simulator).enabled, truth(simulator).pin) == (False, "")
    assert (await seen(driver)).with_secrets_of(observed.spec).spec.pin == NO_PIN


async def test_a_pin_alone_that_is_not_at_hand_calls_nobody(driver: Driver, simulator: SeaChangeSimulator) -> None:
    await driver.create("1_3", SPEC)
    observed = await seen(driver)
    simulator.requests.reset()
    await driver.update(observed, replace(observed.spec, pin=PIN.sealed()))
    assert calls(simulator) == {}


async def test_a_pin_of_somebody_elses_is_for_a_person_to_mend(driver: Driver, simulator: SeaChangeSimulator) -> None:
    simulator.platform.put(Customer(id="1_3", enabled=True, pin="9999", note=NOTE))
    observed = await seen(driver)
    with pytest.raises(Rejected, match=r"a PIN that we do not know.*billing\.custom_fields") as caught:
        await driver.update(observed, replace(observed.spec, packages=("basic",)))
    assert (caught.value.field, truth(simulator).pin) == ("Pin", "9999")


async def test_a_refusal_is_told_in_the_platforms_words(driver: Driver, simulator: SeaChangeSimulator) -> None:
    simulator.platform.put(Customer(id="theirs", cpes=("001A79000001",)))
    with pytest.raises(Taken, match=r"Cpes \(001A…01\): another customer has the same value") as caught:
        await driver.create("1_3", SPEC)
    assert caught.value.field == "Cpes"
    with pytest.raises(Rejected, match=r"Products \(film\)") as refused:
        await driver.create("1_3", replace(SPEC, packages=("film",), device_ids=()))
    assert refused.value.field == "Products"
    with pytest.raises(Rejected, match="InvalidDocument"):
        await driver.create("1_3", replace(SPEC, note="x" * 256, device_ids=()))


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_refusal_by_a_proxy_is_none(clock: VirtualClock, status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            return httpx.Response(status, content=b"<html><body>Bad</body></html>")
        return httpx.Response(404, content=gone())

    driver = built(httpx.MockTransport(answer), clock)
    with pytest.raises(Transient, match="answered a refusal"):
        await driver.create("1_3", SPEC)
    await driver.aclose()
