"""SeaChange's simulator in words other than the declared ones, and the dialect that says so.

A layer before the simulator puts the operator's names in the place of the declared ones, in both directions. Whatever
it does not know to be XML passes as it is, the faults of the stage above all.
"""

from collections.abc import Mapping
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DECLARED, OTHER = "urn:eventis:traxisweb:1.0", "urn:operator:tv:2"
PATHS = {"Customers": "abonents", "Products": "offers", "Purchases": "sales"}
PARAMETERS = {"skip": "start", "top": "count", "from": "since"}
ELEMENTS = {
    "Customers": "Abonents",
    "Customer": "Abonent",
    "Enabled": "State",
    "Name": "Person",
    "Contact": "Reach",
    "Products": "Offers",
    "Product": "Offer",
    "Purchases": "Sales",
    "Purchase": "Sale",
    "Cpes": "Boxes",
    "Cpe": "Box",
    "Pin": "Code",
    "Note": "Remark",
    "Error": "Failure",
}
ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "Customers": {"total": "all"},
    "Customer": {"id": "key", "revision": "version"},
    "Name": {"first": "given", "last": "family"},
    "Contact": {"email": "mail", "phone": "tel"},
    "Product": {"id": "ref", "name": "label"},
    "Cpe": {"id": "mac"},
    "Purchases": {"last": "upto"},
    "Purchase": {
        **{"id": "no", "sequence": "seq", "customer": "who", "kind": "what", "title": "name"},
        **{"amount": "price", "currency": "money", "at": "when"},
    },
    "Error": {"code": "why"},
}
WORDS = {"true": "on", "false": "off"}
CODES = {"NotFound": "E1", "InvalidDocument": "E2", "CpeInUse": "E3", "UnknownProduct": "E4"}

DIALECT: Mapping[str, object] = {
    "paths": {
        "customers": "/api/abonents",
        "customer": "/api/abonent/{id}/document",
        "products": "/api/offers",
        "purchases": "/api/sales",
    },
    "document": {"namespace": OTHER, "true": "on", "false": "off"},
    "listing": {"start": "skip", "count": "top", "customers": "Abonents", "total": "all", "page_size": 50},
    "customer": {
        "customer": "Abonent",
        "id": "key",
        "revision": "version",
        "enabled": "State",
        "name": "Person",
        "first_name": "given",
        "last_name": "family",
        "contact": "Reach",
        "email": "mail",
        "phone": "tel",
        "products": "Offers",
        "product": "Offer",
        "product_id": "ref",
        "cpes": "Boxes",
        "cpe": "Box",
        "cpe_id": "mac",
        "pin": "Code",
        "note": "Remark",
    },
    "product": {"products": "Offers", "product": "Offer", "id": "ref", "name": "label"},
    "feed": {"since": "from", "count": "top", "purchases": "Sales", "last": "upto", "page_size": 50},
    "purchase": {
        **{"purchase": "Sale", "id": "no", "customer": "who", "kind": "what", "title": "name"},
        **{"amount": "price", "currency": "money", "sold_at": "when"},
    },
    "error": {
        "error": "Failure",
        "code": "why",
        "not_found": "E1",
        "invalid_document": "E2",
        "cpe_in_use": "E3",
        "unknown_product": "E4",
    },
}


class Renamed:
    """The simulator, behind the names of `DIALECT`."""

    def __init__(self, simulator: ASGIApp) -> None:
        self._simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _translated(await Request(scope, receive).body(), to_declared=True)
        query = {PARAMETERS[name]: value for name, value in QueryParams(scope["query_string"]).items()}
        inner = {**scope, "path": _declared_path(scope["path"]), "query_string": urlencode(query).encode()}
        start: Message = {}

        async def body_of_request() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def rename(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            answer = _translated(message.get("body", b""), to_declared=False)
            if answer != message.get("body", b""):
                length = (b"content-length", str(len(answer)).encode())
                kept = [pair for pair in start["headers"] if pair[0] != b"content-length"]
                start["headers"] = [*kept, length]
            await send(start)
            await send({**message, "body": answer})

        await self._simulator(inner, body_of_request, rename)


def _declared_path(path: str) -> str:
    assert path.startswith("/api/")
    kind, _, rest = path.removeprefix("/api/").partition("/")
    if kind == "abonent":
        return f"/traxis/web/Customer/{rest.removesuffix('/document')}"
    return f"/traxis/web/{_inverse(PATHS)[kind]}"


def _translated(body: bytes, *, to_declared: bool) -> bytes:
    """The document in the other names; whatever is none of the platform's as it is."""
    try:
        root = fromstring(body)
    except ParseError:
        return body
    here, there = (OTHER, DECLARED) if to_declared else (DECLARED, OTHER)
    if not root.tag.startswith(f"{{{here}}}"):
        return body
    names = _inverse(ELEMENTS) if to_declared else ELEMENTS
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{here}}}")
        element.tag = f"{{{there}}}{names[name]}"
        _rename_within(element, names[name] if to_declared else name, to_declared=to_declared)
    return tostring(root)


def _rename_within(element: Element, declared: str, *, to_declared: bool) -> None:
    """Give the attributes and the words of an element their other names."""
    attributes, words, codes = ATTRIBUTES.get(declared, {}), WORDS, CODES
    if to_declared:
        attributes, words, codes = _inverse(attributes), _inverse(words), _inverse(codes)
    found = dict(element.items())
    element.attrib.clear()
    for name, value in found.items():
        element.set(attributes[name], codes.get(value, value) if declared == "Error" else value)
    if declared == "Enabled":
        element.text = words[element.text or ""]


def _inverse(mapping: Mapping[str, str]) -> dict[str, str]:
    return {value: key for key, value in mapping.items()}
