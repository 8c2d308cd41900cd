"""How much a person allows to be taken away or altered at once; `brake.py` holds what exceeds it (promise P4)."""

import math
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


class Brake(BaseModel):
    """How much of a platform may change before a person is asked (promise P4). Fractions are of the owned records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    floor: int = Field(default=10, ge=0)
    """This many changes are always allowed in one pass."""
    destructive_fraction: float = Field(default=0.05, ge=0, le=1)
    """The share of our records that one pass may delete, suspend or take packages from."""
    update_fraction: float = Field(default=0.30, ge=0, le=1)
    """The share that one pass may change otherwise."""
    daily_floor: int = Field(default=20, ge=0)
    """This many records may lose something in any 24 hours."""
    daily_fraction: float = Field(default=0.10, ge=0, le=1)
    """The share of our records that may be deleted, suspended or lose packages in any 24 hours."""

    def destructive_limit(self, owned: int) -> int:
        """The most records that one pass may delete, suspend or take packages from."""
        return max(self.floor, math.floor(owned * self.destructive_fraction))

    def update_limit(self, owned: int) -> int:
        """The most existing records that one pass may change in other ways."""
        return max(self.floor, math.floor(owned * self.update_fraction))

    def daily_limit(self, owned: int) -> int:
        """The most records that any 24 hours may see deleted, suspended or without packages they had."""
        return max(self.daily_floor, math.floor(owned * self.daily_fraction))

    def allowance(self, owned: int, spent_today: int) -> "Allowance":
        """What a pass may do, after what was done in the last 24 hours."""
        limit, left = self.destructive_limit(owned), max(0, self.daily_limit(owned) - spent_today)
        return Allowance(min(limit, left), self.update_limit(owned), is_daily=left < limit)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one platform's brake: destructive changes and other changes of existing records.

    `is_daily`: it is the budget of 24 hours that is nearly used up, not the limit of a pass.
    """

    destructive: int
    updates: int
    is_daily: bool = False
