"""How the configuration sets the log: the daemon's level and format, and the format of commands."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import log
from controller.cli.session import set_log
from tests.bed import configuration


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    """The tests that follow log as before."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level


def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_daemon: bool, **block: str) -> list[str]:
    """The levels of which something is said on standard error."""
    set_log(configuration(tmp_path, {"log": block}), as_daemon=as_daemon)
    for level in ("debug", "info", "warning", "error"):
        getattr(log.logger("test"), level)(f"at {level}")
    captured = capsys.readouterr()
    assert captured.out == "", "results only"
    return captured.err.splitlines()


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_daemon_says_what_its_level_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], level: str, count: int
) -> None:
    lines = said(tmp_path, capsys, as_daemon=True, level=level)
    assert [json.loads(line)["level"] for line in lines] == ["debug", "info", "warning", "error"][-count:]


def test_commands_say_warnings_and_errors_whatever_the_daemon_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(tmp_path, capsys, as_daemon=False, level="debug")
    assert [json.loads(line)["level"] for line in lines] == ["warning", "error"]


def test_the_format_for_people_holds_for_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for as_daemon in (True, False):
        lines = said(tmp_path, capsys, as_daemon=as_daemon, format="console")
        assert [line for line in lines if line.startswith("{")] == []
        assert any("at warning" in line for line in lines)
