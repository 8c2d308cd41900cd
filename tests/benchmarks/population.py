"""A million accounts out of arithmetic: what billing and Telebreeze say of the account with a number. Pure.

Rules of this module:

1. The n-th account of a fleet (from 0) is `FIRST` + n in billing and customer `c%09d` on the platform; both say the
   same of it until somebody changes one of them. A row of billing is about 700 bytes, as PortaBilling's are.
2. What was changed is given as fields that replace those of the arithmetic.
"""

from collections.abc import Mapping

import msgspec

FIRST = 70_001
"""The number of the first account."""
ENVIRONMENT = 3
PRODUCTS = ((61, "IPTV Basic"), (62, "IPTV Family"))
PACKAGES = {61: ("basic",), 62: ("basic", "kids")}
OFFERED = ("basic", "kids", "sport")
DEVICES = "TV MAC"

Fields = Mapping[str, object]
EVEN = FIRST % 2
"""What to add to `FIRST` for an account of the first product; every second one has it."""
SECOND_PRODUCT: Fields = {"i_product": 62, "product_name": "IPTV Family"}
"""A change of an account of the first product that adds packages: one call, and nothing is taken from anybody."""

_ROW = (
    '{"i_account":%d,"id":"tv%d","i_customer":%d,"customer_name":"Customer %d","i_product":%d,"product_name":"%s",'
    '"product_visible_name":"%s","billing_model":1,"bill_status":"O","blocked":"N","i_account_balance_control_type":1,'
    '"balance":%d.5,"credit_limit":null,"iso_4217":"EUR","activation_date":"2026-09-21","expiration_date":null,'
    '"issue_date":"2026-09-21","life_time":null,"login":"self%d","i_time_zone":268,"i_account_role":1,'
    '"opening_balance":0,"i_lang":"en","iso_639_1":"en","phone1":"+420555%d","note":"","assigned_addons":[],'
    '"service_features":[],"included_services":[],"sip_status":0,"first_usage_time":null,"last_usage":null}'
)
_CUSTOMER = (
    '{"id":"c%09d","externalId":"tv%d_3","status":"active","firstName":"","lastName":"","email":"",'
    '"phone":"+420555%d","country":"","state":"","city":"","address":"","zip":"","username":"","authMethod":"device",'
    '"devices":[{"deviceId":"%s"}],"maxConcurrentConnections":2,"packages":[%s],'
    '"notes":"iptv-reconciler env=3 i_account=%d","balance":"0","createdAt":"2026-09-21T00:00:00Z",'
    '"updatedAt":"2026-09-21T00:00:00Z"}'
)


def device(i_account: int) -> str:
    """The account's one device: a MAC as the platform has it."""
    return f"02{i_account:010X}"


def row(i_account: int, changed: Fields | None = None) -> bytes:
    """The account in `get_account_list`."""
    i_product, name = PRODUCTS[i_account % 2]
    owner = i_account // 2
    numbers = (i_account, i_account, owner, owner, i_product, name, name, i_account % 100, i_account, i_account)
    text = (_ROW % numbers).encode()
    return text if changed is None else msgspec.json.encode({**msgspec.json.decode(text), **changed})


def info(i_account: int, changed: Fields | None = None) -> bytes:
    """The account in `get_account_info`."""
    name = row(i_account, changed)
    return b'{"account_info":' + name[:-1] + b',"time_zone_name":"Europe/Prague"}}'


def custom_fields(i_account: int) -> bytes:
    """The account's custom fields."""
    return b'{"custom_fields_values":[{"name":"%s","db_value":"%s"}]}' % (DEVICES.encode(), device(i_account).encode())


def customer(i_account: int, changed: Fields | None = None) -> bytes:
    """The account's customer on the platform."""
    packages = ",".join(f'"{name}"' for name in PACKAGES[PRODUCTS[i_account % 2][0]])
    numbers = (i_account, i_account, i_account, device(i_account), packages, i_account)
    text = (_CUSTOMER % numbers).encode()
    return text if changed is None else msgspec.json.encode({**msgspec.json.decode(text), **changed})


def event(i_account: int, number: int | None = None) -> bytes:
    """An event of NSPS that the account has changed; `number` tells events of one account apart."""
    told = {"event_type": "Account/Product/Changed", "variables": {"i_account": i_account, "i_env": ENVIRONMENT}}
    return msgspec.json.encode({"event_id": f"e{number or i_account}", "data": told})


def customer_event(i_customer: int, number: int) -> bytes:
    """The same of all accounts of a customer."""
    told = {"event_type": "Customer/Status/Changed", "variables": {"i_customer": i_customer, "i_env": ENVIRONMENT}}
    return msgspec.json.encode({"event_id": f"e{number}", "data": told})
