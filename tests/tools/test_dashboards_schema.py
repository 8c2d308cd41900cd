"""The dashboards are what Grafana's schema says a dashboard is."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.tools.dashboards import FILES, load
from tests.tools.finding import NODE_MODULES, node_module, tool

pytestmark = pytest.mark.tools

OPTIONS = ("--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler")

Dashboard = dict[str, Any]
Mistake = Callable[[Dashboard], object]


def panel(dashboard: Dashboard, kind: str) -> Dashboard:
    found: Dashboard = next(each for each in dashboard["panels"] if each["type"] == kind)
    return found


def defaults(dashboard: Dashboard, kind: str) -> Dashboard:
    found: Dashboard = panel(dashboard, kind)["fieldConfig"]["defaults"]
    return found


MISTAKES: Mapping[str, Mistake] = {
    "a number as text": lambda it: it.update(schemaVersion="39"),
    "a key that there is not": lambda it: it.update(timezon="browser"),
    "a variable's unknown type": lambda it: it["templating"]["list"][1].update(type="querry"),
    "a variable's unknown sort": lambda it: it["templating"]["list"][1].update(sort=17),
    "a link that is no dashboard": lambda it: it["links"][0].update(type="dashboard"),
    "an unknown kind of panel": lambda it: panel(it, "timeseries").update(type="graph"),
    "a place without a width": lambda it: panel(it, "stat")["gridPos"].pop("w"),
    "a query without its expression": lambda it: panel(it, "stat")["targets"][0].pop("expr"),
    "a query's misspelt key": lambda it: panel(it, "timeseries")["targets"][0].update(legend="x"),
    "an unknown mode of a stat": lambda it: panel(it, "stat")["options"].update(colorMode="bakground"),
    "an option of another panel": lambda it: panel(it, "stat")["options"].update(cellHeight="sm"),
    "an unknown place of a legend": lambda it: panel(it, "timeseries")["options"]["legend"].update(placement="top"),
    "an unknown tooltip": lambda it: panel(it, "timeseries")["options"]["tooltip"].update(mode="many"),
    "points that are shown sometimes": lambda it: defaults(it, "timeseries")["custom"].update(showPoints="sometimes"),
    "an unknown cell height": lambda it: panel(it, "table")["options"].update(cellHeight="tiny"),
    "an unknown visibility": lambda it: panel(it, "state-timeline")["options"].update(showValue="maybe"),
    "a threshold without a value": lambda it: defaults(it, "stat")["thresholds"]["steps"][0].pop("value"),
    "an unknown kind of threshold": lambda it: defaults(it, "stat")["thresholds"].update(mode="relative"),
    "an unknown colour mode": lambda it: defaults(it, "state-timeline")["color"].update(mode="traffic-light"),
    "an unknown colour of a heatmap": lambda it: panel(it, "heatmap")["options"]["color"].update(mode="rainbow"),
    "an unknown kind of mapping": lambda it: defaults(it, "state-timeline")["mappings"][0].update(type="values"),
}


def with_every_kind() -> Dashboard:
    """One with panels of every kind."""
    fleet = load("fleet")
    return {**fleet, "panels": [*fleet["panels"], panel(load("platform"), "heatmap")]}


def complaints(folder: Path, dashboards: Mapping[str, Dashboard]) -> Mapping[str, list[str]]:
    """What the compiler says of each."""
    compiler, shapes = node_module("typescript") / "bin" / "tsc", NODE_MODULES.parent / "dashboard"
    node_module("@grafana/schema")
    for name, dashboard in dashboards.items():
        lines = f"import type {{ Checked }} from {json.dumps(str(shapes))};\nexport const it: Checked ="
        (folder / f"{name}.ts").write_text(f"{lines} {json.dumps(dashboard)};\n", encoding="utf-8")
    command = [str(tool("node")), str(compiler), *OPTIONS, *(f"{name}.ts" for name in dashboards)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found: dict[str, list[str]] = {name: [] for name in dashboards}
    for line in done.stdout.splitlines():
        if error := re.match(r"(\S+)\.ts\(\d+,\d+\): error (.*)", line):
            found[error[1]].append(error[2])
    assert bool(done.returncode) == any(found.values()), done.stdout + done.stderr
    return found


def test_every_dashboard_is_one_by_the_schema_and_every_mistake_is_caught(tmp_path: Path) -> None:
    """One run of the compiler for all: reading the schema is what takes its time."""
    spoilt = {f"mistake-{number}": with_every_kind() for number in range(len(MISTAKES))}
    for dashboard, spoil in zip(spoilt.values(), MISTAKES.values(), strict=True):
        spoil(dashboard)
    found = complaints(tmp_path, {**{name: load(name) for name in FILES}, **spoilt})
    assert {name: found[name] for name in FILES} == {name: [] for name in FILES}
    caught = {what: bool(found[name]) for what, name in zip(MISTAKES, spoilt, strict=True)}
    assert caught == dict.fromkeys(MISTAKES, True)
