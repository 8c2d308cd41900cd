"""A customer's document <-> `SubscriberSpec` and `Observation`. Pure.

Rules of this module:

1. Reading is strict: a customer without an id, a product or a device without its id, and a word for `Enabled` that is
   neither of the two are never believed, they are `Transient`. Elements that are left out are empty, and `Enabled` off.
2. A document is put whole. It is made of the document as it is now, with what differs between the record as it was
   compared and the wish; elements and attributes that we do not know stay as they were read.
3. A document without a PIN clears the PIN, and nobody reads one (`****`): it has to be known to be kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from xml.etree.ElementTree import Element

from desired_state.account import Contact, Secret
from desired_state.catalog import Package
from desired_state.desired import mask_device
from desired_state.sales import FeedRecord, SaleKind
from desired_state.subscriber import Observation, SubscriberSpec
from platforms.driver import Rejected, Taken, Transient
from platforms.seachange.dialect import Dialect
from platforms.seachange.markup import plain, qualified
from platforms.selling import Told, sale
from platforms.transport import Answer, segment

NO_PIN = Secret("")

_READABLE = ("enabled", "packages", "device_ids", "contact", "note")
_CODE = re.compile(r"[A-Za-z][\w.-]{0,39}")


@dataclass(frozen=True, slots=True)
class Wire:
    """The translation in one dialect; `platform` names the instance in sentences."""

    platform: str
    dialect: Dialect

    def path(self, record_id: str) -> str:
        """The path of a customer. `Rejected` for an id that no path leads to, or that of another customer."""
        slash = self.dialect.paths.slash
        if slash.casefold() in record_id.casefold():
            raise Rejected(f"{record_id!r} cannot stand in the path of a request, where {slash!r} means '/'")
        return self.dialect.paths.customer.replace("{id}", segment(record_id.replace("/", slash)))

    def qualified(self, name: str) -> str:
        """The name as an element of the platform bears it that was read."""
        return qualified(self.dialect.document.namespace, name)

    def customer_id(self, customer: Element) -> str:
        """The customer's id, which is both the platform's and ours."""
        return self._required(customer, self.dialect.customer.id, "a customer")

    def revision(self, customer: Element) -> str:
        """Which state of the customer this is."""
        revision = self._required(customer, self.dialect.customer.revision, "a customer")
        if not (revision.isascii() and revision.isprintable()):
            raise self.strange("a customer", f"a {self.dialect.customer.revision!r} that cannot be sent back")
        return revision

    def package(self, product: Element) -> Package:
        """A product on offer."""
        names = self.dialect.product
        return Package(self._required(product, names.id, "a product"), title=product.get(names.name, ""))

    def observation(self, customer: Element, read_at: datetime) -> Observation:
        """What a customer's document shows; `read_at` is when reading it began."""
        customer_id = self.customer_id(customer)
        return Observation(customer_id, customer_id, self._spec(customer), read_at)

    def sale(self, purchase: Element) -> FeedRecord:
        """A purchase; whatever it is, it is shown. Its customer is a name: there is no other id."""
        names, words = self.dialect.purchase, self.dialect.purchase_kind
        told = Told(
            id=purchase.get(names.id, ""),
            kind=purchase.get(names.kind, ""),
            external_id=purchase.get(names.customer, ""),
            title=purchase.get(names.title, ""),
            amount=purchase.get(names.amount, ""),
            currency=purchase.get(names.currency, ""),
            at=purchase.get(names.sold_at, ""),
            content=repr(sorted(purchase.items())),
        )
        return sale(self.platform, told, {theirs: SaleKind(ours) for ours, theirs in words})

    def creation(self, external_id: str, spec: SubscriberSpec) -> Element:
        """The document that makes the customer, with everything in it that is managed."""
        names = self.dialect.customer
        pin = (spec.pin and spec.pin.value) or ""
        return self._document(Element(names.customer, {names.id: external_id}), spec, pin)

    def differing(self, before: SubscriberSpec, after: SubscriberSpec) -> tuple[str, ...]:
        """The fields that a document has to bring from `before` to `after`; a PIN that is not at hand is none."""
        fields = tuple(name for name in after.differs_from(before) if name in _READABLE)
        new_pin = after.pin is not None and after.pin != before.pin and (after.pin == NO_PIN or bool(after.pin.value))
        return (*fields, "pin") if new_pin else fields

    def change(self, customer: Element, before: SubscriberSpec, after: SubscriberSpec) -> Element:
        """The document that brings the customer, as it is now, to what differs between `before` and `after`."""
        now, fields = self._spec(customer), self.differing(before, after)
        wanted = replace(now, **{name: getattr(after, name) for name in fields if name != "pin"})
        if "pin" in fields or (after.pin is not None and after.pin.value):
            pin = (after.pin and after.pin.value) or ""
        elif now.pin == NO_PIN or (now.enabled and not wanted.enabled):  # to block matters more: the PIN is set later
            pin = ""
        else:
            raise self._unknown_pin(customer, after.pin)
        return self._document(customer, wanted, pin)

    def strange(self, what: str, how: str) -> Transient:
        """The error for a document that is none of those the dialect describes."""
        return Transient(
            f"platform {self.platform!r} answered {what} with {how}; if its API says it otherwise, set that under"
            " dialect in the configuration"
        )

    def _spec(self, customer: Element) -> SubscriberSpec:
        names = self.dialect.customer
        name, contact = self._part(customer, names.name), self._part(customer, names.contact)
        return SubscriberSpec(
            enabled=self._is_enabled(customer),
            packages=tuple(sorted(self._items(customer, self._products))),
            device_ids=tuple(sorted(self._items(customer, self._cpes))),
            pin=None if _text(self._part(customer, names.pin)) else NO_PIN,
            contact=Contact(
                first_name=name.get(names.first_name, ""),
                last_name=name.get(names.last_name, ""),
                email=contact.get(names.email, ""),
                phone=contact.get(names.phone, ""),
            ),
            note=_text(self._part(customer, names.note)),
        )

    def _document(self, held: Element, spec: SubscriberSpec, pin: str) -> Element:
        """The held document with the values of the spec; what the spec leaves open is left out."""
        names, namespace = self.dialect.customer, self.dialect.document.namespace
        ours = (names.enabled, names.name, names.contact, names.products, names.cpes, names.pin, names.note)
        known = {self.qualified(name) for name in ours}
        document = Element(names.customer, {name: text for name, text in held.items() if name != names.revision})
        document.extend(self._parts(held, spec, pin))
        document.extend([plain(child, namespace) for child in held if child.tag not in known])
        return document

    def _parts(self, held: Element, spec: SubscriberSpec, pin: str) -> Iterator[Element]:
        """The elements we know, in the contract's order."""
        names, words, contact = self.dialect.customer, self.dialect.document, spec.contact
        yield _leaf(names.enabled, words.true if spec.enabled else words.false)
        if contact is not None:
            full_name = {names.first_name: contact.first_name, names.last_name: contact.last_name}
            yield Element(names.name, {**self._part(held, names.name).attrib, **full_name})
            address = {names.email: contact.email, names.phone: contact.phone}
            yield Element(names.contact, {**self._part(held, names.contact).attrib, **address})
        if spec.packages is not None:
            yield self._group(held, self._products, spec.packages)
        if spec.device_ids is not None:
            yield self._group(held, self._cpes, spec.device_ids)
        if pin:
            yield _leaf(names.pin, pin)
        if spec.note is not None:
            yield _leaf(names.note, spec.note)

    @property
    def _products(self) -> "_Group":
        names = self.dialect.customer
        return _Group(names.products, names.product, names.product_id)

    @property
    def _cpes(self) -> "_Group":
        names = self.dialect.customer
        return _Group(names.cpes, names.cpe, names.cpe_id)

    def _items(self, customer: Element, group: "_Group") -> dict[str, Element]:
        """The elements of a group by their ids."""
        items = self._part(customer, group.name).findall(self.qualified(group.item))
        return {self._required(item, group.id, f"a {group.item!r} of a customer"): item for item in items}

    def _group(self, held: Element, group: "_Group", ids: tuple[str, ...]) -> Element:
        """A group of these ids; an element that is there already stays as it was read."""
        found, namespace = self._items(held, group), self.dialect.document.namespace
        made = Element(group.name, self._part(held, group.name).attrib)
        made.extend([plain(found[each], namespace) if each in found else _item(group, each) for each in ids])
        return made

    def _part(self, customer: Element, name: str) -> Element:
        """The element of that name; an empty one where it is left out, which means the same."""
        part = customer.find(self.qualified(name))
        return Element(name) if part is None else part

    def _is_enabled(self, customer: Element) -> bool:
        name, words = self.dialect.customer.enabled, self.dialect.document
        word = _text(self._part(customer, name))
        if word not in (words.true, words.false, ""):
            raise self.strange("a customer", f"a word in {name!r} that is neither {words.true!r} nor {words.false!r}")
        return word == words.true

    def _required(self, element: Element, attribute: str, what: str) -> str:
        text = element.get(attribute, "")
        if not text:
            raise self.strange(what, f"no {attribute!r}")
        return text

    def _unknown_pin(self, customer: Element, wished: Secret | None) -> Transient | Rejected:
        whose = f"customer {self.customer_id(customer)!r} of platform {self.platform!r} has a PIN"
        if wished is not None:
            return Transient(f"{whose} that every change has to carry, and it is not at hand")
        return Rejected(
            f"{whose} that we do not know, and any change but turning off would clear it; clear it there, or name the"
            " custom field that holds it under billing.custom_fields in the configuration",
            self.dialect.customer.pin,
        )


