"""Which cases are run, and how many of each kind of fault were: `make harness`, `make harness-long`, `CASE=...`."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from tests.harness.cases import Case, everything, named, small

_ID = re.compile(r"\[(?P<scenario>[\w-]+)/(?P<faults>[^\]]+)\]")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fault harness")
    group.addoption("--case", help="one case, as a failure names it: telebreeze/17:lost_answer")
    group.addoption("--profile", choices=("small", "long"), help="which cases: none unless it is given")
    group.addoption("--seed", type=int, default=1, help="from which pairs of faults are drawn")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The harness itself is tested where many cases are run, not where one is."""
    return True if config.option.case and collection_path.name == "plants" else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", list(_cases(metafunc.config)), ids=str)


def _cases(config: pytest.Config) -> Iterator[Case]:
    if config.option.case:
        yield named(config.option.case)
    elif config.option.profile == "small":
        yield from small(config.option.seed)
    elif config.option.profile == "long":
        yield from everything(config.option.seed)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    if not terminalreporter.config.option.profile:
        return
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        if report.when == "call" and (match := _ID.search(report.nodeid)):
            names = [each.partition(":")[2] for each in match["faults"].split("+")]
            counts["pairs of faults" if len(names) > 1 else names[0]] += 1
    terminalreporter.section("cases of the fault harness")
    for name, count in sorted(counts.items()):
        terminalreporter.line(f"{count:6} {name}")
    terminalreporter.line(f"{counts.total():6} in all; pairs from seed {terminalreporter.config.option.seed}")
