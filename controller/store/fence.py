"""Who may write here, where several processes share one store: the leader that it has heard of last (promise P7).

Rules of this module:

1. A leader is known by the lease that it holds and by how often that was taken, which is more with each of them: its
   fence. It puts that here before it does anything else, and is refused if somebody has led since.
2. Each of its transactions begins by finding its own fence here. So whatever one that lost its lease has still in hand
   comes to nothing, however late it notices.
3. A lease that was deleted and made anew counts from the beginning: another `lease` is always a later one.
"""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from controller.store.connection import Database
from controller.store.trouble import NotLeading


@dataclass(frozen=True, slots=True)
class Fence:
    """One mandate of one leader: the lease's unique id, how often it was taken, and by whom it was then."""

    lease: str
    transitions: int
    holder: str


class Authority(Protocol):
    """By what right a process writes to a store that it shares with others."""

    @property
    def fence(self) -> Fence:
        """What it is known by in the store."""
        ...

    def require(self) -> None:
        """A call is about to be announced. Raises `NotLeading` where the lease may not outlast it."""
        ...

    def refusal(self, seconds: float) -> str | None:
        """Why a call that may take so many seconds must not begin now; `None` if it may."""
        ...


class Fences:
    """The word of `meta` that names the present leader."""

    def __init__(self, db: Database) -> None:
        self._conn = db.conn

    def current(self) -> Fence | None:
        """The leader that was here last; `None` where there never was one."""
        row = self._conn.execute("SELECT value FROM meta WHERE key = 'fence'").fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Fence)

    def put(self, fence: Fence) -> bool:
        """From now on this is the leader; says whether that is new. Raises `NotLeading` where a later one was here."""
        known = self.current()
        if known == fence:
            return False
        if known is not None and known.lease == fence.lease and known.transitions >= fence.transitions:
            raise NotLeading(
                f"the lease was taken {fence.transitions} times when this process took it, and a leader after"
                f" {known.transitions} times has been at the store already"
            )
        self._conn.execute(
            "INSERT OR REPLACE INTO meta (key, value) VALUES ('fence', ?)", (msgspec.json.encode(fence).decode(),)
        )
        return True

    def is_ours(self, fence: Fence) -> bool:
        """Whether nobody else has become the leader since."""
        return self.current() == fence
