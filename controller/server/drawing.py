"""The documents of the status page, drawn from the store.

It shows what `status` and `explain` show, by their own views: no rule and no count has a second home here.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, product
from urllib.parse import urlencode

from controller.config import Config
from controller.server.html import render
from controller.shrunk import waiting_lost
from controller.store import Store
from controller.targets import Billing, Household
from controller.views.explain import Ambiguous, among, explain_view, formerly
from controller.views.latest import latest_view
from controller.views.status import StatusView, TroubleView, status_view
from desired_state.subscriber import State
from platforms.version import VERSION

_ACTIONS = 20
_SIMILAR = 10
_FEWEST = 3  # characters by which similar ids are looked for
_LONGEST = 200  # characters of an id that are given back in a command or a link

_STATES = {
    State.IN_SYNC: "the record is as it should be",
    State.PENDING: "it waits for its turn, its details, or another record",
    State.IN_FLIGHT: "a call is under way or in doubt",
    State.BACKOFF: "a call failed; it is tried again",
    State.PARKED: "the platform refused the values; it is tried again when they change, or after a day",
    State.HELD: "left as it is, by a rule or a policy, or until a person decides",
    State.PAUSED: "a person paused it",
    State.CONFLICT: "the record is not ours, or the device, login or name is another's",
    State.NO_SERVICE: "nothing to do: no record and none wanted, or switched off",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is looked at: the configuration, and each billing by its name with the rules for it."""

    config: Config
    houses: Mapping[str, tuple[Billing, Household]]

    @property
    def file(self) -> str:
        """The file of the configuration."""
        return str(self.config.file or "FILE")

    def command(self, *words: str) -> str:
        """A command about this installation, ready to be copied."""
        return shlex.join(("iptv-reconciler", *words, "--config", self.file))

    def told(self, billing: str) -> str | None:
        """The billing that a link has to name: none, where there is but one."""
        return billing if len(self.houses) > 1 else None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which account somebody wants explained; `billing` says whose, where several know it."""

    text: str
    billing: str | None = None

    @property
    def shown(self) -> str:
        """What was asked, as far as it can be an id."""
        return self.text[:_LONGEST]

    @property
    def here(self) -> str:
        """The address of the document."""
        given = {"account": self.shown, "billing": self.billing}
        query = urlencode({name: text for name, text in given.items() if text})
        return f"/?{query}" if query else "/"


@dataclass(frozen=True, slots=True)
class Shown:
    """A document, and the HTTP status that goes with it."""

    status: int
    html: str


def draw_overview(store: Store, scene: Scene, now: datetime) -> Shown:
    """How everything stands."""
    status = status_view(store, scene.config, now)
    billing_of = {name: scene.told(scene.config.billing_of(name).name) for name in scene.config.platforms}
    html = render(
        "overview.html",
        **_frame(scene, now),
        status=status,
        states=_STATES,
        billing_of=billing_of,
        open_since={name: store.targets.reading(name).breaker_opened_at for name in (*scene.houses, *billing_of)},
        lists=list(_lists(store, scene)),
        troubles=list(_troubles(status, billing_of)),
        latest=latest_view(store, _ACTIONS),
        approve=lambda plan: scene.command("approve", plan),
    )
    return Shown(200, html)


def draw_account(store: Store, scene: Scene, now: datetime, asked: Asked) -> Shown:
    """Everything about one account, or that none such is known."""
    names = [name for name in scene.houses if asked.billing in (None, name)]
    frame = _frame(scene, now, asked)
    try:
        found = among(store, names, asked.text) or formerly(store, names, asked.text)
    except Ambiguous as several:
        return Shown(200, render("choice.html", **frame, billings=several.billings))
    if found is None:
        similar = list(_similar(store, scene, asked.text))
        return Shown(404, render("missing.html", **frame, similar=similar, ask=_ask(scene, asked.text)))
    billing, house = scene.houses[found[0]]
    html = render(
        "account.html",
        **frame,
        view=explain_view(store, billing, found[1], house, now),
        param=scene.told(billing.name),
        fields=lambda one, other: list(dict.fromkeys((*one, *other))),
        approve=lambda plan: scene.command("approve", plan),
    )
    return Shown(200, html)


def _frame(scene: Scene, now: datetime, asked: Asked = Asked("")) -> dict[str, object]:
    """What is around every document."""
    return {"version": VERSION, "file": scene.file, "now": now, "asked": asked}


def _lists(store: Store, scene: Scene) -> Iterator[dict[str, object]]:
    """The lists that are believed only when a person says so."""
    for target in (*scene.houses, *scene.config.platforms):
        if (lost := waiting_lost(store, target)) is not None:
            yield {"target": target, "hash": lost[0], "count": lost[1]}


def _troubles(status: StatusView, billing_of: Mapping[str, str | None]) -> Iterator[dict[str, object]]:
    """Who wants to be looked at, together with those of whom the same is told; billing does not say whose they are."""
    places: list[tuple[str, str | None, list[TroubleView]]] = [("billing", None, status["billing"]["attention"])]
    places += [(name, billing_of[name], platform["attention"]) for name, platform in status["platforms"].items()]
    for place, billing, troubles in places:
        for (state, text), alike in groupby(troubles, lambda each: (each["state"], each["text"])):
            yield {"place": place, "billing": billing, "state": state, "text": text, "accounts": list(alike)}


def _similar(store: Store, scene: Scene, text: str) -> Iterator[Mapping[str, object]]:
    """Accounts whose ids begin as this one does, if it is too short, or but for its last two characters or its case."""
    for billing in scene.houses:
        for cut, written in product(range(3), (text, text.lower(), text.upper())):
            beginning = written[: len(written) - cut]
            found = store.names(billing).beginning(beginning, _SIMILAR) if len(beginning) >= _FEWEST else ()
            if found:
                yield from ({"billing": scene.told(billing), "i_account": n, "id": name} for n, name in found)
                break


def _ask(scene: Scene, text: str) -> str | None:
    """The command that asks billing, where the id can be an account's."""
    is_plain = text.isprintable() and len(text) <= _LONGEST
    return scene.command("explain", text) if is_plain else None
