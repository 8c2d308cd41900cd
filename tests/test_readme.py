"""README is part of the product: what it does not mention, nobody finds."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from controller.config import schema
from platforms.registry import DRIVERS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
COMMANDS = (
    *("demo", "run", "plan", "apply", "explain", "status", "config check", "config schema", "simulate", "doctor"),
    *("rebuild", "requeue"),
    *("charges list", "charges show", "charges approve", "charges retry", "charges resolve"),
    "charges reconcile",
    *("make demo", "make test"),
)
ENDPOINTS = ("/metrics", "/livez", "/readyz", "/health")


def keys(node: object) -> Iterator[str]:
    """Every name an operator may write into the configuration."""
    if isinstance(node, Mapping):
        properties = node.get("properties")
        yield from properties if isinstance(properties, Mapping) else ()
        for each in node.values():
            yield from keys(each)
    elif isinstance(node, list):
        for each in node:
            yield from keys(each)


def mentions(word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", README) is not None


@pytest.mark.parametrize("key", sorted(set(keys(schema()))))
def test_readme_names_every_key_of_the_configuration(key: str) -> None:
    assert mentions(key)


@pytest.mark.parametrize("command", COMMANDS)
def test_readme_names_every_command(command: str) -> None:
    assert mentions(command)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_readme_names_every_endpoint(endpoint: str) -> None:
    assert endpoint in README


TABLES = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("driver", DRIVERS)
def test_readme_has_the_whole_dialect_of_every_driver(driver: str) -> None:
    whole = DRIVERS[driver].dialect().model_dump(mode="json")
    assert whole in [yaml.safe_load(table) for table in TABLES]


@pytest.mark.parametrize("driver", DRIVERS)
def test_readme_names_every_driver_and_what_it_is_configured_with(driver: str) -> None:
    assert f"| {driver} |" in README, "its simulator"
    kind = DRIVERS[driver]
    assert re.search(rf"\| `customer_id` \|[^\n]*`{re.escape(kind.customer_id)}`", README)
    for credential in kind.credentials:
        assert re.search(rf"\| `[^|]*\b{credential}`[^|]* \|[^|]*\| required by [^|\n]*`{driver}`", README), credential
