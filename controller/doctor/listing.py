"""What one page of billing's account list shows of the installation. Pure."""

from collections.abc import Iterator, Sequence

from controller.billing.wire import AccountRow, Page
from controller.doctor.checks import Check, Findings
from desired_state.account import AssignedProduct
from desired_state.catalog import CatalogEntry

SAMPLES = 5  # accounts whose details and custom fields are looked at


def judge_page(findings: Findings, page: Page, page_size: int) -> Iterator[Check]:
    """How many accounts there are, how many come at once, whether they can be read, and whether `status` comes."""
    if not page.listed:
        yield findings.fail("accounts", "billing's answer holds no account list at all")
        return
    yield _count(findings, page)
    if page.total is not None and len(page) < min(page_size, page.total):
        text = f"billing gives {len(page)} rows at a time, though page_size is {page_size}: a pass costs more calls"
        yield findings.warn("page_size", text)
    if page.unreadable:
        text = f"{len(page.unreadable)} of {len(page)} rows cannot be read; the first: {page.unreadable[0].text}"
        yield findings.warn("accounts", text)
    yield from _status(findings, page.rows)


def _count(findings: Findings, page: Page) -> Check:
    if page.total is None or page.total < 0:
        text = "billing does not count its accounts (total): the list is proven complete by an empty last page only"
        return findings.warn("accounts", text)
    if not page.total:
        return findings.warn("accounts", "billing shows no account: is the API user one of this environment?")
    return findings.ok("accounts", f"billing counts {page.total} accounts")


def _status(findings: Findings, rows: Sequence[AccountRow]) -> Iterator[Check]:
    """An account that is fine has no status; one that is closed or blocked should have (contract, section 2.2)."""
    shown = sum(bool(row.status) for row in rows)
    wanting = sum((row.bill_status or "O") != "O" or row.blocked == "Y" for row in rows)
    if shown:
        yield findings.ok("status", f"the list shows a computed status for {shown} of {len(rows)} accounts")
    elif wanting:
        text = (
            f"the list shows no computed status, not even for {wanting} closed or blocked accounts: we judge without it"
        )
        yield findings.warn("status", text)
    elif rows:
        yield findings.ok(
            "status", "whether the list shows a computed status cannot be told: all accounts seen are fine"
        )


def samples(rows: Sequence[AccountRow], entries: Sequence[CatalogEntry]) -> tuple[AccountRow, ...]:
    """Some open accounts from all over the page; those with a product of the catalog, if there are any."""
    alive = [row for row in rows if row.bill_status != "C"]
    viewers = [row for row in alive if has_service(row, entries)]
    chosen = viewers or alive
    step = max(1, len(chosen) // SAMPLES)
    return tuple(chosen[::step][:SAMPLES])


def has_service(row: AccountRow, entries: Sequence[CatalogEntry]) -> bool:
    """Whether its main product is in the catalog."""
    product = AssignedProduct(row.i_product or 0, (row.product_name or "").strip())
    return any(entry.product.matches(product) for entry in entries)


def judge_addons(findings: Findings, rows: Sequence[AccountRow], with_addons: int) -> Check:
    """Where add-ons are shown; `with_addons` of the sampled accounts have some by their details."""
    if any(row.shows_addons for row in rows):
        return findings.ok("addons", "the list shows add-ons")
    if with_addons:
        return findings.ok("addons", "the list shows no add-ons: they are read with each account's details")
    return findings.ok("addons", "whether the list shows add-ons cannot be told: no sampled account has any")
