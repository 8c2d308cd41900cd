"""The figures that these tests measure, told at the end."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for stat in ("passed", "failed") for report in terminalreporter.stats.get(stat, [])]
    figures = sorted({value for report in reports for name, value in report.user_properties if name == "figure"})
    if figures:
        terminalreporter.write_line("measured:")
        for figure in figures:
            terminalreporter.write_line(f"  {figure}")
