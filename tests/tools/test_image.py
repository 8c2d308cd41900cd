"""The image: what is in it, and that the program works in it with what the chart gives to its pod, and no more."""

import json
import re
import signal
import stat
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from platforms.telebreeze.simulator import API_KEY
from tests.cli.forked import DEADLINE
from tests.cli.site import Site, site
from tests.cli.test_run import Daemon
from tests.tools.containers import DOCKERFILE, Image, build_tools, built, locked
from tests.tools.finding import tool
from tests.tools.kubernetes import objects
from tests.tools.manifests import example, rendered
from tests.tools.pod import Pod, project

pytestmark = pytest.mark.tools

USER = 65532
DEPLOYING = (DOCKERFILE.parent / "README.md").read_text(encoding="utf-8")
BUILDING = ("pip", "pip3", "gcc", "cc", "g++", "make", "ld", "hatchling", "uv", "git", "curl", "wget")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with built() as made:
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    """Simulators on loopback."""
    with site(tmp_path) as made:
        yield made


@pytest.fixture
def pod(here: Site) -> Pod:
    """What the chart makes of the least of values, for these simulators."""
    values = example("least")
    config = dict[str, Any](values["config"])  # type: ignore[call-overload]
    config["billing"]["url"], config["platforms"]["tv"]["url"] = here.billing_url, here.platform_url
    page = {"token": {"file": "/run/secrets/page/token"}}
    config |= {"server": {"listen": "0.0.0.0:0", "page": page}, "schedule": {"full_pass": "1s"}}
    texts = rendered({**values, "config": config, "secrets": ["portabilling", "telebreeze", "page"]})
    found = [each for name, text in texts.items() if name != "NOTES" for each in objects(text)]
    secrets = {
        "portabilling": {"token": "simulated-token"},
        "telebreeze": {"api-key": API_KEY},
        "page": {"token": "page-token"},
    }
    return Pod(found, secrets, here.folder / "volumes")


