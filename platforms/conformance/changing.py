"""Checks of changing records."""

from dataclasses import replace

from desired_state.subscriber import SubscriberSpec
from platforms.conformance.bench import Bench, refused
from platforms.conformance.verdicts import expect, managed, same
from platforms.driver import Transient


async def update_brings_all(bench: Bench) -> str:
    """Every field at once."""
    owner = bench.owner()
    made = await bench.made(bench.wish(owner))
    wish = bench.samples.wish(owner, enabled=False, packages=bench.samples.selection.less)
    after = bench.driver.normalize(wish)
    await bench.update(made, after)
    same(after, (await bench.seen(made.external_id, made.record_id)).spec, managed(after))
    return f"{', '.join(managed(after))} at once"


async def update_of_nothing(bench: Bench) -> str:
    """What is there already is no change."""
    made = await bench.made()
    await bench.update(made, made.spec)
    same(made.spec, (await bench.seen(made.external_id, made.record_id)).spec)
    return "and succeeds"


async def update_may_be_repeated(bench: Bench) -> str:
    """An update whose answer was lost is sent again, after the same observation."""
    owner = bench.owner()
    made = await bench.made(bench.wish(owner))
    after = bench.wish(owner)
    for _ in range(2):
        await bench.update(made, after)
        same(after, (await bench.seen(made.external_id, made.record_id)).spec, managed(after))
    return "with the same outcome"


async def unmanaged_stays(bench: Bench) -> str:
    """A wish for packages alone changes packages alone."""
    selection = bench.samples.selection
    if selection.full == selection.less:
        return "left out: the platform offers too few packages to change them"
    made = await bench.made()
    await bench.update(made, SubscriberSpec(enabled=True, packages=selection.less))
    expected = replace(made.spec, packages=selection.less)
    same(expected, (await bench.seen(made.external_id, made.record_id)).spec)
    return "when the packages are changed"


async def suspending_keeps_the_rest(bench: Bench) -> str:
    """A viewer who pays gets back what there was."""
    made = await bench.made()
    for enabled in (False, True):
        current = (await bench.seen(made.external_id, made.record_id)).with_secrets_of(made.spec)
        await bench.update(current, SubscriberSpec(enabled=enabled))
        found = await bench.seen(made.external_id, made.record_id)
        same(replace(made.spec, enabled=enabled), found.spec)
    return "and resuming as well"


async def packages_come_and_go(bench: Bench) -> str:
    """Packages are a set: the record has those of the wish, no matter what it had."""
    selection = bench.samples.selection
    if selection.full == selection.less:
        return "left out: the platform offers too few packages to change them"
    made = await bench.made()
    for packages in (selection.less, selection.full):
        current = (await bench.seen(made.external_id, made.record_id)).with_secrets_of(made.spec)
        await bench.update(current, replace(current.spec, packages=packages))
        same(replace(made.spec, packages=packages), (await bench.seen(made.external_id, made.record_id)).spec)
    return f"from {len(selection.full)} to {len(selection.less)} and back"


async def device_changes_hands(bench: Bench) -> str:
    """What one record let go of, another can have."""
    owner = bench.owner()
    first = await bench.made(bench.wish(owner))
    if not first.spec.device_ids:
        return "left out: the platform holds no devices"
    others = bench.wish(owner).device_ids
    await bench.update(first, bench.driver.normalize(replace(first.spec, device_ids=others)))
    wish = bench.driver.normalize(replace(bench.wish(), device_ids=first.spec.device_ids))
    second = await bench.made(wish)
    expect(second.spec.device_ids == first.spec.device_ids, "the device that was let go was expected, found another")
    return "once the first record has let it go"


async def macs_in_any_spelling(bench: Bench) -> str:
    """With colons, dashes, dots or nothing, in upper or lower case: one device."""
    mac, owner = bench.samples.device(), bench.owner()
    plain = mac.replace(":", "")
    dotted = ".".join(plain[place : place + 4] for place in (0, 4, 8))
    spellings = (mac, mac.lower(), mac.replace(":", "-"), plain, plain.lower(), dotted.lower())
    raw = bench.samples.wish(owner)
    if not raw.device_ids:
        return "left out: the platform holds no devices"
    wishes = [bench.driver.normalize(replace(raw, device_ids=(spelling,))) for spelling in spellings]
    for wish in wishes:
        expect(wish == wishes[0], "the same wish was expected for each spelling of a MAC, found another")
    made = await bench.made(wishes[0])
    same(wishes[0], made.spec, managed(wishes[0]))
    return f"{len(spellings)} spellings, one device"


async def update_of_nobody(bench: Bench) -> str:
    """A record that somebody else removed: to be looked at again, not to be given up."""
    made = await bench.made()
    await bench.write(bench.driver.delete, made)
    after = replace(made.spec, enabled=False)
    await refused(bench.update(made, after), Transient, "an update of a record that is gone")
    expect(await bench.find(made.external_id) is None, "no record was expected, found one that the update made")
    return "to be tried again after another look"
