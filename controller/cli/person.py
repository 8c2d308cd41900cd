"""Who runs a command."""

import getpass
import os

from controller.clock import SystemClock
from controller.orders import Person


def person() -> Person:
    """Who runs this command, and now. A container's user may have no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    return Person(name, SystemClock().now())
