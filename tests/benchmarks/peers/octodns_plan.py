"""octoDNS planning N records from YAML, 1 % of which differ: `python … make|plan FOLDER N`. In the peers' environment.

The target holds its records in memory: octoDNS's own YAML target takes itself for empty when it plans.
"""

import sys
from logging import getLogger
from pathlib import Path

from octodns.manager import Manager
from octodns.provider.base import BaseProvider
from octodns.provider.plan import Plan
from octodns.record import Record

_CONFIG = """\
manager: {{plan_outputs: {{count: {{class: octodns_plan.Count}}}}}}
providers:
  wished: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}, enforce_order: false}}
  held: {{class: octodns_plan.Held, records: {records}}}
zones: {{example.com.: {{sources: [wished], targets: [held]}}}}
"""


class Held(BaseProvider):  # type: ignore[misc]
    """A provider that holds its records in memory."""

    SUPPORTS_GEO = False
    SUPPORTS = frozenset(("A",))

    def __init__(self, id: str, records: int) -> None:
        self.log = getLogger(id)
        super().__init__(id)
        self._records = records

    def populate(self, zone: object, target: bool = False, lenient: bool = False) -> bool:
        """One record in a hundred is another one than is wished."""
        for number in range(self._records):
            value = _address(number + (number % 100 == 0))
            record = Record.new(zone, f"tv{number}", {"type": "A", "ttl": 3600, "value": value}, lenient=lenient)
            zone.add_record(record, lenient=lenient)  # type: ignore[attr-defined]
        return True

    def _apply(self, plan: object) -> None:
        raise NotImplementedError


class Count:
    """A plan's output that is just the number of its changes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, plans: list[tuple[object, Plan]], **_: object) -> None:
        """Print it."""
        sys.stdout.write(str(sum(len(plan.changes) for _, plan in plans)))


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def make(folder: Path, records: int) -> None:
    """Write what is wished."""
    lines = [f"tv{number}: {{type: A, ttl: 3600, value: {_address(number)}}}" for number in range(records)]
    (folder / "example.com.yaml").write_text("---\n" + "\n".join(lines) + "\n")
    (folder / "config.yaml").write_text(_CONFIG.format(folder=folder, records=records))


def plan(folder: Path) -> None:
    """Plan, and say how many changes there are."""
    sys.modules["octodns_plan"] = sys.modules["__main__"]
    Manager(str(folder / "config.yaml")).sync(dry_run=True)


if __name__ == "__main__":
    make(Path(sys.argv[2]), int(sys.argv[3])) if sys.argv[1] == "make" else plan(Path(sys.argv[2]))
