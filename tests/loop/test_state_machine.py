"""Histories of changes, faults, edits by hand and kills: once they stop, everything is as it should be, and quiet.

What should be there is said by the demo's check, which shares no code with the product.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from controller.billing.simulator.changes import Action
from controller.demo.check import WORDS, Memory, Scene, differences
from platforms.simulation import Fault
from tests.bed import Bed

T = TypeVar("T")

ACCOUNTS = 5
WHICH = st.integers(0, ACCOUNTS - 1)
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


class Histories(RuleBasedStateMachine):
    """One billing, one platform, five accounts, and whatever can happen to them."""

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.bed = Bed(Path(self.folder.name), {"schedule": {"detail_audit": "1h"}}, seed=seed)
        self.accounts = [self.bed.tv_account(number) for number in range(1, ACCOUNTS + 1)]
        self.bed.platform.operator.create({"externalId": "a stranger", "status": "active", "packages": ["4"]})
        self.foreign = {row["id"]: dict(row) for row in self.bed.customers()}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(which=WHICH, action=st.sampled_from(TURNS))
    def billing_changes(self, which: int, action: Action) -> None:
        self.bed.billing.change(action, i_account=self.accounts[which])

    @rule(which=WHICH, product=st.sampled_from([61, 62, 70]))
    def the_product_changes(self, which: int, product: int) -> None:
        self.bed.billing.change("product", i_account=self.accounts[which], i_product=product)

    @rule(which=WHICH, addon=st.sampled_from([86, 87]), adds=st.booleans())
    def an_add_on_comes_or_goes(self, which: int, addon: int, adds: bool) -> None:
        self.bed.billing.change(
            "addon_add" if adds else "addon_remove", i_account=self.accounts[which], i_product=addon
        )

    @rule(which=WHICH, contact=CONTACT)
    def somebody_moves(self, which: int, contact: dict[str, str]) -> None:
        self.bed.billing.change("contact", i_account=self.accounts[which], contact=contact)

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

    @rule(which=WHICH, edit=st.sampled_from(EDITS))
    def somebody_edits_our_record(self, which: int, edit: dict[str, Any]) -> None:
        ours = [row["id"] for row in self.bed.customers() if row["id"] not in self.foreign]
        if ours:
            self.bed.platform.operator.change(ours[which % len(ours)], edit)

    @rule(which=WHICH)
    def somebody_removes_our_record(self, which: int) -> None:
        ours = [row["id"] for row in self.bed.customers() if row["id"] not in self.foreign]
        if ours:
            self.bed.platform.operator.delete(ours[which % len(ours)])

    @rule(seconds=st.sampled_from([1, 30, 600, 4000]))
    def time_passes(self, seconds: float) -> None:
        self.bed.world.advance(seconds)

    @rule()
    def a_pass(self) -> None:
        self.run(self.bed.full_pass())

    @rule(turns=st.integers(1, 400))
    def a_kill_in_the_middle_of_a_pass(self, turns: int) -> None:
        self.run(self.bed.kill_in_the_middle_of_a_pass(turns))

    @invariant()
    def nobody_has_two_records(self) -> None:
        names = [row["externalId"] for row in self.bed.customers()]
        assert len(names) == len(set(names))

    def teardown(self) -> None:
        try:
            self.run(self._faults_stop_and_it_converges())
        finally:
            self.run(self.bed.aclose())
            self.runner.close()
            self.folder.cleanup()

    async def _faults_stop_and_it_converges(self) -> None:
        bed = self.bed
        bed.billing.faults.clear()
        bed.platform.faults.clear()
        await bed.converge(5)
        ours = frozenset(str(row["externalId"]) for row in bed.customers() if row["id"] not in self.foreign)
        scene = Scene(WORDS["tv"], bed.customers(), Memory(self.foreign, ours), bed.world.now())
        assert differences(await bed.facts(), scene) == []
        bed.platform.requests.reset()
        await bed.converge(2)
        assert bed.platform.requests.writes == 0
        assert (await bed.store()).journal.count_open() == 0


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
