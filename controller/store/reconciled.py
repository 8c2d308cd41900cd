"""What the last comparison of each platform's feed with billing came to, for the daemon to export."""

from dataclasses import dataclass
from datetime import datetime

from controller.store.codec import instant
from controller.store.connection import Database


@dataclass(frozen=True, slots=True)
class Reconciled:
    """When everything was last read for a comparison of a platform, and how many differences there were."""

    at: datetime
    differences: int


class Reconciliations:
    """The table `reconciled`."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def note(self, platform: str, came: Reconciled) -> None:
        """A comparison of the platform in which everything was read."""
        self._conn.execute(
            "INSERT OR REPLACE INTO reconciled (platform, at, differences) VALUES (?, ?, ?)",
            (platform, came.at.timestamp(), came.differences),
        )

    def last(self) -> dict[str, Reconciled]:
        """The last one of each platform that has had one."""
        rows = self._conn.execute("SELECT platform, at, differences FROM reconciled")
        return {platform: Reconciled(instant(at), differences) for platform, at, differences in rows}
