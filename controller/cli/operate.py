"""What a person has done to the store, with or without a running daemon: `requeue`, `pause`, `resume`."""

from datetime import MAXYEAR, datetime
from pathlib import Path

from controller import orders
from controller.cli.codes import Code, Failed
from controller.cli.person import person
from controller.cli.printing import say, tell
from controller.cli.session import configured, opened
from controller.clock import SystemClock
from controller.config import Config
from controller.config.durations import read as read_duration
from controller.config.problems import nearest
from controller.orders import Whose
from controller.store import EVERYTHING, Pause, Store
from controller.views.explain import Ambiguous, among


def requeue_account(path: Path, asked: str, billing: str | None, *, secrets: bool) -> Code:
    """Have one account looked at before all others; with `secrets`, its passwords and PINs are written anew."""
    config = configured(path)
    with opened(config) as store:
        found = _account(store, config, asked, billing)
        if found is None:
            return _unknown(asked)
        name, i_account, label = found
        with store.transaction():
            orders.requeue(store, person(), Whose(name, i_account), _platforms(config, name), secrets=secrets)
    say(f"account {label} (i_account {i_account}) is looked at next")
    return Code.OK


def pause_target(path: Path, asked: str, reason: str, until: str, *, maintenance: bool) -> Code:
    """Do nothing for everybody, a platform or an account until an instant."""
    config, now = configured(path), SystemClock().now()
    end = _until(until, now)
    if not reason.strip():
        raise Failed("a pause needs a --reason for whoever comes across it", Code.USAGE)
    if end <= now:
        raise Failed(f"--until {until} is in the past; nothing was paused", Code.USAGE)
    if maintenance and asked not in config.platforms:
        raise Failed("--maintenance is for a platform", Code.USAGE)
    with opened(config) as store:
        found = _target(store, config, asked)
        if found is None:
            return _no_target(config, asked)
        target, billing, i_account = found
        with store.transaction():
            pause = Pause(target, billing, i_account, reason.strip(), person().name, now, end, maintenance)
            before = next((each for each in store.holds.pauses(now) if each.target == target), None)
            orders.pause(store, pause)
    instead = f"; that takes the place of: {before.text}" if before is not None else ""
    say(f"{target} is {pause.text}{instead}")
    return Code.OK


def resume_target(path: Path, asked: str) -> Code:
    """End a pause before its time."""
    config = configured(path)
    with opened(config) as store:
        found = _target(store, config, asked)
        if found is None:
            return _no_target(config, asked)
        target, billing, i_account = found
        whose = None if i_account is None else Whose(billing, i_account)
        with store.transaction():
            was_paused = orders.resume(store, person(), target, whose)
        others = [f"{each.target} is {each.text}" for each in _pauses_about(store, config, whose)]
    said = "its pause has ended" if was_paused else "was not paused"
    if others:
        say(f"{target}: {said}; it does not go on, for {'; '.join(others)}")
    else:
        say(f"{target} goes on" if was_paused else f"{target} {said}")
    return Code.OK


def _pauses_about(store: Store, config: Config, whose: Whose | None) -> list[Pause]:
    """What still has a target rest whose own pause has ended: that of everything, and of an account's platforms."""
    about = {EVERYTHING}
    if whose is not None:
        mine = (name for name in config.platforms if config.billing_of(name).name == whose.billing)
        about |= {name for name in mine if store.subscribers(name).get(whose.i_account) is not None}
    return [each for each in store.holds.pauses(SystemClock().now()) if each.target in about]


def _until(text: str, now: datetime) -> datetime:
    """A duration from now, or an instant."""
    try:
        return now + read_duration(text)
    except ValueError:
        pass
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        hint = "write a duration (90m, 24h) or an instant with its offset (2026-03-10T18:00:00+01:00)"
        raise Failed(f"--until {text!r} is no time; {hint}", Code.USAGE) from None
    if instant.tzinfo is None:
        raise Failed(f"--until {text!r} does not say in which zone; add an offset, such as +01:00 or Z", Code.USAGE)
    if instant.year == MAXYEAR:  # what the store keeps of it could not be read any more
        raise Failed(f"--until {text!r} is too far off", Code.USAGE)
    return instant


def _target(store: Store, config: Config, asked: str) -> tuple[str, str, int | None] | None:
    """What is to be paused: its name, and whose account it is."""
    if asked == EVERYTHING or asked in config.platforms:
        return asked, "", None
    found = _account(store, config, asked, None)
    return None if found is None else (Whose(found[0], found[1]).target, found[0], found[1])


def _account(store: Store, config: Config, asked: str, billing: str | None) -> tuple[str, int, str] | None:
    names = [block.name for block in config.billing if billing in (None, block.name)]
    try:
        found = among(store, names, asked)
    except Ambiguous as error:
        raise Failed(str(error)) from None
    return None if found is None else (found[0], found[1].account.i_account, found[1].account.id)


def _unknown(asked: str) -> Code:
    tell(f"the store knows no account {asked!r}")
    return Code.UNKNOWN_ACCOUNT


def _no_target(config: Config, asked: str) -> Code:
    hint = nearest(asked, [EVERYTHING, *config.platforms])
    tell(f"the store knows no account {asked!r}, and there is no such platform; {hint}")
    return Code.UNKNOWN_ACCOUNT


def _platforms(config: Config, billing: str) -> dict[str, int]:
    """The platforms that a billing source governs, with its environment."""
    sources = {name: config.billing_of(name) for name in config.platforms}
    return {name: source.environment for name, source in sources.items() if source.name == billing}
