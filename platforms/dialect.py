"""What the dialects of all platforms are made of: tables of what an operator's release may name otherwise."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Path = Annotated[str, Field(pattern=r"^/")]
"""Where something is, below the platform's url."""
PathOfOne = Annotated[str, Field(pattern=r"^/.*\{id\}")]
"""Where one of several is."""
Word = Annotated[str, Field(min_length=1)]
"""A name or a value."""


class Topic(BaseModel):
    """A part of a dialect."""

    model_config = ConfigDict(frozen=True, extra="forbid")
