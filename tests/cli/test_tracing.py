"""Spans are an optional extra: whoever wants them and has it not is told so, and all others never load it."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.forked import DEADLINE, PARENT, command
from tests.cli.site import Site


def without_the_extra(words: Sequence[str], out: Path, err: Path) -> None:
    """Be the command where OpenTelemetry is not installed."""
    sys.modules["opentelemetry"] = None  # type: ignore[assignment]  # what Python takes for not there
    command(tuple(words), out, err)


@pytest.mark.parametrize("wanted", [True, False])
def test_without_the_extra_only_a_configuration_that_wants_spans_is_refused(here: Site, wanted: bool) -> None:
    here.configure(**({"tracing": {"endpoint": "http://127.0.0.1:9"}} if wanted else {}))
    words, out, err = ["apply", "--config", str(here.config)], here.folder / "out", here.folder / "err"
    process = PARENT.Process(target=without_the_extra, args=(words, out, err))
    process.start()
    process.join(DEADLINE)

    assert process.exitcode == (1 if wanted else 0), err.read_text()
    assert ("pip install 'iptv-reconciler[tracing]'" in err.read_text()) is wanted
    assert "Traceback" not in err.read_text()
