"""Which of a subscriber's packages is the tariff plan, and which are add-ons to it. Pure.

Rules of this module:

1. The platform's own lists tell: external ids of `tariffs` are plans, those of `services_package` add-ons. A name that
   is both is not guessed.
2. A subscriber has exactly one plan, and of add-ons only what this plan offers as optional: what it includes anyway
   cannot be set.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from desired_state.catalog import Package


@dataclass(frozen=True, slots=True)
class Choice:
    """One plan and its add-ons, by external id."""

    plan: str
    addons: frozenset[str]


def objections(packages: Sequence[str], offered: Iterable[Package]) -> Iterator[str]:
    """Why these packages are not one plan with add-ons, a sentence each; the platform offers `offered`."""
    plans, addons = _by_role(offered)
    chosen = [name for name in packages if name in plans]
    twofold = [name for name in chosen if name in addons]
    if twofold:
        yield f"{_quoted(twofold)} names a tariff plan and an add-on package alike"
    elif len(chosen) > 1:
        yield f"a subscriber has exactly one tariff plan, and these are several: {_quoted(chosen)}"
    elif not chosen:
        among = f"among {_quoted(packages)} there is none" if packages else "there are no packages"
        yield f"a subscriber needs exactly one tariff plan, and {among}"
    else:
        plan = plans[chosen[0]]
        wrong = [name for name in packages if name != plan.id and name not in plan.optional]
        if wrong:
            offers = _quoted(plan.optional) or "none"
            yield f"the tariff plan {plan.id!r} does not offer {_quoted(wrong)} as optional (it offers: {offers})"


def choice(packages: Sequence[str], offered: Iterable[Package]) -> Choice:
    """The plan and the add-ons of packages to which there are no objections."""
    plans, _ = _by_role(offered)
    plan = next(name for name in packages if name in plans)
    return Choice(plan, frozenset(packages) - {plan})


def wished_addons(packages: Iterable[str], offered: Iterable[Package]) -> tuple[str, ...]:
    """The packages that are no plan."""
    plans, _ = _by_role(offered)
    return tuple(name for name in packages if name not in plans)


def _by_role(offered: Iterable[Package]) -> tuple[dict[str, Package], set[str]]:
    plans: dict[str, Package] = {}
    addons: set[str] = set()
    for package in offered:
        if package.role == "plan":
            plans[package.id] = package
        else:
            addons.add(package.id)
    return plans, addons


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
