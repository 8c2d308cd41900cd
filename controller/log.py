"""The door of structlog: one JSON object a line, on standard error.

Rules of this module:

1. Events are short sentences; what varies is a field: `log.info("pass finished", platform=name, seconds=2.1)`.
2. Nothing secret or personal is given to the logger in the first place (promise P10). As the last defence, fields with
   a telling name and credentials inside texts are blanked here.
3. A traceback says where, not with which values: source lines and the exception's type. Its text is shown only for
   exceptions of our own packages, whose texts are written to be shown, and for the system's (`OSError`).
4. What is said while something is done bears the id of its trace.
5. Other libraries are heard from WARNING on: httpx logs whole addresses at INFO.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, ProcessorReturnValue, WrappedLogger

from platforms.trace import current

HIDDEN = "***"
_RENDERED = "is_rendered"

_TELLING_PARTS = re.compile(
    r"passw|token|secret|apikey|authorization|cookie|credential|e?mail|phone|firstname|lastname|fullname|baddr"
)
_TELLING_NAMES = frozenset({"pin", "name", "address", "pass", "pwd", "login", "device", "deviceid", "deviceids"})
_IN_TEXT = re.compile(
    r"(?i)(?P<lead>\bbearer\s+|\bbasic\s+|(?:password|passwd|token|api_?key|pin|secret)\s*[=:]\s*|://(?=[^/\s@]+@))"
    r"[^\s,;&@]+"
)
_SEPARATOR = re.compile(r"[\s:=]")  # without one there is nothing to find; most values have none
_SAFE_PACKAGES = ("controller", "desired_state", "platforms")
_QUIET = (
    "uvicorn",
    "uvicorn.error",
    "apscheduler",
    "httpx",
    "httpcore",
    "aiohttp",
    "asyncio",
    "opentelemetry",
    "urllib3",
)

Logger = structlog.stdlib.BoundLogger


def logger(name: str) -> Logger:
    """A logger for one module, named as the operator should see it."""
    log: Logger = structlog.stdlib.get_logger(name)
    return log


def setup(
    level: str = "INFO", style: Literal["json", "console"] = "json", stream: TextIO | None = None
) -> logging.Handler:
    """Send everything, ours and the libraries', to `stream` (standard error by default); the last call counts.

    `level` is a name of `logging` in any case (ours only). Returns the handler, so that a test can remove it.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common(),
            _renderer(style),
            _rendered,
        ],
        logger_factory=logging.getLogger,
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=_common(),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(style)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Renders what other libraries say; what we say was rendered when it was said."""

    def format(self, record: logging.LogRecord) -> str:
        return str(record.msg) if getattr(record, _RENDERED, False) else super().format(record)


def redact(value: object) -> object:
    """`value` with everything blanked that its key or its form gives away as secret or personal."""
    if isinstance(value, str):
        return _IN_TEXT.sub(rf"\g<lead>{HIDDEN}", value) if _SEPARATOR.search(value) else value
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {key: HIDDEN if _is_telling(str(key)) else redact(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(each) for each in value]
    return value


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _traced,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _traceback,
        _redacted,
    ]


def _renderer(style: str) -> Processor:
    if style == "console":
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _rendered(_logger: WrappedLogger, _method: str, line: EventDict) -> ProcessorReturnValue:
    """What the renderer has made of the event, as `logging` takes it."""
    return (line,), {"extra": {_RENDERED: True}}


def _traced(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Rule 4."""
    trace = current()
    if trace is not None:
        event.setdefault("trace_id", trace.trace_id)
    return event


def _redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Rule 2; what structlog itself keeps in the event (`_record` and the like) passes through."""
    return {
        key: each if key.startswith("_") else HIDDEN if _is_telling(key) else redact(each)
        for key, each in event.items()
    }


@lru_cache(maxsize=1024)  # the same few names in every line
def _is_telling(name: str) -> bool:
    plain = re.sub(r"[^a-z]", "", name.lower())
    return plain in _TELLING_NAMES or _TELLING_PARTS.search(plain) is not None


def _traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Rule 3."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = "".join(_told(error))
    return event


def _told(error: BaseException) -> Iterator[str]:
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _told(earlier)
        yield "\nwhich led to:\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__name__}: {_text_of(error)}"


def _text_of(error: BaseException) -> str:
    package = type(error).__module__.partition(".")[0]
    return str(error) if package in _SAFE_PACKAGES or isinstance(error, OSError) else "(text withheld)"
