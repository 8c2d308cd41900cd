"""What the configuration has to know of SeaChange."""

from datetime import timedelta

from platforms.capabilities import Capabilities
from platforms.kind import Kind

SEACHANGE = Kind(
    capabilities=Capabilities(
        external_id_length=64,
        name_pattern=r"(?!\.{1,2}\Z)[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+",  # what XML and a path can hold
        can_rename=False,
        auths=frozenset({"device"}),
        has_password=False,
        has_connection_limit=False,
        note_length=255,
        writes_secrets_anew=True,
        read_lag=timedelta(seconds=10),
        has_charges=True,
    ),
    credentials=("username", "password"),
    operations=(
        "products.list",
        "customers.list",
        "customers.get",
        "customers.put",
        "customers.delete",
        "purchases.list",
    ),
)
