"""The documents of the simulated SeaChange: what it shows, and what it understands.

Rules of this module:

1. Names are the declared contract's, spelt out here: the driver's dialect is not used, so that a mistake in it shows.
2. What is sent is understood strictly: an element, an attribute or a word that the contract does not know is refused.
"""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.ElementTree import fromstring
from pydantic import ValidationError

from platforms.seachange.simulated import Customer, Purchase, Refused, invalid

NAMESPACE = "urn:eventis:traxisweb:1.0"
_WORDS = {"true": True, "false": False}


def customer_document(customer: Customer) -> bytes:
    """One customer, as it is answered."""
    return _bytes(_customer(customer))


def customers_document(customers: Iterable[Customer], total: int) -> bytes:
    """A page of customers, each complete."""
    root = Element("Customers", {"total": str(total)})
    root.extend([_customer(customer) for customer in customers])
    return _bytes(root)


def products_document(products: Mapping[str, str]) -> bytes:
    """The products on offer, by id and name."""
    root = Element("Products")
    for product_id, name in products.items():
        SubElement(root, "Product", {"id": product_id, "name": name})
    return _bytes(root)


def purchases_document(purchases: Iterable[Purchase], last: int) -> bytes:
    """Some purchases, oldest first; `last` is where the next reading goes on."""
    root = Element("Purchases", {"last": str(last)})
    for sequence, at, sale in purchases:
        names = {"id": f"p-{sequence}", "sequence": str(sequence), **sale.model_dump(), "at": at}
        SubElement(root, "Purchase", names)
    return _bytes(root)


def error_document(refused: Refused) -> bytes:
    """Why a request is turned down."""
    root = Element("Error", {"code": refused.code})
    root.text = refused.text
    return _bytes(root)


def understood(customer_id: str, body: bytes) -> Customer:
    """The customer that a document puts at this id; raises `Refused`."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, LookupError, ValueError):
        raise invalid("The body is no XML document") from None
    if _local(root.tag) != "Customer" or _known(root, "id", "revision").get("id") != customer_id:
        raise invalid("The document is not this customer's")
    parts = {_local(child.tag): child for child in root}
    if len(parts) != len(root) or not parts.keys() <= {"Enabled", "Name", "Contact", "Products", "Cpes", "Pin", "Note"}:
        raise invalid("The document has an element that is not known, or one twice")
    word = _text(parts.get("Enabled")) or "false"
    if word not in _WORDS:
        raise invalid("Enabled is neither true nor false")
    fields = {
        **_known(parts.get("Name"), "first", "last"),
        **_known(parts.get("Contact"), "email", "phone"),
        "products": _ids(parts.get("Products"), "Product"),
        "cpes": _ids(parts.get("Cpes"), "Cpe"),
        "pin": _text(parts.get("Pin")),
        "note": _text(parts.get("Note")),
    }
    try:
        return Customer.model_validate({"id": customer_id, "enabled": _WORDS[word], **fields})
    except ValidationError:
        raise invalid("A value is too long, or missing") from None


def _customer(customer: Customer) -> Element:
    root = Element("Customer", {"id": customer.id, "revision": str(customer.revision)})
    SubElement(root, "Enabled").text = "true" if customer.enabled else "false"
    SubElement(root, "Name", {"first": customer.first, "last": customer.last})
    SubElement(root, "Contact", {"email": customer.email, "phone": customer.phone})
    products, cpes = SubElement(root, "Products"), SubElement(root, "Cpes")
    for product in customer.products:
        SubElement(products, "Product", {"id": product})
    for cpe in customer.cpes:
        SubElement(cpes, "Cpe", {"id": cpe})
    SubElement(root, "Pin").text = "****" if customer.pin else ""
    SubElement(root, "Note").text = customer.note
    return root


def _bytes(root: Element) -> bytes:
    root.set("xmlns", NAMESPACE)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _local(tag: str) -> str:
    """The name of an element of the platform's namespace."""
    namespace, _, name = tag.rpartition("}")
    if namespace != "{" + NAMESPACE:
        raise invalid("An element is of another namespace")
    return name


def _known(element: Element | None, *attributes: str) -> dict[str, str]:
    found = {} if element is None else dict(element.items())
    if not found.keys() <= set(attributes):
        raise invalid("An element has an attribute that is not known")
    return found


def _ids(group: Element | None, item: str) -> list[str]:
    _known(group)
    items = [] if group is None else list(group)
    if any(_local(child.tag) != item for child in items):
        raise invalid(f"An element is no {item}")
    return [_known(child, "id").get("id", "") for child in items]


def _text(element: Element | None) -> str:
    _known(element)
    return "" if element is None else (element.text or "")
