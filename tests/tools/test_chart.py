"""The Helm chart: what it makes, for which releases, and what it refuses."""

import io
import json
import subprocess
import tarfile
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from controller.config import load
from platforms.version import VERSION
from tests.tools.containers import AUTHORITIES
from tests.tools.finding import tool
from tests.tools.kubernetes import Object, accept, objects, of_kind, only, releases
from tests.tools.manifests import CHART, DEPLOY, MONITORED, SCHEMA, example, made, rendered

pytestmark = pytest.mark.tools

EXAMPLES = ("least", "all")


def chart(values: Mapping[str, object] | None = None, **more: object) -> list[Object]:
    """The objects that the chart makes of the least of values, and more."""
    texts = rendered({**(values or example("least")), **more})
    return [each for name, text in texts.items() if name != "NOTES" for each in objects(text)]


def configuration(among: list[Object]) -> str:
    maps = {each["metadata"]["name"]: each for each in of_kind("ConfigMap", among)}
    (name,) = (mount["configMap"]["name"] for mount in pod(among)["volumes"] if mount["name"] == "config")
    return str(maps[name]["data"]["config.yaml"])


def pod(among: list[Object]) -> Any:  # noqa: ANN401
    return only("Deployment", among)["spec"]["template"]["spec"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_linter_finds_nothing(name: str) -> None:
    report = helm_python.lint(CHART, example(name), strict=True)
    assert report["errors"] == []
    assert [each["error"] for each in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("release", releases())
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_oldest_and_the_newest_release_take_what_it_makes(release: str, name: str) -> None:
    accept(release, chart(example(name)))


def test_it_is_for_no_release_older_than_readme_says() -> None:
    said = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert said["kubeVersion"] == f">={releases()[0]}.0-0"


def test_it_is_of_the_program_s_version() -> None:
    said = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert said["appVersion"] == said["version"] == VERSION


def test_by_default_one_replica_is_replaced_before_the_next_starts() -> None:
    deployment = only("Deployment", chart())
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 90
    assert only("PersistentVolumeClaim", chart())["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_the_pod_is_restricted() -> None:
    found = pod(chart())
    container = found["containers"][0]
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["runAsUser"] == found["securityContext"]["fsGroup"] == 65532
    assert found["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert found["automountServiceAccountToken"] is False
    assert only("ServiceAccount", chart())["automountServiceAccountToken"] is False
    written = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert written == {"/tmp", "/var/lib/iptv-reconciler"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_secrets_are_mounted_as_whole_folders_and_never_made(name: str) -> None:
    made_of_it = chart(example(name))
    container = pod(made_of_it)["containers"][0]
    assert not of_kind("Secret", made_of_it)
    assert "env" not in container
    assert "envFrom" not in container
    assert not [mount for mount in container["volumeMounts"] if "subPath" in mount]
    mounted = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"].startswith("secret-")]
    assert mounted == [f"/run/secrets/{secret}" for secret in example(name)["secrets"]]  # type: ignore[attr-defined]


def test_a_platform_that_is_down_restarts_nothing() -> None:
    container = pod(chart())["containers"][0]
    asked = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert asked == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}


def test_nothing_can_hold_the_drain_of_a_node() -> None:
    for replicas in (1, 2):
        assert not of_kind("PodDisruptionBudget", chart(replicas=replicas))


def test_two_replicas_share_a_node_and_may_touch_their_lease_alone() -> None:
    found = chart(replicas=2)
    deployment = only("Deployment", found)
    labels = deployment["spec"]["selector"]["matchLabels"]
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    (term,) = pod(found)["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term == {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": labels}}
    assert pod(found)["automountServiceAccountToken"] is True
    assert yaml.safe_load(configuration(found))["leadership"]["lease"] == "iptv-reconciler"
    named, making = only("Role", found)["rules"]
    assert (named["resources"], named["resourceNames"], named["verbs"]) == (
        ["leases"],
        ["iptv-reconciler"],
        ["get", "update"],
    )
    assert (making["resources"], making["verbs"]) == (["leases"], ["create"])
    assert not of_kind("Role", chart())
    assert not of_kind("RoleBinding", chart())


def test_a_lease_that_the_configuration_names_is_the_one_of_the_role() -> None:
    values = example("least")
    values["config"]["leadership"] = {"lease": "tv-leader"}  # type: ignore[index]
    values["replicas"] = 2
    assert only("Role", chart(values))["rules"][0]["resourceNames"] == ["tv-leader"]


def test_it_may_speak_to_its_targets_and_to_dns_and_only_its_http_port_is_open() -> None:
    spec = only("NetworkPolicy", chart())["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == [{"from": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": "http"}]}]
    dns, targets = spec["egress"]
    assert [each["port"] for each in dns["ports"]] == [53, 53]
    assert targets == {"ports": [{"protocol": "TCP", "port": 443}]}

    spec = only("NetworkPolicy", chart(example("all")))["spec"]
    _, targets, api_server, further = spec["egress"]
    assert [each["port"] for each in targets["ports"]] == [443, 80, 8443]
    assert targets["to"] == [{"ipBlock": {"cidr": "192.0.2.0/24"}}]
    assert [each["port"] for each in api_server["ports"]] == [6443]
    assert further["ports"][0]["port"] == 4318
    traced = merged(example("least"), {"config": {"tracing": {"endpoint": "http://collector.monitoring:4318"}}})
    targets = only("NetworkPolicy", chart(traced))["spec"]["egress"][1]
    assert targets == {"ports": [{"protocol": "TCP", "port": port} for port in (4318, 443)]}
    closed = chart(networkPolicy={"ingressFrom": []})
    assert only("NetworkPolicy", closed)["spec"]["ingress"] == []


