"""The page on adding a platform: its driver is built from the page, and passes what every driver passes."""

import importlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import fields
from importlib.util import module_from_spec, spec_from_file_location
from inspect import signature
from pathlib import Path

import httpx
import pytest

from platforms.capabilities import Capabilities
from platforms.conformance import Setting, conform
from platforms.driver import Driver, PlatformError, Rejected, Taken, Transient, Unavailable, Unsupported
from platforms.endpoint import Endpoint
from platforms.listing import understood
from platforms.registry import DriverKind, DriverSettings
from platforms.transport import Http
from tests.clocks import VirtualClock, draws
from tests.contract import test_driver, test_faults
from tests.contract.subjects import FOREIGN_DEVICE, PACKAGES, Undemanding
from tests.platforms.acme import API_KEY, AcmeSimulator
from tests.servers import serving

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "platforms" / "README.md").read_text(encoding="utf-8")
EXAMPLE = dict(re.findall(r"^`acme/(\w+\.py)`:\n\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
REGISTRY = re.findall(r"^`registry\.py`.*?:\n\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
ALREADY_IN_THE_REGISTRY = """\
from platforms.breaker import Breaker
from platforms.driver import Driver
from platforms.registry import DriverKind, DriverSettings
from platforms.transport import Clock, Http, Meter, Transport
"""
NAME = "acme_of_the_page"


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DriverKind]:
    """The registry's entry, made of nothing but the page and the simulator that stands beside this file."""
    folder = written(tmp_path_factory.mktemp("page"))
    spec = spec_from_file_location(NAME, folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    sys.modules[NAME] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[NAME])
    kind = importlib.import_module(f"{NAME}.registry").ACME
    assert isinstance(kind, DriverKind)
    yield kind
    for name in [each for each in sys.modules if each.partition(".")[0] == NAME]:
        del sys.modules[name]


def written(folder: Path) -> Path:
    """The package as the page has it, under another name."""
    package = folder / NAME
    package.mkdir()
    texts = {**EXAMPLE, "registry.py": f'"""The entry."""\n\n{ALREADY_IN_THE_REGISTRY}{REGISTRY}'}
    for name, text in texts.items():
        here = text.replace("platforms.acme", NAME).replace(f"{NAME}.simulator", "tests.platforms.acme")
        (package / name).write_text(here, encoding="utf-8")
    return package


class AcmeSubject(Undemanding):
    def __init__(self, kind: DriverKind, simulator: AcmeSimulator, url: str, http: Http | None) -> None:
        self.simulator = simulator
        self.faults = simulator.faults
        self.clock = VirtualClock()
        settings = DriverSettings(endpoint=Endpoint(target="tv", url=url), api_key=API_KEY)
        self.driver: Driver = kind.build(settings, self.clock, http=http)

    @property
    def writes(self) -> int:
        return self.simulator.requests.writes

    def truth(self, external_id: str) -> Mapping[str, object] | None:
        return self.simulator.subscribers.get(external_id)

    def password(self, external_id: str) -> str:
        return str(self.simulator.subscribers[external_id]["password"])

    def add_foreign(self, external_id: str) -> None:
        self.simulator.add(external_id, {"devices": [FOREIGN_DEVICE], "note": "VIP"})

    def remove(self, external_id: str) -> None:
        del self.simulator.subscribers[external_id]


Made = Callable[[DriverKind], AbstractAsyncContextManager[AcmeSubject]]


@asynccontextmanager
async def in_process(kind: DriverKind) -> AsyncIterator[AcmeSubject]:
    simulator = AcmeSimulator(VirtualClock(), draws(7), packages=PACKAGES)
    made = AcmeSubject(kind, simulator, "http://tv", httpx.ASGITransport(simulator))
    yield made
    await made.driver.aclose()


@asynccontextmanager
async def over_a_socket(kind: DriverKind) -> AsyncIterator[AcmeSubject]:
    simulator = AcmeSimulator(VirtualClock(), draws(7), packages=PACKAGES)
    async with serving(simulator) as url:
        made = AcmeSubject(kind, simulator, url, None)
        yield made
        await made.driver.aclose()


@pytest.fixture(params=[in_process, over_a_socket], ids=["in process", "over a socket"])
async def subject(acme: DriverKind, request: pytest.FixtureRequest) -> AsyncIterator[AcmeSubject]:
    make: Made = request.param
    async with make(acme) as made:
        yield made


@pytest.fixture
async def faulty(subject: AcmeSubject) -> AcmeSubject:
    return subject


SHARED = {
    name: test
    for module in (test_driver, test_faults)
    for name, test in vars(module).items()
    if name.startswith("test_") and {"subject", "faulty"} & set(signature(test).parameters)
}
globals().update(SHARED)  # the contract suite's own tests, collected here with the subjects of this file


async def test_the_example_passes_every_check_of_conformance(subject: AcmeSubject) -> None:
    subject.add_foreign("theirs")
    before = dict(subject.simulator.subscribers)

    verdicts = await conform(Setting(subject.driver, subject.clock, draws(), i_env=3), lambda _: None)

    assert [verdict for verdict in verdicts if not verdict.ok] == []
    assert subject.simulator.subscribers == before


async def test_the_example_tells_wrong_credentials_from_other_trouble(acme: DriverKind) -> None:
    http = httpx.ASGITransport(AcmeSimulator(VirtualClock(), draws(7)))
    settings = DriverSettings(endpoint=Endpoint(target="tv", url="http://tv"), api_key="another")
    with pytest.raises(Unavailable, match="credentials"):
        await acme.build(settings, VirtualClock(), http=http).packages()


async def test_the_example_believes_no_row_that_lacks_something(subject: AcmeSubject) -> None:
    for missing in ("name", "active", "packages", "devices", "note"):
        subject.simulator.add("a_3", {})
        del subject.simulator.subscribers["a_3"][missing]
        with pytest.raises(Transient, match=f"'{missing}'; see dialect"):
            assert [each async for each in understood(subject.driver.list())]


def test_the_example_is_small() -> None:
    assert set(EXAMPLE) == {"__init__.py", "dialect.py", "wire.py", "kind.py", "client.py", "driver.py"}
    assert sum(len(text.splitlines()) for text in EXAMPLE.values()) < 270


def test_the_example_is_in_the_style_of_the_house(tmp_path: Path) -> None:
    for name, text in EXAMPLE.items():
        file = tmp_path / "platforms" / "acme" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    config = ["--no-cache", "--config", str(ROOT / "pyproject.toml"), str(tmp_path)]
    for words in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, *config], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_the_example_has_types(tmp_path: Path) -> None:
    words = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache")]
    package = str(written(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *words, package], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


METHODS = [name for name in vars(Driver) if not name.startswith("_") and callable(getattr(Driver, name))]


@pytest.mark.parametrize("name", METHODS)
def test_the_page_names_every_method_of_a_driver(name: str) -> None:
    assert f"`{name}(" in PAGE


@pytest.mark.parametrize("name", [field.name for field in fields(Capabilities)])
def test_the_page_names_every_capability(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("error", [Transient, Rejected, Taken, Unavailable, Unsupported])
def test_the_page_names_every_error(error: type[PlatformError]) -> None:
    assert f"`{error.__name__}`" in PAGE


def test_all_methods_are_looked_for() -> None:
    assert len(METHODS) == 11
