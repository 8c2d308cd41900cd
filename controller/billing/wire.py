"""JSON -> `Account`, without and with its details (contract, sections 2 and 4). Pure.

`rows` reads a page of the list, `details` what only an account's own call tells, `custom_fields` its credentials.
"""

from collections.abc import Mapping
from dataclasses import replace

from controller.billing.custom_fields import Fingerprint, credentials, field_values
from controller.billing.details import account_details
from controller.billing.rows import AccountRow, Page, UnreadableRow, decode_object, decode_page, tolerant_row
from controller.billing.settings import CustomFields
from controller.billing.values import Unreadable, is_unset, kind
from desired_state.account import Account, AssignedProduct

__all__ = [
    "AccountRow",
    "CustomFields",
    "Fingerprint",
    "Page",
    "Unreadable",
    "UnreadableRow",
    "decode_account",
    "decode_custom_fields",
    "decode_object",
    "decode_page",
    "decode_products",
    "to_account",
]

_SUBORDINATE = 3  # balance control: the customer's balance rules (contract, section 2.2)
_WORDS = {"OPEN": "O", "ACTIVE": "O", "SUSPENDED": "S", "INACTIVE": "I", "CLOSED": "C", "TERMINATED": "C"}


def to_account(row: AccountRow, i_env: int) -> Account:
    """The account as its row shows it, details unknown."""
    bill_status = (row.bill_status or "").strip().upper()
    product = AssignedProduct(row.i_product, (row.product_name or "").strip()) if row.i_product else None
    return Account(
        i_account=row.i_account,
        id=row.id,
        i_env=i_env,
        i_customer=row.i_customer,
        billing_model=row.billing_model,
        bill_status=_WORDS.get(bill_status, bill_status),
        blocked=row.blocked == "Y",
        status=(row.status or "").strip().lower(),
        dual_version=(row.dual_version_system or "").strip().lower(),
        product=product,
        balance=row.balance,
        credit_limit=row.credit_limit,
        currency=(row.iso_4217 or "").strip().upper(),
        subordinate=row.i_account_balance_control_type == _SUBORDINATE,
        activation_date=row.activation_date,
        expiration_date=row.expiration_date,
    )


def decode_account(answer: Mapping[str, object], i_env: int) -> Account | None:
    """An answer of `get_account_info`, credentials unknown; `None` where it names no account.

    Raises `Unreadable`.
    """
    info = answer.get("account_info")
    if is_unset(info) or info in ({}, []):
        return None
    if not isinstance(info, dict):
        raise Unreadable(f"billing's answer about an account is {kind(info)}, not an object", "account_info")
    try:
        account = to_account(tolerant_row(info), i_env)
        return replace(account, details=account_details(info))
    except Unreadable as error:
        found = info.get("i_account")
        name = f"account {found}" if isinstance(found, int | str) and str(found).isdecimal() else "an account"
        raise Unreadable(f"{name} cannot be read from billing: {error.text}", error.field) from None


def decode_custom_fields(
    account: Account, answer: Mapping[str, object], fields: CustomFields, fingerprint: Fingerprint
) -> Account:
    """The account with the credentials that an answer of `get_custom_fields_values` gives. Raises `Unreadable`."""
    listed = answer.get("custom_fields_values") or []
    try:
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise Unreadable("custom_fields_values is not a list of objects", "custom_fields_values")
        found = credentials(field_values(listed), fields, fingerprint)
    except Unreadable as error:
        raise Unreadable(
            f"the custom fields of account {account.i_account} cannot be read: {error.text}", error.field
        ) from None
    details = account.details
    return account if details is None else replace(account, details=replace(details, credentials=found))


def decode_products(answer: Mapping[str, object]) -> tuple[AssignedProduct, ...]:
    """The products of one page of `Product/get_product_list` (contract, section 3), as far as numbered."""
    rows = answer.get("product_list")
    listed = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    named = [(str(row.get("i_product")), str(row.get("name") or "").strip()) for row in listed]
    return tuple(AssignedProduct(int(number), name) for number, name in named if number.isdecimal())
