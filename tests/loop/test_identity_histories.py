"""Histories of ids, devices and logins that change hands, with faults, kills, and events that are late or lost.

Each record ends as its account's.

What should be there is said here from the simulators' facts alone: nothing of the product is asked.
"""

import asyncio
import re
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from controller.billing.simulator.changes import Action
from controller.billing.simulator.state import SimulatedAccount
from controller.demo.check import Account
from platforms.simulation import Fault
from tests.bed import Bed

T = TypeVar("T")

ACCOUNTS = 4
WHICH = st.integers(0, ACCOUNTS - 1)
SOME = st.lists(WHICH, min_size=2, max_size=ACCOUNTS, unique=True)
IDS = st.sampled_from([f"tv{number:06}" for number in range(1, 7)])
TURNS = ("block", "unblock")
SPOILT: tuple[dict[str, Any], ...] = ({"kind": "status", "status": 500}, {"kind": "lost_answer"}, {"kind": "garbage"})
OPERATIONS = ("customers.create", "customers.update", "customers.delete", "customers.list")


class IdentityHistories(RuleBasedStateMachine):
    """One billing, one platform, four accounts that hand their ids, devices and logins to one another."""

    @initialize(seed=st.integers(0, 2**16), follows=st.booleans(), deletes=st.booleans())
    def begin(self, seed: int, follows: bool, deletes: bool) -> None:
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.follows, self.deletes = follows, deletes
        tv = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "auth": "all"}
        blocks = {
            "platforms": {"tv": {**tv, "rename": follows, "delete_enabled": deletes}},
            "schedule": {"detail_audit": "1h"},
            "brake": {"floor": 100},
        }
        self.bed = Bed(Path(self.folder.name), blocks, seed=seed)
        self.bed.platform.operator.create({"externalId": "a stranger", "packages": ["4"]})
        (self.stranger,) = (dict(row) for row in self.bed.customers())
        self.ids_of: dict[int, set[str]] = {}
        self.accounts = [self._opened(f"tv{number:06}") for number in range(1, ACCOUNTS + 1)]
        self.numbers = count()
        self.run(self.bed.full_pass())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(some=SOME)
    def ids_go_round(self, some: list[int]) -> None:
        ids = [self._simulated(which).id for which in some]
        for which, account_id in zip(some, [*ids[1:], ids[0]], strict=True):
            self._rename(which, account_id)

    @rule(some=SOME, field=st.sampled_from(["TV MAC", "TV Login"]))
    def devices_or_logins_go_round(self, some: list[int], field: str) -> None:
        fields = [self._simulated(which).custom_fields for which in some]
        values = [each[field] for each in fields]
        for each, value in zip(fields, [*values[1:], values[0]], strict=True):
            each[field] = value

    @rule(some=SOME)
    def devices_move(self, some: list[int]) -> None:
        giver, taker = (self._simulated(which).custom_fields for which in some[:2])
        taker["TV MAC"] = f"{taker['TV MAC'] or ''} {giver['TV MAC'] or ''}".strip()
        giver["TV MAC"] = ""

    @rule(which=WHICH, account_id=IDS)
    def an_id_changes(self, which: int, account_id: str) -> None:
        if account_id not in [self._simulated(each).id for each in range(ACCOUNTS)]:
            self._rename(which, account_id)

    @rule(which=WHICH, keeps_id=st.booleans(), keeps_devices=st.booleans())
    def an_account_ends_and_another_begins(self, which: int, keeps_id: bool, keeps_devices: bool) -> None:
        old = self._simulated(which)
        free = (each for each in (f"tv{number:06}" for number in range(7, 10**6)) if not self._is_used(each))
        account_id = old.id if keeps_id else next(free)
        self.bed.billing.change("terminate", i_account=old.i_account)
        self.accounts[which] = self._opened(account_id)
        if keeps_devices:
            names = ("TV MAC", "TV Login", "TV Password")
            self._simulated(which).custom_fields |= {name: old.custom_fields[name] for name in names}

    @rule(which=WHICH, action=st.sampled_from(TURNS))
    def billing_turns_it_off_or_on(self, which: int, action: Action) -> None:
        self.bed.billing.change(action, i_account=self.accounts[which])

    @rule(which=WHICH, product=st.sampled_from([61, 70]))
    def television_comes_or_goes(self, which: int, product: int) -> None:
        self.bed.billing.change("product", i_account=self.accounts[which], i_product=product)

    @rule(operation=st.sampled_from(OPERATIONS), fault=st.sampled_from(SPOILT), count=st.integers(1, 2))
    def the_platform_fails(self, operation: str, fault: dict[str, Any], count: int) -> None:
        self.bed.platform.faults.add(Fault(operation=operation, count=count, **fault))

    @rule(which=WHICH, about=st.sampled_from(["account", "customer"]), acted_upon=st.booleans(), killed=st.booleans())
    def an_event_comes_however_late(self, which: int, about: str, acted_upon: bool, killed: bool) -> None:
        """Most changes are never announced; an event may come long after its change, twice, or before a kill."""
        account = self._simulated(which)
        ids = {"account": {"i_account": account.i_account}, "customer": {"i_customer": account.customer.i_customer}}
        self.run(self.bed.espf(f"{about.title()}/Updated", i_event=next(self.numbers) // 2, **ids[about]))
        if killed:
            self.bed.restart()
        if acted_upon:
            self.run(self.bed.act_on_events())

    @rule(seconds=st.sampled_from([30, 4000]))
    def time_passes_and_everything_is_read(self, seconds: float) -> None:
        self.bed.world.advance(seconds)
        self.run(self.bed.full_pass())

    @rule(turns=st.integers(1, 400))
    def a_kill_in_the_middle_of_a_pass(self, turns: int) -> None:
        self.run(self.bed.kill_in_the_middle_of_a_pass(turns))

    def teardown(self) -> None:
        try:
            self.run(self._everything_ends_as_it_should())
        finally:
            self.run(self.bed.aclose())
            self.runner.close()
            self.folder.cleanup()

    def _simulated(self, which: int) -> SimulatedAccount:
        return self.bed.billing.installation.accounts[self.accounts[which]]

    def _is_used(self, account_id: str) -> bool:
        return any(account_id in ids for ids in self.ids_of.values())

    def _opened(self, account_id: str) -> int:
        i_account = self.bed.billing.change("create", id=account_id, i_product=61)
        self.ids_of[i_account] = {account_id}
        return i_account

    def _rename(self, which: int, account_id: str) -> None:
        self.bed.billing.change("rename", i_account=self.accounts[which], id=account_id)
        self.ids_of[self.accounts[which]].add(account_id)

    async def _everything_ends_as_it_should(self) -> None:
        bed = self.bed
        bed.platform.faults.clear()
        await bed.act_on_events()
        await bed.converge(5)
        rows = {row["id"]: dict(row) for row in bed.customers()}
        assert rows.pop(self.stranger["id"]) == self.stranger
        owners = [int(re.fullmatch(r"iptv-reconciler env=3 i_account=(\d+)", row["notes"])[1]) for row in rows.values()]  # type: ignore[index]
        assert len(owners) == len(set(owners)), "nobody has two records"
        records = dict(zip(owners, rows.values(), strict=True))
        for account in await bed.facts():
            assert self._wrong_with(account, records.get(account.i_account)) == []
        bed.platform.requests.reset()
        await bed.converge(2)
        assert bed.platform.requests.writes == 0
        bed.world.advance(60)
        await bed.act_on_events()
        assert bed.platform.requests.writes == 0
        assert (await bed.store()).journal.count_open() == 0
        assert (await bed.store()).events("billing").oldest_pending() is None
        assert {state for state, count in (await bed.status())["platforms"]["tv"]["accounts"].items() if count} <= {
            "in_sync",
            "no_service",
        }

    def _wrong_with(self, account: Account, record: dict[str, Any] | None) -> list[str]:
        """Everything in which a record is not as its account's facts ask for."""
        is_on, has_tv = account.status is None, account.i_product == 61
        if record is None:
            return [f"{account.i_account} has no record"] if is_on and has_tv else []
        if account.status == "closed" and self.deletes:
            return [f"{account.i_account} was terminated and has a record"]
        names = {f"{each}_3" for each in (account.id, *self.ids_of[account.i_account])}
        if self.follows and account.status != "closed":
            names = {f"{account.id}_3"}
        wanted: dict[str, object] = {"status": "active" if is_on and has_tv else "disabled"}
        if has_tv and account.status != "closed":
            wanted["devices"] = [{"deviceId": device} for device in sorted(account.devices)]
            wanted["username"] = account.custom_fields["TV Login"]
            wanted["password"] = account.custom_fields["TV Password"]
        wrong = [f"{name} is {record[name]}, not {value}" for name, value in wanted.items() if record[name] != value]
        return wrong if record["externalId"] in names else [*wrong, f"is called {record['externalId']}"]


FEW = settings(max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))

TestIdentityHistories = IdentityHistories.TestCase
TestIdentityHistories.settings = FEW


class ManyIdentityHistories(IdentityHistories):
    """The same, to be lived through more often."""


TestManyIdentityHistories = pytest.mark.long(ManyIdentityHistories.TestCase)
TestManyIdentityHistories.settings = settings(FEW, max_examples=80)
