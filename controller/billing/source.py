"""PortaBilling as a source of accounts: the whole list, or one account with everything about it.

Rules of this module:

1. The list is handed on page by page; who takes it gives others a turn: a pass over a million accounts delays nobody's
   event. A page that was known before, byte for byte, is not decoded if all that it shows is known still (`Recall`).
2. A fault is an exception, never an answer: "no such account" is only what billing says with an answer that names
   none (contract, section 2.2).
3. Credentials cost one call more. They are asked for only where the configuration names custom fields, and not for a
   terminated account, which has no use for them. An account that billing shows without them is known all the same
   (`HalfRead`): that it is blocked does not wait for its custom fields.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from controller.billing.client import MAX_PAGE, BillingClient
from controller.billing.listing import REAL, Listing
from controller.billing.rows import decode_unless_known
from controller.billing.session import LOGIN, REFRESH
from controller.billing.wire import (
    AccountRow,
    Fingerprint,
    Page,
    Unreadable,
    decode_account,
    decode_custom_fields,
    decode_page,
    decode_products,
)
from desired_state.account import Account, AccountDetails, AssignedProduct, BillingSnapshot
from platforms.driver import PlatformError, Transient
from platforms.transport import Clock

Consume = Callable[[Page], Awaitable[None]]
"""Takes the accounts of a page: its `rows`, and the `recalled` ones."""


OPERATIONS = (
    LOGIN,
    REFRESH,
    "Account/get_account_list",
    "Account/get_account_info",
    "Account/get_custom_fields_values",
    "Customer/get_custom_fields_values",
    "Product/get_product_list",
)
"""What billing's requests are called in metrics."""

LIST_FLAGS: Mapping[str, object] = {"get_total": 1, "get_only_real_accounts": 1, "get_statuses": 1, "detailed_info": 1}
INFO_FLAGS: Mapping[str, object] = {"detailed_info": 1, "without_service_features": 1}


class HalfRead(Transient):
    """Billing showed the account, but not its credentials, for the reason that the text gives."""

    def __init__(self, account: Account, error: PlatformError) -> None:
        super().__init__(error.text, getattr(error, "retry_after", None))
        self.account = account


class Recall:
    """What is remembered of the pages of an earlier list: nothing."""

    def __contains__(self, mark: object) -> bool:
        """Whether a page had that mark."""
        return False

    async def recall(self, mark: bytes) -> tuple[Sequence[int], int | None] | None:
        """Whom the page of that mark shows, and the total it states, if all of them are known just as it shows them."""
        return None


_NOTHING = Recall()


