"""Reading accounts: `get_account_list`, `get_account_info`, `get_alias_list` (contract, sections 2.1 to 2.3)."""

import re
from collections.abc import Callable, Mapping

from controller.billing.simulator.refusal import Refusal
from controller.billing.simulator.rendering import account_info, list_row
from controller.billing.simulator.state import ALIAS, CREDIT, DEBIT, SimulatedAccount
from controller.billing.simulator.world import Method, Params, Reply, World, asked, number

_BENEFICIARY = 4
_REAL = frozenset({DEBIT, CREDIT, _BENEFICIARY})
_Test = Callable[[SimulatedAccount], bool]


def get_account_list(world: World, params: Params) -> Reply:
    """One page. More rows than the cap are silently not given; `total` comes only if asked for."""
    if params.get("offset") is not None and params.get("limit") is None:
        raise Refusal("Client.Account.get_account_list.offset", "offset requires limit")
    cap = world.switches.page_cap
    limit, offset = min(number(params, "limit") or cap, cap), number(params, "offset") or 0
    if offset:
        _move(world)
    tests = _tests(params)
    found = [account for account in world.installation.in_order() if all(test(account) for test in tests)]
    with_status = asked(params, "get_statuses")
    rows = [list_row(world, account, with_status=with_status) for account in found[offset : offset + limit]]
    return {**total(world, params, len(found)), "account_list": rows}


def get_account_info(world: World, params: Params) -> Reply:
    """An account that is not there is no fault, but an answer that names none (switch: a fault)."""
    account = world.find_account(params)
    if account is None or account.i_account in world.switches.denied_accounts:
        if world.switches.not_found_is_fault:
            raise Refusal("Server.Account.get_account_info.account_not_found", "Account not found")
        return {}
    return {"account_info": account_info(world, account, with_features=not asked(params, "without_service_features"))}


def get_alias_list(world: World, params: Params) -> Reply:
    """The aliases of one account."""
    master = number(params, "i_master_account")
    aliases = [
        {"i_account": account.i_account, "id": account.id, "i_did_number": None}
        for account in world.installation.in_order()
        if account.billing_model == ALIAS and account.i_master_account == master
    ]
    return {**total(world, params, len(aliases)), "alias_list": aliases}


def total(world: World, params: Params, count: int) -> Reply:
    """How many rows there are, where that is asked for and told."""
    form = world.switches.total
    if not asked(params, "get_total") or form == "missing":
        return {}
    return {"total": str(count) if form == "text" else count}


def _move(world: World) -> None:
    """Let the list shift between two pages: the last row comes first, or the first goes last."""
    order, switches = world.installation.order, world.switches
    if switches.moving_list == "still" or switches.moves == 0 or not order:
        return
    if switches.moves is not None:
        world.switches = switches.model_copy(update={"moves": switches.moves - 1})
    if switches.moving_list == "repeats":
        order.insert(0, order.pop())
    else:
        order.append(order.pop(0))


def _tests(params: Params) -> list[_Test]:
    tests: list[_Test] = []
    if asked(params, "get_only_real_accounts"):
        tests.append(lambda account: account.billing_model in _REAL)
    if asked(params, "get_not_closed_accounts"):
        tests.append(lambda account: account.bill_status != "C")
    tests += [_equals(name, str(params[name])) for name in _EQUAL if params.get(name) is not None]
    tests += [_like(name, str(params[name])) for name in _PATTERNS if params.get(name) is not None]
    return tests


_EQUAL: Mapping[str, Callable[[SimulatedAccount], object]] = {
    "i_customer": lambda account: account.customer.i_customer,
    "i_product": lambda account: account.i_product,
    "bill_status": lambda account: account.bill_status,
    "billing_model": lambda account: account.billing_model,
}
_PATTERNS = ("id", "firstname", "lastname", "email", "companyname", "state")


def _equals(name: str, wanted: str) -> _Test:
    value = _EQUAL[name]
    return lambda account: str(value(account)) == wanted


def _like(name: str, pattern: str) -> _Test:
    """An SQL pattern: `%` any text, `_` any character."""
    parts = (".*" if char == "%" else "." if char == "_" else re.escape(char) for char in pattern)
    compiled = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    if name == "id":
        return lambda account: compiled.fullmatch(account.id) is not None
    return lambda account: compiled.fullmatch(account.info.get(name, "")) is not None


METHODS: Mapping[str, Method] = {
    "Account/get_account_list": Method(get_account_list),
    "Account/get_account_info": Method(get_account_info),
    "Account/get_alias_list": Method(get_alias_list),
    "Account/get_service_features": Method(lambda _world, _params: {"service_features": []}),
}
