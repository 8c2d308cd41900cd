"""What NSPS adds to an event (contract, section 7.4): an `account_info` in its own, normalised form. Pure.

It holds no custom fields, logins, passwords, balances or addresses: those are left out, not emptied.
"""

from collections.abc import Mapping

_BILL_STATUS = {"O": "open", "S": "suspended", "I": "inactive", "C": "terminated"}
_BILLING_MODEL = {-1: "debit_account", 0: "recharge_voucher", 1: "credit_account", 2: "alias", 4: "beneficiary"}
_AS_THEY_ARE = (
    *("i_account", "i_customer", "i_master_account", "id", "i_product", "product_name", "i_vd_plan"),
    *("email", "firstname", "lastname", "phone1", "zip", "time_zone_name"),
)
_OF_AN_ADDON = ("i_product", "name", "description", "addon_priority", "i_vd_plan")


def pb_data(account_info: Mapping[str, object]) -> dict[str, object]:
    """The `pb_data` for an `account_info` of the API; service features are as the API gave them, joined."""
    info = {name: account_info.get(name) for name in _AS_THEY_ARE} | {
        "bill_status": _BILL_STATUS.get(str(account_info.get("bill_status"))),
        "billing_model": _BILLING_MODEL.get(int(str(account_info.get("billing_model", 1)))),
        "blocked": account_info.get("blocked") == "Y",
        "status": account_info.get("status", "active"),
        "assigned_addons": [_addon(addon) for addon in _objects(account_info, "assigned_addons")],
        "service_features": [_feature(feature) for feature in _objects(account_info, "service_features")],
    }
    product = {"i_product": info["i_product"], "name": info["product_name"], "addon_priority": 0}
    return {"account_info": info, "product_info": product, "full_vd_counter_info": []}


def _addon(addon: Mapping[str, object]) -> dict[str, object]:
    times = ("addon_effective_from", "addon_effective_to")
    return {name: addon.get(name) for name in _OF_AN_ADDON} | {name: _iso(addon.get(name)) for name in times}


def _feature(feature: Mapping[str, object]) -> dict[str, object]:
    attributes = [
        {"name": attribute["name"], "effective_value": _joined(attribute.get("effective_values"))}
        for attribute in _objects(feature, "attributes")
    ]
    return {name: feature.get(name) for name in ("name", "effective_flag_value")} | {"attributes": attributes}


def _objects(owner: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    found = owner.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _joined(values: object) -> str:
    return ",".join(str(value) for value in values) if isinstance(values, list) else ""


def _iso(instant: object) -> str | None:
    return None if instant is None else str(instant).replace(" ", "T")
