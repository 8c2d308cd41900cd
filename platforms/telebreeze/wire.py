"""A customer's payload <-> `SubscriberSpec` and `Observation`. Pure.

Rules of this module:

1. Reading is tolerant of what does not matter (missing or null texts are empty, numbers may be texts, unknown keys are
   ignored) and strict in what does: a customer without an id, a status or a place for its external id is never
   believed, it is `Transient`.
2. A customer whose external id is empty was made by somebody else; it is shown, so that the list stays whole. A status
   other than the dialect's "active" is off.
3. Writing sends what is managed (not `None`), and of a change only the fields that differ.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from desired_state.account import Contact, Secret
from desired_state.catalog import Package
from desired_state.desired import mask_device
from desired_state.sales import FeedRecord, SaleKind
from desired_state.subscriber import Observation, SubscriberSpec
from platforms.driver import Rejected, Taken, Transient
from platforms.listing import Reader
from platforms.selling import Told, sale
from platforms.telebreeze.dialect import Dialect
from platforms.transport import Answer

JsonObject = Mapping[str, object]

_CONTACT = ("first_name", "last_name", "email", "phone", "country", "state", "city", "address", "zip")
_FIELD_NAME = re.compile(r"[A-Za-z][\w.\[\]-]{0,39}")


@dataclass(frozen=True, slots=True)
class Wire:
    """The translation in one dialect; `platform` names the instance in sentences."""

    platform: str
    dialect: Dialect
    customers: Reader = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = self.dialect.customer
        unread = {"id", "password", "device_id"}  # besides the id, which comes first: never shown, and within a device
        fields = (names.id, *(theirs for ours, theirs in names if ours not in unread))
        page = (self.dialect.listing.rows, self.dialect.listing.count)
        object.__setattr__(self, "customers", Reader(self, fields, page, self.dialect))

    def observation(self, row: JsonObject, read_at: datetime) -> Observation:
        """What a customer's row shows; `read_at` is when reading it began."""
        names = self.dialect.customer
        if names.external_id not in row:
            raise self._incomplete("a customer", names.external_id)
        return Observation(_text(row[names.external_id]), self.record_id(row), self._spec(row), read_at)

    def record_id(self, row: JsonObject) -> str:
        """The platform's id of a customer."""
        return self._required(row, self.dialect.customer.id, "a customer")

    def broken(self) -> Transient:
        """The error for a page of customers that begins as one, and is none."""
        return Transient(f"{self.platform} answered a page of customers that cannot be read to its end")

    def package_id(self, row: JsonObject) -> str:
        """The platform's id of a package."""
        return self._required(row, self.dialect.package.id, "a package")

    def package(self, row: JsonObject) -> Package:
        """A package on offer."""
        names = self.dialect.package
        return Package(self.package_id(row), _text(row.get(names.external_id)), _text(row.get(names.title)))

    def sale(self, row: object) -> FeedRecord:
        """A sale or a refund; whatever it is, it is shown."""
        names, words = self.dialect.sale, self.dialect.sale_kind
        fields = row if isinstance(row, Mapping) else {}
        told = Told(
            id=_exact(fields.get(names.id)),
            kind=_exact(fields.get(names.kind)),
            record_id=_exact(fields.get(names.customer_id)),
            external_id=_exact(fields.get(names.external_id)),
            title=_exact(fields.get(names.title)),
            amount=_exact(fields.get(names.amount)),
            currency=_exact(fields.get(names.currency)),
            at=_exact(fields.get(names.sold_at)),
            refund_of=_exact(fields.get(names.refund_of)),
            content=repr(row),
        )
        return sale(self.platform, told, {theirs: SaleKind(ours) for ours, theirs in words})

    def creation(self, external_id: str, spec: SubscriberSpec) -> JsonObject:
        """The payload that makes the customer, with everything in it."""
        payload = {self.dialect.customer.external_id: external_id, **self._managed(spec)}
        return payload | dict(self._password(spec.password, None))

    def change(self, before: SubscriberSpec, after: SubscriberSpec) -> JsonObject:
        """The payload that brings a customer from `before` to `after`: only what differs, empty if nothing does."""
        held = self._managed(before)
        differing = {name: value for name, value in self._managed(after).items() if held.get(name, ...) != value}
        return differing | dict(self._password(after.password, before.password))

    def renaming(self, external_id: str) -> JsonObject:
        """The payload that gives a customer another name."""
        return {self.dialect.customer.external_id: external_id}

    def _spec(self, row: JsonObject) -> SubscriberSpec:
        names = self.dialect.customer
        return SubscriberSpec(
            enabled=self._required(row, names.status, "a customer") == self.dialect.status.active,
            packages=_sorted(_items(row.get(names.packages))),
            auth=self._auth(_text(row.get(names.auth_method))),
            device_ids=_sorted(self._device(item) for item in _items(row.get(names.devices))),
            login=_text(row.get(names.username)),
            max_connections=_number(row.get(names.max_connections)),
            contact=Contact(**{name: _text(row.get(getattr(names, name))) for name in _CONTACT}),
            note=_text(row.get(names.notes)),
        )

    def _managed(self, spec: SubscriberSpec) -> dict[str, object]:
        """Every field of the spec that has a value and can be read back, in the platform's words."""
        names, status = self.dialect.customer, self.dialect.status
        payload: dict[str, object] = {
            names.status: status.active if spec.enabled else status.disabled,
            names.packages: None if spec.packages is None else list(spec.packages),
            names.auth_method: spec.auth and getattr(self.dialect.auth, spec.auth, spec.auth),
            names.devices: None if spec.device_ids is None else [{names.device_id: each} for each in spec.device_ids],
            names.username: spec.login,
            names.max_connections: spec.max_connections,
            names.notes: spec.note,
        }
        if spec.contact is not None:
            payload |= {getattr(names, name): getattr(spec.contact, name) for name in _CONTACT}
        return {name: value for name, value in payload.items() if value is not None}

    def _password(self, after: Secret | None, before: Secret | None) -> Iterator[tuple[str, object]]:
        """The password, if it is another one and at hand; an empty text clears it."""
        if after is None or after == before:
            return
        value = after.value if after.fingerprint else ""
        if value is not None:
            yield self.dialect.customer.password, value

    def _auth(self, method: str) -> str:
        """Our name of a method; one the dialect does not know stays as it is, and so differs from any wish."""
        return next((ours for ours, theirs in self.dialect.auth if theirs == method), method)

    def _device(self, item: object) -> object:
        return item.get(self.dialect.customer.device_id) if isinstance(item, Mapping) else item

    def _required(self, row: JsonObject, name: str, what: str) -> str:
        text = _text(row.get(name))
        if not text:
            raise self._incomplete(what, name)
        return text

    def _incomplete(self, what: str, name: str) -> Transient:
        return Transient(
            f"platform {self.platform!r} answered {what} without {name!r}; if its API names that field otherwise,"
            " set it under dialect in the configuration"
        )


