"""Values to HTML: the door of jinja2, whose templates are in `templates/`.

Rules of this module:

1. Whatever is not a template is escaped, and fit to be seen: no control characters, none that turn the direction of
   text, and never more than a screen's worth of them.
2. A page is one document without scripts and without anything to be fetched; its style is known by its hash.
"""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_LONGEST = 1000
_MOST_PARTS = 20
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))

STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
"""What the header names to allow the style that is in every page, and no other."""


def render(template: str, **values: object) -> str:
    """The document of a template with these values."""
    return _ENVIRONMENT.get_template(template).render(values)


def in_words(at: datetime, now: datetime) -> str:
    """How long ago an instant is, or how far ahead, in the largest unit of which it is at least one and a half."""
    seconds = (now - at).total_seconds()
    return _span(abs(seconds)) + (" ago" if seconds > 0 else " from now") if abs(seconds) >= 1 else "now"


def _span(seconds: float) -> str:
    unit, size = next((each for each in _UNITS if seconds >= 1.5 * each[1]), _UNITS[-1])
    count = round(seconds / size)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _when(iso: str | None, now: datetime) -> Markup:
    """An instant for people and for programs, and how long ago that is."""
    if iso is None:
        return Markup("never")
    at = datetime.fromisoformat(iso)
    shown = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}">{}</time> ({})').format(
        at.isoformat(timespec="seconds"), shown, in_words(at, now)
    )


def _name(text: str) -> Markup:
    """An id or a name of others, which turns the direction of no text around it."""
    return Markup("<bdi>{}</bdi>").format(seen(text))


def _value(value: object) -> str:
    """A field of a record."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            more = ["…"] if len(value) > _MOST_PARTS else []
            return ", ".join([*map(str, value[:_MOST_PARTS]), *more])
        case _:
            return str(value)


def seen(text: str) -> str:
    """A text fit to be seen."""
    return "".join(_seen(text[:_LONGEST])) + ("…" if len(text) > _LONGEST else "")


def _seen(text: str) -> Iterator[str]:
    for character in text:
        yield character if character.isprintable() or character == "\n" else "\ufffd"


def _finalize(value: object) -> object:
    return seen(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"when": _when, "name": _name, "value": _value, "span": _span}
    made.filters |= {"words": lambda text: text.replace("_", " "), "number": lambda count: f"{count:,}"}
    made.globals |= {"style": Markup(_STYLE), "parts": made.get_template("parts.html").module}  # noqa: S704  our own file
    return made


_ENVIRONMENT = _environment()
