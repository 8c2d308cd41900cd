"""What a person has done to the store, with or without a running daemon: `requeue`, `pause`, `resume`."""

import getpass
import os
from datetime import datetime
from pathlib import Path

from controller.cli.codes import Code, Failed
from controller.cli.printing import say, tell
from controller.cli.session import configured, opened
from controller.clock import SystemClock
from controller.config import Config
from controller.config.durations import read as read_duration
from controller.config.problems import nearest
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
            _requeue(store, config, name, i_account, secrets=secrets)
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
            pause = Pause(target, billing, i_account, reason.strip(), _owner(), now, end, maintenance)
            store.holds.pause(pause)
    say(f"{target} is {pause.text}")
    return Code.OK


def resume_target(path: Path, asked: str) -> Code:
    """End a pause before its time."""
    config = configured(path)
    with opened(config) as store:
        found = _target(store, config, asked)
        with store.transaction():
            was_paused = found is not None and store.holds.resume(found[0])
        if found is None:
            return _no_target(config, asked)
        if was_paused and found[2] is not None:
            with store.transaction():
                store.operator.requeue(found[1], found[2], SystemClock().now())
    say(f"{found[0]} goes on" if was_paused else f"{found[0]} was not paused")
    return Code.OK


def _owner() -> str:
    """Who is asking; a container may run under a user id that no file names."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user id {os.getuid()}"


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
    return instant


def _target(store: Store, config: Config, asked: str) -> tuple[str, str, int | None] | None:
    """What is to be paused: its name, and whose account it is."""
    if asked == EVERYTHING or asked in config.platforms:
        return asked, "", None
    found = _account(store, config, asked, None)
    return None if found is None else (f"i_account:{found[1]}@{found[0]}", found[0], found[1])


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


def _requeue(store: Store, config: Config, billing: str, i_account: int, *, secrets: bool) -> None:
    block = next(each for each in config.billing if each.name == billing)
    for name in config.platforms:
        if config.billing_of(name).name != billing:
            continue
        store.subscribers(name).try_again(i_account)
        if secrets:
            store.records(name, block.environment).forget_secrets(i_account)
    store.operator.requeue(billing, i_account, SystemClock().now())