def test_from_outside_only_the_event_endpoints_can_be_reached() -> None:
    assert not of_kind("Ingress", chart())
    (rule,) = only("Ingress", chart(example("all")))["spec"]["rules"]
    assert [(each["path"], each["pathType"]) for each in rule["http"]["paths"]] == [
        ("/espf", "Exact"),
        ("/process-event", "Exact"),
        ("/health", "Exact"),
    ]


def test_port_and_folder_follow_the_configuration() -> None:
    container = pod(chart(example("all")))["containers"][0]
    assert container["ports"] == [{"name": "http", "containerPort": 9000}]
    assert container["volumeMounts"][0] == {"name": "store", "mountPath": "/data"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_program_accepts_the_configuration_that_is_mounted(name: str, tmp_path: Path) -> None:
    text = configuration(chart(example(name)))
    for kind in ("secrets", "configmaps"):
        text = text.replace(f"/run/{kind}/", f"{tmp_path}/{kind}/")
    for word in text.split():
        if word.startswith(str(tmp_path)):
            Path(word).parent.mkdir(parents=True, exist_ok=True)
            Path(word).write_text(AUTHORITIES.read_text() if word.endswith(".crt") else "a-secret")
    file = tmp_path / "config.yaml"
    file.write_text(text)
    assert load(file).platforms


def test_monitoring_is_an_option() -> None:
    kinds = {each["kind"] for each in chart()}
    assert not kinds & {"ServiceMonitor", "PrometheusRule"}
    assert len(of_kind("ConfigMap", chart())) == 1


def test_prometheus_finds_the_service_and_gets_every_rule(tmp_path: Path) -> None:
    found = chart(**MONITORED)
    monitor = only("ServiceMonitor", found)["spec"]
    assert monitor["selector"]["matchLabels"].items() <= only("Service", found)["metadata"]["labels"].items()
    assert monitor["endpoints"] == [{"port": "http", "path": "/metrics", "interval": "30s"}]

    files = sorted((DEPLOY / "prometheus").glob("*.yaml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    spec = only("PrometheusRule", found)["spec"]
    assert groups
    assert spec == {"groups": groups}
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump(spec))
    subprocess.run([str(tool("promtool")), "check", "rules", str(rules)], check=True, capture_output=True)


def runbook_urls(among: list[Object]) -> list[str]:
    rules = [rule for group in only("PrometheusRule", among)["spec"]["groups"] for rule in group["rules"]]
    return [rule["annotations"]["runbook_url"] for rule in rules if "alert" in rule]


@pytest.mark.parametrize(
    "address", ["https://git.example.net/iptv-reconciler/", "https://git.example.net/iptv-reconciler"]
)
def test_an_alert_links_to_where_people_read_the_runbook(address: str) -> None:
    relative = runbook_urls(chart(**MONITORED))
    found = runbook_urls(chart(prometheusRule={"enabled": True, "runbookUrl": address}))
    assert relative
    assert found == [f"https://git.example.net/iptv-reconciler/{each}" for each in relative]


def test_grafana_gets_every_dashboard() -> None:
    maps = [
        each for each in of_kind("ConfigMap", chart(**MONITORED)) if "grafana_dashboard" in each["metadata"]["labels"]
    ]
    found = {name: json.loads(text) for each in maps for name, text in each["data"].items()}
    assert found
    assert found == {
        file.name: json.loads(file.read_text(encoding="utf-8")) for file in (DEPLOY / "grafana").glob("*.json")
    }


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown value": ({"replica": 2}, "additional properties 'replica' not allowed"),
    "an unknown value below": ({"image": {"name": "x"}}, "at '/image': additional properties 'name' not allowed"),
    "three replicas": ({"replicas": 3}, "at '/replicas'"),
    "a text for a number": ({"service": {"port": "80"}}, "at '/service/port': got string, want integer"),
    "too little time to end": ({"terminationGracePeriodSeconds": 30}, "at '/terminationGracePeriodSeconds'"),
    "no configuration": ({"config": {}}, "at '/config': missing properties 'billing', 'platforms', 'catalog'"),
    "an unknown key of the configuration": (
        {"config": {"platforms": {"tv": {"max_concurency": 2}}}},
        "at '/config/platforms/tv': additional properties 'max_concurency' not allowed",
    ),
    "a secret in plain text": (
        {"config": {"platforms": {"tv": {"api_key": "s3cret"}}}},
        "at '/config/platforms/tv/api_key'",
    ),
    "a secret that is not mounted": (
        {"config": {"billing": {"token": {"file": "token"}}}},
        "at '/config/billing/token/file'",
    ),
    "a secret of a Secret that is not mounted": (
        {"config": {"billing": {"token": {"file": "/run/secrets/billing/token"}}}},
        "config names a file in /run/secrets/billing, which is not mounted: add billing to the value `secrets`",
    ),
    "a CA file of a ConfigMap that is not mounted": (
        {"config": {"billing": {"verify_tls": "/run/configmaps/ours/ca.crt"}}},
        "config names a file in /run/configmaps/ours, which is not mounted: add ours to the value `configMaps`",
    ),
    "a relative path of the store": (
        {"config": {"store": {"path": "state.db"}}},
        'config.store.path: "state.db" is not absolute; write it like /var/lib/iptv-reconciler/state.db',
    ),
    "no host for the events": ({"ingress": {"enabled": True}}, "ingress.host: which host the events are sent to"),
    "a runbook that is no address": ({"prometheusRule": {"runbookUrl": "wiki"}}, "at '/prometheusRule/runbookUrl'"),
}


def merged(values: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """`more` laid over `values`, key by key; nothing laid over replaces."""
    result = dict(deepcopy(values))
    for key, value in more.items():
        deeper = isinstance(value, Mapping) and value and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if deeper else value
    return result


@pytest.mark.parametrize("case", WRONG)
def test_it_refuses_what_is_wrong_and_says_where(case: str) -> None:
    more, text = WRONG[case]
    with pytest.raises(helm_python.HelmError) as refused:
        rendered(merged(example("least"), more))
    assert text in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "path",
    [
        "/state.db",
        "/tmp/state.db",
        "/etc/iptv-reconciler/state.db",
        "/run/state.db",
        "/run/secrets/store/state.db",
        "/data/../run/state.db",
    ],
)
def test_the_store_is_not_mounted_over_what_the_pod_needs(path: str) -> None:
    with pytest.raises(
        helm_python.HelmError, match=r"config\.store\.path: the volume is mounted at its folder, and /.* is taken"
    ):
        rendered(merged(example("least"), {"config": {"store": {"path": path}}}))


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_the_server_listens_where_others_reach_it(address: str) -> None:
    with pytest.raises(helm_python.HelmError, match=r"config\.server\.listen: neither probes nor Prometheus reach"):
        rendered(merged(example("least"), {"config": {"server": {"listen": address}}}))


@pytest.mark.parametrize(
    "config",
    [
        {"store": {"path": "/runner/state.db"}, "server": {"listen": "[::]:8080"}},
        {"billing": {"verify_tls": "/run/secrets/portabilling/ca.crt"}},
        {"leadership": {"lease": "tv", "service_account": "/run/secrets/kubernetes.io/serviceaccount"}},
    ],
)
def test_it_refuses_no_more_than_that(config: Mapping[str, object]) -> None:
    assert rendered(merged(example("least"), {"config": config}))


def test_every_value_has_a_default_and_a_rule() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    known = json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"]
    assert set(values) == set(known) - {"global"}
    for name, value in values.items():
        fields = known[name].get("properties")
        if name not in ("config", "resources") and isinstance(value, dict) and fields:
            assert set(value) == set(fields), name


def test_the_notes_tell_how_to_look_and_to_approve() -> None:
    notes = rendered(example("least"), "tv", "iptv")["NOTES"]
    run = "kubectl -n iptv exec deploy/tv -- iptv-reconciler"
    for command in ("status", "plan", "explain ACCOUNT", "approve HASH"):
        assert f"{run} {command} --config /etc/iptv-reconciler/config.yaml" in notes


def test_a_package_of_it_is_whole(tmp_path: Path) -> None:
    archive = Path(helm_python.package(CHART, destination=tmp_path))
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as packed:
        names = {name.removeprefix("iptv-reconciler/") for name in packed.getnames()}
    assert {"Chart.yaml", "values.yaml", "values.schema.json", "templates/deployment.yaml"} <= names
    linked = [*(DEPLOY / "prometheus").glob("*.yaml"), *(DEPLOY / "grafana").glob("*.json")]
    assert {f"{file.parent.name}/{file.name}" for file in linked} <= names
    assert not [name for name in names if name.startswith("ci/")]


@pytest.mark.parametrize("file", made(), ids=lambda file: str(file.relative_to(DEPLOY)))
def test_what_is_made_is_up_to_date(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == made()[file], "run `make manifests`"
