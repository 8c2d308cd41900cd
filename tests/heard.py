"""What the daemon logs, heard by a test."""

import io
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from controller import log

Line = Mapping[str, Any]


class Heard:
    """The lines since the last time somebody asked."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream
        self._read = 0

    def lines(self) -> list[Line]:
        """Everything that was logged."""
        text = self._stream.getvalue()[self._read :]
        self._read += len(text)
        return [json.loads(line) for line in text.splitlines()]

    def decisions(self) -> list[Line]:
        """The lines that tell a decision."""
        return [line for line in self.lines() if line["event"] == "decided"]


@contextmanager
def listening(level: str = "info") -> Iterator[Heard]:
    """Log as the daemon does while the context lasts."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, before = root.handlers, root.level
    log.setup(level, stream=stream)
    try:
        yield Heard(stream)
    finally:
        root.handlers, root.level = handlers, before
