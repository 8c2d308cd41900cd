"""Checks of removing records, and of giving them other names."""

from platforms.conformance.bench import Bench, refused
from platforms.conformance.verdicts import expect, same
from platforms.driver import Rejected, Unsupported


async def deleting_twice(bench: Bench) -> str:
    """A delete whose answer was lost is sent again."""
    made = await bench.made()
    for _ in range(2):
        await bench.write(bench.driver.delete, made)
        found = await bench.find(made.external_id, made.record_id)
        expect(found is None, f"record {made.external_id!r} was deleted, and is still shown")
    expect(not await bench.listed(made.external_id), f"record {made.external_id!r} was deleted, and is still listed")
    return "neither by id nor by name nor in the list"


async def deleting_spares_others(bench: Bench) -> str:
    """One record goes, another of a name that is alike stays."""
    gone, stays = await bench.made(), await bench.made()
    await bench.write(bench.driver.delete, gone)
    same(stays.spec, (await bench.seen(stays.external_id, stays.record_id)).spec)
    return "as it was"


async def renaming(bench: Bench) -> str:
    """Where the platform knows no other name for a record, the driver says so, and does nothing."""
    made, name = await bench.made(), await bench.name()
    if not bench.able.can_rename:
        await refused(bench.write(bench.driver.rename, made, name), Unsupported, "a rename")
        same(made.spec, (await bench.seen(made.external_id, made.record_id)).spec)
        expect(await bench.find(name) is None, "no record of the new name was expected, found one")
        return "it is unsupported, and changes nothing"
    for _ in range(2):
        await bench.write(bench.driver.rename, made, name)
        same(made.spec, (await bench.seen(name)).spec)
        expect(await bench.find(made.external_id) is None, "no record of the old name was expected, found one")
    return "and may be repeated"


async def renaming_to_a_taken_name(bench: Bench) -> str:
    """Names are given once."""
    if not bench.able.can_rename:
        return "left out: the platform cannot rename"
    made, other = await bench.made(), await bench.made()
    await refused(bench.write(bench.driver.rename, made, other.external_id), Rejected, "a rename to a name in use")
    for each in (made, other):
        same(each.spec, (await bench.seen(each.external_id, each.record_id)).spec)
    return "and both records are as they were"
