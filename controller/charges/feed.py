"""Reading what a platform has sold.

Rules of this module:

1. Records are kept in the transaction that moves the cursor. What cannot be read moves nothing.
2. While nothing may be booked, records are kept all the same; in maintenance the platform is not called.
3. A record that somebody else may have booked is marked, so that billing is asked first: one that comes when the feed
   was not followed (`store/feeds.py`), or was sold before it was.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from controller.charges.rules import Desk, is_in_maintenance
from controller.store import Feed, Store
from controller.targets import Platform
from desired_state.sales import FeedRecord
from platforms.driver import FeedPage, PlatformError

_MOST_PAGES = 200  # in one reading; the next goes on


class FeedReader:
    """Reads the feed of one platform; a pause longer than `gap` means that it was not followed."""

    def __init__(self, platform: Platform, desk: Desk, gap: timedelta) -> None:
        self.platform = platform
        self._desk = desk
        self._gap = gap

    async def read(self) -> int:
        """Read to the end; returns how many records were new. Raises `PlatformError`, which is noted."""
        with self._desk.traces.begin("feed", platform=self.platform.name):
            return await self._read()

    async def _read(self) -> int:
        now = self._desk.clock.now()
        feed = await self._desk.run(partial(self._begin, now=now))
        if feed is None:
            return 0
        try:
            return await self._pages(feed, is_followed=feed.is_followed(now, self._gap))
        except PlatformError as error:
            await self._desk.run(partial(self._fail, text=error.text))
            raise

    async def _pages(self, feed: Feed, *, is_followed: bool) -> int:
        new, cursor = 0, feed.cursor
        trusted_from = feed.followed_since if is_followed else None
        for _ in range(_MOST_PAGES):
            began = self._desk.clock.now()
            page = await self.platform.driver.charges(cursor)
            took = _Taken(page, cursor, trusted_from, began)
            new += await self._desk.run(partial(self._keep, taken=took), durable=True)
            if took.is_end:
                break
            cursor = page.cursor
        return new

    def _begin(self, store: Store, *, now: datetime) -> Feed | None:
        if is_in_maintenance(store, self.platform.name, now):
            return None
        return store.feeds.get(self.platform.name)

    def _keep(self, store: Store, *, taken: "_Taken") -> int:
        records = [(record, taken.must_look(record)) for record in taken.page.records]
        new = store.charges.keep(self.platform.billing, records, self._desk.clock.now())
        store.feeds.note_page(self.platform.name, taken.page.cursor)
        if taken.is_end:
            store.feeds.note_end(self.platform.name, taken.began, is_followed=taken.trusted_from is not None)
        return new

    def _fail(self, store: Store, *, text: str) -> None:
        store.feeds.note_failure(self.platform.name, text)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A page, the cursor it was asked for by, since when the feed is followed (if it is), and when it was asked for."""

    page: FeedPage
    cursor: str
    trusted_from: datetime | None
    began: datetime

    @property
    def is_end(self) -> bool:
        return self.page.cursor == self.cursor

    def must_look(self, record: FeedRecord) -> bool:
        return self.trusted_from is None or record.sold_at is None or record.sold_at < self.trusted_from
