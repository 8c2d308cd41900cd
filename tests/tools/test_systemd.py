"""The unit for a machine without Kubernetes."""

import subprocess
from pathlib import Path

import pytest

from tests.tools.finding import tool

pytestmark = pytest.mark.tools

UNIT = Path(__file__).parent.parent.parent / "deploy" / "systemd" / "iptv-reconciler.service"


def test_the_service_may_do_little_and_systemd_knows_every_word_of_its_unit() -> None:
    words = [str(tool("systemd-analyze")), "security", "--offline=true", "--threshold=20", str(UNIT)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
