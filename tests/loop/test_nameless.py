"""A platform that cannot be asked for a record by the name we gave it: a lost answer goes to a person."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller import orders
from controller.orders import Person, Whose
from controller.views.explain import SubscriberView
from desired_state.catalog import Package
from desired_state.subscriber import Observation, SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.driver import Reference, Transient, Unsupported
from platforms.memory import MemoryDriver, Record
from tests.bed import Bed


class Nameless(MemoryDriver):
    """It knows records by its own ids only, and makes another one whenever it is told to."""

    capabilities = Capabilities(finds_by_name=False)
    loses = 0
    keeps = True

    async def observe(self, reference: Reference) -> Observation | None:
        if reference.record_id is None:
            raise Unsupported(f"{self.name} cannot be asked for a record by its name")
        return self._observation(reference.record_id) if reference.record_id in self.records else None

    async def delete(self, observed: Observation) -> None:
        await super().delete(observed)
        if self.loses:
            self.loses -= 1
            raise Transient(f"{self.name} did not answer")

    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        self.writes += 1
        self._last_id += 1
        if not self.loses or self.keeps:
            self.records[str(self._last_id)] = Record(external_id, spec)
        if self.loses:
            self.loses -= 1
            raise Transient(f"{self.name} did not answer")
        return str(self._last_id)


class Town:
    """One account on such a platform, and a first call without an answer."""

    def __init__(self, bed: Bed, *, keeps: bool) -> None:
        self.bed = bed
        (platform,) = bed.application.installations[0].billing.platforms
        self.driver = Nameless("tv", bed.world, [Package("1", "basic")])
        platform.driver = self.driver
        self.driver.loses, self.driver.keeps = 1, keeps
        self.account = bed.tv_account()

    def hide_mark(self) -> None:
        """The platform shows nothing by which the record could be told to be ours."""
        for record_id, record in self.driver.records.items():
            self.driver.records[record_id] = Record("?", replace(record.spec, note=""))

    async def explained(self) -> SubscriberView:
        return (await self.bed.explain("tv000001"))["platforms"]["tv"]


@pytest.fixture
def town(make_bed: Callable[..., Bed]) -> Callable[[bool], Town]:
    return lambda keeps: Town(make_bed(), keeps=keeps)


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_lost_create_is_not_repeated_but_goes_to_a_person(town: Callable[[bool], Town], keeps: bool) -> None:
    here = town(keeps)
    await here.bed.full_pass()
    here.hide_mark()
    await here.bed.converge(4)
    assert here.driver.writes == 1
    explained = await here.explained()
    assert explained["state"] == "conflict"
    assert explained["held"] is not None
    assert explained["held"]["by"] == "unproven"
    assert "cannot be asked for it by its name; look there" in explained["held"]["text"]
    assert [action["result"] for action in explained["last_actions"]] == ["open"]
    assert not (await here.bed.status())["healthy"]


async def test_it_stays_with_the_person_when_the_account_is_blocked_meanwhile(town: Callable[[bool], Town]) -> None:
    here = town(True)
    await here.bed.full_pass()
    here.hide_mark()
    here.bed.billing.change("block", i_account=here.account)
    await here.bed.converge(2)
    assert (await here.explained())["state"] == "conflict"
    here.bed.billing.change("product", i_account=here.account, i_product=70)
    await here.bed.converge(2)
    assert (await here.explained())["state"] == "conflict"


async def test_a_list_that_shows_the_record_with_its_mark_ends_it(town: Callable[[bool], Town]) -> None:
    here = town(True)
    await here.bed.converge(2)
    assert here.driver.writes == 1
    explained = await here.explained()
    assert (explained["state"], explained["last_actions"][0]["result"]) == ("in_sync", "ok")


async def test_a_person_who_has_looked_has_it_made_by_requeue(town: Callable[[bool], Town]) -> None:
    here = town(False)
    await here.bed.converge(2)
    store, whose = await here.bed.store(), Whose("billing", here.account)
    with store.transaction():
        orders.requeue(store, Person("ana", here.bed.world.now()), whose, {"tv": 3}, secrets=False)
    await here.bed.full_pass()
    assert here.driver.writes == 2
    explained = await here.explained()
    assert (explained["state"], len(here.driver.records)) == ("in_sync", 1)
    assert [action["result"] for action in explained["last_actions"]] == ["ok", "unknown"]
    assert explained["last_actions"][1]["text"] == "the answer was lost; ana has looked for the record"


async def test_a_lost_delete_is_settled_by_the_list(town: Callable[[bool], Town]) -> None:
    here = town(True)
    await here.bed.converge(2)
    here.driver.loses = 1
    here.bed.billing.change("terminate", i_account=here.account)
    await here.bed.converge(3)
    assert (here.driver.records, here.driver.writes) == ({}, 2)
    view = await here.bed.explain(f"i_account:{here.account}")
    assert view["platforms"]["tv"]["last_actions"][0]["result"] == "ok"
