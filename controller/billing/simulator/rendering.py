"""Facts -> the objects of the API, as recorded (contract, sections 2.1, 2.2 and 4)."""

from datetime import date, datetime
from decimal import Decimal

from controller.billing.simulator.state import FIELD_NUMBERS, PRODUCTS, AddOn, SimulatedAccount
from controller.billing.simulator.status import status_of
from controller.billing.simulator.world import Reply, World

DATE_TIME = "%Y-%m-%d %H:%M:%S"
_CONTACT_FIELDS = (
    *("firstname", "lastname", "companyname", "email", "phone1", "phone2", "faxnum"),
    *("baddr1", "baddr2", "baddr3", "baddr4", "baddr5", "address_line_2", "city", "state", "zip", "country", "note"),
)
_I_TIME_ZONE = 268


def list_row(world: World, account: SimulatedAccount, *, with_status: bool) -> Reply:
    """A row of the list. Features, services and (switch) add-ons are empty arrays in it."""
    addons = [_addon(addon) for addon in account.addons] if world.switches.addons_in_list else []
    row = {
        **_common(account),
        **_status(world, account, shown=with_status or world.switches.status_without_asking),
        "opening_balance": 0,
        "i_lang": "en",
        "iso_639_1": "en",
        "phone1": account.info.get("phone1", ""),
        "note": "",
        "assigned_addons": addons,
        "service_features": [],
        "included_services": [],
        "sip_status": 0,
        "first_usage_time": None,
        "last_usage": None,
    }
    return row


def account_info(world: World, account: SimulatedAccount, *, with_features: bool) -> Reply:
    """An `account_info`. A single status stands for all; add-ons of the past and the future are in it too."""
    customer = account.customer
    info = {
        **_common(account),
        **_status(world, account, shown=True),
        **{name: account.info.get(name, "") for name in _CONTACT_FIELDS},
        "is_active": int(status_of(account, world.clock.now()) is None),
        "customer_blocked": _letter(customer.blocked),
        "customer_bill_status": customer.bill_status,
        "customer_bill_suspended": int(customer.bill_status == "S"),
        "cust_bill_suspension_delayed": int("customer_suspension_delayed" in customer.marks),
        "time_zone_name": account.time_zone,
        "has_custom_fields": int(bool(account.custom_fields)),
        "assigned_addons": [_addon(addon) for addon in account.addons],
    }
    return {**info, "service_features": [_NETACCESS]} if with_features else info


def custom_fields_values(values: dict[str, str | None]) -> Reply:
    """What `get_custom_fields_values` answers: a field that the class does not enable is not there at all."""
    listed = [
        {
            "i_custom_field": FIELD_NUMBERS.get(name, 100 + position),
            "i_custom_field_value": None if value is None else 9000 + position,
            "name": name,
            "db_value": value,
        }
        for position, (name, value) in enumerate(values.items())
    ]
    return {"custom_fields_values": listed}


def instant(value: datetime | None) -> str | None:
    """A date-time in UTC."""
    return value.strftime(DATE_TIME) if value is not None else None


def money(value: Decimal | None) -> float | None:
    """An amount with up to five decimals, as a JSON number."""
    return float(round(value, 5)) if value is not None else None


def _common(account: SimulatedAccount) -> Reply:
    product = PRODUCTS[account.i_product]
    fields: Reply = {
        "i_account": account.i_account,
        "id": account.id,
        "i_customer": account.customer.i_customer,
        "customer_name": account.customer.name,
        "i_product": account.i_product,
        "product_name": product.name,
        "product_visible_name": product.name,
        "billing_model": account.billing_model,
        "bill_status": account.bill_status,
        "blocked": _letter(account.blocked),
        "i_account_balance_control_type": account.balance_control,
        "balance": money(account.balance),
        "credit_limit": money(account.credit_limit),
        "iso_4217": "EUR",
        "activation_date": _day(account.activation_date),
        "expiration_date": _day(account.expiration_date),
        "issue_date": _day(account.issue_date),
        "life_time": None,
        "login": account.login,
        "i_time_zone": _I_TIME_ZONE,
        "i_account_role": 1,
    }
    if account.dual_version is not None:
        fields["dual_version_system"] = account.dual_version
    if account.i_master_account is not None:
        fields["i_master_account"] = account.i_master_account
    return fields


def _status(world: World, account: SimulatedAccount, *, shown: bool) -> Reply:
    """The status is absent when all is well (contract, section 2.2), unless the switch gives that a word."""
    status = status_of(account, world.clock.now()) or world.switches.status_when_fine
    return {"status": status} if shown and status is not None else {}


def _addon(addon: AddOn) -> Reply:
    product = PRODUCTS[addon.i_product]
    fields: Reply = {
        "i_product": addon.i_product,
        "name": product.name,
        "end_user_name": product.name,
        "description": "",
        "addon_priority": 30,
        "addon_effective_from": instant(addon.effective_from),
        "i_vd_plan": None,
        "iso_4217": "EUR",
        "hidden": "N",
        "managed_by_user": "N",
    }
    if addon.effective_to is not None:
        fields["addon_effective_to"] = instant(addon.effective_to)
    return fields


_NETACCESS: Reply = {
    "name": "netaccess_policy",
    "flag_value": "~",
    "effective_flag_value": "Y",
    "locked": 0,
    "locks": ["user"],
    "attributes": [{"name": "access_policy", "values": [None], "effective_values": ["30"]}],
}


def _letter(flag: bool) -> str:
    return "Y" if flag else "N"


def _day(value: date | None) -> str | None:
    return value.isoformat() if value is not None else None
