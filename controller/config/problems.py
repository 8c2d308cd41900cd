"""What is wrong with a configuration, as sentences: `platforms.tv.requests_per_secnd: unknown key; did you mean ...?`.

Rules of this module:

1. One sentence a problem, with the full path, and the value where it is a single plain one. pydantic's own texts hold
   the input and are not used as they are.
2. Of an unknown key the name is told, never its value: it may be a misspelt `password`.
3. All problems are told at once, sorted.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.config.document import Document, Path, dotted

_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}


class ConfigError(Exception):
    """The configuration cannot be used; `problems` are sentences, sorted, without secrets."""

    def __init__(self, problems: Iterable[str], file: str = "") -> None:
        self.problems = tuple(sorted(set(problems)))
        self.file = file
        super().__init__("\n".join(self.problems))


def translate(error: ValidationError, model: type[BaseModel], document: Document, prefix: Path = ()) -> tuple[str, ...]:
    """pydantic's errors as sentences. `prefix` is where the value that was validated stands in the document."""
    schema = model.model_json_schema()
    details = error.errors(include_url=False)
    sentences = []
    for detail in details:
        if detail["type"] == "too_short" and any(_is_inside(each, detail) for each in details):
            continue  # pydantic counts only the valid entries; those that are not are told anyway
        where = tuple(part for part in detail["loc"] if part != "[key]")
        sentences.append(sentence((*prefix, *where), _text(detail, schema), document))
    return tuple(sentences)


def sentence(path: Path, text: str, document: Document) -> str:
    """A problem with its place; the line only for things in lists, which have no name of their own."""
    if path[:2] == ("billing", 0) and isinstance(_mapping(document.value).get("billing"), Mapping):
        path = ("billing", *path[2:])  # a lone block, written without a list
    line = document.line(path) if any(isinstance(part, int) for part in path) else None
    return f"{dotted(path) or 'the configuration'}: {text}" + (f" (line {line})" if line else "")


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or else what there is to choose from."""
    known = sorted(known)
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known) or 'nothing'}"


def _is_inside(detail: ErrorDetails, around: ErrorDetails) -> bool:
    place = around["loc"]
    return len(detail["loc"]) > len(place) and detail["loc"][: len(place)] == place


def _text(detail: ErrorDetails, schema: Mapping[str, object]) -> str:
    kind, loc = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        return f"unknown key; {nearest(str(loc[-1]), _keys_at(schema, loc[:-1]))}"
    if kind == "enum" and loc[-1] == "[key]":
        return f"unknown name; {nearest(str(detail['input']), _quoted(detail))}"
    if tell := _TEXTS.get(kind):
        return tell(detail)
    text = str(detail["ctx"]["error"]) if kind == "value_error" else detail["msg"]
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _not_this(wanted: str) -> Callable[[ErrorDetails], str]:
    return lambda detail: f"must be {wanted}, not {_shown(detail['input'])}"


def _not_this_kind(wanted: str) -> Callable[[ErrorDetails], str]:
    """For whole blocks: a text in place of one may be anything, a secret too."""
    return lambda detail: f"must be {wanted}, not {_kind(detail['input'])}"


def _bound(words: str, key: str) -> Callable[[ErrorDetails], str]:
    return lambda detail: f"must be {words} {detail['ctx'][key]}, not {_shown(detail['input'])}"


def _one_of(detail: ErrorDetails) -> str:
    *most, last = _quoted(detail)
    wanted = f"one of {', '.join(most)} and {last}" if most else last
    return f"must be {wanted}, not {_shown(detail['input'])}"


def _text_wanted(detail: ErrorDetails) -> str:
    hint = "; put it in quotes" if isinstance(detail["input"], bool | int | float) else ""
    return f"must be text, not {_shown(detail['input'])}{hint}"


def for_log(sentence: str) -> str:
    """A sentence with its key in quotes: the log would take what follows `password:` for a password."""
    return re.sub(r"^([\w.\[\]-]+): ", r"'\1': ", sentence)


_TEXTS: Mapping[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda _: "is required",
    "string_type": _text_wanted,
    "literal_error": _one_of,
    "enum": _one_of,
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "too_short": lambda detail: f"needs at least {detail['ctx']['min_length']} entry",
    "string_pattern_mismatch": _bound("a text of the form", "pattern"),
    "string_too_short": lambda _: "must not be empty",
    "invalid_key": lambda _: "a key must be text; put it in quotes",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _not_this("a whole number")),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _not_this("a number")),
    **dict.fromkeys(("bool_type", "bool_parsing"), _not_this("true or false")),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), _not_this_kind("a mapping")),
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "frozen_set_type"), _not_this_kind("a list")),
}


def _quoted(detail: ErrorDetails) -> Sequence[str]:
    """The values pydantic would have taken: `'a', 'b' or 'c'`."""
    return re.findall(r"'([^']*)'", detail["ctx"]["expected"])


def _shown(value: object) -> str:
    """A number or a switch as it is, a short text in quotes; of anything larger only the kind (rule 1)."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) or (isinstance(value, str) and len(value) <= 40 and "@" not in value):
        return repr(value)
    return _kind(value)


def _kind(value: object) -> str:
    return "empty" if value is None else _KINDS.get(type(value), "a value of another kind")


def _keys_at(schema: Mapping[str, object], path: Sequence[str | int]) -> set[str]:
    """The keys a model knows at a path, by its JSON Schema."""
    node = _resolved(schema, schema)
    for part in path:
        inner = node.get("items") if isinstance(part, int) else _child(node, part)
        node = _resolved(inner, schema)
    return set(_mapping(node.get("properties")))


def _child(node: Mapping[str, object], name: str) -> object:
    return _mapping(node.get("properties")).get(name) or node.get("additionalProperties")


def _resolved(node: object, schema: Mapping[str, object]) -> Mapping[str, object]:
    """The node itself behind a reference, or behind "this or null"."""
    found = _mapping(node)
    choices = found.get("anyOf")
    if isinstance(choices, list):
        return _resolved(choices[0], schema)
    reference = found.get("$ref")
    if isinstance(reference, str):
        return _mapping(_mapping(schema.get("$defs")).get(reference.removeprefix("#/$defs/")))
    return found


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