def refusal(answer: Answer, payload: JsonObject, dialect: Dialect) -> Rejected:
    """What the platform objects to, in its names of fields.

    Its own text may quote personal data and is left out; so are our values, but for names, packages and devices.
    """
    fields = _named_fields(answer, dialect)
    where = ", ".join(_shown(field, payload, dialect) for field in fields) or "a field it does not name"
    said, field = f"{answer.target} refused {where}", fields[0] if fields else ""
    if answer.status == 409:
        return Taken(f"{said}: another customer has the same value (HTTP 409)", field)
    return Rejected(f"{said}: it does not accept the value (HTTP {answer.status})", field)


def _named_fields(answer: Answer, dialect: Dialect) -> list[str]:
    body = answer.json("a refusal")
    if not isinstance(body, Mapping):
        return []
    errors = body.get(dialect.error.errors)
    found = [body.get(dialect.error.field), *(errors if isinstance(errors, Mapping) else ())]
    return [name for name in found if isinstance(name, str) and _FIELD_NAME.fullmatch(name)]


def _shown(field: str, payload: JsonObject, dialect: Dialect) -> str:
    names, value = dialect.customer, payload.get(field)
    if field == names.devices:
        devices = [item.get(names.device_id) for item in _items(value) if isinstance(item, Mapping)]
        return f"{field} ({', '.join(mask_device(_text(device)) for device in devices)})"
    if field == names.packages:
        return f"{field} ({', '.join(_text(item) for item in _items(value))})"
    return f"{field} ({_text(value)})" if field == names.external_id else field


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _exact(value: object) -> str:
    """A text, or a number in the digits it was sent in."""
    return str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""


def _number(value: object) -> int | None:
    text = _text(value).strip()
    return int(text) if text.isdecimal() else None


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _sorted(values: Iterator[object] | list[object]) -> tuple[str, ...]:
    return tuple(sorted({_text(value) for value in values} - {""}))
