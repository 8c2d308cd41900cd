"""Which product gives which channel packages on which platform.

Rules of this module:

1. A product is matched by `i_product`, exact `name` or `name_regex`; main products and add-ons alike.
2. The packages of all matching products are united, per platform; the largest connection limit counts.
3. A package is named by its id on the platform, else its external id, else its title. A name the platform does not
   offer, or gives to several packages, is reported, never guessed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from desired_state.account import AssignedProduct


class ProductMatch(BaseModel):
    """How a catalog entry recognises a product: exactly one of the three ways."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    i_product: int | None = None
    """By its number."""
    name: str | None = None
    """By its whole name."""
    name_regex: str | None = None
    """By a regular expression, which may match anywhere in its name."""

    @field_validator("name_regex")
    @classmethod
    def _regex_compiles(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                re.compile(text)
            except re.error as error:
                raise ValueError(f"{text!r} is not a regular expression: {error}") from None
        return text

    @model_validator(mode="after")
    def _one_way(self) -> "ProductMatch":
        ways = [way for way in (self.i_product, self.name, self.name_regex) if way is not None]
        if len(ways) != 1:
            raise ValueError("a product is matched by exactly one of i_product, name and name_regex")
        return self

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return re.compile(self.name_regex) if self.name_regex is not None else None

    def matches(self, product: AssignedProduct) -> bool:
        """Whether the product is the one meant."""
        if self.i_product is not None:
            return product.i_product == self.i_product
        if self._pattern is not None:
            return self._pattern.search(product.name) is not None
        return product.name == self.name

    def __str__(self) -> str:
        field, value = next((name, value) for name, value in self if value is not None)
        return f"{field} {value!r}"


class CatalogEntry(BaseModel):
    """One line of the catalog: a product and what it gives on one platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product: ProductMatch
    """Which main product or add-on."""
    platform: str
    """Where."""
    packages: tuple[str, ...] = ()
    """The platform's packages, each by its id, else its external id, else its title; no guesses."""
    max_connections: Annotated[int, Field(ge=0)] | None = None
    """The largest of all matching entries counts; 0 is no limit, the largest of all."""


@dataclass(frozen=True, slots=True)
class Service:
    """What an account is entitled to on one platform. `packages` are the catalog's names, sorted."""

    platform: str
    packages: tuple[str, ...]
    max_connections: int | None


class Catalog(BaseModel):
    """All entries, in the operator's order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entries: tuple[CatalogEntry, ...] = ()

    def services(self, products: Iterable[AssignedProduct]) -> tuple[Service, ...]:
        """What these products give together: one service per platform, ordered by platform."""
        products = tuple(products)
        matching = [entry for entry in self.entries if any(entry.product.matches(product) for product in products)]
        platforms = sorted({entry.platform for entry in matching})
        return tuple(_united(name, [entry for entry in matching if entry.platform == name]) for name in platforms)


def _united(platform: str, entries: list[CatalogEntry]) -> Service:
    limits = [entry.max_connections for entry in entries if entry.max_connections is not None]
    packages = {package for entry in entries for package in entry.packages}
    return Service(platform, tuple(sorted(packages)), max(limits, key=_generosity, default=None))


def _generosity(limit: int) -> float:
    return limit or float("inf")


Role = Literal["package", "plan", "addon"]


@dataclass(frozen=True, slots=True)
class Package:
    """A channel package as a platform offers it.

    On a platform where a subscriber has one plan and add-ons to it, `role` tells which of the two this is, and
    `optional` are the ids of the add-ons that a plan can be given.
    """

    id: str
    external_id: str = ""
    title: str = ""
    role: Role = "package"
    optional: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """Everything a platform offers. An empty offer resolves no name: nothing is guessed."""

    packages: tuple[Package, ...]

    def resolve(self, name: str) -> str | None:
        """The platform's id for a catalog name: by id, else external id, else title; `None` if no or several fit."""
        for key in ("id", "external_id", "title"):
            found = {(each.id, each.role) for each in self.packages if name and getattr(each, key) == name}
            if found:
                return found.pop()[0] if len(found) == 1 else None
        return None
