"""Custom fields of accounts and customers, and customers themselves (contract, section 4)."""

from collections.abc import Mapping

from controller.billing.simulator.refusal import Refusal
from controller.billing.simulator.rendering import custom_fields_values
from controller.billing.simulator.state import FIELD_NUMBERS
from controller.billing.simulator.world import Method, Params, Reply, World, asked

_NAMES = {number: name for name, number in FIELD_NUMBERS.items()}


def of_account(world: World, params: Params) -> Reply:
    """Values of the fields that the account's class enables."""
    return custom_fields_values(world.account(params, "get_custom_fields_values").custom_fields)


def of_customer(world: World, params: Params) -> Reply:
    """The same for a customer."""
    return custom_fields_values(world.customer(params, "get_custom_fields_values").custom_fields)


def update_account_fields(world: World, params: Params) -> Reply:
    """Set the named fields; the others stay."""
    account = world.account(params, "update_custom_fields_values")
    _update(account.custom_fields, params)
    return {"i_account": account.i_account}


def update_customer_fields(world: World, params: Params) -> Reply:
    """The same for a customer."""
    customer = world.customer(params, "update_custom_fields_values")
    _update(customer.custom_fields, params)
    return {"i_customer": customer.i_customer}


def get_customer_info(world: World, params: Params) -> Reply:
    """A customer that is not there is an answer that names none."""
    customer = world.installation.customers.get(int(str(params.get("i_customer") or 0)))
    if customer is None:
        return {}
    info = {
        "i_customer": customer.i_customer,
        "name": customer.name,
        "blocked": "Y" if customer.blocked else "N",
        "bill_status": customer.bill_status,
        "i_balance_control_type": 2 if customer.prepaid else 1,
        "has_custom_fields": int(bool(customer.custom_fields)),
    }
    return {"customer_info": info}


def update_customer(world: World, params: Params) -> Reply:
    """Block or unblock: the accounts inherit it, and no account event tells (contract, section 7.2)."""
    info = params.get("customer_info")
    if not isinstance(info, dict):
        raise Refusal("Client.Customer.required.customer_info", "customer_info is required")
    customer = world.customer(info, "update_customer")
    if "blocked" in info:
        customer.blocked = asked(info, "blocked")
    return {"i_customer": customer.i_customer}


def _update(fields: dict[str, str | None], params: Params) -> None:
    listed = params.get("custom_fields_values")
    for entry in listed if isinstance(listed, list) else ():
        name = str(entry.get("name") or _NAMES.get(entry.get("i_custom_field"), ""))
        if not name:
            raise Refusal("Client.custom_field.not_found.custom_fields_values", "No such custom field")
        value = entry.get("db_value")
        fields[name] = None if value is None else str(value)


METHODS: Mapping[str, Method] = {
    "Account/get_custom_fields_values": Method(of_account),
    "Account/update_custom_fields_values": Method(update_account_fields, writes=True),
    "Customer/get_custom_fields_values": Method(of_customer),
    "Customer/update_custom_fields_values": Method(update_customer_fields, writes=True),
    "Customer/get_customer_info": Method(get_customer_info),
    "Customer/update_customer": Method(update_customer, writes=True),
}
