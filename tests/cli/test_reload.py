"""`run` with a configuration that changes: a real process, its signals, its files."""

import signal

from tests.cli.site import Site
from tests.cli.test_run import daemon

REFUSED = "iptv_reconciler_config_last_reload_successful 0.0"


def test_p25_a_rotated_secret_is_taken_up_and_a_broken_file_is_not(here: Site) -> None:
    here.tv_account()
    operator = here.platform.operator
    with daemon(here) as running:
        running.until(lambda: len(operator.customers) == 1 and running.status("/readyz") == 200)

        here.platform.api_key = "rotated-key"
        here.platform.expire_tokens()
        (here.folder / "key").write_text("rotated-key\n")
        running.process.send_signal(signal.SIGHUP)
        here.tv_account(2)
        running.until(lambda: len(operator.customers) == 2)

        here.config.write_text(here.config.read_text().replace("platforms:", "platfroms:"))
        running.process.send_signal(signal.SIGHUP)
        running.until(lambda: REFUSED in running.get("/metrics"))
        said = here.call("status")
        assert (said.code, "platfroms: unknown key; did you mean platforms?" in said.err) == (1, True)
        here.tv_account(3)
        running.until(lambda: len(operator.customers) == 3)
        assert (running.status("/livez"), running.status("/readyz")) == (200, 200)

        running.process.send_signal(signal.SIGHUP)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0
