"""How results are printed: to standard output; everything beside them to standard error."""

import json
import sys
from collections.abc import Mapping
from enum import StrEnum


class Output(StrEnum):
    """The formats of every result."""

    TEXT = "text"
    JSON = "json"


class SchemaOutput(StrEnum):
    """The formats of what a configuration may hold: its JSON Schema, or a page to read."""

    JSON = "json"
    MARKDOWN = "markdown"


class PlanOutput(StrEnum):
    """The formats a plan can have."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def as_json(view: Mapping[str, object]) -> str:
    """A view as stable, readable JSON."""
    return json.dumps(view, indent=2, ensure_ascii=False)


def say(line: str) -> None:
    """A line of the result."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tell(line: str) -> None:
    """A line beside the result."""
    sys.stderr.write(line + "\n")
