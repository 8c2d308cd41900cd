"""The configuration: frozen models, read from YAML, validated whole.

Rules of this package:

1. A configuration is valid as a whole or not used at all (promise P25); every problem is told at once.
2. What can be checked without a network is checked here: keys, types, names, secrets, the driver's dialect. What the
   platforms offer is found at run time.
3. Secrets are read with the rest, and never shown: not by an error, a repr, a dump or the schema.

Top to bottom: `load` -> `document` (YAML) -> `model` and `blocks` (the settings) -> `values`, `durations`, `secret`
(their kinds) -> `crosscheck` (what blocks say of each other) -> `problems` (sentences). What a file may hold: `schema`.
"""

from controller.config.blocks import BillingBlock, PlatformBlock
from controller.config.load import from_values, load
from controller.config.model import Config
from controller.config.problems import ConfigError
from controller.config.secret import ConfigSecret

__all__ = [
    "BillingBlock",
    "Config",
    "ConfigError",
    "ConfigSecret",
    "PlatformBlock",
    "from_values",
    "load",
]
