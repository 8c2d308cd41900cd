"""Two accounts get another device, which only an event tells; the daemon that is told is killed.

Rules of this module:

1. The sender sends again what was not answered with 200, and nothing else.
2. A daemon that died is followed by another one, to which nobody says what the dead one knew.
"""

import json
import re
import signal
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress

from tests.kills.crossings import Crossing, Kind, sides
from tests.kills.ground import Ground
from tests.kills.oracles import count_open, end_of, problems
from tests.kills.scenarios import EVENTS, new_device
from tests.kills.victim import Ended
from tests.kills.wires import DEADLINE
from tests.kills.yard import Deaths, Played

_WHO = (70001, 70002)
_CAUSED: tuple[Kind, ...] = ("event", "intent", "outcome", "billing", "write")
"""What comes of events. A daemon does other things as well, whenever it is time."""
_READ = re.compile(r'pass_last_success_timestamp_seconds\{target="(?:billing|tv)"\} [1-9]')
_PAUSE = threading.Event()


class Announcing:
    """How it goes undisturbed, and how it ends after daemons were killed."""

    def __init__(self, ground: Ground) -> None:
        EVENTS.prepare(ground)
        self._start = ground.keep()
        daemon = Daemon(ground, None)
        assert not _shows_new_devices(ground), "a pass alone has found out"
        daemon.announce(_WHO)
        ended = daemon.finish()
        assert ended.code == 0, ended.err
        caused = [each for each in ground.crossed() if each.kind in _CAUSED]
        self.crossings = [side for each in caused for side in sides(each.kind, each.number)]
        self.crossings.append(Crossing("answer", 1, "after"))
        self.undisturbed = end_of(ground)

    def __call__(self, ground: Ground, case: Deaths) -> Played:
        """Send both events, and again to the next daemon what the one that was killed did not answer."""
        ground.restore(self._start)
        unanswered, deaths = list(_WHO), 0
        for crossing in case:
            daemon = Daemon(ground, crossing)
            unanswered = daemon.announce(unanswered)
            deaths += daemon.finish().was_killed
        last = Daemon(ground, None)
        last.announce(unanswered)
        last.settle()
        ended = last.finish()
        wrong = [] if ended.code == 0 else [f"the daemon ended with {ended.code}: {ended.err}"]
        wrong += problems(end_of(ground), self.undisturbed)
        return Played(case, deaths, wrong)


class Daemon:
    """A daemon that has passed once, and that dies at a crossing which the events cause."""

    def __init__(self, ground: Ground, die: Crossing | None) -> None:
        at_call = die if die is not None and die.is_call else None
        self._ground = ground
        self._die = die
        self._victim = ground.start("run", die=None if at_call else die)
        self._until(lambda: '"started"' in self._victim.said())
        self._until(lambda: len(_READ.findall(self._metrics())) == 2)
        ground.wires.forget()
        ground.wires.order = at_call

    def announce(self, who: "list[int] | tuple[int, ...]") -> list[int]:
        """Send an event for each; returns those for whom there was no 200."""
        unanswered = [i_account for i_account in who if not self._is_taken(i_account)]
        if self._die is not None and self._die.kind == "answer":
            self._victim.send(signal.SIGKILL)
        return unanswered

    def settle(self) -> None:
        """Wait until it knows what became of the calls of those that died."""
        self._until(lambda: not count_open(self._ground.store))

    def finish(self) -> Ended:
        """Wait until the events were acted upon, or it died; then have it end."""
        self._until(lambda: not self._victim.is_alive or _shows_new_devices(self._ground))
        self._victim.send(signal.SIGTERM)
        return self._victim.ended()

    def _until(self, holds: Callable[[], bool]) -> None:
        give_up = time.monotonic() + DEADLINE  # noqa: TID251  a real process is waited for
        while not holds():
            assert time.monotonic() < give_up, f"it did not come to that: {self._victim.said()}"  # noqa: TID251
            _PAUSE.wait(0.02)

    @property
    def _url(self) -> str:
        lines = map(json.loads, self._victim.said().splitlines())
        return next(f"http://{line['listen']}" for line in lines if line["event"] == "started")

    def _metrics(self) -> str:
        """What it says of itself; nothing once it is dead."""
        with suppress(OSError), urllib.request.urlopen(f"{self._url}/metrics", timeout=DEADLINE) as answer:
            return str(answer.read().decode())
        return ""

    def _is_taken(self, i_account: int) -> bool:
        body = json.dumps({"event_type": "Account/Updated", "variables": {"i_account": i_account}}).encode()
        headers = {"authorization": "Basic ZXNwZjplc3BmLXNlY3JldA==", "content-type": "application/json"}
        request = urllib.request.Request(f"{self._url}/espf", body, headers)
        with suppress(OSError), urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return bool(answer.status == 200)
        return False


def _shows_new_devices(ground: Ground) -> bool:
    """Whether the platform has what the events are about."""
    devices = [device for each in ground.site.records() for device in ground.wires.words.devices_of(each)]
    return sorted(devices) == sorted(new_device(i_account).replace(":", "") for i_account in _WHO)
