"""What the configuration has to know of Telebreeze."""

from datetime import timedelta

from platforms.capabilities import Capabilities
from platforms.kind import Kind

TELEBREEZE = Kind(
    capabilities=Capabilities(
        external_id_length=64, has_pin=False, note_length=255, read_lag=timedelta(seconds=10), has_charges=True
    ),
    credentials=("api_key",),
    operations=(
        "auth.token",
        "packages.list",
        "customers.list",
        "customers.find",
        "customers.get",
        "customers.create",
        "customers.update",
        "customers.delete",
        "transactions.list",
    ),
)
