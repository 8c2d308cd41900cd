"""Histories of changes, faults, edits by hand, orders of persons and kills: once they stop, all is well, and quiet.

What should be there is said by the demo's check, which shares no code with the product.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from controller.billing.simulator.changes import Action
from controller.demo.check import CLOSED, WORDS, Difference, Memory, Scene, differences
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.onlooker import Onlooker
from tests.loop.operating import Operator
from tests.loop.to_do import assert_nobody_is_left_out

T = TypeVar("T")

ACCOUNTS = 5
MOST_A_DAY = 3
FRACTIONS: Mapping[str, float] = {"destructive_fraction": 0.0, "update_fraction": 0.0, "daily_fraction": 0.0}
TIGHT = {"floor": 2, "daily_floor": MOST_A_DAY, **FRACTIONS}
WHICH = st.integers(0, ACCOUNTS - 1)
SEVERAL = st.lists(WHICH, min_size=1, unique=True)
TURNS = ("block", "unblock", "drain", "topup", "customer_block", "customer_unblock", "terminate")
CONTACT = st.fixed_dictionaries({"firstname": st.sampled_from(["Ana", "Eva"]), "city": st.sampled_from(["", "Brno"])})
PLATFORM_OPERATIONS = ("customers.create", "customers.update", "customers.delete", "customers.list", "*")
BILLING_OPERATIONS = ("Account/get_account_list", "Account/get_account_info", "Account/get_custom_fields_values", "*")
SPOILT: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429, "retry_after": 3},
    {"kind": "html"},
    {"kind": "garbage"},
    {"kind": "truncated"},
    {"kind": "lost_answer"},
)
EDITS: tuple[dict[str, Any], ...] = (
    {"packages": ["4"]},
    {"status": "disabled"},
    {"status": "active"},
    {"notes": ""},
    {"firstName": "Nobody", "maxConcurrentConnections": 9},
)
PAUSED = st.sampled_from(["all", "tv", "maintenance", "account"])
THEN = st.sampled_from(["later", "seen", "seen", "approved", "rejected"])
AN_AUDIT, A_WHILE = 900.0, timedelta(hours=8)
CALM = 3
"""So many looks in a row, more than a day in all, have nothing more to do: what was refused was tried again in it."""
LOOKS = 12
"""By then all is calm, where a person approves whatever is held."""


class Histories(RuleBasedStateMachine):
    """One billing, one platform, five accounts, persons, and whatever can happen to them."""

    @initialize(seed=st.integers(0, 2**16), strangers=st.sampled_from([0, 0, 0, 0, 0, 1, 2]), then=THEN)
    def begin(self, seed: int, strangers: int, then: str) -> None:
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.bed = Bed(Path(self.folder.name), {"schedule": {"detail_audit": "10m"}, "brake": TIGHT}, seed=seed)
        self.accounts = [self.bed.tv_account(number) for number in range(1, ACCOUNTS + 1)]
        self.onlooker = Onlooker(self.bed, MOST_A_DAY)
        self.operator = Operator(self.bed, self.onlooker)
        self._a_stranger_has_a_record("a stranger")
        for which in range(strangers):
            self._a_stranger_has_a_record(f"tv{which + 1:06}_3")
        self.go_on(then)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def work(self, work: Coroutine[Any, Any, object]) -> None:
        """The program works, and is watched."""
        with self.onlooker.watching():
            self.run(work)
        self.run(self.operator.look())

    def go_on(self, then: str) -> None:
        """What has happened is seen by a pass, and what that holds is decided about; or it is seen later."""
        if then != "later":
            self.work(self.bed.full_pass())
        if then in ("approved", "rejected") and self.operator.held is not None:
            self.run(self.operator.decide(approves=then == "approved"))

    def _a_stranger_has_a_record(self, name: str) -> None:
        self.bed.platform.operator.create({"externalId": name, "status": "active", "packages": ["4"]})
        row = self.bed.customer(name)
        self.onlooker.foreign[row["id"]] = dict(row)

    @rule(several=SEVERAL, action=st.sampled_from(TURNS), then=THEN)
    def billing_changes(self, several: list[int], action: Action, then: str) -> None:
        for which in several:
            self.bed.billing.change(action, i_account=self.accounts[which])
        self.go_on(then)

    @rule(several=SEVERAL, product=st.sampled_from([61, 62, 70]), then=THEN)
    def the_product_changes(self, several: list[int], product: int, then: str) -> None:
        for which in several:
            self.bed.billing.change("product", i_account=self.accounts[which], i_product=product)
        self.go_on(then)

    @rule(which=WHICH, addon=st.sampled_from([86, 87]), adds=st.booleans(), then=THEN)
    def an_add_on_comes_or_goes(self, which: int, addon: int, adds: bool, then: str) -> None:
        self.bed.billing.change(
            "addon_add" if adds else "addon_remove", i_account=self.accounts[which], i_product=addon
        )
        self.go_on(then)

    @rule(several=SEVERAL, contact=CONTACT, then=THEN)
    def somebody_moves(self, several: list[int], contact: dict[str, str], then: str) -> None:
        for which in several:
            self.bed.billing.change("contact", i_account=self.accounts[which], contact=contact)
        self.go_on(then)

    @rule(which=WHICH)
    def the_id_is_given_to_a_new_account(self, which: int) -> None:
        self.bed.billing.change("terminate", i_account=self.accounts[which])
        self.accounts[which] = self.bed.tv_account(which + 1)

    @rule(operation=st.sampled_from(PLATFORM_OPERATIONS), fault=st.sampled_from(SPOILT), count=st.integers(1, 3))
    def the_platform_fails(self, operation: str, fault: dict[str, Any], count: int) -> None:
        self.bed.platform.faults.add(Fault(operation=operation, count=count, **fault))

    @rule(operation=st.sampled_from(BILLING_OPERATIONS), fault=st.sampled_from(SPOILT), count=st.integers(1, 3))
    def billing_fails(self, operation: str, fault: dict[str, Any], count: int) -> None:
        self.bed.billing.faults.add(Fault(operation=operation, count=count, **fault))

    @rule(which=WHICH, edit=st.sampled_from(EDITS), then=THEN)
    def somebody_edits_our_record(self, which: int, edit: dict[str, Any], then: str) -> None:
        if ours := self.onlooker.ours:
            self.bed.platform.operator.change(ours[which % len(ours)]["id"], edit)
        self.go_on(then)

    @rule(which=WHICH, then=THEN)
    def somebody_removes_our_record(self, which: int, then: str) -> None:
        if ours := self.onlooker.ours:
            self.bed.platform.operator.delete(ours[which % len(ours)]["id"])
        self.go_on(then)

    @rule(which=WHICH, then=THEN)
    def a_stranger_takes_a_name_of_ours(self, which: int, then: str) -> None:
        name = f"tv{which + 1:06}_3"
        bearer = next((row["id"] for row in self.bed.customers() if row["externalId"] == name), None)
        if bearer not in self.onlooker.foreign:
            if bearer is not None:
                self.bed.platform.operator.delete(bearer)
            self._a_stranger_has_a_record(name)
        self.go_on(then)

    @rule(which=PAUSED, account=WHICH, hours=st.sampled_from([0.25, 2, 30]))
    def an_operator_pauses(self, which: str, account: int, hours: float) -> None:
        self.run(self.operator.pause(which, self.accounts[account], hours))

    @precondition(lambda self: self.onlooker.pauses)
    @rule(which=PAUSED, account=WHICH)
    def an_operator_resumes(self, which: str, account: int) -> None:
        self.run(self.operator.resume(which, self.accounts[account]))

    @precondition(lambda self: self.operator.held is not None)
    @rule(approves=st.booleans(), at_once=st.booleans())
    def an_operator_decides_about_the_held_plan(self, approves: bool, at_once: bool) -> None:
        self.run(self.operator.decide(approves=approves))
        if at_once:
            self.work(self.bed.act_on_orders())

    @rule(number=st.integers(0, 3), approves=st.booleans())
    def an_operator_decides_about_another_plan(self, number: int, approves: bool) -> None:
        self.run(self.operator.decide_in_vain(number, approves=approves))

    @rule(which=WHICH, secrets=st.booleans())
    def an_operator_requeues(self, which: int, secrets: bool) -> None:
        self.run(self.operator.requeue(self.accounts[which], secrets=secrets))
        self.work(self.bed.act_on_orders())

    @precondition(lambda self: len(self.onlooker.foreign) > 1)
    @rule(then=THEN, at_once=st.booleans())
    def an_operator_adopts(self, then: str, at_once: bool) -> None:
        self.go_on(then)
        self.run(self.operator.adopt())
        if at_once:
            self.work(self.bed.act_on_orders())

    @rule(seconds=st.sampled_from([1, 30, 600, 4000, 40_000]), then=THEN)
    def time_passes(self, seconds: float, then: str) -> None:
        self.bed.world.advance(seconds)
        self.go_on(then)

    @rule()
    def a_pass(self) -> None:
        self.work(self.bed.full_pass())

    @rule(which=WHICH)
    def an_event_comes(self, which: int) -> None:
        self.run(self.bed.espf("Account/Updated", i_account=self.accounts[which]))
        self.work(self.bed.act_on_events())

    @rule(turns=st.integers(1, 400))
    def a_kill_in_the_middle_of_a_pass(self, turns: int) -> None:
        self.work(self.bed.kill_in_the_middle_of_a_pass(turns))

    @invariant()
    def everybody_has_one_record_and_what_is_foreign_stays_as_it_is(self) -> None:
        self.onlooker.look_at_all()

    @invariant()
    def nobody_who_differs_is_left_out(self) -> None:
        assert_nobody_is_left_out(self.run(self.bed.store()))

    def teardown(self) -> None:
        try:
            self.run(self._faults_stop_and_it_converges())
        finally:
            self.run(self.bed.aclose())
            self.runner.close()
            self.folder.cleanup()

    async def _faults_stop_and_it_converges(self) -> None:
        bed, operator = self.bed, self.operator
        bed.billing.faults.clear()
        bed.platform.faults.clear()
        await operator.resume_all()
        await self._all_is_calm()
        rejected = await operator.still_rejected()
        assert [each for each in await self._wrong() if each.record not in rejected.values()] == []
        if rejected:
            event("something waits because it was rejected")
            await self._the_cause_of_a_rejection_goes(rejected)
            await self._all_is_calm()
        assert await self._wrong() == []
        assert (await bed.store()).journal.count_open() == 0

    async def _all_is_calm(self) -> None:
        """Time passes, and a person approves whatever is held, until there is nothing more to do."""
        calm = 0
        for _ in range(LOOKS):
            writes = self.bed.platform.requests.writes
            in_doubt = (await self.bed.store()).journal.count_open()
            self.bed.world.advance(A_WHILE)
            await self.bed.let_time_pass(AN_AUDIT)
            with self.onlooker.watching():
                await self.bed.full_pass()
            await self.operator.look()
            calm = calm + 1 if self.operator.held is None and self.bed.platform.requests.writes == writes else 0
            if calm == CALM:
                return
            if self.operator.held is not None:
                approved = await self.operator.decide(approves=True)
                assert approved or in_doubt, "nothing has changed since the pass, nor been found out"
            await self._what_the_platform_lost_is_looked_for()
        raise AssertionError(f"there is something to do still after {LOOKS} passes, all of them approved")

    async def _what_the_platform_lost_is_looked_for(self) -> None:
        """Where more is missing in the platform's list than the brake would take, a person has to ask for it."""
        text = (await self.bed.status())["platforms"]["tv"]["text"]
        if text is not None and "taken to be there still" in text:
            event("more was missing than the brake would take")
            for i_account in self.accounts:
                await self.operator.requeue(i_account, secrets=False)
            with self.onlooker.watching():
                await self.bed.act_on_orders()

    async def _the_cause_of_a_rejection_goes(self, rejected: Mapping[int, str]) -> None:
        """Of a closed account somebody renames the record; all others get service in the end, and another name."""
        closed = {each.i_account for each in await self.bed.facts() if each.status == CLOSED}
        for i_account, name in rejected.items():
            if i_account in closed:
                self.bed.platform.operator.change(self.bed.customer(name)["id"], {"externalId": f"formerly {name}"})
                continue
            for action in ("unblock", "customer_unblock", "topup"):
                self.bed.billing.change(action, i_account=i_account)
            self.bed.billing.change("product", i_account=i_account, i_product=62)
            self.bed.billing.change("contact", i_account=i_account, contact={"firstname": "Zoe"})

    async def _wrong(self) -> list[Difference]:
        ours = frozenset(str(row["externalId"]) for row in self.onlooker.ours)
        memory = Memory(self.onlooker.foreign, ours)
        return differences(
            await self.bed.facts(), Scene(WORDS["tv"], self.bed.customers(), memory, self.bed.world.now())
        )


FEW = settings(max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))

TestHistories = Histories.TestCase
TestHistories.settings = FEW


class ManyHistories(Histories):
    """The same, to be lived through more often."""


TestManyHistories = pytest.mark.long(ManyHistories.TestCase)
TestManyHistories.settings = settings(FEW, max_examples=80)
