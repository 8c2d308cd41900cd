"""`config check`, `config schema`: a configuration file, and what may be in one."""

import json
from pathlib import Path

from controller.cli.codes import Code, Failed
from controller.cli.printing import SchemaOutput, say, tell
from controller.config import ConfigError, load
from controller.config.reference import reference
from controller.config.schema import schema


def check_config(path: Path) -> Code:
    """Print what is wrong with a configuration file, or that nothing is."""
    try:
        config = load(path)
    except ConfigError as error:
        raise Failed(str(error)) from None
    for warning in config.warnings:
        tell(f"warning: {warning}")
    say(f"{path} is valid (fingerprint {config.fingerprint})")
    return Code.OK


def print_schema(output: SchemaOutput) -> Code:
    """Print the JSON Schema of the configuration, or the reference that is made of it."""
    say(reference(schema()) if output is SchemaOutput.MARKDOWN else json.dumps(schema(), indent=2))
    return Code.OK