class PortaBilling:
    """One virtual environment of one installation. Safe for any number of tasks."""

    def __init__(self, name: str, client: BillingClient, clock: Clock, fingerprint: Fingerprint) -> None:
        """`name` is the configuration's; `fingerprint` makes secrets comparable (keyed)."""
        self.name = name
        self.environment = client.settings.environment
        self._client = client
        self._clock = clock
        self._fingerprint = fingerprint
        self._fields = client.settings.custom_fields
        self.addons_from = client.settings.addons_from
        self.place = f"{client.settings.endpoint.url} i_env={self.environment}"
        self._page_size = max(1, min(client.settings.page_size, MAX_PAGE))

    async def snapshot(self, consume: Consume, known: Recall = _NOTHING) -> BillingSnapshot:
        """Read the whole list, closed accounts included, and hand its real accounts to `consume`, each once.

        The result says whether the list is proven complete; `listing` says how. Raises `PlatformError` if it could
        not be read to its end: what was consumed by then proves nothing.
        """
        taken_at = self._clock.now()
        listing = Listing()
        async for page in listing.pages(partial(self._page, known)):
            await consume(page)
        return BillingSnapshot(
            accounts=listing.real,
            taken_at=taken_at,
            complete=not listing.doubt,
            doubt=listing.doubt,
            unreadable=listing.unreadable,
        )

    async def account(
        self, i_account: int, i_customer: int | None = None, *, is_expected: bool = True
    ) -> Account | None:
        """The account as it is now, details and credentials included; `None` if billing says that there is none.

        With its `i_customer`, as far as that is known, both calls are made at once where the customer has the fields.
        One that is not `is_expected` to be there is asked for first: if it is not, that costs one call.
        Raises `Unreadable` if the answer makes no sense or is about another account, `HalfRead`, else `PlatformError`.
        """
        try:
            owner = self._owner(i_account, i_customer) if is_expected else None
            account = await self._look_up({"i_account": i_account}, owner)
        except HalfRead as half:
            _check(half.account, i_account)
            raise
        return account and _check(account, i_account)

    async def find(self, account_id: str) -> Account | None:
        """The account that has this id now; as `account` otherwise."""
        return await self._look_up({"id": account_id})

    async def details(self, i_account: int) -> AccountDetails | None:
        """The account's details without its credentials, at the price of one call; `None` if there is no such account.

        Raises as `account` does.
        """
        info = await self._client.call("Account/get_account_info", {"i_account": i_account, **INFO_FLAGS})
        account = decode_account(info, self.environment)
        return account.details if account is not None else None

    async def of_customer(self, i_customer: int) -> list[AccountRow]:
        """The rows of the customer's accounts; of no use to tell that one is missing. Raises `PlatformError`."""
        found: dict[int, AccountRow] = {}
        offset, new = 0, True
        while new:
            params = {"limit": self._page_size, "offset": offset, "i_customer": i_customer, **LIST_FLAGS}
            page = await self._client.read("Account/get_account_list", params, decode_page)
            theirs = [row for row in page.rows if row.i_customer == i_customer]
            new = any(row.i_account not in found for row in theirs) and offset + len(page) != page.total
            found |= {row.i_account: row for row in theirs}
            offset += len(page)
        return [row for row in found.values() if row.billing_model in REAL]

    async def products(self) -> tuple[AssignedProduct, ...]:
        """Every product and add-on there is, each once: the list may repeat some (contract, section 3)."""
        found: dict[int, AssignedProduct] = {}
        offset, new = 0, True
        while new:
            params = {"limit": self._page_size, "offset": offset, "get_total": 1}
            page = decode_products(await self._client.call("Product/get_product_list", params))
            new = any(product.i_product not in found for product in page)
            found |= {product.i_product: product for product in page}
            offset += len(page)
        return tuple(found.values())

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _page(self, known: Recall, offset: int) -> Page:
        params = {"limit": self._page_size, "offset": offset, **LIST_FLAGS}
        page = await self._client.read("Account/get_account_list", params, partial(decode_unless_known, known))
        await self._clock.sleep(0)  # to decode it took its time
        if isinstance(page, Page):
            return page
        recalled = await known.recall(page.mark)
        if recalled is None:
            return page.decode()
        numbers, total = recalled
        return Page((), total=total, mark=page.mark, recalled=numbers)

    async def _look_up(self, key: Mapping[str, object], owner: Mapping[str, int] | None = None) -> Account | None:
        """The account, with its credentials; those of a known `owner` are asked for at the same time."""
        info = self._client.call("Account/get_account_info", {**key, **INFO_FLAGS})
        if owner is None:
            return await self._with_credentials(decode_account(await info, self.environment))
        answer, values = await asyncio.gather(info, self._field_values(owner), return_exceptions=True)
        if isinstance(answer, BaseException):
            raise answer
        account = decode_account(answer, self.environment)
        if account is None or account.is_terminated:
            return account
        if owner != self._owner(account.i_account, account.i_customer):
            return await self._with_credentials(account)
        if isinstance(values, PlatformError):
            raise HalfRead(account, values)
        if isinstance(values, BaseException):
            raise values
        return self._completed(account, values)

    async def _with_credentials(self, account: Account | None) -> Account | None:
        if account is None or account.is_terminated or not self._fields.any_configured:
            return account
        owner = self._owner(account.i_account, account.i_customer)
        try:
            values = await self._field_values(owner) if owner is not None else {}
        except PlatformError as error:
            raise HalfRead(account, error) from None
        return self._completed(account, values)

    def _completed(self, account: Account, values: Mapping[str, object]) -> Account:
        try:
            return decode_custom_fields(account, values, self._fields, self._fingerprint)
        except Unreadable as error:
            raise HalfRead(account, error) from None

    def _owner(self, i_account: int, i_customer: int | None) -> Mapping[str, int] | None:
        """Whose custom fields hold the account's credentials; `None` where nobody's do, or it is not known."""
        if not self._fields.any_configured:
            return None
        if self._fields.owner == "account":
            return {"i_account": i_account}
        return None if i_customer is None else {"i_customer": i_customer}

    async def _field_values(self, owner: Mapping[str, int]) -> Mapping[str, object]:
        service = "Account" if "i_account" in owner else "Customer"
        return await self._client.call(f"{service}/get_custom_fields_values", owner)


def _check(account: Account, asked: int) -> Account:
    if account.i_account != asked:
        raise Unreadable(f"billing answered for account {account.i_account}, asked about {asked}", "i_account")
    return account
