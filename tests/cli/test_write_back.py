"""Write-back over the real commands: the daemon tells, the others do not."""

import json

from tests.cli.site import Site
from tests.cli.test_run import daemon

STATUS = "ESPF/status"


def test_the_daemon_tells_what_plan_and_apply_do_not(here: Site) -> None:
    here.configure(billing={"write_back": {"enabled": True, "share": 0.5}})
    account = here.tv_account()
    assert here.call("plan").code == 2
    assert here.call("apply").code == 0
    assert here.billing.requests.operations[STATUS] == 0

    statuses = here.billing.installation.statuses
    with daemon(here) as running:
        running.until(lambda: [(each.i_account, each.status) for each in statuses] == [(account, "OK")])
        running.until(lambda: 'operation="ESPF/status",outcome="ok",target="billing"} 1.0' in running.get("/metrics"))

    status = json.loads(here.call("status", "--output", "json").out)
    assert status["write_back"] == {
        "billing": {"told": {"OK": 1, "IN_PROGRESS": 0, "RETRY": 0, "FAILED": 0}, "refused": 0, "text": None}
    }
    assert "billing was told: 1 OK" in here.call("status").out