def test_the_dockerfile_passes_its_linter() -> None:
    done = subprocess.run([str(tool("hadolint")), str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_says_how_it_is_to_be_run(image: Image) -> None:
    facts = image.facts()["Config"]
    assert isinstance(facts, dict)
    assert facts["User"] == f"{USER}:{USER}"
    assert facts["Entrypoint"] == ["iptv-reconciler"]
    assert facts["Cmd"] == ["run", "--config", "/etc/iptv-reconciler/config.yaml"]
    assert facts["StopSignal"] == "SIGTERM"
    assert list(facts["ExposedPorts"]) == ["8080/tcp"]
    assert "Healthcheck" not in facts
    assert facts["Labels"]["org.opencontainers.image.title"] == "iptv-reconciler"


def test_it_holds_the_locked_versions_and_nothing_to_build_or_install_with(image: Image) -> None:
    ask = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    found = {
        name.lower().replace("_", "-"): version
        for name, version in json.loads(image.run(("--network", "none", "--entrypoint", "python"), "-c", ask)).items()
    }
    del found["iptv-reconciler"]
    assert found.items() <= locked().items()
    assert "opentelemetry-sdk" in found, "whatever the configuration offers works in the image"
    assert not build_tools() & found.keys()

    with image.files() as root:
        programs = {path.name for folder in root.glob("**/bin") for path in folder.iterdir()}
        assert not programs & set(BUILDING)
        assert not [*root.glob("**/site-packages/pip"), *root.glob("**/dist-packages/pip"), *root.glob("**/ensurepip")]
        assert not [
            *root.glob("**/*.whl"),
            *root.glob("var/lib/apt/lists/*_*"),
            *root.glob("var/cache/apt/archives/*.deb"),
        ]


def test_nothing_of_the_machine_that_built_it_is_in_it_but_the_licence_is(image: Image) -> None:
    with image.files() as root:
        assert not [
            root / name for name in ("etc/pip.conf", "run/secrets", "src", "wheels", "build") if (root / name).exists()
        ]
        ours = {
            path.name for path in (root / "opt" / "iptv-reconciler").rglob("*") if path.suffix in (".lock", ".toml")
        }
        assert not ours
    told = json.dumps(image.facts())
    assert "pip.conf" not in told.replace("id=pip.conf,target=/etc/pip.conf", "")


def test_nothing_in_it_can_be_written_and_nothing_runs_with_more_rights(image: Image) -> None:
    with image.files() as root:
        for path in root.rglob("*"):
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode) or path.is_relative_to(root / "dev"):
                continue
            assert found.st_uid != USER, path
            shared = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX  # /tmp and the like, read-only as all
            assert shared or not found.st_mode & stat.S_IWOTH, path
            if path.is_relative_to(root / "opt"):
                assert not found.st_mode & (stat.S_ISUID | stat.S_ISGID), path


def test_in_the_chart_s_pod_it_can_write_to_its_volume_alone_and_holds_no_capability(image: Image, pod: Pod) -> None:
    touched = "/x /opt/x /etc/iptv-reconciler/x /run/secrets/portabilling/x"
    script = f"id -u; touch {touched} 2>&1; grep -E 'Cap|NoNew' /proc/1/status"
    told = image.run((*pod.options(), "--network", "none", "--entrypoint", "sh"), "-c", script).splitlines()
    assert told[0] == str(USER)
    assert sum("Read-only file system" in line for line in told) == 4
    facts = dict(line.split() for line in told if ":\t" in line)
    assert {name: value for name, value in facts.items() if int(value, 16)} == {"NoNewPrivs:": "1"}


def test_it_trusts_the_authorities_of_debian(image: Image) -> None:
    ask = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    assert int(image.run(("--network", "none", "--entrypoint", "python"), "-c", ask)) > 50


def test_the_demo_comes_out_right_without_any_network_but_loopback(image: Image, pod: Pod) -> None:
    assert "What was done" in image.run((*pod.options(), "--network", "none"), "demo", "--accounts", "30")


@contextmanager
def daemon(image: Image, pod: Pod, record: Callable[[str, object], None] = lambda *_: None) -> Iterator[Daemon]:
    """Start the daemon as the chart's pod and wait for its address."""
    words = image.command((*pod.options(), "--network", "host", "--name", "daemon"), *pod.words)
    begun = time.monotonic()  # noqa: TID251  a real process is measured
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        try:
            started = next(line for line in map(json.loads, process.stderr) if line["event"] == "started")
            running = Daemon(process, f"http://{started['listen']}")
            assert running.status("/livez") == 200
            record("figure", f"from podman run to /livez: {time.monotonic() - begun:.2f} s")  # noqa: TID251
            yield running
        finally:
            image.remove("daemon")
            process.stderr.read()


def test_the_chart_s_pod_works_and_ends_in_order(
    image: Image, here: Site, pod: Pod, record_property: Callable[[str, object], None]
) -> None:
    account = here.tv_account()
    operator = here.platform.operator
    with daemon(image, pod, record_property) as running:
        running.until(lambda: 'state="in_sync"} 1.0' in running.get("/metrics"))
        assert running.status("/readyz") == 200
        assert running.status("/") == 401
        asked = urllib.request.Request(running.url, headers={"Authorization": "Bearer page-token"})
        with urllib.request.urlopen(asked, timeout=DEADLINE) as page:
            assert b"iptv-reconciler" in page.read()
        (words,) = re.findall(
            r"exec -i deploy/tv -- (python - <<'END'\n.*?^END\n)", DEPLOYING, re.MULTILINE | re.DOTALL
        )
        image.enter("daemon", words)  # the copy before an upgrade

        here.billing.change("block", i_account=account)
        running.until(lambda: [row["status"] for row in operator.customers.values()] == ["disabled"])

        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(DEADLINE) == 0
    store = pod.volume("store")
    assert {path.name for path in store.iterdir()} >= {"state.db", "state.db.key", "state.db.mark", "before.db"}
    assert {(path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) for path in store.iterdir()} == {(USER, 0o600)}

    with daemon(image, pod) as running:  # another pod on the same volume goes on where that one ended
        running.until(lambda: running.status("/readyz") == 200)
        assert len(operator.customers) == 1


def test_its_size_is_told(image: Image, record_property: Callable[[str, object], None]) -> None:
    with image.files() as root:
        program = root / "opt" / "iptv-reconciler"
        ours = sum(path.lstat().st_size for path in program.rglob("*"))
    size = image.facts()["Size"]
    assert isinstance(size, int)
    record_property("figure", f"image: {size / 1e6:.0f} MB, {ours / 1e6:.0f} MB of them the program and its packages")
    assert ours < 100e6


def test_a_changed_configmap_reaches_the_running_pod(image: Image, here: Site, pod: Pod) -> None:
    with daemon(image, pod) as running:
        known = fingerprint(running)
        text = (pod.volume("config") / "config.yaml").read_text(encoding="utf-8")
        project(pod.volume("config"), {"config.yaml": f"{text}\nbrake: {{floor: 11}}\n"}, USER, 0o644)
        running.until(lambda: fingerprint(running) != known)
        assert running.process.poll() is None


def fingerprint(running: Daemon) -> str:
    (found,) = re.findall(
        r'^iptv_reconciler_config_info\{.*?fingerprint="(\w+)".*1\.0$', running.get("/metrics"), re.MULTILINE
    )
    return str(found)
