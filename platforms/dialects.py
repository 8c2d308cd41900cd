"""What an operator can override of each kind of platform, by the configuration's `driver` name.

They are long tables, and few operators override anything: who does not check an override need not load them.
"""

from collections.abc import Mapping

from pydantic import BaseModel

from platforms.ministra.dialect import Dialect as Ministra
from platforms.seachange.dialect import Dialect as SeaChange
from platforms.telebreeze.dialect import Dialect as Telebreeze

DIALECTS: Mapping[str, type[BaseModel]] = {"telebreeze": Telebreeze, "seachange": SeaChange, "ministra": Ministra}
