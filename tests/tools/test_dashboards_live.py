"""Every expression of the dashboards, asked of a real Prometheus that scraped the real daemon.

Rules of this module:

1. The daemon is scraped as two installations. The second has another replica, which knows the same and does not lead:
   as one that has lost the lead.
2. What Grafana puts in the place of variables is put there: all that there is, and intervals that cover all.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.tools.dashboards import FILES, Query, label_values, queries, variables
from tests.tools.eventful import everything_happens, installation
from tests.tools.finding import tool
from tests.tools.prometheus import Prometheus, Refused, Target, prometheus

pytestmark = pytest.mark.tools

RULES = Path(__file__).parent.parent.parent / "deploy" / "prometheus" / "recording.yaml"
LEADER = "iptv_reconciler_leader"
WINDOW = 300  # seconds; longer than the story
TIMES = {"__rate_interval": f"{WINDOW}s", "__interval": "15s", "__range": f"{WINDOW}s"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """After everything has happened."""
    tool("prometheus")
    folder = tmp_path_factory.mktemp("daemon")
    with installation(folder) as here:
        targets = [
            Target(here.url, {"namespace": "one", "job": "iptv-reconciler", "instance": "one-0"}),
            Target(here.url, {"namespace": "two", "job": "iptv-reconciler", "instance": "two-0"}),
            Target(here.url, {"namespace": "two", "job": "iptv-reconciler", "instance": "two-standby"}, LEADER),
        ]
        with prometheus(tmp_path_factory.mktemp("prometheus"), targets, [RULES]) as server:
            everything_happens(here, server)
            yield server


@pytest.fixture(scope="module")
def everything(seen: Prometheus) -> Mapping[str, str]:
    """The values of all variables when All is chosen, each asked for with those of the ones before it."""
    values = dict(TIMES)
    for variable in variables("fleet"):
        if variable["type"] == "query":
            label, series = label_values(variable)
            found = seen.label_values(label, Query("", series, over_time=False).with_values(values))
            assert found, variable["name"]
            values[variable["name"]] = variable.get("allValue", f"({'|'.join(found)})")
    return values


def test_variables_offer_what_there_is(everything: Mapping[str, str]) -> None:
    chosen = {name: value for name, value in everything.items() if not name.startswith("__")}
    assert chosen == {
        "namespace": ".*",
        "job": "(iptv-reconciler)",
        "instance": "(one-0|two-0|two-standby)",
        "platform": "(box|cable|tv)",
        "billing": "(billing)",
    }


def has_data(seen: Prometheus, query: Query, values: Mapping[str, str]) -> bool:
    """Whether the panel shows something: a number, in the last minute where it is a graph."""
    expression = query.with_values(values)
    found = [value for _, value in seen.instant(expression)]
    if query.over_time:
        found = [value for _, numbers in seen.over(expression, 60) for value in numbers]
    return not all(math.isnan(value) for value in found)


@pytest.mark.parametrize("name", FILES)
def test_every_expression_has_data(name: str, seen: Prometheus, everything: Mapping[str, str]) -> None:
    assert [query for query in queries(name) if not has_data(seen, query, everything)] == []


def test_a_mistake_in_an_expression_shows(seen: Prometheus, everything: Mapping[str, str]) -> None:
    def shows(expression: str) -> bool:
        return has_data(seen, Query("", expression, over_time=False), everything)

    assert shows('sum(iptv_reconciler_accounts{namespace=~"$namespace",state="in_sync"})')
    assert not shows("sum(iptv_reconciler_acounts)")
    assert not shows('sum(iptv_reconciler_accounts{state="insync"})')
    assert not shows('sum(iptv_reconciler_accounts{namespace="$namespace"})'), "a choice of several is a pattern"
    assert not shows("iptv_reconciler_accounts / iptv_reconciler_brake_held"), "their labels do not match"
    with pytest.raises(Refused, match="parse error"):
        shows("sum by platform (iptv_reconciler_accounts)")
    with pytest.raises(Refused, match="many-to-many"):
        shows("iptv_reconciler_accounts * on (job) iptv_reconciler_accounts")
    with pytest.raises(KeyError, match="plattform"):
        shows('iptv_reconciler_accounts{platform=~"$plattform"}')


QUIET: Mapping[str, str] = {
    "fleet / Late, last hour": "nobody is late before 5 minutes are over",
    "fleet / Error budget, how fast it goes": "the same",
    "fleet / Accounts out of sync": "the same: its second expression",
    "billing-and-events / Details still to be read": "they are read between two looks at their number",
    "process / Restarts": "the daemon was not restarted",
}
"""What stays at 0, and why."""


@pytest.mark.parametrize("name", FILES)
def test_every_expression_moves(name: str, seen: Prometheus, everything: Mapping[str, str]) -> None:
    """Whatever a panel is about has happened, so its number is not 0 all the time: no label is misspelt."""
    still = set[str]()
    for query in queries(name):
        found = seen.over(query.with_values(everything), WINDOW)
        if not any(value and not math.isnan(value) for _, values in found for value in values):
            still.add(query.place)
    assert still - set(QUIET) == set()


def test_an_installation_counts_once_and_its_standby_not_at_all(
    seen: Prometheus, everything: Mapping[str, str]
) -> None:
    (accounts,) = (each for each in queries("fleet") if each.place == "fleet / Accounts by platform and state")

    def count(**chosen: str) -> float:
        return sum(value for _, value in seen.instant(accounts.with_values({**everything, **chosen})))

    assert count(namespace="one") == count(namespace="two") > 0
    assert count() == 2 * count(namespace="one")
    assert count(instance="two-standby") == 0


def test_an_age_is_0_where_nobody_waits(seen: Prometheus, everything: Mapping[str, str]) -> None:
    first = next(iter(queries("fleet")))
    ((_, ages),) = seen.over(first.with_values(everything), WINDOW)
    assert min(ages) == 0, "before the first account was seen, and when the fleet had converged"
    assert 1 < max(ages) < WINDOW
