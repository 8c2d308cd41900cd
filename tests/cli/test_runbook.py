"""The commands of the runbook are those of this program: each is run as it stands there, at an installation."""

import re
import shlex

from tests.cli.forked import call
from tests.cli.site import Site
from tests.test_alerts import RUNBOOK

MEANT = {
    0: "done, or nothing to say",
    2: "there are changes, or differences",
    5: "needs attention",
}
UNKNOWN = {4: "no such charge", 6: "no plan with that hash"}  # nothing was sold here, and no plan waits


def commands() -> list[str]:
    """Every command of the runbook, without its comment, once."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", RUNBOOK, re.MULTILINE | re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return list(dict.fromkeys(lines))


def test_every_command_of_the_runbook_works(here: Site) -> None:
    here.configure(charges={"enabled": True}, events={"nsps": {"token": "a-token"}})
    here.tv_account()
    assert here.call("apply").code == 0

    for line in commands():
        program, *words = shlex.split(line)
        assert program == "iptv-reconciler"
        said = call(*(str(here.config) if word == "config.yaml" else word for word in words))
        placeholders = {"0123456789abcdef", "tv/t-1"} & set(words)
        assert said.code in (UNKNOWN if placeholders else MEANT), f"{line}: {said}"
