"""What we assume of PortaBilling's API: every method we call, the parameters we send, the fields we read.

`doctor` compares this table with the installation's own API document. Rules of this module:

1. It is as true as the code: a test compares it with what `source` and `client` really send, and with the fields that
   `rows`, `details`, `custom_fields` and `tokens` really read.
2. A name is essential where its absence would make us decide wrongly or not at all: identity, status, product, money,
   dates, add-ons. Contact data, and what has a substitute, are optional.
3. A field is named by its path in the answer; lists do not count as a step: `account_list.i_account`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.billing.session import LOGIN, REFRESH
from controller.billing.transactions import LIST as XDRS
from controller.billing.transactions import MAKE

LIST, INFO = "Account/get_account_list", "Account/get_account_info"
ACCOUNT_FIELDS, CUSTOMER_FIELDS = "Account/get_custom_fields_values", "Customer/get_custom_fields_values"
PRODUCTS = "Product/get_product_list"
VERSION, ENVIRONMENT = "Generic/get_version", "Env/get_env_info"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of parameters or fields, by how much we need them."""

    essential: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        return iter((*self.essential, *self.optional))


@dataclass(frozen=True, slots=True)
class Assumed:
    """One method. One that is not `needed` is called by `doctor`, or
    for charges, only."""

    operation: str
    sends: Names
    reads: Names
    needed: bool = True


_SERVICE = (
    *("i_account", "id", "i_customer", "i_product", "product_name", "billing_model", "bill_status", "blocked"),
    *("status", "i_account_balance_control_type", "balance", "credit_limit", "activation_date", "expiration_date"),
)
_CONTACT = (
    *("firstname", "lastname", "email", "phone1", "phone2"),
    *("baddr1", "baddr2", "baddr3", "baddr4", "baddr5", "address_line_2", "city", "state", "zip", "country"),
)
_CUSTOMER = ("customer_blocked", "customer_bill_status", "customer_bill_suspended")
_ADDON = ("assigned_addons", *(f"assigned_addons.{name}" for name in ("i_product", "name")))
_ADDON_DATES = ("assigned_addons.addon_effective_from", "assigned_addons.addon_effective_to")
_TOKENS = Names(("access_token",), ("refresh_token", "expires_in", "expires_at"))


def _under(parent: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{parent}.{name}" for name in names)


def _custom_fields(operation: str, owner: str) -> Assumed:
    essential = _under("custom_fields_values", ("name", "db_value"))
    return Assumed(operation, Names((owner,)), Names(essential, ("custom_fields_values.i_custom_field",)))


ASSUMPTIONS: tuple[Assumed, ...] = (
    Assumed(LOGIN, Names(("login",), ("token", "password")), _TOKENS),
    Assumed(REFRESH, Names(("refresh_token",)), _TOKENS),
    Assumed(
        LIST,
        Names(("limit", "offset", "get_statuses"), ("get_total", "get_only_real_accounts", "detailed_info")),
        Names(
            _under("account_list", _SERVICE),
            (
                "total",
                *_under("account_list", ("dual_version_system", "login", "iso_4217", *_CONTACT)),
                *_under("account_list", ("i_time_zone", "time_zone_name", "assigned_addons")),
            ),
        ),
    ),
    Assumed(
        INFO,
        Names(("i_account", "id"), ("detailed_info", "without_service_features")),
        Names(
            _under("account_info", (*_SERVICE, *_CUSTOMER, *_ADDON, *_ADDON_DATES, "time_zone_name")),
            _under("account_info", ("dual_version_system", "login", "iso_4217", "i_time_zone", *_CONTACT)),
        ),
    ),
    _custom_fields(ACCOUNT_FIELDS, "i_account"),
    _custom_fields(CUSTOMER_FIELDS, "i_customer"),
    Assumed(
        PRODUCTS,
        Names(("limit", "offset"), ("get_total",)),
        Names(_under("product_list", ("i_product", "name"))),
    ),
    Assumed(
        MAKE,
        Names(("i_account", "action", "amount", "visible_comment"), ("internal_comment", "suppress_notification")),
        Names((), ("i_xdr",)),
        needed=False,
    ),
    Assumed(
        XDRS,
        Names(
            ("i_account", "from_date", "to_date", "limit", "offset", "get_total"), ("show_hidden", "show_unsuccessful")
        ),
        Names(_under("xdr_list", ("i_xdr", "charged_amount")), ("total",)),
        needed=False,
    ),
    Assumed(VERSION, Names(), Names((), ("version",)), needed=False),
    Assumed(ENVIRONMENT, Names(), Names((), ("env_info.i_env",)), needed=False),
)
