"""Secrets of the configuration: where they come from, and that they never show.

Rules of this module:

1. A secret is `{file: PATH}`, `{env: NAME}` or, with a warning, plain text. A relative path counts from the folder of
   the configuration file.
2. No error names its content, nor a key or a text found in its place; no repr, dump or schema holds it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

HIDDEN = "***"

Contents = dict[Path, bytes | None]
"""What files hold, each as a digest that changes with it; `None` of what cannot be read, or only once (a pipe)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the configuration may refer to: its own folder, and the environment's variables.

    `contents` comes to tell which files it did refer to, and what they held.
    """

    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    contents: Contents = field(default_factory=dict, repr=False)

    def read(self, path: Path) -> bytes:
        """What a file holds. Raises `OSError`."""
        self.contents[path] = None
        content = path.read_bytes()
        if path.is_file():
            self.contents[path] = digest(content)
        return content


def digest(content: bytes) -> bytes:
    """What is remembered of a file's content, which may be a secret."""
    return hashlib.sha256(content).digest()


def contents_now(paths: Iterable[Path]) -> Contents:
    """What these files hold at this moment."""
    return {path: _content_now(path) for path in paths}


def _content_now(path: Path) -> bytes | None:
    try:
        return digest(path.read_bytes()) if path.is_file() else None
    except OSError:
        return None


def surroundings(info: ValidationInfo) -> Surroundings:
    """What the validation was given as its context."""
    if not isinstance(info.context, Surroundings):
        raise TypeError("a configuration is validated with its Surroundings as context")
    return info.context


@dataclass(frozen=True, slots=True)
class ConfigSecret:
    """A secret that was read, and its source in words. Two are equal when their values are."""

    source: str = field(compare=False)
    _value: str = field(repr=False)

    def get(self) -> str:
        """The clear text, for the one who has to send it."""
        return self._value

    @property
    def is_plain(self) -> bool:
        """Whether it stands in the configuration itself."""
        return self.source == "plain text"

    def __str__(self) -> str:
        return HIDDEN

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            _validated, serialization=core_schema.plain_serializer_function_ser_schema(lambda _: HIDDEN)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "title": "Secret",
            "description": "the file that holds it, the environment variable, or (warned about) the text",
            "oneOf": [
                _one_key("file", "a path; a relative one counts from the folder of the configuration"),
                _one_key("env", "the name of an environment variable"),
                {"type": "string", "minLength": 1},
            ],
        }


def _one_key(name: str, description: str) -> JsonSchemaValue:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": description}},
        "required": [name],
        "additionalProperties": False,
    }


def _validated(value: object, info: ValidationInfo) -> ConfigSecret:
    if isinstance(value, ConfigSecret):
        return value
    if isinstance(value, str):
        return ConfigSecret("plain text", _usable(value, "the text given"))
    if not isinstance(value, Mapping) or len(value) != 1:
        _refuse("must be {file: PATH} or {env: NAME} (or text in quotes, which is not advised)")
    (kind, where), *_ = value.items()
    if kind not in ("file", "env") or not isinstance(where, str) or not where:
        _refuse("must be {file: PATH} or {env: NAME}, with a text for PATH or NAME")
    around = surroundings(info)
    return _from_file(around.folder / where, around) if kind == "file" else _from_environment(where, around)


def _from_file(path: Path, around: Surroundings) -> ConfigSecret:
    try:
        text = around.read(path).decode()
    except FileNotFoundError:
        _refuse(f"the file {path} does not exist")
    except UnicodeDecodeError:
        _refuse(f"the file {path} is not text in UTF-8")
    except OSError as error:
        _refuse(f"the file {path} cannot be read: {error.strerror or 'no reason given'}")
    return ConfigSecret(f"file {path}", _usable(text.rstrip("\r\n"), f"the file {path}"))


def _from_environment(name: str, around: Surroundings) -> ConfigSecret:
    if name not in around.environment:
        _refuse(f"the environment variable {name} is not set")
    text = around.environment[name].rstrip("\r\n")
    return ConfigSecret(f"environment variable {name}", _usable(text, f"the environment variable {name}"))


def _usable(text: str, place: str) -> str:
    if not text.strip():
        _refuse(f"{place} is empty")
    if not text.isprintable():
        _refuse(f"{place} holds more than one line, or a character that cannot be part of a secret")
    return text


def _refuse(text: str) -> NoReturn:
    raise PydanticCustomError("secret", "{text}", {"text": text})
