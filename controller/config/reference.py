"""The reference of the configuration, in Markdown, made of its JSON Schema.

`deploy/configuration.md` is what this gives; a test compares. Meanings are the docstrings of the settings themselves.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]
"""A part of a JSON Schema."""

_HEAD = """# Configuration

Every key there is. This page is what `iptv-reconciler config schema --output markdown` prints; without that option it
prints the JSON Schema, by which an editor checks and completes the file. How secrets, durations and paths are written,
and what goes with what, stands in the [README](../README.md#configuration).
"""


def reference(schema: Node) -> str:
    """All blocks of the configuration, each with a table of its keys."""
    return "\n".join([_HEAD, *(_section(schema, path, block) for path, block in _blocks(schema, "", schema) if path)])


def _blocks(schema: Node, path: str, node: Node) -> Iterator[tuple[str, Node]]:
    """Every object of the schema with the path at which it stands, from the outside in."""
    yield path.removeprefix("."), node
    for name, prop in node["properties"].items():
        for suffix, block in _inside(schema, prop):
            yield from _blocks(schema, f"{path}.{name}{suffix}", block)


def _inside(schema: Node, prop: Node) -> Iterator[tuple[str, Node]]:
    """The objects that a property holds, with what its path goes on with."""
    node = _resolved(schema, prop)
    if "properties" in node:
        yield "", node
    elif "anyOf" in node:
        yield from (found for each in node["anyOf"][:1] for found in _inside(schema, each))
    elif "items" in node:
        yield from ((f"[]{suffix}", block) for suffix, block in _inside(schema, node["items"]))
    elif isinstance(node.get("additionalProperties"), Mapping):
        yield from ((f".NAME{suffix}", block) for suffix, block in _inside(schema, node["additionalProperties"]))


def _resolved(schema: Node, node: Node) -> Node:
    """The definition that a node refers to; what it says itself goes before."""
    if "$ref" not in node:
        return node
    definition: Node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return {**definition, **{key: value for key, value in node.items() if key != "$ref"}}


def _section(schema: Node, path: str, block: Node) -> str:
    rows = [_row(schema, block, name, prop) for name, prop in block["properties"].items()]
    return "\n".join([f"## `{path}`", "", block["description"], "", "| key | value | default | meaning |",
                      "|---|---|---|---|", *rows, ""])  # fmt: skip


def _row(schema: Node, block: Node, name: str, prop: Node) -> str:
    default = "required" if name in block.get("required", ()) else _default(schema, prop)
    meaning = " ".join(str(_resolved(schema, prop).get("description", "")).split())
    return f"| `{name}` | {_kind(schema, prop)} | {default} | {meaning} |"


def _default(schema: Node, prop: Node) -> str:
    default = prop.get("default")
    if any(_inside(schema, prop)):
        return "see there" if default else "none"
    return "none" if default in (None, []) else _written(default)


def _written(value: object) -> str:
    """A value as it is written in the file."""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _kind(schema: Node, prop: Node) -> str:
    """What may be written there, in a few words."""
    node = _resolved(schema, prop)
    if any(_inside(schema, prop)):
        return "a block, below"
    if node.get("title") == "Secret":
        return "secret"
    if "anyOf" in node:
        return " or ".join(_kind(schema, each) for each in node["anyOf"] if each.get("type") != "null")
    if "const" in node or "enum" in node:
        return ", ".join(f"`{each}`" for each in node.get("enum", [node.get("const")]))
    return _plain(schema, node)


def _plain(schema: Node, node: Node) -> str:
    if "items" in node:
        return f"list of {_kind(schema, node['items'])}"
    if "examples" in node:
        return "such as " + ", ".join(_written(each) for each in node["examples"])
    if isinstance(node.get("additionalProperties"), Mapping):
        return f"mapping to {_kind(schema, node['additionalProperties'])}"
    name = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
    kind = "path" if node.get("format") == "path" else name.get(str(node.get("type")), "mapping")
    return kind + _bounds(node)


def _bounds(node: Node) -> str:
    lowest = f"from {node['minimum']:g}" if "minimum" in node else ""
    above = f"above {node['exclusiveMinimum']:g}" if "exclusiveMinimum" in node else ""
    most = f"to {node['maximum']:g}" if "maximum" in node else ""
    below = f"below {node['exclusiveMaximum']:g}" if "exclusiveMaximum" in node else ""
    told = " ".join(each for each in (lowest, above, most, below) if each)
    return f" {told}" if told else ""
