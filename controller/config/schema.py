"""The JSON Schema of the configuration file; who only reads a file does not need what makes it.

What a key means is the docstring of the setting. It is read here: pydantic's own reading (`use_attribute_docstrings`)
parses every model's source whenever a command starts, which took a fifth of the time that `status` may take.
"""

import ast
import inspect
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from textwrap import dedent
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from controller.config.blocks import BillingBlock
from controller.config.durations import write
from controller.config.model import Config


def schema() -> dict[str, object]:
    """The JSON Schema of the configuration file."""
    described = Config.model_json_schema(schema_generator=_Schema)
    listed = described["properties"]["billing"]
    one = {"$ref": f"#/$defs/{BillingBlock.__name__}"}
    described["properties"]["billing"] = {"anyOf": [one, listed], "title": listed["title"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


class _Schema(GenerateJsonSchema):
    """Defaults as they are written in the file: durations with their units. Every setting with its docstring."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A block, its settings described."""
        block = super().model_schema(schema)
        said = _docstrings(schema["cls"])
        for name, field in schema["cls"].model_fields.items():
            if name in said:
                block["properties"][field.alias or name] |= {"description": said[name]}
        return block

    def encode_default(self, dft: object) -> object:
        """The default as the file would have it."""
        return write(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def _docstrings(model: type[Any]) -> dict[str, str]:
    """What the model says of its settings, and those that it is made from."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            found |= dict(_described(ast.parse(dedent(inspect.getsource(each)))))
    return found


def _described(source: ast.Module) -> Iterator[tuple[str, str]]:
    for field, text in pairwise(line for each in source.body if isinstance(each, ast.ClassDef) for line in each.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                yield name, inspect.cleandoc(said)
