"""README is part of the product: what it does not mention, nobody finds."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from controller.config.reference import reference
from controller.config.schema import schema
from platforms.dialects import DIALECTS
from platforms.kinds import KINDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "deploy" / "configuration.md").read_text(encoding="utf-8")
COMMANDS = (
    *("demo", "run", "plan", "apply", "explain", "status", "config check", "config schema", "simulate", "doctor"),
    *("rebuild", "requeue"),
    *("charges list", "charges show", "charges approve", "charges retry", "charges resolve"),
    "charges reconcile",
    *("make demo", "make test"),
)
ENDPOINTS = ("GET /`", "/metrics", "/livez", "/readyz", "/health")


def mentions(word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", README) is not None


def test_the_reference_of_the_configuration_is_that_of_its_schema() -> None:
    """Made by `iptv-reconciler config schema --output markdown > deploy/configuration.md`."""
    assert reference(schema()) + "\n" == REFERENCE


@pytest.mark.parametrize("row", re.findall(r"^\| `.*$", reference(schema()), re.MULTILINE))
def test_every_key_of_the_configuration_says_what_it_means(row: str) -> None:
    *_, meaning, _ = (cell.strip() for cell in re.split(r"(?<!\\)\|", row))
    assert meaning.endswith(".")


@pytest.mark.parametrize("command", COMMANDS)
def test_readme_names_every_command(command: str) -> None:
    assert mentions(command)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_readme_names_every_endpoint(endpoint: str) -> None:
    assert endpoint in README


TABLES = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("driver", KINDS)
def test_readme_has_the_whole_dialect_of_every_driver(driver: str) -> None:
    whole = DIALECTS[driver]().model_dump(mode="json")
    assert whole in [yaml.safe_load(table) for table in TABLES]


@pytest.mark.parametrize("driver", KINDS)
def test_readme_names_every_driver_and_what_it_is_configured_with(driver: str) -> None:
    assert f"| {driver} |" in README, "its simulator"
    kind = KINDS[driver]
    assert re.search(rf"\| `driver` \|[^\n]*`{driver}`", REFERENCE)
    assert re.search(rf"\| `customer_id` \|[^\n]*`{re.escape(kind.customer_id)}`", REFERENCE)
    for credential in kind.credentials:
        assert re.search(rf"\| `{credential}` \|.*\| Required by [^|\n]*`{driver}`", REFERENCE), credential


DEPLOY = Path(__file__).parent.parent / "deploy"
VALUES = yaml.safe_load((DEPLOY / "helm" / "iptv-reconciler" / "values.yaml").read_text(encoding="utf-8"))
FREE = ("labels", "annotations", "requests", "limits", "nodeSelector", "podAnnotations", "podLabels", "config")


def dotted(values: Mapping[str, object], before: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping) and name not in FREE:
            yield from dotted(value, f"{before}{name}.")
        else:
            yield before + name


@pytest.mark.parametrize("value", list(dotted(VALUES)))
def test_the_page_on_deploying_names_every_value_of_the_chart(value: str) -> None:
    assert f"`{value}`" in (DEPLOY / "README.md").read_text(encoding="utf-8")


PAGES = (ROOT / "README.md", *sorted((ROOT / "deploy").rglob("*.md")), *sorted((ROOT / "platforms").rglob("*.md")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_within_the_documents_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8"))
    broken = []
    for place, anchor in links:
        target = (page.parent / place) if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{place}#{anchor}")
    assert broken == []


def anchors(page: Path) -> set[str]:
    """What headings of a page can be linked to by, as GitHub makes it of them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
