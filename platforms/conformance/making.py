"""Checks of making records, and of reading them."""

from dataclasses import replace

from platforms.conformance.bench import Bench, refused
from platforms.conformance.verdicts import expect, managed, same
from platforms.driver import Rejected


async def reads_back(bench: Bench) -> str:
    """On and off: what was asked for is there, in the words of the wish."""
    for enabled in (True, False):
        wish = bench.wish(enabled=enabled)
        observed = await bench.made(wish)
        same(wish, observed.spec, managed(wish))
    return f"on and off; {', '.join(managed(wish))}"


async def mark_reads_back(bench: Bench) -> str:
    """Without its mark a record would be taken for somebody else's."""
    owner = bench.owner()
    observed = await bench.made(bench.wish(owner))
    expect(observed.owner == owner, "the owner in the note was expected, found another or none")
    return "the note names the owner"


async def found_by_id_and_name(bench: Bench) -> str:
    """Either is enough, and an id that is outdated does no harm."""
    made = await bench.made()
    unused = await bench.name()
    for name, record_id in ((made.external_id, None), (unused, made.record_id), (made.external_id, unused)):
        found = await bench.find(name, record_id)
        text = f"record {made.external_id!r} was expected by {'name' if name == made.external_id else 'id'}, found none"
        expect(found is not None and found.record_id == made.record_id, text)
    return "by either, and by its name where the id is none"


async def nobody_is_none(bench: Bench) -> str:
    """Neither a part of a name nor a longer one is the name."""
    made = await bench.made()
    name, wish = made.external_id, bench.wish()
    alike = [name[1:], f"{name}x", *(() if bench.able.folds_case else (name.upper(), name.title()))]
    possible = [each for each in alike if each != name and not bench.driver.problems(each, wish, bench.offer)]
    for nobodys in (await bench.name(), "", *possible):
        expect(await bench.find(nobodys) is None, f"none was expected by the name {nobodys!r}, found a record")
    return "so are the empty name and names that are alike"


async def dated_by_its_beginning(bench: Bench) -> str:
    """A reading that is dated too late would be taken for newer than a write that it does not show."""
    name = (await bench.made()).external_id
    began = bench.clock.now()
    observed = await bench.seen(name)
    between = bench.clock.now()
    (listed,) = await bench.listed(name)
    expect(began <= observed.observed_at <= between, "a look at a record is not dated by the time it took")
    expect(between <= listed.observed_at <= bench.clock.now(), "the list is not dated by the time it took")
    return "a look at one record, and the list"


async def listed_with_same_content(bench: Bench) -> str:
    """Each once, as when it is looked at by itself."""
    made = [await bench.made() for _ in range(3)]
    listed = await bench.listed(*(each.external_id for each in made))
    for each in made:
        rows = [row for row in listed if row.external_id == each.external_id]
        expect(len(rows) == 1, f"record {each.external_id!r} was expected once in the list, found {len(rows)} times")
        expect(rows[0].record_id == each.record_id, f"record {each.external_id!r} has another id in the list")
        same(each.spec, rows[0].spec)
    return f"{len(made)} records, each once"


async def twice_makes_one(bench: Bench) -> str:
    """A create whose answer was lost is sent again."""
    wish, name = bench.wish(), await bench.name()
    ids = {await bench.create(name, wish) for _ in range(2)}
    expect(len(ids) == 1, "the same id was expected from both calls, found two")
    listed = await bench.listed(name)
    expect(len(listed) == 1, f"one record {name!r} was expected, found {len(listed)}")
    same(wish, listed[0].spec, managed(wish))
    return "both calls succeed, with the same id"


async def other_owner_is_refused(bench: Bench) -> str:
    """The name is taken: the record is another account's."""
    return await _refused_for(bench, bench.owner().note)


async def unmarked_is_refused(bench: Bench) -> str:
    """The name is taken: the record was made by hand."""
    return await _refused_for(bench, "made by hand")


async def taken_device_is_refused(bench: Bench) -> str:
    """Two records with one device would fight for it; the sentence does not show the device."""
    made, wish, name = await bench.made(), bench.wish(), await bench.name()
    if not made.spec.device_ids:
        return "left out: the platform holds no devices"
    wish = bench.driver.normalize(replace(wish, device_ids=made.spec.device_ids))
    error = await refused(bench.create(name, wish), Rejected, "a record with the device of another")
    shown = [device for device in made.spec.device_ids if device in error.text.replace(":", "").upper()]
    expect(not shown, "a device without its middle was expected in the sentence, found all of it")
    expect(await bench.find(name) is None, f"record {name!r} was refused, and is there")
    same(made.spec, (await bench.seen(made.external_id)).spec)
    return "and the sentence does not show it"


async def secrets_are_not_shown(bench: Bench) -> str:
    """A secret that is read back would end up in the store. That none is set may be shown."""
    made = await bench.made()
    shown = [await bench.seen(made.external_id, made.record_id), *await bench.listed(made.external_id)]
    secrets = [secret for each in shown for secret in (each.spec.password, each.spec.pin) if secret is not None]
    expect(not any(secret.fingerprint or secret.value for secret in secrets), "no secret was expected, found one")
    return "neither by the list nor by a look at the record"


async def _refused_for(bench: Bench, note: str) -> str:
    wish, name = bench.driver.normalize(replace(bench.wish(), note=note)), await bench.name()
    record_id = await bench.create(name, wish)
    before = await bench.seen(name, record_id)
    await refused(bench.create(name, bench.wish()), Rejected, "a record of a name that is taken")
    same(before.spec, (await bench.seen(name, record_id)).spec)
    listed = await bench.listed(name)
    expect(len(listed) == 1, f"one record {name!r} was expected, found {len(listed)}")
    return "by an error for this wish alone, and nothing is changed"
