"""The dashboards say what they show, and show what the daemon exports. That it comes out is shown in `tests/tools`."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from controller.metrics import Metrics
from tests.tools.dashboards import FILES, label_values, load, panels, queries, variables

KINDS = {"stat", "timeseries", "table", "heatmap", "state-timeline"}
OF_EVERY_SCRAPE: Mapping[str, set[str]] = {
    "up": set(),
    "scrape_duration_seconds": set(),
    "scrape_samples_scraped": set(),
}
CHOICE = {"namespace", "job", "instance"}
PLATFORM_OR_BILLING = {"platform", "target"}
SELECTOR = re.compile(r"\b([a-zA-Z_:][\w:]*)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')
OF_THE_LEADER = " and on (namespace, job, instance) iptv_reconciler_leader == 1"
RULES = Path(__file__).parent.parent / "deploy" / "prometheus" / "recording.yaml"

everyone = pytest.mark.parametrize("name", FILES)


def exported() -> Mapping[str, set[str]]:
    """Every series of one daemon, with its labels."""
    metrics = Metrics(["tv"], {"billing": ["Account/get"], "tv": ["list"]})
    metrics.set_build("1")
    metrics.set_config("a")
    found: dict[str, set[str]] = {}
    for line in metrics.render().decode().splitlines():
        if not line.startswith("#"):
            name, _, labels = line.rpartition(" ")[0].partition("{")
            found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


def gauges() -> set[str]:
    """Those of the daemon's own."""
    lines = Metrics(["tv"], {"tv": ["list"]}).render().decode().splitlines()
    return {line.split()[2] for line in lines if line.startswith("# TYPE iptv_") and line.endswith(" gauge")}


def recorded() -> Mapping[str, set[str]]:
    """Every series of the recording rules, with the label that its name begins with."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    names = [rule["record"] for group in groups for rule in group["rules"]]
    return {name: {name.partition(":")[0]} for name in names}


def selectors(expression: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each metric that it reads, with what it asks of labels."""
    for metric, inside in SELECTOR.findall(expression):
        yield metric, {label: value for label, _, value in MATCHER.findall(inside)}


def test_there_is_one_for_each_question() -> None:
    assert set(FILES) == {"fleet", "platform", "billing-and-events", "charges", "process"}
    assert len({load(name)["uid"] for name in FILES}) == len({load(name)["title"] for name in FILES}) == len(FILES)


@everyone
def test_each_can_be_imported_anywhere_and_leads_to_the_others(name: str) -> None:
    dashboard = load(name)
    assert dashboard["timezone"] == "browser"
    assert dashboard["tags"] == ["iptv-reconciler"]
    (link,) = dashboard["links"]
    assert link["tags"] == dashboard["tags"]
    assert link["includeVars"]
    assert link["keepTime"]
    assert "id" not in dashboard, "Grafana gives it"


@everyone
def test_all_have_the_same_variables_so_that_links_keep_the_choice(name: str) -> None:
    assert variables(name) == variables("fleet")
    assert [each["name"] for each in variables(name)] == [
        *("datasource", "namespace", "job", "instance", "platform", "billing")
    ]


@everyone
def test_every_panel_says_what_it_shows_in_which_unit_and_what_to_do(name: str) -> None:
    for panel in load(name)["panels"]:
        assert panel["title"]
    for panel in panels(name):
        title = panel["title"]
        assert panel["type"] in KINDS, title
        assert len(panel["description"]) > 40, title
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, title
        assert panel["fieldConfig"]["defaults"]["unit"], title


@everyone
def test_ids_are_unique_and_panels_do_not_overlap(name: str) -> None:
    placed = [(panel["id"], panel["gridPos"]) for panel in load(name)["panels"]]
    assert len({number for number, _ in placed}) == len(placed)
    for _, at in placed:
        assert at["x"] + at["w"] <= 24
    for (one, a), (other, b) in combinations(placed, 2):
        apart_x = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        apart_y = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert apart_x or apart_y, (one, other)


@everyone
def test_every_expression_reads_what_there_is_of_the_installations_that_were_chosen(name: str) -> None:
    known = {**exported(), **recorded(), **OF_EVERY_SCRAPE}
    for query in queries(name):
        expression = query.expression.replace(OF_THE_LEADER, "")
        assert not re.search(r"\b(iptv_reconciler|process|python)_\w+(?![\w{:])", expression), query
        read = [*selectors(expression)]
        assert read, query
        for metric, asked in read:
            choice = CHOICE - {"instance"} if metric in recorded() else CHOICE
            assert {label: asked.get(label) for label in choice} == {label: f"${label}" for label in choice}, query
            assert metric in known, query
            assert set(asked) - choice <= known[metric], query
            for label in PLATFORM_OR_BILLING & set(asked):
                assert asked[label] in ("$platform", "$billing"), query


@everyone
def test_gauges_are_the_leaders_since_a_standby_knows_nothing_or_what_was(name: str) -> None:
    of_the_process = ("leader", "build_info", "config_info", "pass_interval_seconds")
    for query in queries(name):
        for metric, _ in selectors(query.expression):
            if metric in gauges() and metric.removeprefix("iptv_reconciler_") not in of_the_process:
                assert OF_THE_LEADER in query.expression, query
                assert re.search(r"\b(max|min) (by \([^)]*\) )?\(", query.expression), query


@everyone
def test_an_instant_of_0_is_no_age_of_50_years(name: str) -> None:
    for query in queries(name):
        ages, guards = query.expression.count("time() - "), len(re.findall(r"> (bool )?0\)", query.expression))
        assert ages == guards, query


def test_the_first_number_of_the_fleet_is_the_age_of_its_oldest_unconverged_account() -> None:
    first = load("fleet")["panels"][0]
    assert (first["type"], first["gridPos"]["x"], first["gridPos"]["y"]) == ("stat", 0, 0)
    assert first["fieldConfig"]["defaults"]["unit"] == "s"
    (target,) = first["targets"]
    assert "iptv_reconciler_oldest_unconverged_timestamp_seconds" in target["expr"]
    assert " by " not in target["expr"], "of all platforms together"


def test_variables_are_taken_from_what_the_daemon_exports() -> None:
    known = exported()
    for variable in variables("fleet"):
        if variable["type"] == "query":
            label, series = label_values(variable)
            assert series.partition("{")[0] in known
            assert label in known[series.partition("{")[0]] | CHOICE
