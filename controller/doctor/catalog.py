"""The catalog against what billing sells and what the platforms offer. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from controller.doctor.checks import Check, Findings, listed, suggestion
from desired_state.account import AssignedProduct
from desired_state.catalog import CatalogEntry, Offer, Package


def judge_products(
    findings: Findings, entries: Sequence[CatalogEntry], products: Sequence[AssignedProduct]
) -> Iterator[Check]:
    """Whether each entry matches a product that billing sells; one that does not serves nobody."""
    unmatched = [entry for entry in entries if not any(entry.product.matches(product) for product in products)]
    names = [product.name for product in products]
    for entry in unmatched:
        near = suggestion(entry.product.name or "", names)
        text = f"no product is matched by {entry.product} (platform {entry.platform!r}); {near}"
        yield findings.fail("products", f"{text}billing sells {_sold(products)}")
    matched = len(entries) - len(unmatched)
    yield findings.ok("products", f"{matched} of {len(entries)} catalog entries match one of {len(products)} products")


def judge_packages(findings: Findings, entries: Iterable[CatalogEntry], packages: Sequence[Package]) -> Iterator[Check]:
    """Whether the platform offers each package of the catalog, under a name that means only one."""
    offer = Offer(tuple(packages))
    wanted = sorted({package for entry in entries for package in entry.packages})
    missing = [name for name in wanted if offer.resolve(name) is None]
    known = [name for package in packages for name in (package.external_id or package.title or package.id,)]
    for name in missing:
        several = sum(name in (package.id, package.external_id, package.title) for package in packages) > 1
        what = "means several packages" if several else "is not offered"
        near = suggestion(name, known)
        yield findings.fail("packages", f"package {name!r} of the catalog {what}; {near}offered: {listed(known)}")
    offered = len(wanted) - len(missing)
    text = f"{offered} of {len(wanted)} packages of the catalog are offered; the platform has {len(packages)}"
    yield findings.ok("packages", text)


def _sold(products: Iterable[AssignedProduct]) -> str:
    return listed(f"{product.i_product} {product.name}" for product in products)
