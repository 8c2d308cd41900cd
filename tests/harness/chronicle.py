"""What really happened on the platforms, told from outside: every effective change of a record, and whether it was due.

Rules of this module:

1. It shares no code with the product: records are what the simulators dump, wishes are written down anew from billing's
   facts and the demo's own catalog (`controller/demo/check`, which imports nothing of the product either).
2. What counts is what a call changed, not that it was made: a repeated call with the same values changes nothing.
3. What may be taken away is what billing asked to take away at some instant of the run, however short.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller.demo.check import CLOSED, Account, Record, Words

_MARK = re.compile(r"\bi_account=(\d+)\b")
MADE_BY_THE_PLATFORM = {"id", "createdAt", "updatedAt", "switched_at", "revision", "events", "reboots", "binding"}
COUNTED = ("create", "delete", "suspend", "resume")


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something a call did to a record: one of `COUNTED`, or `packages` (some were taken away), or `other`.

    `i_account` is the one in the record's mark; 0 if there is none.
    """

    platform: str
    i_account: int
    what: str


@dataclass(slots=True)
class _Wishes:
    """What billing asked for at any time of the run, on one platform."""

    gone: set[int] = field(default_factory=set)
    off: set[int] = field(default_factory=set)
    names: dict[int, set[str]] = field(default_factory=dict)
    packages: dict[int, set[frozenset[str]]] = field(default_factory=dict)


class Chronicle:
    """Everything that happened to the records of all platforms, and what of it was wrong at once."""

    def __init__(self, words: Mapping[str, Words]) -> None:
        self.words = words
        self.events: list[Event] = []
        self.wrong: list[str] = []
        self.calls: Counter[str] = Counter()
        self.intents: set[int] = set()
        self.in_vain: list[str] = []
        self.excused: set[tuple[str, int]] = set()
        self._foreign: dict[str, dict[str, Record]] = {name: {} for name in words}
        self._records: dict[str, dict[str, Record]] = {name: {} for name in words}
        self._wishes = {name: _Wishes() for name in words}

    # -- what is told

    def begins(self, platform: str, rows: Sequence[Record]) -> None:
        """These records were there before us: none of them is ours."""
        self._foreign[platform] = self._records[platform] = self._by_key(platform, rows)

    def asked(self, accounts: Iterable[Account], now: datetime) -> None:
        """What billing says now."""
        for account in accounts:
            for platform, words in self.words.items():
                self._note_wish(self._wishes[platform], words, account, now)

    def may_lose(self, i_account: int) -> None:
        """Billing says for an instant that the account has no service."""
        for platform, wishes in self._wishes.items():
            wishes.off.add(i_account)
            self.excuse(platform, i_account)

    def excuse(self, platform: str, i_account: int) -> None:
        """The account may be suspended and resumed once more, or less."""
        self.excused.add((platform, i_account))

    def edited(self, platform: str, rows: Sequence[Record]) -> None:
        """Somebody else changed records by hand."""
        self._records[platform] = self._by_key(platform, rows)

    def written(
        self, platform: str, rows: Sequence[Record], announced: Mapping[int, int], status: int
    ) -> Sequence[Event]:
        """A call of ours was answered, or its answer lost (0): this is what it did.

        `announced` are the intents committed before it, and their accounts. A call that came through and changed
        nothing that we could have asked for is `in_vain`.
        """
        self.calls[platform] += 1
        self.intents |= announced.keys()
        before, after = self._records[platform], self._by_key(platform, rows)
        happened = list(self._changes(platform, before, after))
        self.events += [event for event, _ in happened]
        for event, record in happened:
            self._judge(event, record, announced)
        if not announced:
            self.wrong.append(f"{platform}: a call was made that no intent had announced")
        self._judge_all(platform, after)
        if status < 500 and all(_is_same(*pair) for pair in _pairs(self.words[platform], before, after)):
            accounts = sorted(set(announced.values()))
            self.in_vain.append(f"{platform}: a call that changed nothing, for one of the accounts {accounts}")
        self._records[platform] = after
        return [event for event, _ in happened]

    # -- what is asked

    def foreign(self, platform: str) -> Mapping[str, Record]:
        """The records that were there before us."""
        return self._foreign[platform]

    # -- how it is found out

    def _by_key(self, platform: str, rows: Sequence[Record]) -> dict[str, Record]:
        return {self.words[platform].key_of(row): dict(row) for row in rows}

    def _note_wish(self, wishes: _Wishes, words: Words, account: Account, now: datetime) -> None:
        products = account.products(now)
        wanted = words.wanted(account, products)
        packages = (str(each) for name in words.lists for each in _texts(wanted.get(name)))
        wishes.names.setdefault(account.i_account, set()).add(words.name(account))
        wishes.packages.setdefault(account.i_account, set()).add(frozenset(packages))
        if account.status == CLOSED:
            wishes.gone.add(account.i_account)
        if not account.is_on or not words.products & set(products):
            wishes.off.add(account.i_account)

    def _changes(
        self, platform: str, before: Mapping[str, Record], after: Mapping[str, Record]
    ) -> Iterator[tuple[Event, Record]]:
        words = self.words[platform]
        for old, new in _pairs(words, before, after):
            record = new or old or {}
            yield Event(platform, owner(words, old or record), _what(words, old, new)), record
            if old and new and _packages(words, old) - _packages(words, new):
                yield Event(platform, owner(words, old), "packages"), old

    def _judge(self, event: Event, record: Record, announced: Mapping[int, int]) -> None:
        wishes, words = self._wishes[event.platform], self.words[event.platform]
        account, name = event.i_account, words.name_of(record)
        if account not in announced.values():
            self.wrong.append(f"{event}: no intent for it had been committed")
        may = {
            "delete": account in wishes.gone or any(each != name for each in wishes.names.get(account, ())),
            "suspend": account in wishes.off | wishes.gone,
            "packages": account in wishes.off | wishes.gone or len(wishes.packages.get(account, ())) > 1,
        }
        if not may.get(event.what, True):
            self.wrong.append(f"{event}: billing never asked for it")

    def _judge_all(self, platform: str, records: Mapping[str, Record]) -> None:
        words = self.words[platform]
        for key, record in self._foreign[platform].items():
            if records.get(key) != record:
                self.wrong.append(f"{platform}: {words.name_of(record)}, which is not ours, was touched")
        owners = Counter(filter(None, (owner(words, record) for record in records.values())))
        self.wrong += [f"{platform}: account {each} has {n} records" for each, n in owners.items() if n > 1]


