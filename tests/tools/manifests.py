"""What below `deploy/` is made of something else: `make manifests` makes it anew, and the tests compare.

The chart is where everything is decided. Its schema takes that of the configuration in, and the plain manifests are
what it renders with the least of values.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import helm_python
import yaml

from controller.config.schema import schema

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
CHART = DEPLOY / "helm" / "iptv-reconciler"
KUSTOMIZE = DEPLOY / "kustomize"
SCHEMA = CHART / "values.schema.json"
PLAIN = {  # folder below kustomize: templates of the chart
    "base": ("deployment", "networkpolicy", "persistentvolumeclaim", "service", "serviceaccount"),
    "components/two-replicas": ("leadership",),
    "components/monitoring": ("servicemonitor", "prometheusrule"),
}
MONITORED = {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboards")}
OWN = ("Name", "Strings")  # definitions of the schema that are the chart's
TOLD = ("$schema", "title", "default", "format")  # keywords that only tell: Helm fills in no defaults
SECRET = {
    "description": "A key of a Secret that `secrets` names: {file: /run/secrets/NAME/KEY}.",
    "type": "object",
    "additionalProperties": False,
    "required": ["file"],
    "properties": {"file": {"type": "string", "pattern": "^/run/secrets/[^/]+/[^/]+$"}},
}


def example(name: str) -> dict[str, object]:
    """Values that the chart comes with: `least`, or `all`."""
    return dict(yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text(encoding="utf-8")))


def rendered(values: Mapping[str, object], name: str = "iptv-reconciler", namespace: str = "iptv") -> dict[str, str]:
    """What the chart makes of the values, by template. Raises `helm_python.HelmError` where it refuses them."""
    with helm_python.Chart.load(CHART) as chart:
        texts = chart.render(dict(values), name=name, namespace=namespace)
    return {Path(path).stem: text for path, text in texts.items() if text.strip()}


def made() -> dict[Path, str]:
    """Every file that is made, with what it should hold."""
    one = rendered({**example("least"), **MONITORED})
    two = rendered({**example("least"), "replicas": 2})
    texts = {
        KUSTOMIZE / folder / f"{name}.yaml": _without_helm((two if name == "leadership" else one)[name])
        for folder, names in PLAIN.items()
        for name in names
    }
    return {**texts, DEPLOY / "grafana" / "kustomization.yaml": _dashboards(), SCHEMA: _values_schema()}


def _without_helm(text: str) -> str:
    text = re.sub(
        r"^ *(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*\n", "", text.strip() + "\n", flags=re.MULTILINE
    )
    text = re.sub(r"^ *annotations:\n *helm\.sh/resource-policy: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^ *namespace: .*\n", "    namespace: default  # set by the overlay\n", text, flags=re.MULTILINE)
    return f"# Rendered from the chart by `make manifests`.\n{text}"


def _dashboards() -> str:
    names = sorted(path.stem for path in (DEPLOY / "grafana").glob("*.json"))
    generator = [{"name": f"iptv-reconciler-dashboard-{name}", "files": [f"{name}.json"]} for name in names]
    options = {"disableNameSuffixHash": True, "labels": {"grafana_dashboard": "1"}}
    kind = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    text = yaml.safe_dump({**kind, "generatorOptions": options, "configMapGenerator": generator}, sort_keys=False)
    return f"# The dashboards as ConfigMaps; made by `make manifests`.\n{text}"


def _values_schema() -> str:
    """The chart's schema with the present one of the configuration; there a secret can only be a mounted file."""
    values = json.loads(SCHEMA.read_text(encoding="utf-8"))
    config = _plain(schema())
    assert isinstance(config, dict)
    definitions = config.pop("$defs")
    values["properties"]["config"] = config
    values["$defs"] = {**{name: values["$defs"][name] for name in OWN}, "Secret": SECRET, **definitions}
    return json.dumps(values, indent=2) + "\n"


def _plain(node: object) -> object:
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, Mapping):
        return node
    if node.get("oneOf", [{}])[0].get("properties", {}).keys() == {"file"}:
        return {"$ref": "#/$defs/Secret"}
    return {
        key: _named(value) if key == "properties" else _plain(value) for key, value in node.items() if key not in TOLD
    }


def _named(properties: Mapping[str, object]) -> object:
    """Names of properties are no keywords, whatever they are."""
    return {name: _plain(value) for name, value in properties.items()}


if __name__ == "__main__":
    for file, content in made().items():
        file.write_text(content, encoding="utf-8")
