"""Checks of what a platform cannot hold: told before anything is written, or refused."""

from collections.abc import Iterator
from dataclasses import replace

from desired_state.account import Secret
from desired_state.desired import Auth
from desired_state.subscriber import SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.conformance.bench import Bench, refused
from platforms.conformance.verdicts import expect, same
from platforms.driver import Rejected

_SECRET = Secret("0000", "0000")


async def fitting_is_no_problem(bench: Bench) -> str:
    """A wish that the capabilities allow would be held for nothing."""
    for enabled in (True, False):
        for problem in bench.driver.problems(await bench.name(), bench.wish(enabled=enabled), bench.offer):
            expect(False, f"no problem was expected, found: {problem.text}")
    return "on and off"


async def normalizing_is_idempotent(bench: Bench) -> str:
    """Else a wish would never be the same as what reads back."""
    raw = bench.samples.wish(bench.owner())
    untidy = replace(raw, packages=(*reversed(raw.packages or ()), *(raw.packages or ())), note=f" {raw.note} ")
    for wish in (raw, untidy, SubscriberSpec(enabled=False)):
        once = bench.driver.normalize(wish)
        same(once, bench.driver.normalize(once))
    same(bench.driver.normalize(raw), bench.driver.normalize(untidy), ("packages",))
    return "and order and repeats of packages do not matter"


async def beyond_is_a_problem(bench: Bench) -> str:
    """Each capability that is declared is kept to."""
    name, wish = await bench.name(), bench.samples.wish(bench.owner())
    trials = dict(_trials(bench.able, name, wish))
    for what, (tried_name, tried) in trials.items():
        found = bench.driver.problems(tried_name, bench.driver.normalize(tried), bench.offer)
        expect(bool(found), f"{what} was expected to be a problem, found none")
    return ", ".join(trials)


async def unknown_package_is_refused(bench: Bench) -> str:
    """A package that the platform does not offer is given to nobody, and nobody gets another in its place."""
    made, name = await bench.made(), await bench.name()
    unknown = (f"no-such-package-{name}",)
    wish = bench.driver.normalize(replace(bench.wish(), packages=unknown))
    if bench.driver.problems(name, wish, bench.offer):
        return "it is a problem before anything is written"
    await refused(bench.create(name, wish), Rejected, "a record with an unknown package")
    expect(await bench.find(name) is None, f"record {name!r} was refused, and is there")
    after = replace(made.spec, packages=unknown)
    await refused(bench.update(made, after), Rejected, "an update with an unknown package")
    same(made.spec, (await bench.seen(made.external_id, made.record_id)).spec)
    return "it is refused, and nothing is changed"


def _trials(able: Capabilities, name: str, wish: SubscriberSpec) -> Iterator[tuple[str, tuple[str, SubscriberSpec]]]:
    """What the platform cannot hold, each by itself: what it is, and the name and the wish to try."""
    yield "an empty name", ("", wish)
    yield "a name that is too long", (name.ljust(able.external_id_length + 1, "0"), wish)
    for what, tried in (*_of_access(able, wish), *_of_rest(able, wish)):
        yield what, (name, tried)


def _of_access(able: Capabilities, wish: SubscriberSpec) -> Iterator[tuple[str, SubscriberSpec]]:
    for auth in sorted(set(Auth) - able.auths):
        yield f"authentication by {auth.value}", replace(wish, auth=auth.value)
    if able.max_devices is not None:
        macs = tuple(f"0200000000{number:02X}" for number in range(able.max_devices + 1))
        yield f"{len(macs)} devices", replace(wish, device_ids=macs)
    if able.only_macs:
        yield "a device that is no MAC", replace(wish, device_ids=("no-mac",))
    if able.login_length is not None and wish.login is not None:
        yield "a login that is too long", replace(wish, login="c" * (able.login_length + 1))
    if not able.has_password:
        yield "a password", replace(wish, password=_SECRET)


def _of_rest(able: Capabilities, wish: SubscriberSpec) -> Iterator[tuple[str, SubscriberSpec]]:
    if not able.has_pin:
        yield "a PIN", replace(wish, pin=_SECRET)
    if not able.has_connection_limit:
        yield "a limit of connections", replace(wish, max_connections=1)
    if able.note_length is not None:
        yield "a note that is too long", replace(wish, note=f"{wish.note}{'.' * able.note_length}")
