"""A real Prometheus that scrapes what it is told to, asked over its HTTP API."""

import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from tests.tools.finding import tool

_DEADLINE = 60.0
_BETWEEN_SCRAPES = 1.0

T = TypeVar("T")
Sample = tuple[Mapping[str, str], float]
"""Labels and value."""


class _Series(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str] = (0, "")
    values: tuple[tuple[float, str], ...] = ()


class _Result(msgspec.Struct):
    result: list[_Series]


class _Found(msgspec.Struct):
    data: _Result


class _Values(msgspec.Struct):
    data: list[str]


class _Refusal(msgspec.Struct):
    error: str


@dataclass(frozen=True, slots=True)
class Target:
    """One process to be scraped, and the labels that discovery gives it (`job` is one of them).

    `without` is a metric that it does not export, though it does.
    """

    url: str
    labels: Mapping[str, str]
    without: str = "no_such_metric"


class Refused(Exception):
    """Prometheus does not understand a question; the text is its own."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server."""

    url: str
    process: "subprocess.Popen[bytes]"

    def instant(self, expression: str) -> list[Sample]:
        """What the expression is now. Raises `Refused`."""
        found = self._ask("query", _Found, query=expression).data
        return [(each.metric, float(each.value[1])) for each in found.result]

    def over(self, expression: str, seconds: float, step: float = 1) -> list[tuple[Mapping[str, str], list[float]]]:
        """What it was in these last seconds, as a graph would show it. Raises `Refused`."""
        now = time.time()  # noqa: TID251  the clock of another process
        found = self._ask("query_range", _Found, query=expression, start=now - seconds, end=now, step=step).data
        return [(each.metric, [float(value) for _, value in each.values]) for each in found.result]

    def label_values(self, label: str, selector: str) -> list[str]:
        """The values that a label has in the series of a selector."""
        return self._ask(f"label/{label}/values", _Values, **{"match[]": selector}).data

    def until(self, expression: str, text: str) -> None:
        """Return when the expression is something else than nothing and 0."""
        give_up = time.monotonic() + _DEADLINE  # noqa: TID251  a real process is waited for
        while not any(value for _, value in self.instant(expression)):
            assert time.monotonic() < give_up, f"{text}: {expression}"  # noqa: TID251
            time.sleep(0.2)  # noqa: TID251

    def _ask(self, path: str, shape: type[T], **parameters: object) -> T:
        try:
            with urllib.request.urlopen(
                f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=_DEADLINE
            ) as answer:
                return msgspec.json.decode(answer.read(), type=shape)
        except urllib.error.HTTPError as error:
            raise Refused(msgspec.json.decode(error.read(), type=_Refusal).error) from error


@contextmanager
def prometheus(folder: Path, targets: Sequence[Target], rules: Sequence[Path] = ()) -> Iterator[Prometheus]:
    """Start it, and wait until it has scraped all targets; it is gone at the end."""
    program, config = tool("prometheus"), folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_configuration(targets, rules)))
    address = f"127.0.0.1:{free_port()}"
    words = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={address}"]
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen([program, *words], stderr=log) as process:
        try:
            server = Prometheus(f"http://{address}", process)
            _ready(server, folder / "prometheus.log")
            server.until(f"count(up == 1) == {len(targets)}", "not all targets were scraped")
            yield server
        finally:
            process.kill()


def _configuration(targets: Sequence[Target], rules: Sequence[Path]) -> Mapping[str, object]:
    """Each target is a job of its own to Prometheus; what it is called is what its labels say."""
    jobs = [
        {
            "job_name": f"target-{number}",
            "static_configs": [{"targets": [target.url.removeprefix("http://")], "labels": dict(target.labels)}],
            "metric_relabel_configs": [{"action": "drop", "source_labels": ["__name__"], "regex": target.without}],
        }
        for number, target in enumerate(targets)
    ]
    often = f"{_BETWEEN_SCRAPES:g}s"
    times = {"scrape_interval": often, "evaluation_interval": often}
    return {"global": times, "scrape_configs": jobs, "rule_files": [str(path) for path in rules]}


def _ready(server: Prometheus, log: Path) -> None:
    give_up = time.monotonic() + _DEADLINE  # noqa: TID251
    while True:
        assert server.process.poll() is None, log.read_text()
        assert time.monotonic() < give_up, "it does not answer"  # noqa: TID251
        try:
            urllib.request.urlopen(server.url + "/-/ready", timeout=_DEADLINE).close()
        except OSError:
            time.sleep(0.1)  # noqa: TID251
        else:
            return


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
