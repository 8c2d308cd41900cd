"""Histories over three platforms of three kinds: once they stop, each has the right records, and all is quiet.

What should be there is said by the demo's check, which shares no code with the product.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from controller.billing.simulator.changes import Action
from controller.demo.check import WORDS, Memory, Record, Scene, differences
from platforms.seachange.simulated import Customer
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.platforms import (
    billing,
    box,
    cable,
    catalog,
    dumped,
    ministra,
    seachange,
    simulators,
    telebreeze,
    writes,
)

pytestmark = pytest.mark.long

T = TypeVar("T")

ACCOUNTS = 4
WHICH = st.integers(0, ACCOUNTS - 1)
PLATFORM = st.sampled_from(sorted(WORDS))
PRODUCTS = st.sampled_from([61, 62, 63, 64, 65, 66, 70])
TURNS = st.sampled_from(("block", "unblock", "drain", "topup", "contact"))
ADDONS: Mapping[int, Sequence[int]] = {65: (86, 88, 89), 66: (86, 88, 89)}
"""An add-on of Ministra needs a plan there, so only who has one gets it; all others serve on a second platform."""
STRANGER = "a-stranger"
EVERYWHERE = {"degrade": ["connection_limit", "devices", "pin"]}
OPERATIONS = st.sampled_from(["*.create", "*.update", "*.delete", "*.list", "*.get", "*"])
SPOILT = st.sampled_from(
    [{"kind": "status", "status": 503}, {"kind": "html"}, {"kind": "truncated"}, {"kind": "lost_answer"}]
)


class Histories(RuleBasedStateMachine):
    """One billing, three platforms, four accounts, and what can happen to them."""

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        blocks = {
            "billing": billing(),
            "platforms": {
                "tv": telebreeze(**EVERYWHERE),
                "cable": seachange(**EVERYWHERE),
                "box": ministra(**EVERYWHERE),
            },
            "catalog": catalog(*WORDS),
            "schedule": {"detail_audit": "1h"},
        }
        self.bed = Bed(Path(self.folder.name), blocks, seed=seed)
        self.accounts = [self.bed.tv_account(number, i_product=60 + number) for number in range(1, ACCOUNTS + 1)]
        self.bed.platform.operator.create({"externalId": STRANGER, "packages": ["4"]})
        cable(self.bed).platform.put(Customer(id=STRANGER, note="made by hand"))
        box(self.bed).portal.create({"login": STRANGER, "account_number": "tv000001"})
        self.foreign = {name: self.run(self._by_key(name)) for name in WORDS}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(which=WHICH, action=TURNS)
    def billing_changes(self, which: int, action: Action) -> None:
        self.bed.billing.change(action, i_account=self.accounts[which])

    @rule(which=WHICH, product=PRODUCTS)
    def an_account_moves(self, which: int, product: int) -> None:
        account = self.accounts[which]
        if product not in ADDONS:
            self.bed.billing.change("addon_remove", i_account=account, i_product=89)
        self.bed.billing.change("product", i_account=account, i_product=product)

    @rule(which=WHICH, number=st.integers(0, 2), adds=st.booleans())
    def an_add_on_comes_or_goes(self, which: int, number: int, adds: bool) -> None:
        account = self.bed.billing.installation.accounts[self.accounts[which]]
        addons = ADDONS.get(account.i_product, (86, 88))
        self.bed.billing.change(
            "addon_add" if adds else "addon_remove",
            i_account=account.i_account,
            i_product=addons[number % len(addons)],
        )

    @rule(which=WHICH, numbers=st.lists(st.integers(1, 200), min_size=1, max_size=2, unique=True))
    def devices_are_replaced(self, which: int, numbers: list[int]) -> None:
        macs = [f"00:1A:79:{which:02X}:01:{number:02X}" for number in numbers]
        self.bed.billing.change("device", i_account=self.accounts[which], devices=macs)

    @rule(which=WHICH, pin=st.sampled_from(["", "1234", "4321"]))
    def the_pin_changes(self, which: int, pin: str) -> None:
        self.bed.billing.installation.accounts[self.accounts[which]].custom_fields["TV PIN"] = pin or None

    @rule(which=WHICH)
    def the_id_is_given_to_a_new_account(self, which: int) -> None:
        self.bed.billing.change("terminate", i_account=self.accounts[which])
        self.accounts[which] = self.bed.tv_account(which + 1, i_product=61 + which)

    @rule(platform=PLATFORM, operation=OPERATIONS, fault=SPOILT, count=st.integers(1, 3))
    def a_platform_fails(self, platform: str, operation: str, fault: dict[str, Any], count: int) -> None:
        simulators(self.bed)[platform].faults.add(Fault(operation=operation, count=count, **fault))

    @rule(seconds=st.sampled_from([1, 30, 600, 4000]))
    def time_passes_and_everything_is_read(self, seconds: float) -> None:
        self.bed.world.advance(seconds)
        self.run(self.bed.full_pass())

    @rule(which=WHICH)
    def an_event_comes(self, which: int) -> None:
        self.run(self.bed.espf("Account/Updated", i_account=self.accounts[which]))
        self.run(self.bed.act_on_events())

    @rule(turns=st.integers(1, 400))
    def a_kill_in_the_middle_of_a_pass(self, turns: int) -> None:
        self.run(self.bed.kill_in_the_middle_of_a_pass(turns))

    def teardown(self) -> None:
        try:
            self.run(self._faults_stop_and_it_converges())
        finally:
            self.run(self.bed.aclose())
            self.runner.close()
            self.folder.cleanup()

    async def _by_key(self, platform: str) -> Mapping[str, Record]:
        return {WORDS[platform].key_of(each): each for each in await dumped(self.bed, platform)}

    async def _faults_stop_and_it_converges(self) -> None:
        bed = self.bed
        for simulator in simulators(bed).values():
            simulator.faults.clear()
        await bed.act_on_events()
        await bed.converge(5)
        assert [text for name in WORDS for text in await self._wrong_on(name)] == []
        heard = [list(user.events) for user in box(bed).portal.users]
        for simulator in simulators(bed).values():
            simulator.requests.reset()
        await bed.converge(2)
        assert [writes(simulator.requests) for simulator in simulators(bed).values()] == [{}, {}, {}]
        assert [list(user.events) for user in box(bed).portal.users] == heard
        assert (await bed.store()).journal.count_open() == 0

    async def _wrong_on(self, platform: str) -> list[str]:
        words, foreign, records = WORDS[platform], self.foreign[platform], await self._by_key(platform)
        ours = frozenset(words.name_of(each) for key, each in records.items() if key not in foreign)
        scene = Scene(words, list(records.values()), Memory(foreign, ours), self.bed.world.now())
        return [f"{platform}: {each}" for each in differences(await self.bed.facts(), scene)]


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
