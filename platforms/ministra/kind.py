"""What the configuration has to know of Ministra."""

from platforms.capabilities import Capabilities
from platforms.kind import Kind
from platforms.ministra.addressing import NAME_PATTERN

MINISTRA = Kind(
    capabilities=Capabilities(
        external_id_length=64,
        name_pattern=NAME_PATTERN,
        folds_case=True,
        max_devices=1,
        only_macs=True,
        login_is_name=True,
        can_clear_password=False,
        has_pin=False,
        has_connection_limit=False,
    ),
    credentials=("username", "password"),
    operations=(
        "tariffs.list",
        "services.list",
        "users.list",
        "users.get",
        "users.by_mac",
        "users.create",
        "users.update",
        "users.delete",
        "addons.get",
        "addons.update",
        "addons.delete",
    ),
    customer_id="{id}",
)
