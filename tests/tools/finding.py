"""Where the real parts are.

One that is missing on a user's machine skips its tests and says so; where `CI` is set it is a failure, because
`.ci/run` installs them all.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

NODE_MODULES = Path(__file__).parent / "node" / "node_modules"


def tool(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The program of that name: one that came with a Python package stands beside Python."""
    found = shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), environment.get("PATH", ""))))
    if found is None:
        _missing(f"{name} is not installed here", environment)
    return Path(found)


def node_module(name: str) -> Path:
    """The folder of an npm package of `node/package.json`; it is run with `tool("node")`."""
    tool("node")
    folder = NODE_MODULES / name
    if not folder.is_dir():
        _missing(f"the npm package {name} is not installed here; `make test-tools` does that", os.environ)
    return folder


def _missing(text: str, environment: Mapping[str, str]) -> NoReturn:
    if environment.get("CI"):
        pytest.fail(text)
    pytest.skip(text)
