"""XML documents: bytes to elements, and elements to bytes.

Rules of this module:

1. What is read comes from outside: document types, and with them entities and external references, are refused, and so
   is a document of another root or namespace. All that is refused is a failed read, never an answer.
2. In what is read, names are qualified (`{namespace}name`), so that no other namespace's element is mistaken for the
   platform's. In what is written, the platform's names are plain, below a root that declares its namespace.
"""

import re
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml.ElementTree import fromstring

from platforms.driver import Transient
from platforms.transport import Answer

_DEEPEST = 50
_UNSTORABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAKS = re.compile(r"[\t\n\r]")


def qualified(namespace: str, name: str) -> str:
    """The name as an element bears it that was read."""
    return f"{{{namespace}}}{name}"


def document(answer: Answer, root: str, what: str) -> Element:
    """The document in an answer, if its root has that (qualified) name; else `Transient`. `what` names it there."""
    try:
        found: Element = fromstring(answer.body, forbid_dtd=True)
    except (ParseError, LookupError, ValueError):  # not well-formed, of an unknown encoding, refused by defusedxml
        raise answer.unreadable(what, "an XML document") from None
    if found.tag != root:
        raise answer.unreadable(what, f"a document <{root.rpartition('}')[2]}> of the namespace that the dialect names")
    return found


def plain(element: Element, namespace: str, depth: int = 0) -> Element:
    """A copy, as deep as it goes, with plain names instead of those qualified by the namespace."""
    if depth > _DEEPEST:
        raise Transient(f"a document is nested deeper than {_DEEPEST} elements and cannot be written again")
    copy = Element(element.tag.removeprefix(qualified(namespace, "")), element.attrib)
    copy.text, copy.tail = element.text, element.tail
    copy.extend([plain(child, namespace, depth + 1) for child in element])
    return copy


def written(root: Element, namespace: str) -> bytes:
    """The bytes of a document of plain names."""
    whole = Element(root.tag, {"xmlns": namespace, **root.attrib})
    whole.extend(root)
    text: bytes = tostring(whole, encoding="utf-8", xml_declaration=True)
    return text


def storable(text: str) -> str:
    """The text on one line, without the space around it and the characters that XML has no place for."""
    return _BREAKS.sub(" ", _UNSTORABLE.sub("", text)).strip()
