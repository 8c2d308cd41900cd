"""Which custom fields there are, by the answers about a few accounts. Pure; values are looked at, never told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controller.billing.custom_fields import field_values, masked_fields
from controller.billing.settings import CustomFields
from controller.billing.values import Unreadable
from controller.doctor.checks import Check, Findings, listed

NAME = "custom_fields"

Entries = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class SeenFields:
    """The fields of some accounts or customers: for each, its fields' values by name and by number."""

    names: frozenset[str] = frozenset()
    values: tuple[Mapping[str, str], ...] = field(default=(), repr=False)

    @staticmethod
    def of(answers: Sequence[Mapping[str, object]]) -> "SeenFields":
        """Read answers of `get_custom_fields_values`. Raises `Unreadable`."""
        entries = [_entries(answer) for answer in answers]
        names = {str(entry["name"]) for each in entries for entry in each if entry.get("name")}
        return SeenFields(frozenset(names), tuple(field_values(each) for each in entries))

    def having(self, name: str) -> int:
        """How many have that field."""
        return sum(name in each for each in self.values)


def judge_fields(
    findings: Findings, fields: CustomFields, seen: Mapping[str, SeenFields], *, served: bool
) -> Iterator[Check]:
    """The fields found, by owner, and a line for each that is configured.

    `served` is whether the accounts looked at have a product of the catalog: only then a field must be there.
    """
    for owner, found in seen.items():
        if found.values:
            text = f"fields of the {len(found.values)} {owner}s looked at: {listed(found.names)}"
            yield findings.ok(NAME, text)
    owned = seen.get(fields.owner, SeenFields())
    if not owned.values:
        return
    for name in fields.names:
        yield _of_one(findings, name, fields, seen, served)
    for name in dict.fromkeys(name for each in owned.values for name in masked_fields(each, fields)):
        text = f"{name!r} is hidden from our user (personal data): give its role the right to see it"
        yield findings.warn(NAME, text)


def _of_one(findings: Findings, name: str, fields: CustomFields, seen: Mapping[str, SeenFields], served: bool) -> Check:
    owned = seen[fields.owner]
    having, all_of_them = owned.having(name), len(owned.values)
    if having == all_of_them:
        return findings.ok(NAME, f"{name!r} is there")
    if having:
        text = f"{name!r} is there on {having} of {all_of_them} {fields.owner}s: some customer classes do not have it"
        return findings.warn(NAME, text)
    other = next((owner for owner, found in seen.items() if owner != fields.owner and found.having(name)), None)
    hint = f"; it is there on the {other}: set owner: {other}" if other else f"; there are: {listed(owned.names)}"
    text = f"{name!r} is not there on any of {all_of_them} {fields.owner}s{hint}"
    return findings.missing(NAME, text, essential=served)


def _entries(answer: Mapping[str, object]) -> Entries:
    listed_fields = answer.get("custom_fields_values") or []
    if not isinstance(listed_fields, list) or not all(isinstance(each, dict) for each in listed_fields):
        raise Unreadable("custom_fields_values is not a list of objects", "custom_fields_values")
    return listed_fields
