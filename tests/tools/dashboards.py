"""The dashboards of `deploy/grafana/`, read as Grafana reads them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "grafana"
FILES: Mapping[str, Path] = {path.stem: path for path in sorted(FOLDER.glob("*.json"))}
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


@dataclass(frozen=True, slots=True)
class Query:
    """One expression, and where it stands."""

    place: str
    expression: str
    over_time: bool

    def with_values(self, values: Mapping[str, str]) -> str:
        """What Grafana sends, with the variables' values in their places. Raises `KeyError` for one that is not."""
        return _VARIABLE.sub(lambda found: values[found[1]], self.expression)


def load(name: str) -> dict[str, Any]:
    """A dashboard as it is imported."""
    return {**json.loads(FILES[name].read_text(encoding="utf-8"))}


def variables(name: str) -> Sequence[Mapping[str, Any]]:
    """Its variables, in order."""
    return [*load(name)["templating"]["list"]]


def panels(name: str) -> Iterator[dict[str, Any]]:
    """Its panels without the headings of rows."""
    return (panel for panel in load(name)["panels"] if panel["type"] != "row")


def queries(name: str) -> Iterator[Query]:
    """All expressions of its panels."""
    for panel in panels(name):
        for target in panel["targets"]:
            yield Query(f"{name} / {panel['title']}", target["expr"], not target.get("instant", False))


def label_values(variable: Mapping[str, Any]) -> tuple[str, str]:
    """The label and the series that a variable takes its values from."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert found, variable
    return found[2], found[1]
