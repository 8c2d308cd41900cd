"""The names in a JSON Schema of unknown make, as OpenAPI 3 and Swagger 2 write them. Pure.

Rules of this module:

1. Composition is looked through: `$ref` (within the document), `allOf`, `anyOf`, `oneOf`, and the items of lists. What
   any part names is named.
2. Nothing is followed twice: a schema may refer to itself, directly or round about.
3. What has another form than expected names nothing, and stops nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_COMPOSED = ("allOf", "anyOf", "oneOf")
_WRAPPERS = 2  # how many objects may stand around the one that is looked for


@dataclass(frozen=True, slots=True)
class Schema:
    """One or more schemas that describe the same value; `root` is the whole document, for references."""

    root: Mapping[str, object]
    nodes: tuple[object, ...]

    @property
    def fields(self) -> dict[str, "Schema"]:
        """The fields that are named, of an object or of the objects in a list."""
        found: dict[str, tuple[object, ...]] = {}
        for node in self._objects():
            for name, schema in mapping(node["properties"]).items():
                found[name] = (*found.get(name, ()), schema)
        return {name: Schema(self.root, nodes) for name, nodes in found.items()}

    def find(self, name: str) -> "Schema | None":
        """The outermost field of that name, at most some wrapping objects down."""
        level, seen = [self], set[frozenset[int]]()
        for _ in range(_WRAPPERS + 1):
            inner: list[Schema] = []
            for schema in level:
                identity = frozenset(id(node) for node in schema._objects())
                if identity in seen:
                    continue
                seen.add(identity)
                fields = schema.fields
                if name in fields:
                    return fields[name]
                inner += fields.values()
            level = inner
        return None

    def unwrapped(self) -> "Schema":
        """Itself, or what its only field holds, if that is an object again: rows that stand in objects of one field."""
        fields = self.fields
        if len(fields) == 1:
            only = next(iter(fields.values()))
            return only if only.fields else self
        return self

    def _objects(self) -> list[Mapping[str, object]]:
        """The parts that name fields."""
        waiting, seen, found = list(self.nodes), set[int](), list[Mapping[str, object]]()
        while waiting:
            node = waiting.pop(0)
            if not isinstance(node, Mapping) or id(node) in seen:
                continue
            seen.add(id(node))
            if mapping(node.get("properties")):
                found.append(node)
            waiting += _parts(node, self.root)
        return found


def resolved(node: object, root: Mapping[str, object]) -> Mapping[str, object]:
    """The object itself, or the one its chain of references ends in; empty if it ends nowhere."""
    seen: set[str] = set()
    while isinstance(reference := mapping(node).get("$ref"), str):
        if reference in seen:
            return {}
        seen.add(reference)
        node = _referred(reference, root)
    return mapping(node)


def mapping(value: object) -> Mapping[str, object]:
    """A JSON object; anything else counts as an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> list[object]:
    """A JSON list; anything else counts as an empty one."""
    return value if isinstance(value, list) else []


def _parts(node: Mapping[str, object], root: Mapping[str, object]) -> Iterator[object]:
    for key in _COMPOSED:
        yield from sequence(node.get(key))
    items = node.get("items")
    yield from items if isinstance(items, list) else [items]
    if isinstance(reference := node.get("$ref"), str):
        yield _referred(reference, root)


def _referred(reference: str, root: Mapping[str, object]) -> object:
    """What a JSON pointer within the document leads to."""
    kind, _, pointer = reference.partition("#/")
    node: object = root if pointer and not kind else None
    for step in pointer.split("/"):
        node = mapping(node).get(unquote(step).replace("~1", "/").replace("~0", "~"))
    return node
