"""Manifests as values, and whether a release of Kubernetes takes them."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

Object = Mapping[str, Any]
FOREIGN = ("monitoring.coreos.com/v1", "external-secrets.io/v1")  # of operators, not of Kubernetes
README = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")


def releases() -> tuple[str, str]:
    """The oldest and the newest release that README names."""
    found = re.search(r"Kubernetes (1\.\d+) to (1\.\d+)", README)
    assert found is not None
    return found[1], found[2]


def objects(text: str) -> list[Object]:
    """What a file or an output of several documents holds."""
    return [each for each in yaml.safe_load_all(text) if each]


def of_kind(kind: str, among: Iterable[Object]) -> list[Object]:
    """Those of that kind."""
    return [each for each in among if each["kind"] == kind]


def only(kind: str, among: Iterable[Object]) -> Object:
    """The one of that kind."""
    (found,) = of_kind(kind, among)
    return found


def accept(release: str, among: Iterable[Object]) -> None:
    """Raises where the release would refuse one, or does not know a field of it."""
    for each in among:
        if each["apiVersion"] not in FOREIGN:
            kubernetes_validate.validate(each, release, strict=True)
