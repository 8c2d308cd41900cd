"""What alerts ask for besides the interface of metrics: gauges that have no labels but whom they are about.

Rules of this module:

1. One line for each: its name and what it means, in the words in which `/metrics` shows it.
2. Instants, never ages; 0 means "never" or "none". 1 and 0 are yes and no.
"""

from enum import Enum


class Signal(Enum):
    """A gauge by its name (without prefix) and its text."""

    @property
    def text(self) -> str:
        """What it means."""
        return str(self.value)


class PlatformSignal(Signal):
    """About one platform."""

    platform_healthy = "1 where the service level counts: changes are expected to arrive"
    oldest_waiting_timestamp_seconds = "Since when the subscriber that only we keep waiting has waited; 0 = none"
    held_for_attention = "Subscribers held by what a person has to mend, plans for approval not counted"
    first_contact = "1 while the first plan for a platform that had customers waits to be approved"
    records_owned = "Records that are ours, when last read"
    records_foreign = "Records that are not ours, when last read"
    pause_expires_timestamp_seconds = "When the last pause in force about the platform or an account of it ends"


class TargetSignal(Signal):
    """About one billing or platform."""

    list_complete = "1 where the last list was read whole and is proven to be"
    details_due = "Accounts whose details are still to be read; 0 of a platform"
    access_refused = "1 where the target refuses us altogether: credentials, rights, licence or address"
    credentials_expire_timestamp_seconds = "When our credentials expire, as the configuration says; 0 = not said"


class ProcessSignal(Signal):
    """About the process and what it stands on."""

    config_last_reload_successful = "1 where the configuration's files were valid when they were last read"
    config_last_reload_success_timestamp_seconds = "When the configuration's files were last read and valid"
    pass_interval_seconds = "Time between two full passes, as configured"  # noqa: S105  no password
    store_usable = "1 where the store can be used; nothing is done while it cannot"
    store_bytes = "The size of the store's file"
    store_unused_bytes = "Of that, what is free for new rows"
    store_wal_bytes = "The size of the store's write-ahead log, beside the file"
    audit_cut_timestamp_seconds = "Up to when the audit is cut back; 0 = not at all"
    store_volume_free_bytes = "What is free on the volume of the store"
    store_volume_size_bytes = "The size of the volume of the store"
