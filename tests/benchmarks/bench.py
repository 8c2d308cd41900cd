"""What all goals share: how large, how often, converged fleets, and figures that more than one of them needs."""

import asyncio
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from tests.benchmarks.fleets import Fleet, fill, fleet

T = TypeVar("T")

ROOT = Path(__file__).parent.parent.parent
_MADE_OF = (
    *("controller/store", "controller/billing", "controller/judgement.py", "controller/gather.py", "desired_state"),
    *("platforms/telebreeze", "platforms/driver.py", "tests/benchmarks/fleets.py", "tests/benchmarks/population.py"),
)
"""What a filled store is made of: one that was filled by other files is not used again."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the benchmarks. Stores that were filled once are kept in `folder`, and work is done there."""

    sizes: tuple[int, ...]
    runs: int
    folder: Path
    is_short: bool = False
    _known: dict[tuple[object, ...], object] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """Progress."""
        sys.stderr.write(f"{text}\n")

    def once(self, what: tuple[object, ...], measure: Callable[[], T]) -> T:
        """What is measured by this name, the first time only."""
        if what not in self._known:
            self.say(f"  {' '.join(map(str, what))}")
            self._known[what] = measure()
        return self._known[what]  # type: ignore[return-value]

    @contextmanager
    def fleet(self, accounts: int, *, empty: bool = False, **settings: object) -> Iterator[Fleet]:
        """A fleet that has long converged; on an `empty` platform one that has yet to begin."""
        self.folder.mkdir(parents=True, exist_ok=True)
        filled = None if empty else self.store(accounts)
        with (
            TemporaryDirectory(dir=self.folder) as place,
            fleet(Path(place), accounts, empty=empty, **settings) as made,
        ):
            if filled is not None:
                put_store(filled, made)
            yield made

    def store(self, accounts: int) -> Path:
        """The folder of a store as convergence leaves it, to be copied; made the first time."""
        kept = self.folder / "stores" / f"{accounts}-{_version()}"
        if not kept.exists():
            self.say(f"filling a store with {accounts:,} accounts (about {accounts // 1800} s)")
            for outdated in kept.parent.glob(f"{accounts}-*"):
                shutil.rmtree(outdated)
            with TemporaryDirectory(dir=self.folder) as place, fleet(Path(place) / "made", accounts) as made:
                asyncio.run(fill(made, accounts))
                kept.parent.mkdir(exist_ok=True)
                shutil.move(made.folder, kept)
        return kept


def put_store(filled: Path, made: Fleet) -> None:
    """Give the fleet a fresh copy of a store, which is on the disk: the daemon is not to wait for that in a commit."""
    for old in made.folder.glob("state.db*"):
        old.unlink()
    for file in filled.glob("state.db*"):
        with Path(shutil.copy(file, made.folder)).open("rb") as copy:
            os.fsync(copy)


def _version() -> str:
    digest = hashlib.blake2b(digest_size=6)
    for part in _MADE_OF:
        path = ROOT / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()
