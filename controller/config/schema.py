"""The JSON Schema of the configuration file; who only reads a file does not need what makes it."""

from datetime import timedelta

from pydantic.json_schema import GenerateJsonSchema

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
    """Defaults as they are written in the file: durations with their units."""

    def encode_default(self, dft: object) -> object:
        """The default as the file would have it."""
        return write(dft) if isinstance(dft, timedelta) else super().encode_default(dft)
