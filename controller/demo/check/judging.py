"""What is wrong on a platform, by billing's facts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller.demo.check.facts import CLOSED, OFF, ON, REAL_ACCOUNTS, Account
from controller.demo.check.words import Record, Words


@dataclass(frozen=True, slots=True)
class Memory:
    """What was there before: `foreign` the records that are not ours, by id; `ours` the names that had a record."""

    foreign: Mapping[str, Record] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """What is wrong with one record, which `record` names; `foreign` if it is not ours."""

    record: str
    text: str
    foreign: bool = False

    def __str__(self) -> str:
        return f"{self.record}: {self.text}"


@dataclass(frozen=True, slots=True)
class Scene:
    """One platform's records at one instant, and what was there before."""

    words: Words
    records: Sequence[Record]
    memory: Memory
    now: datetime


def differences(accounts: Sequence[Account], scene: Scene) -> list[Difference]:
    """Everything in which the platform is not as billing's facts ask for; empty if all is well."""
    return list(_Check(accounts, scene).run())


class _Check:
    def __init__(self, accounts: Sequence[Account], scene: Scene) -> None:
        self._accounts = [each for each in accounts if each.billing_model in REAL_ACCOUNTS and each.status != CLOSED]
        self._words = scene.words
        self._records = scene.records
        self._memory = scene.memory
        self._now = scene.now
        self._foreign_names = {scene.words.name_of(each) for each in scene.memory.foreign.values()}
        self._holders = self._device_holders()

    def run(self) -> Iterator[Difference]:
        yield from self._foreign()
        ours = [each for each in self._records if self._words.key_of(each) not in self._memory.foreign]
        by_name = {self._words.name_of(each): each for each in ours}
        for account in self._accounts:
            if self._words.name(account) not in self._foreign_names:
                yield from self._account(account, by_name.get(self._words.name(account)))
        yield from self._surplus(ours)

    def _foreign(self) -> Iterator[Difference]:
        there = {self._words.key_of(each): each for each in self._records}
        for key, record in self._memory.foreign.items():
            if key not in there:
                yield Difference(key, "is gone, and was not ours", foreign=True)
            elif there[key] != record:
                altered = [name for name in record if there[key].get(name) != record[name]]
                yield Difference(key, f"was altered, and is not ours: {', '.join(altered)}", foreign=True)

    def _surplus(self, ours: Sequence[Record]) -> Iterator[Difference]:
        names = {self._words.name(account) for account in self._accounts} - self._foreign_names
        seen: set[str] = set()
        for name in map(self._words.name_of, ours):
            if name not in names:
                yield Difference(name, "there is a record, but no account that should have one")
            elif name in seen:
                yield Difference(name, "there are several records of this name")
            seen.add(name)

    def _account(self, account: Account, record: Record | None) -> Iterator[Difference]:
        name = self._words.name(account)
        if account.status not in ON | OFF:
            if (record is not None) != (name in self._memory.ours):
                yield Difference(name, f"was to be left alone (status {account.status})")
        elif not self._should_have_record(account):
            if record is not None:
                yield Difference(name, f"there should be no record (status {account.status})")
        elif record is None:
            yield Difference(name, f"there is no record (status {account.status})")
        else:
            yield from self._fields(account, record)

    def _fields(self, account: Account, record: Record) -> Iterator[Difference]:
        name, shown = self._words.name(account), self._words.shown(record)
        for field_name, value in self._words.wanted(account, account.products(self._now)).items():
            if shown.get(field_name) != value:
                yield Difference(name, f"{field_name} is {record.get(field_name)!r}, should be {value!r}")
        devices, wanted = self._words.devices_of(record), self._words.devices(account)
        if self._has_television(account) and devices != wanted:
            yield Difference(name, f"devices are {devices!r}, should be {wanted!r}")
        if not re.search(rf"\b{account.i_account}\b", str(record[self._words.note])):
            yield Difference(name, f"{self._words.note} does not name account {account.i_account}")

    def _should_have_record(self, account: Account) -> bool:
        """One that is off, or that has no television here, keeps the record it had and gets none if it had none."""
        if self._words.name(account) in self._memory.ours:
            return True
        return account.is_on and self._has_television(account) and self._can_watch(account)

    def _has_television(self, account: Account) -> bool:
        return bool(self._words.products & set(account.products(self._now)))

    def _can_watch(self, account: Account) -> bool:
        """It has a device; of several accounts that name one device the first to get it keeps it, else the oldest."""
        owners = {self._holders[device] for device in self._words.devices(account)}
        return owners == {account.i_account}

    def _device_holders(self) -> dict[str, int]:
        there = {self._words.name_of(each): self._words.devices_of(each) for each in self._records}
        contenders: dict[str, list[tuple[bool, int]]] = {}
        for account in self._accounts:
            for device in self._words.devices(account) if self._has_television(account) else ():
                lacks_it = device not in there.get(self._words.name(account), ())
                contenders.setdefault(device, []).append((lacks_it, account.i_account))
        return {device: min(named)[1] for device, named in contenders.items()}
