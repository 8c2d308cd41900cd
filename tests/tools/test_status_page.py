"""The status page in Chromium, of the real daemon over simulators: by eye, by keyboard, by what a screen reader gets.

With `SHOTS=FOLDER` in the environment it leaves pictures there, for a person to look at.
"""

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.demo.parts import command, surroundings
from platforms.simulation import Fault
from tests.cli.site import Site, site
from tests.cli.test_run import Daemon, daemon
from tests.tools.finding import node_module, tool

pytestmark = pytest.mark.tools

BROWSE = Path(__file__).parent / "node" / "browse.mjs"
TOKEN = "page-secret"
DEADLINE = 120.0
READERS = {
    "desk": {"width": 1280, "scheme": "light"},
    "desk-dark": {"width": 1280, "scheme": "dark"},
    "phone": {"width": 360, "scheme": "light"},
    "narrow-dark": {"width": 320, "scheme": "dark"},
    "zoomed": {"width": 640, "scheme": "light"},
}

Look = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """The daemon, and a folder to work in."""

    here: Site
    running: Daemon

    def reads(self, words: str) -> bool:
        """Whether the overview has these words."""
        asked = urllib.request.Request(f"{self.running.url}/", headers={"authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(asked, timeout=DEADLINE) as answer:
            return words in answer.read().decode()

    def until(self, words: str) -> None:
        """Wait until the overview has these words."""
        self.running.until(lambda: self.reads(words))

    def looks(self, *orders: Look) -> Sequence[Look]:
        """What Chromium saw (see `browse.mjs`)."""
        asked = {
            "url": self.running.url,
            "token": TOKEN,
            "chromium": str(tool("chromium")),
            "axe": str(node_module("axe-core") / "axe.min.js"),
            "shots": os.environ.get("SHOTS"),
            "looks": orders,
        }
        file = self.here.folder / "orders.json"
        file.write_text(json.dumps(asked))
        words = [tool("node"), BROWSE, file]
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert done.returncode == 0, done.stderr
        seen: Sequence[Look] = json.loads(done.stdout)
        return seen


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Thirty accounts, all in sync; of the tests below, each goes on from where the one before has left it."""
    node_module("playwright-core")
    with site(tmp_path_factory.mktemp("site")) as here:
        (here.folder / "page-token").write_text(TOKEN)
        here.configure(server={"page": {"token": {"file": "page-token"}}})
        for number in range(1, 31):
            here.tv_account(number)
        with daemon(here) as running:
            made = Scene(here, running)
            made.until("Healthy")
            made.until("create on")
            yield made


def everybody(name: str, path: str = "/") -> Iterator[Look]:
    """Looks by every kind of reader, as a machine examines them and as they are without scripts."""
    for reader, how in READERS.items():
        yield {"name": f"{name}-{reader}", "path": path, "audit": True, **how}
    yield {"name": f"{name}-no-scripts", "path": path, "width": 320}


def assert_sound(scene: Scene, looks: Sequence[Look]) -> None:
    """Nothing is wrong with what was seen, whatever it was."""
    for look in looks:
        name = look["name"]
        assert look["console"] == [], name
        assert all(each.startswith(scene.running.url) for each in look["requests"]), name
        assert len(look["requests"]) == 1, f"{name}: it needs nothing else"
        assert look["wide"] <= 0, f"{name}: it scrolls to the side"
        assert look.get("violations", []) == [], name
        assert len(look["headings"]) == 1, name
        assert look["status"] == 200, name
        assert "passes" not in look or {"color-contrast", "label", "document-title"} <= set(look["passes"]), name


def test_a_healthy_installation(scene: Scene) -> None:
    looks = scene.looks(*everybody("healthy"))
    assert_sound(scene, looks)
    assert {look["title"] for look in looks} == {"Healthy - iptv-reconciler"}
    assert "tv (platform): breaker closed" in looks[0]["text"]


def test_the_search_by_keyboard_alone(scene: Scene) -> None:
    (found,) = scene.looks({"name": "search", "path": "/", "search": "tv000003", "width": 360})
    assert found["headings"] == ["Account tv000003"]
    assert "On platform tv the customer has TV, as it should be" in found["text"]
    assert found["outline"] == "solid", "where the keyboard is can be seen"
    assert found["console"] == []
    (missing,) = scene.looks({"name": "missing", "path": "/?account=tv00000", "audit": True})
    assert missing["status"] == 404
    assert missing["violations"] == []
    assert "tv000001 (i_account 70001)" in missing["text"]


def test_an_account_explained(scene: Scene) -> None:
    looks = scene.looks(*everybody("account", "/?account=tv000003"))
    assert_sound(scene, looks)
    assert {look["title"] for look in looks} == {"Account tv000003 - iptv-reconciler"}


def test_a_plan_held_by_the_brake_and_a_pause(scene: Scene) -> None:
    for account in list(scene.here.billing.installation.accounts)[:15]:
        scene.here.billing.change("block", i_account=account)
    words = ["pause", "tv000025", "--reason", "moving house", "--until", "2h", "--config", str(scene.here.config)]
    subprocess.run(command(words), env=surroundings(), timeout=DEADLINE, check=True, capture_output=True)
    scene.until("Waits for a person")
    looks = scene.looks(*everybody("held"), *everybody("account-held", "/?account=tv000003"))
    assert_sound(scene, looks)
    for look in looks:
        assert "iptv-reconciler approve " in look["text"]
        assert f"--config {scene.here.config}" in look["text"]
    assert "15 (limit 10)" in looks[0]["text"]
    assert "moving house" in looks[0]["text"]


def test_a_breaker_that_is_open(scene: Scene) -> None:
    scene.here.platform.faults.add(Fault(operation="*", kind="status", status=401, count=None))
    scene.until("tv refused the log-in")
    looks = scene.looks(*everybody("breaker"))
    assert_sound(scene, looks)
    assert "tv (platform): breaker open since" in looks[0]["text"]


def test_without_credentials_a_browser_is_asked_for_them(scene: Scene) -> None:
    for header in ({}, {"authorization": "Bearer wrong"}):
        asked = urllib.request.Request(f"{scene.running.url}/", headers=header)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=DEADLINE)
        assert refused.value.code == 401
        assert refused.value.headers["www-authenticate"].startswith("Basic ")
        refused.value.close()
