"""What the status page shows, read beside the loop.

Rules of this module:

1. Neither billing nor a platform is asked, nothing is written, and the loop is not kept: the store is read by a
   connection of its own, in a thread, one reading at a time.
2. Whoever asks how all stands within a second of each other gets the same answer: many readers cost as much as one.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial

from controller.server.drawing import Asked, Scene, Shown, draw_account, draw_overview
from controller.server.html import render
from controller.store import Store, StoreError
from platforms.transport import Clock

_FRESH_SECONDS = 1.0


class Sight:
    """The documents, up to date."""

    def __init__(self, scene: Scene, clock: Clock) -> None:
        self._scene = scene
        self._clock = clock
        self._turn = asyncio.Lock()
        self._overview: Shown | None = None
        self._drawn_at = 0.0

    async def overview(self) -> Shown:
        """How everything stands, or stood within the last second."""
        async with self._turn:
            if self._overview is None or self._clock.monotonic() - self._drawn_at >= _FRESH_SECONDS:
                self._overview = await asyncio.to_thread(self._draw, draw_overview)
                self._drawn_at = self._clock.monotonic()
            return self._overview

    async def account(self, asked: Asked) -> Shown:
        """Everything about the account that is asked for."""
        async with self._turn:
            return await asyncio.to_thread(self._draw, partial(draw_account, asked=asked))

    def _draw(self, draw: Callable[[Store, Scene, datetime], Shown]) -> Shown:
        try:
            with Store.as_it_stands(self._scene.config.store.path) as store:
                return draw(store, self._scene, self._clock.now())
        except StoreError as error:
            return Shown(503, render("message.html", title="The store cannot be read now", text=str(error)))