def owner(words: Words, record: Record) -> int:
    """The account for which the record was made, by its mark; 0 if it has none."""
    mark = _MARK.search(str(record[words.note]))
    return int(mark[1]) if mark else 0


def _pairs(
    words: Words, before: Mapping[str, Record], after: Mapping[str, Record]
) -> Iterator[tuple[Record | None, Record | None]]:
    """Records before and after a call that changed them; one that got another key in it is still the same."""
    gone = {owner(words, record): key for key, record in before.items() if key not in after}
    renamed = {key: gone.pop(owner(words, record), key) for key, record in after.items() if key not in before}
    for key, record in after.items():
        old = before.get(renamed.get(key, key))
        if old != record:
            yield old, record
    for key in gone.values():
        yield before[key], None


def _is_same(old: Record | None, new: Record | None) -> bool:
    """Whether nothing differs but what the platform notes by itself."""
    return old is not None and new is not None and _own(old) == _own(new)


def _own(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in MADE_BY_THE_PLATFORM}


def _what(words: Words, old: Record | None, new: Record | None) -> str:
    if old is None or new is None:
        return "create" if old is None else "delete"
    if words.is_on(old) != words.is_on(new):
        return "suspend" if words.is_on(old) else "resume"
    return "other"


def _packages(words: Words, record: Record) -> frozenset[str]:
    return frozenset(str(each) for name in words.lists for each in _texts(record.get(name)))


def _texts(values: object) -> Sequence[object]:
    return values if isinstance(values, list | tuple) else ()
