"""Products and add-ons (contract, section 3)."""

from collections.abc import Mapping

from controller.billing.simulator.state import PRODUCTS, Product
from controller.billing.simulator.world import Method, Params, Reply, World, asked, number


def get_product_list(_world: World, params: Params) -> Reply:
    """Everything, with one product shown twice, as an operator once saw."""
    rows = [_product(product) for product in PRODUCTS.values()]
    total = {"total": len(rows)} if asked(params, "get_total") else {}
    offset, limit = number(params, "offset") or 0, number(params, "limit") or 1000
    repeated = [*rows, rows[0]]
    return {**total, "product_list": repeated[offset : offset + limit]}


def get_product_info(_world: World, params: Params) -> Reply:
    """One product; `{}` if there is none."""
    product = PRODUCTS.get(number(params, "i_product") or 0)
    return {"product_info": _product(product)} if product is not None else {}


def get_allowed_addons(_world: World, _params: Params) -> Reply:
    """The add-ons that may go with a product: here all with every one."""
    return {"product_list": [_product(product) for product in PRODUCTS.values() if product.is_addon]}


def _product(product: Product) -> Reply:
    return {
        "i_product": product.i_product,
        "name": product.name,
        "end_user_name": product.name,
        "description": "",
        "addon_priority": 30 if product.is_addon else 0,
        "i_vd_plan": None,
        "i_product_group": None,
        "shared": "N",
        "hidden": "N",
        "included_services": [],
    }


METHODS: Mapping[str, Method] = {
    "Product/get_product_list": Method(get_product_list),
    "Product/get_product_info": Method(get_product_info),
    "Product/get_allowed_addons": Method(get_allowed_addons),
}
