"""How it has to be at the end, whatever was killed: as if nothing had been."""

import sqlite3  # noqa: TID251  the file is looked at from outside
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from controller.demo.check import Record, Words
from tests.kills.ground import Ground
from tests.kills.wires import Effects

_VOLATILE = frozenset({"id", "createdAt", "updatedAt", "switched_at", "revision", "events", "reboots"})


@dataclass(frozen=True, slots=True)
class End:
    """What is there at the end: the platform's records, what they went through, and what the file says."""

    records: Mapping[str, Record]
    names: Sequence[str]
    effects: Effects
    open_intents: int
    audited: Mapping[tuple[int, str, str], int]
    integrity: str


def end_of(ground: Ground) -> End:
    """Look at everything. No process may run."""
    words, records = ground.wires.words, ground.site.records()
    with _looking(ground.store) as file:
        (integrity,) = file.execute("PRAGMA integrity_check").fetchone()
        rows = file.execute("SELECT i_account, kind, result, count(*) FROM audit GROUP BY 1, 2, 3").fetchall()
    return End(
        records={words.name_of(each): _steady(words, each) for each in records},
        names=sorted(words.name_of(each) for each in records),
        effects=dict(ground.wires.effects),
        open_intents=count_open(ground.store),
        audited={(i_account, kind, result): count for i_account, kind, result, count in rows},
        integrity=str(integrity),
    )


def count_open(store: Path) -> int:
    """How many calls nobody knows the outcome of; a process may run."""
    with _looking(store) as file:
        (count,) = file.execute("SELECT count(*) FROM intents").fetchone()
    return int(count)


def _looking(store: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True))


def _steady(words: Words, record: Record) -> Record:
    """What does not depend on when and in which order it was written."""
    shown = words.shown(record)
    return {name: value for name, value in shown.items() if name not in _VOLATILE}


def problems(found: End, undisturbed: End) -> Iterator[str]:
    """Everything that is not as it would be had nobody been killed."""
    if found.integrity != "ok":
        yield f"the file is damaged: {found.integrity}"
    if found.open_intents:
        yield f"{found.open_intents} intents are open"
    if len(set(found.names)) != len(found.names):
        yield f"there are several records of one name: {found.names}"
    if found.records != undisturbed.records:
        yield f"the platform holds {found.records}, undisturbed {undisturbed.records}"
    if found.effects != undisturbed.effects:
        yield f"the records went through {found.effects}, undisturbed {undisturbed.effects}"
    yield from _unaudited(found)


def _unaudited(found: End) -> Iterator[str]:
    """Each thing that happened to a record has its row in the audit; a create and a delete exactly one that says so."""
    for (i_account, kind), count in found.effects.items():
        said: Counter[str] = Counter()
        for (who, what, result), rows in found.audited.items():
            if (who, what) == (i_account, kind):
                said[result] += rows
        is_wrong = said["ok"] != count if kind in ("create", "delete") else said.total() < count
        if is_wrong:
            yield f"i_account {i_account} went through {count} {kind}, the audit says {dict(said)}"
