"""The installation's own API document -> what it says of each method (contract, its first page). Pure.

Only that it is an OpenAPI document is known. So both OpenAPI 3 and Swagger 2 are understood; a method is known by the
last two segments of its path (`/rest/Account/get_account_list`); its parameters may stand in the body, in `params`
within it, or by themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.doctor.schema import Schema, mapping, resolved, sequence

PATH = "/doc/api/AdminInterface.json"

_ENVELOPE = frozenset({"params", "auth_info"})
_ANSWERS = ("200", "2XX", "2xx", "201", "default")


class NotUnderstood(ValueError):
    """The document is none that we can read; the text goes on from "the API document"."""


@dataclass(frozen=True, slots=True)
class Described:
    """One method: `parameters` names what can be sent, `answer` what comes back."""

    parameters: frozenset[str]
    answer: Schema


class ApiDocument:
    """All methods of a document. Raises `NotUnderstood`."""

    def __init__(self, document: object) -> None:
        self._root = mapping(document)
        paths = mapping(self._root.get("paths"))
        self._methods = {method_name(path): item for path, item in paths.items()}
        if not any(self._methods):
            raise NotUnderstood("lists no methods: it is no OpenAPI document")

    def method(self, operation: str) -> Described | None:
        """What it says of `<Service>/<method>`; `None` if nothing."""
        if method_name(operation) not in self._methods:
            return None
        item = resolved(self._methods[method_name(operation)], self._root)
        called = mapping(item.get("post")) or next(
            (mapping(verb) for verb in item.values() if "responses" in mapping(verb)), {}
        )
        request = Schema(self._root, (*self._request(item), *self._request(called)))
        return Described(_parameters(request), Schema(self._root, tuple(self._answer(called))))

    def _request(self, holder: Mapping[str, object]) -> Iterator[object]:
        """The schemas of what is sent: of the body, and one for each parameter that stands by itself."""
        yield from self._contents(holder.get("requestBody"))
        for each in sequence(holder.get("parameters")):
            parameter = resolved(each, self._root)
            schemas = [*self._contents(parameter)]
            if parameter.get("in") == "body":
                yield from schemas
            else:
                yield {"properties": {str(parameter.get("name")): {"allOf": schemas}}}

    def _answer(self, called: Mapping[str, object]) -> Iterator[object]:
        answers = mapping(called.get("responses"))
        code = next((code for code in _ANSWERS if code in answers), None)
        yield from self._contents(answers.get(code)) if code else ()

    def _contents(self, holder: object) -> Iterator[object]:
        """The schemas of a body: one a media type (OpenAPI 3), or just one (Swagger 2)."""
        found = resolved(holder, self._root)
        if "schema" in found:
            yield found["schema"]
        for media in mapping(found.get("content")).values():
            yield mapping(media).get("schema")


def method_name(path: str) -> str:
    """`account/get_account_list`, from a path with or without anything before it, and with parameters after it."""
    steps = [step for step in path.split("/") if step and not step.startswith("{")]
    return "/".join(steps[-2:]).casefold()


def _parameters(request: Schema) -> frozenset[str]:
    """The names of a request's parameters, whether or not they stand in an envelope."""
    fields = request.fields
    wrapped = fields["params"].fields if "params" in fields else {}
    return frozenset((*fields, *wrapped)) - _ENVELOPE
