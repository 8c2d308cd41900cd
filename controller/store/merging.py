"""What is kept of an account when more, or something else, is read of it. Pure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from desired_state.account import Account, AccountDetails, AssignedProduct
from desired_state.entitlement import lacks_funds

ListedAddons = Callable[[str], tuple[AssignedProduct, ...] | None]
"""The add-ons that a row of billing's list shows, given the account's time zone; `None` where it makes no sense."""


def sealed(account: Account) -> Account:
    """The account without the clear text of its secrets."""
    if account.details is None:
        return account
    return replace(account, details=replace(account.details, credentials=account.details.credentials.sealed()))


def with_credentials_of(account: Account, before: Account | None) -> Account:
    """The account, of which billing did not show the credentials now, with those that are known of it."""
    if account.details is None or before is None or before.details is None:
        return account
    return replace(account, details=replace(account.details, credentials=before.details.credentials))


def with_more_addons(details: AccountDetails, addons: ListedAddons | None, now: datetime) -> AccountDetails | None:
    """The details with the add-ons that the list shows; `None` where it may not be believed.

    What takes something away is believed of the account's own call only: a list that ceases to show add-ons looks as if
    everybody had lost them.
    """
    listed = addons(details.time_zone) if addons is not None else None
    if listed is None:
        return None
    known = (addon for addon in details.addons if addon.effective_to is None or addon.effective_to > now)
    takes_nothing = all(any(each.covers(addon) for each in listed) for addon in known)
    return replace(details, addons=listed) if takes_nothing else None


def stamped(account: Account, before: Account | None, now: datetime) -> Account:
    """The account with the instant since which we know it to be without funds."""
    if not lacks_funds(account):
        return account
    since = before.no_funds_since if before is not None and before.no_funds_since is not None else now
    return replace(account, no_funds_since=since)
