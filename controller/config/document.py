"""The YAML text as plain values, and the line on which each stands.

Rules of this module:

1. Only plain values are read (`SafeLoader`): no tags that make objects.
2. A key that occurs twice is an error: YAML itself would silently keep the last one, and with it the wrong platform.
3. Errors tell the place and the kind of the fault, never the text found there: it may be a secret.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import yaml

Path = tuple[str | int, ...]


class DocumentError(Exception):
    """The text is no YAML, or has a key twice; `problems` are sentences with the line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    """What was read. `lines` counts from 1."""

    value: object = field(repr=False)
    lines: Mapping[Path, int] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def line(self, path: Path) -> int | None:
        """The line of a value, or of the innermost thing around it that the text has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def read(text: str) -> Document:
    """Parse; raises `DocumentError`."""
    try:
        return _read(text)
    except yaml.MarkedYAMLError as error:
        raise DocumentError((_sentence(error),)) from None
    except (yaml.YAMLError, ValueError, OverflowError):  # a control character; a date such as 2024-02-31
        raise DocumentError(("the file is not YAML: it holds a character or a value that cannot be read",)) from None
    except RecursionError:  # or an alias that leads into itself
        raise DocumentError(("the file is nested too deeply",)) from None


def _read(text: str) -> Document:
    loader = yaml.SafeLoader(text)
    node = loader.get_single_node()
    if node is None:
        return Document(None)
    lines: dict[Path, int] = {}
    if twice := tuple(_twice(node, (), lines)):
        raise DocumentError(twice)
    return Document(loader.construct_document(node), MappingProxyType(lines))


def _twice(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Iterator[str]:
    """A sentence for every key that repeats; `lines` is filled on the way."""
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, each in enumerate(node.value):
            yield from _twice(each, (*path, index), lines)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, each in node.value:
            here = (*path, str(key.value))
            if str(key.value) in seen:
                yield f"{dotted(here)}: occurs twice (line {key.start_mark.line + 1})"
                continue
            seen.add(str(key.value))
            yield from _twice(each, here, lines)
            lines[here] = key.start_mark.line + 1


def dotted(path: Path) -> str:
    """A path as people write it: `catalog[0].product`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _sentence(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    problem = re.sub(r"'(?!<)[^']{3,}'", "(a word)", error.problem or "cannot be read")
    return f"{place}not valid YAML: {problem}"
