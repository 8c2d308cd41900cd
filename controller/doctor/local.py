"""What can be told without a network: configuration, secrets, the place of the store, the event endpoints."""

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from controller.config import Config, ConfigError, ConfigSecret
from controller.doctor.checks import Check, Findings

TARGET = "configuration"


def unusable(error: ConfigError) -> list[Check]:
    """The problems of a configuration that does not validate, as `config check` tells them."""
    return [Findings(TARGET).fail("configuration", problem) for problem in error.problems]


def examine_local(config: Config) -> list[Check]:
    """Everything about a configuration that validates; its secrets were read with it."""
    findings = Findings(TARGET)
    valid = findings.ok("configuration", f"it is valid (fingerprint {config.fingerprint})")
    warnings = [findings.warn("configuration", warning) for warning in config.warnings]
    secrets = [findings.ok("secrets", text) for text in _secrets(config)]
    return [valid, *warnings, *secrets, judge_store(Findings("store"), config.store.path), _events(config)]


def judge_store(findings: Findings, path: Path) -> Check:
    """Whether the database can be opened or made there; it is not opened."""
    if path.is_file():
        if os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK):
            return findings.ok("store", f"{path} is there")
        return findings.fail("store", f"{path} and its folder must be ours to write")
    if path.exists():
        return findings.fail("store", f"{path} is not a file")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return findings.ok("store", f"{path} is not there yet and can be made")
    return findings.fail("store", f"{path} cannot be made: {folder} is no folder that we may write to")


def _events(config: Config) -> Check:
    given = {"POST /espf": config.events.espf, "POST /process-event": config.events.nsps}
    names = " and ".join(name for name, block in given.items() if block is not None)
    text = f"received at {names}" if names else "none are received: changes are found by the full pass"
    return Findings("events").ok("events", text)


def _secrets(config: Config) -> Iterator[str]:
    blocks: dict[str, BaseModel | None] = {f"billing {block.name!r}": block for block in config.billing}
    blocks |= {f"platforms.{name}": block for name, block in config.platforms.items()}
    blocks |= {"events.espf": config.events.espf, "events.nsps": config.events.nsps}
    blocks |= {"server.page": config.server.page}
    for place, block in blocks.items():
        for key, value in block or ():
            if isinstance(value, ConfigSecret):
                yield f"{place}, {key}: read from {value.source}"
