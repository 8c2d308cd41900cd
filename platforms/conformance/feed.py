"""Checks of the feed of sales: it hides nothing that it has shown. It is only read, and no title is told."""

from platforms.conformance.bench import Bench
from platforms.conformance.verdicts import expect
from platforms.driver import FeedPage, Unsupported


async def reads_again(bench: Bench) -> str:
    """Money depends on it: a record that is left out is never charged, one under another id is charged twice."""
    if not bench.able.has_charges:
        return await _is_unsupported(bench)
    first, again = await bench.driver.charges(""), await bench.driver.charges("")
    ids = [record.id for record in first.records]
    missing = set(ids) - {record.id for record in again.records}
    expect(not missing, f"{len(missing)} of {len(ids)} records were not shown again from the beginning")
    expect(len(ids) == len(set(ids)), "records of one page were expected to have ids of their own")
    strangers = sum(record.platform != bench.driver.name for record in first.records)
    expect(not strangers, f"{strangers} records name another platform than {bench.driver.name!r}")
    await _goes_on(bench, first)
    odd = sum(bool(record.problem) for record in first.records)
    return f"{len(ids)} records on the first page, {odd} of which cannot be understood"


async def _goes_on(bench: Bench, first: FeedPage) -> None:
    """The cursor is accepted, and leads on."""
    following = await bench.driver.charges(first.cursor)
    shown = {record.id for record in first.records}
    new = [record.id for record in following.records if record.id not in shown]
    ends = following.cursor == first.cursor
    expect(not (ends and new), f"{len(new)} new records came with a cursor that says that there are none")


async def _is_unsupported(bench: Bench) -> str:
    try:
        await bench.driver.charges("")
    except Unsupported:
        return "there is no such feed"
    expect(False, "a feed was shown, although the capabilities say that there is none")
    return ""
