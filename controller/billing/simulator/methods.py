"""Every method of the simulated API, by its name `<Service>/<method>`."""

from collections.abc import Mapping

from controller.billing.simulator import account_changes, accounts, custom_fields, products, transactions
from controller.billing.simulator.state import ENVIRONMENT
from controller.billing.simulator.world import Method, Params, Reply, World

WITHOUT_SESSION: Mapping[str, Method] = {
    "Session/login": Method(lambda world, params: world.sessions.login(params, world.switches)),
    "Session/refresh_access_token": Method(lambda world, params: world.sessions.refresh(params, world.switches)),
    "Session/ping": Method(lambda world, params: world.sessions.ping(params)),
    "Session/logout": Method(lambda world, params: world.sessions.logout(params)),
}


def _get_version(_world: World, _params: Params) -> Reply:
    return {"version": "MR115-simulated"}


def _get_env_info(_world: World, _params: Params) -> Reply:
    return {"env_info": {"i_env": ENVIRONMENT, "name": "simulated", "iso_4217": "EUR"}}


METHODS: Mapping[str, Method] = {
    **WITHOUT_SESSION,
    **accounts.METHODS,
    **account_changes.METHODS,
    **custom_fields.METHODS,
    **products.METHODS,
    **transactions.METHODS,
    "Generic/get_version": Method(_get_version),
    "Env/get_env_info": Method(_get_env_info),
}
