"""Writing accounts by the API: `add_account`, `update_account`, `terminate_account` (contract, section 2.3)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from controller.billing.simulator.refusal import Refusal
from controller.billing.simulator.state import PRODUCTS, AddOn, SimulatedAccount
from controller.billing.simulator.world import Method, Params, Reply, World, amount, asked, number


def add_account(world: World, params: Params) -> Reply:
    """A new account; its id must be free."""
    info = _info(params)
    account_id = str(info.get("id", ""))
    if not account_id:
        raise Refusal("Client.Account.required.account_info.id", "id is required")
    _check_free(world, account_id)
    customer = world.customer(info, "add_account") if "i_customer" in info else None
    account = world.installation.add_account(account_id, world.clock.now().date(), customer)
    _apply(account, {name: value for name, value in info.items() if name != "id"}, world.clock.now())
    return {"i_account": account.i_account}


def update_account(world: World, params: Params) -> Reply:
    """A partial update. Another product without `assigned_addons` takes the add-ons away (contract, section 2.3)."""
    info = _info(params)
    account = world.account({"i_account": info.get("i_account")}, "update_account")
    if account.bill_status == "C":
        raise Refusal("Server.Account.update_account.closed", "Account is closed")
    if (account_id := str(info.get("id", account.id))) != account.id:
        _check_free(world, account_id)
        account.id = account_id
    _apply(account, info, world.clock.now())
    return {"i_account": account.i_account}


def terminate_account(world: World, params: Params) -> Reply:
    """Irreversible."""
    world.installation.terminate(world.account(params, "terminate_account"))
    return {"success": 1}


def _info(params: Params) -> Params:
    info = params.get("account_info")
    if not isinstance(info, dict):
        raise Refusal("Client.Account.required.account_info", "account_info is required")
    return info


def _check_free(world: World, account_id: str) -> None:
    if world.installation.by_id(account_id) is not None:
        raise Refusal("Server.Account.duplicate_id", "An account with this id exists")


def _apply(account: SimulatedAccount, info: Params, now: datetime) -> None:
    product = number(info, "i_product")
    if product is not None and product != account.i_product:
        _check_product(product)
        account.i_product = product
        account.addons.clear()
    if isinstance(listed := info.get("assigned_addons"), list):
        account.addons[:] = [_addon(entry, now) for entry in listed]
    if "blocked" in info:
        account.blocked = asked(info, "blocked")
    account.billing_model = number(info, "billing_model") or account.billing_model
    account.login = str(info.get("login", account.login))
    account.balance = amount(info, "opening_balance") or account.balance
    _apply_dates(account, info)
    account.info.update({name: str(info[name] or "") for name in _CONTACT if name in info})


def _apply_dates(account: SimulatedAccount, info: Params) -> None:
    if "activation_date" in info:
        account.activation_date = _day(info["activation_date"])
    if "expiration_date" in info:
        account.expiration_date = _day(info["expiration_date"])
    if "credit_limit" in info:
        limit = info["credit_limit"]
        account.credit_limit = None if limit is None else Decimal(str(limit))


_CONTACT = (
    *("firstname", "lastname", "companyname", "email", "phone1", "phone2"),
    *("baddr1", "baddr2", "baddr3", "baddr4", "baddr5", "address_line_2", "city", "state", "zip", "country"),
)


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        raise Refusal("Client.Account.invalid_date.account_info", "A date must be YYYY-MM-DD") from None


def _check_product(i_product: int) -> None:
    if i_product not in PRODUCTS:
        raise Refusal("Server.Account.product_not_found.account_info.i_product", "Product not found")


def _addon(entry: Params, now: datetime) -> AddOn:
    product = number(entry, "i_product") or 0
    _check_product(product)
    begins = _instant(entry.get("addon_effective_from"))
    return AddOn(product, begins or now, _instant(entry.get("addon_effective_to")))


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC) if value else None
    except ValueError:
        raise Refusal("Client.Account.invalid_date.account_info.assigned_addons", "Not a date-time") from None


METHODS: Mapping[str, Method] = {
    "Account/add_account": Method(add_account, writes=True),
    "Account/update_account": Method(update_account, writes=True),
    "Account/terminate_account": Method(terminate_account, writes=True),
}
