"""The rules of Prometheus, by Prometheus itself: their own cases, and the real daemon in quiet times and in trouble.

Rules of this module:

1. `for` keeps alerts from firing within the seconds of a test: what would fire is what is pending.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.site import Site, site
from tests.cli.test_run import daemon
from tests.test_alerts import ALERTS, RECORDED, RULES
from tests.tools.eventful import everything_happens, installation, send
from tests.tools.finding import tool
from tests.tools.prometheus import Target, prometheus

pytestmark = pytest.mark.tools

FILES = [RULES / "recording.yaml", RULES / "alerts.yaml"]
LABELS = {"namespace": "tv", "job": "iptv-reconciler", "instance": "one"}
IN_TROUBLE = {"BrakeHeld", "AccountsParked", "AccountsInConflict", "AccessRefused", "ChargesParked", "PausedForLong"}


def promtool(*words: object, given: bytes = b"") -> str:
    """Run it; fails with what it says where it objects."""
    done = subprocess.run([tool("promtool"), *map(str, words)], input=given, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        made.configure()
        yield made


def test_promtool_accepts_the_rules() -> None:
    said = promtool("check", "rules", *FILES)
    assert f"{len(ALERTS)} rules found" in said
    assert f"{len(RECORDED)} rules found" in said


@pytest.mark.parametrize("file", sorted((RULES / "tests").glob("*.yaml")), ids=lambda file: str(file.stem))
def test_p24_every_case_of_the_alerts_holds(file: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", file)


def test_no_alert_is_even_pending_while_a_fleet_converges_changes_and_the_process_starts_anew(
    here: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    accounts = [here.tv_account(number) for number in range(1, 31)]
    folder = tmp_path_factory.mktemp("prometheus")
    with daemon(here) as first:
        address = first.url.removeprefix("http://")
        with prometheus(folder, [Target(first.url, LABELS)], FILES) as server:
            server.until('platform:iptv_reconciler_accounts{state="in_sync"} == 30', "the fleet has not converged")
            for i_account in accounts[:5]:
                here.billing.change("block", i_account=i_account)
            server.until('sum(iptv_reconciler_actions_total{kind="suspend",result="changed"}) == 5', "not suspended")
            first.process.terminate()
            assert first.process.wait(60) == 0
            here.configure(server={"listen": address})
            with daemon(here):
                server.until("changes(process_start_time_seconds[5m]) == 1", "it was not scraped again")
                server.until('platform:iptv_reconciler_accounts{state="in_sync"} == 30', "not all are there")
                sums = "sum by (namespace, job) (platform:iptv_reconciler_late:ratio_rate5m) + 1"
                server.until(sums, "no share of what is late was recorded")
                server.until("absent(ALERTS)", "an alert stays pending")  # the one between the two processes may not
                over = server.over("count by (alertname) (ALERTS)", 120)
                assert {labels["alertname"] for labels, _ in over} <= {"IptvReconcilerMetricsAbsent"}


def test_trouble_of_the_real_daemon_makes_its_alerts_pending_and_its_metrics_are_clean(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with installation(tmp_path_factory.mktemp("daemon")) as made:
        with prometheus(tmp_path_factory.mktemp("prometheus"), [Target(made.url, LABELS)], FILES) as server:
            everything_happens(made, server)
            for name in sorted(IN_TROUBLE):
                server.until(f'ALERTS{{alertname="IptvReconciler{name}"}}', "an alert that should be is not pending")
            known = {labels["__name__"] for labels, _ in server.instant('{__name__=~"(platform|target|job):.+"}')}
            assert known == set(RECORDED)
        assert promtool("check", "metrics", given=send("GET", f"{made.url}/metrics")) == ""
