"""Alerts are part of the product: each can be understood, tried out, and rests on what the daemon really exports."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controller.test_metrics import fresh, samples

DEPLOY = Path(__file__).parent.parent / "deploy"
RULES = DEPLOY / "prometheus"
RUNBOOK = (DEPLOY / "runbook.md").read_text(encoding="utf-8")
TOLD_BESIDES = {"process_start_time_seconds", "iptv_reconciler_config_last_reload_successful"}
_WORDS = {"and", "or", "unless", "bool", "by", "on", "group_left"}
_LABEL_LISTS = re.compile(r"\b(?:by|on|group_left)\s*\([^)]*\)|\{[^}]*\}|\[[^]]*\]|\"[^\"]*\"")


def rules(file: str) -> list[Mapping[str, Any]]:
    parsed = yaml.safe_load((RULES / file).read_text(encoding="utf-8"))
    return [rule for group in parsed["groups"] for rule in group["rules"]]


ALERTS = {str(rule["alert"]): rule for rule in rules("alerts.yaml")}
RECORDED = [str(rule["record"]) for rule in rules("recording.yaml")]


def trials() -> Iterator[Mapping[str, Any]]:
    for file in sorted((RULES / "tests").glob("*.yaml")):
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            yield from test["alert_rule_test"]


def entries() -> Mapping[str, str]:
    """The runbook's entries by their titles."""
    parts = re.split(r"^## (IptvReconciler\w+)\n", RUNBOOK, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def names_in(expression: str) -> set[str]:
    """The metrics of a PromQL expression: words that are no function, label or keyword."""
    bare = _LABEL_LISTS.sub(" ", expression)
    return set(re.findall(r"\b[a-z_][a-z0-9_:]*\b(?!\s*\()", bare)) - _WORDS


def exported() -> set[str]:
    text = fresh().render().decode()
    return {sample.partition("{")[0] for sample in samples(fresh())} | set(re.findall(r"^# TYPE (\w+)", text, re.M))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_urgent_it_is_and_what_it_is_about(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["for"], "nothing fires for a single bad moment"
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"deploy/runbook.md#{name.lower()}"


def test_p24_every_alert_has_an_entry_in_the_runbook_and_every_entry_an_alert() -> None:
    assert list(entries()) == list(ALERTS), "in the same order"


@pytest.mark.parametrize("name", ALERTS)
def test_an_entry_of_the_runbook_says_how_urgent_it_is_how_to_look_and_what_to_do(name: str) -> None:
    meaning, commands, _ = re.split(r"^```(?:sh)?\n", entries()[name], flags=re.MULTILINE)
    assert meaning.strip().startswith(f"{ALERTS[name]['labels']['severity']}. ")
    assert commands.startswith("iptv-reconciler ")


@pytest.mark.parametrize("name", ALERTS)
def test_p24_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(name: str) -> None:
    cases = [bool(trial["exp_alerts"]) for trial in trials() if trial["alertname"] == name]
    assert {True, False} == set(cases)


def test_no_case_is_about_an_alert_that_is_not_there() -> None:
    assert {trial["alertname"] for trial in trials()} == set(ALERTS)


@pytest.mark.parametrize("name", [*ALERTS, *RECORDED])
def test_rules_rest_on_what_is_exported_or_recorded(name: str) -> None:
    (rule,) = [
        each for each in (*rules("recording.yaml"), *ALERTS.values()) if name in (each.get("record"), each.get("alert"))
    ]
    named = names_in(rule["expr"])
    assert named
    assert named <= exported() | set(RECORDED) | TOLD_BESIDES


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_series_says_by_what_it_is_aggregated(name: str) -> None:
    level = name.partition(":")[0]
    assert level in ("platform", "target", "job")


def test_installations_are_told_apart_and_replicas_put_together() -> None:
    for rule in (*rules("recording.yaml"), *ALERTS.values()):
        for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", rule["expr"]):
            assert {"namespace", "job"} <= set(re.split(r",\s*", labels)), rule
