"""Options of the kill tests, and their figures at the end."""

import pytest

from tests.kills.choice import Choice


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kills")
    group.addoption("--every", action="store_true", help="Kill at every crossing, not at some of them.")
    group.addoption("--kill", help="Only this case, by the name that a failure shows: tv/mixed@write:3:after.")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for stat in ("passed", "failed") for report in terminalreporter.stats.get(stat, [])]
    lines = [f"  {value}" for report in reports for name, value in report.user_properties if name == "kills"]
    if lines:
        terminalreporter.write_line("processes killed, by where they died:")
        for line in sorted(lines):
            terminalreporter.write_line(line)


@pytest.fixture
def choice(request: pytest.FixtureRequest) -> Choice:
    """Which cases are wanted."""
    return Choice(bool(request.config.getoption("--every")), request.config.getoption("--kill") or "")
