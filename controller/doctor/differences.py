"""The installation's API document against what we assume: each difference a line. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from controller.billing.assumptions import Assumed, Names
from controller.doctor.api_document import ApiDocument, Described, NotUnderstood
from controller.doctor.checks import Check, Findings, Level
from controller.doctor.schema import Schema

NAME = "api_document"


def differences(target: str, document: object, assumed: Iterable[Assumed]) -> list[Check]:
    """A line for each difference, and one for what agrees."""
    findings = Findings(target)
    try:
        described = ApiDocument(document)
    except NotUnderstood as error:
        return [findings.warn(NAME, f"the API document {error}; nothing could be compared")]
    compared = [list(_of_method(findings, each, described.method(each.operation))) for each in assumed]
    agreeing = sum(not found for found in compared)
    text = f"{agreeing} of the {len(compared)} methods we call are described as we assume"
    return [findings.ok(NAME, text), *(line for found in compared for line in found)]


def _of_method(findings: Findings, assumed: Assumed, described: Described | None) -> Iterator[Check]:
    name = assumed.operation
    if described is None:
        yield findings.missing(NAME, f"{name}: the API document has no such method", essential=assumed.needed)
        return
    yield from _of_parameters(findings, assumed, described)
    yield from _Comparison(findings, assumed, described.answer).lines()


def _of_parameters(findings: Findings, assumed: Assumed, described: Described) -> Iterator[Check]:
    name, sent = assumed.operation, tuple(assumed.sends)
    if sent and not described.parameters:
        yield findings.warn(NAME, f"{name}: the API document names no parameter at all, which proves nothing")
        return
    for parameter in sent:
        if parameter not in described.parameters:
            text = f"{name}: the API document knows no parameter {parameter}, which we send"
            yield findings.missing(NAME, text, essential=parameter in assumed.sends.essential)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The fields that we read of one method's answer."""

    findings: Findings
    assumed: Assumed
    answer: Schema

    def lines(self) -> Iterator[Check]:
        reads = self.assumed.reads
        if not self.answer.fields:
            yield self._says_nothing("its answer")
            return
        told: set[str] = set()
        for path in reads:
            parent = path.rpartition(".")[0]
            if any(f"{parent}.".startswith(f"{each}.") for each in told):
                continue
            holder = _at(self.answer, parent)
            if holder is None or (parent and not holder.fields):
                told.add(parent)
                yield self._missing(parent, reads) if holder is None else self._says_nothing(parent)
            elif _at(self.answer, path) is None:
                told.add(path)
                yield self._missing(path, reads)

    def _missing(self, path: str, reads: Names) -> Check:
        essential = any(each == path or each.startswith(f"{path}.") for each in reads.essential)
        text = f"{self.assumed.operation}: the API document knows no field {path}, which we read"
        return self.findings.missing(NAME, text, essential=essential and self.assumed.needed)

    def _says_nothing(self, what: str) -> Check:
        text = f"{self.assumed.operation}: the API document names no field of {what}, which proves nothing"
        return Check(NAME, self.findings.target, Level.WARN, text)


def _at(schema: Schema, path: str) -> Schema | None:
    """The schema at a path; the first step may stand inside wrapping objects, and so may the rows of a list."""
    if not path:
        return schema
    first, *rest = path.split(".")
    found = schema.find(first)
    for step in rest:
        fields = found.fields if found is not None else {}
        found = fields.get(step) or (found.unwrapped().fields.get(step) if found is not None else None)
    return found