class _Group(NamedTuple):
    """An element that holds others, each of which is an id: the names of the three."""

    name: str
    item: str
    id: str


def refusal(answer: Answer, error: Element, customer: Element, dialect: Dialect) -> Rejected:
    """What the platform objects to of the customer it was sent, in its names.

    Its own text may quote personal data and is left out; so are our values, but for products and devices.
    """
    names, codes, code = dialect.customer, dialect.error, error.get(dialect.error.code, "")
    if code == codes.cpe_in_use:
        devices = [cpe.get(names.cpe_id, "") for cpe in customer.iterfind(f"{names.cpes}/{names.cpe}")]
        meant = [device for device in devices if device in "".join(error.itertext())] or devices
        where = f"{names.cpes} ({', '.join(mask_device(device) for device in meant)})"
        said = f"{answer.target} refused {where}: another customer has the same value (HTTP {answer.status})"
        return Taken(said, names.cpes)
    if code == codes.unknown_product:
        products = [product.get(names.product_id, "") for product in customer.iterfind(f"{names.products}/*")]
        where = f"{names.products} ({', '.join(products)})"
        said = f"{answer.target} refused {where}: it does not offer all of them (HTTP {answer.status})"
        return Rejected(said, names.products)
    shown = code if _CODE.fullmatch(code) else "for a reason without a code"
    return Rejected(f"{answer.target} refused the document of a customer: {shown} (HTTP {answer.status})")


def _leaf(name: str, text: str) -> Element:
    element = Element(name)
    element.text = text
    return element


def _item(group: _Group, item_id: str) -> Element:
    return Element(group.item, {group.id: item_id})


def _text(element: Element) -> str:
    return (element.text or "").strip()
