"""Which kinds of platforms there are, by the configuration's `driver` name; it takes no driver to know them."""

from collections.abc import Mapping

from platforms.kind import Kind
from platforms.ministra.kind import MINISTRA
from platforms.seachange.kind import SEACHANGE
from platforms.telebreeze.kind import TELEBREEZE

KINDS: Mapping[str, Kind] = {"telebreeze": TELEBREEZE, "seachange": SEACHANGE, "ministra": MINISTRA}
