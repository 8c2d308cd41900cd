"""Where a case takes place: a folder with the real file, and the wires; the processes are started here.

Rules of this module:

1. A case begins with a copy of everything: the file with all that lies beside it, what billing and the platform hold.
"""

import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from controller.demo.kinds import KINDS
from tests.kills.crossings import Crossing
from tests.kills.victim import Ended, Victim
from tests.kills.wires import Held, Served, Wires, served
from tests.loop.platforms import WITH_PIN, catalog

_STORE, _BESIDE = "store", "before"


@dataclass(frozen=True, slots=True)
class Settings:
    """How many calls the platform takes at once, and blocks to add to the configuration."""

    at_once: int = 1
    blocks: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """Everything at an instant at which no process runs."""

    files: Path
    held: Held


class Ground:
    """One installation, whose processes are started and killed."""

    def __init__(self, folder: Path, site: Served) -> None:
        self.folder = folder
        self.site = site
        self.wires: Wires = site.wires
        self._victim: Victim | None = None
        self._kept = 0
        (folder / _STORE).mkdir()

    @property
    def store(self) -> Path:
        """The file that everything is about."""
        return self.folder / _STORE / "state.db"

    def configure(self, settings: Settings) -> None:
        """Write the configuration."""
        name = self.wires.platform_name
        kind = KINDS[name]
        values = {
            "billing": {
                "url": self.site.billing_url,
                "environment": 3,
                "login": "iptv-reconciler",
                "token": "simulated-token",
                "requests_per_second": 10000,
                "custom_fields": WITH_PIN,
            },
            "platforms": {
                name: {
                    "driver": kind.driver,
                    "url": self.site.platform_url,
                    "requests_per_second": 10000,
                    "max_concurrency": settings.at_once,
                    **kind.settings,
                }
            },
            "catalog": catalog(name),
            "server": {"listen": "127.0.0.1:0"},
            "store": {"path": str(self.store)},
            **settings.blocks,
        }
        (self.folder / "config.yaml").write_text(yaml.safe_dump(values))

    def run(self, *words: str, die: Crossing | None = None) -> Ended:
        """A command in a process of its own, to its end or to where it is to die."""
        return self.start(*words, die=die).ended()

    def start(self, *words: str, die: Crossing | None = None) -> Victim:
        """The same, not waited for."""
        at_call = die is not None and die.is_call
        command = (*words, "--config", str(self.folder / "config.yaml"))
        victim = self._victim = Victim(command, self.folder, None if at_call else die)
        self.wires.forget()
        self.wires.victim, self.wires.order = victim.pid, die if at_call else None
        victim.begin()
        return victim

    def clear(self) -> None:
        """Leave nobody alive, whatever has gone wrong."""
        if self._victim is not None:
            self._victim.send(signal.SIGKILL)

    def crossed(self) -> list[Crossing]:
        """Every boundary that the last process came to; a commit by what it stored, if that has a name."""
        lines = (self.folder / "crossings").read_text().splitlines()
        named = ([Crossing.read(each) for each in line.split()] for line in lines)
        return [next((one for one in each if one.kind != "commit"), each[0]) for each in named] + self.wires.tally.calls

    def keep(self) -> State:
        """A copy of everything as it stands."""
        self._kept += 1
        files = self.folder / f"kept-{self._kept}"
        shutil.copytree(self.folder / _STORE, files)
        return State(files, self.wires.keep())

    def restore(self, state: State) -> None:
        """Make everything as it was."""
        shutil.rmtree(self.folder / _STORE)
        shutil.copytree(state.files, self.folder / _STORE)
        self.wires.restore(state.held)

    def forget(self, state: State) -> None:
        """That copy is not needed any more."""
        shutil.rmtree(state.files)


@contextmanager
def ground(folder: Path, platform: str) -> Iterator[Ground]:
    """An installation with nothing in it yet, and to be configured."""
    with served(Wires(platform)) as site:
        made = Ground(folder, site)
        try:
            yield made
        finally:
            made.clear()
