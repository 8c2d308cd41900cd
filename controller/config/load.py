"""From a file to a `Config`, or to all that is wrong with it."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from controller.config import document as yaml_text
from controller.config.crosscheck import crosscheck, too_short
from controller.config.document import Document, DocumentError
from controller.config.model import Config
from controller.config.problems import ConfigError, sentence, translate
from controller.config.secret import Contents, Surroundings


def load(path: Path | str, environment: Mapping[str, str] | None = None, contents: Contents | None = None) -> Config:
    """Read and validate a configuration file, its secrets included. Raises `ConfigError` with every problem.

    `environment` replaces the process's own, for tests. `contents` is made to tell which files were read, or looked
    for in vain, and what they held.
    """
    path, seen = Path(path), contents if contents is not None else {}
    seen.clear()
    around = Surroundings(path.absolute().parent, os.environ if environment is None else environment, seen)
    try:
        document = yaml_text.read(around.read(path).decode())
    except FileNotFoundError:
        raise ConfigError([f"the file {path} does not exist"], str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError([f"the file {path} is not text in UTF-8"], str(path)) from None
    except OSError as error:
        raise ConfigError([f"the file {path} cannot be read: {error.strerror}"], str(path)) from None
    except DocumentError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems], str(path)) from None
    return _validated(document, around, str(path)).of_file(path.absolute())


def from_values(values: Mapping[str, object], folder: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Validate a configuration that was put together in memory; as `load` otherwise."""
    return _validated(Document(values), Surroundings(folder, environment or {}), "")


def _validated(document: Document, surroundings: Surroundings, file: str) -> Config:
    values = document.value
    if not isinstance(values, Mapping):
        what = "is empty" if values is None else "must be a mapping of blocks: billing, platforms, catalog, ..."
        raise ConfigError([f"the configuration {what}"], file)
    if isinstance(values.get("billing"), Mapping):
        values = {**values, "billing": [values["billing"]]}
    problems: list[str] = []
    try:
        config = Config.model_validate(values, context=surroundings)
    except ValidationError as error:
        problems += translate(error, Config, document)
    else:
        problems += [sentence(path, text, document) for path, text in too_short(config)]
    problems += crosscheck(values, document)
    if problems:
        raise ConfigError(problems, file)
    return config
