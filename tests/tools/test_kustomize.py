"""The plain manifests: the same as the chart's, for those who do not use Helm."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.tools.finding import tool
from tests.tools.kubernetes import Object, accept, objects, of_kind, only, releases
from tests.tools.manifests import KUSTOMIZE, example, rendered

pytestmark = pytest.mark.tools

HELMS_OWN = ("helm.sh/chart", "app.kubernetes.io/managed-by", "helm.sh/resource-policy")


def built(folder: Path) -> list[Object]:
    done = subprocess.run([str(tool("kubectl")), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)


def plain(among: list[Object]) -> dict[tuple[str, str], Any]:
    """Objects by kind and name, without namespaces and what tells of Helm."""
    return {(each["kind"], each["metadata"]["name"]): _plain(each) for each in among}


def _plain(node: object) -> object:
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _plain(value) for key, value in node.items() if key not in (*HELMS_OWN, "namespace")}
    return {key: value for key, value in kept.items() if key not in ("annotations", "labels") or value}


def chart(replicas: int) -> dict[tuple[str, str], Any]:
    texts = rendered({**example("least"), "replicas": replicas})
    found = plain([each for name, text in texts.items() if name != "NOTES" for each in objects(text)])
    return {key: value for key, value in found.items() if key[0] != "ConfigMap"}


def without_configuration(among: list[Object]) -> dict[tuple[str, str], Any]:
    return {key: value for key, value in plain(among).items() if key[0] != "ConfigMap"}


def test_the_base_is_what_the_chart_makes() -> None:
    assert without_configuration(built(KUSTOMIZE / "base")) == chart(replicas=1)


def test_two_replicas_are_what_the_chart_makes(tmp_path: Path) -> None:
    overlay = KUSTOMIZE / "overlays" / "example"
    found = without_configuration(built(overlay))
    expected = chart(replicas=2)
    expected["Deployment", "iptv-reconciler"]["spec"]["template"]["spec"]["containers"][0]["image"] = (
        "registry.example.net/iptv-reconciler:0.1.0"
    )
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("release", releases())
@pytest.mark.parametrize("folder", ["base", "overlays/example"])
def test_the_oldest_and_the_newest_release_take_them(release: str, folder: str) -> None:
    accept(release, built(KUSTOMIZE / folder))


def test_a_changed_configuration_makes_no_new_pod() -> None:
    found = built(KUSTOMIZE / "base")
    name = only("ConfigMap", found)["metadata"]["name"]
    assert name == "iptv-reconciler-config"
    volumes = only("Deployment", found)["spec"]["template"]["spec"]["volumes"]
    assert {"name": "config", "configMap": {"name": name}} in volumes


def test_external_secrets_are_references_to_what_the_pod_mounts() -> None:
    found = built(KUSTOMIZE / "overlays" / "example")
    assert not of_kind("Secret", found)
    volumes = only("Deployment", found)["spec"]["template"]["spec"]["volumes"]
    mounted = {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}
    secrets = of_kind("ExternalSecret", found)
    assert {each["spec"]["target"]["name"] for each in secrets} == mounted
    for each in secrets:
        assert set(each["spec"]) == {"refreshInterval", "secretStoreRef", "target", "data"}
        assert set(each["spec"]["secretStoreRef"]) == {"kind", "name"}
        assert set(each["spec"]["target"]) == {"name", "creationPolicy"}
        for entry in each["spec"]["data"]:
            assert set(entry) == {"secretKey", "remoteRef"}
            assert set(entry["remoteRef"]) == {"key", "property"}


def test_the_example_shows_how_alerts_get_the_address_of_the_runbook() -> None:
    groups = only("PrometheusRule", built(KUSTOMIZE / "overlays" / "example"))["spec"]["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert alerts
    for rule in alerts:
        address = f"https://git.example.net/iptv-reconciler/deploy/runbook.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook_url"] == address


def test_the_namespace_of_the_example_allows_restricted_pods_only() -> None:
    labels = only("Namespace", built(KUSTOMIZE / "overlays" / "example"))["metadata"]["labels"]
    assert labels == {"pod-security.kubernetes.io/enforce": "restricted"}
