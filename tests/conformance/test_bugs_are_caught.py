"""The suite bites: each known bug is caught by the check that is named after what it breaks."""

import pytest

from platforms.conformance import CHECKS, Setting, Verdict, conform
from tests.clocks import VirtualClock, draws
from tests.conformance import broken
from tests.conformance.broken import Sound

CAUGHT = [
    (broken.ForgetsTheNote, "the mark of its owner reads back"),
    (broken.MakesASecondRecord, "creating twice makes one record"),
    (broken.RefusesItsOwn, "creating twice makes one record"),
    (broken.TakesOverForeignRecords, "a record of another owner is refused and left alone"),
    (broken.TakesOverUnmarkedRecords, "a record without a mark is refused and left alone"),
    (broken.DropsWhatIsNotManaged, "what is not managed stays"),
    (broken.ForgetsTheContact, "an update brings everything it manages"),
    (broken.AddsPackagesOnly, "packages are given and taken away"),
    (broken.TogglesWhenRepeated, "an update that changes nothing changes nothing"),
    (broken.TogglesWhenRepeated, "an update may be repeated"),
    (broken.ListMissesOne, "the list shows it with the same content"),
    (broken.ListShowsLess, "the list shows it with the same content"),
    (broken.LeavesTheRecord, "a deleted record is gone, and deleting it again succeeds"),
    (broken.LeavesTheRecord, "every record that was made here is removed"),
    (broken.CannotDeleteTwice, "a deleted record is gone, and deleting it again succeeds"),
    (broken.DeletesAFriendToo, "a delete leaves every other record alone"),
    (broken.SuspendsByDeleting, "suspending keeps everything else"),
    (broken.SuspendsByTakingPackages, "suspending keeps everything else"),
    (broken.FindsByPrefix, "a name nobody has is observed as none"),
    (broken.RaisesForNobody, "a name nobody has is observed as none"),
    (broken.TrustsTheIdAlone, "a record is found by its id and by its name"),
    (broken.ShowsThePassword, "no read shows a secret"),
    (broken.DatesReadingsLate, "a reading is dated by its beginning"),
    (broken.SharesDevices, "a device that another record has is refused"),
    (broken.ShowsTheDevice, "a device that another record has is refused"),
    (broken.KeepsDevices, "a device that was let go can be given to another record"),
    (broken.TellsSpellingsApart, "MACs in any spelling compare equal"),
    (broken.NormalizesAnew, "normalizing twice is normalizing once"),
    (broken.InventsPackages, "an unknown package is refused or a problem"),
    (broken.RemakesTheGone, "an update of a record that is gone is transient"),
    (broken.RejectsTheGone, "an update of a record that is gone is transient"),
    (broken.RenamesByCopying, "a rename changes the name and nothing else, or is unsupported"),
    (broken.RenamesAgainstItsWord, "a rename changes the name and nothing else, or is unsupported"),
    (broken.RenamesOntoOthers, "a rename to a name in use is refused"),
    (broken.SeesNoProblems, "what the capabilities rule out is a problem"),
    (broken.SeesProblemsEverywhere, "a wish that fits the capabilities is no problem"),
    (broken.ShowsWritesTooLate, "what is created reads back as wished"),
    (broken.ForgetsSales, "the feed of sales shows again what it has shown, or is unsupported"),
    (broken.ShowsSalesUnderNewIds, "the feed of sales shows again what it has shown, or is unsupported"),
    (broken.EndsTooEarly, "the feed of sales shows again what it has shown, or is unsupported"),
    (broken.SellsAgainstItsWord, "the feed of sales shows again what it has shown, or is unsupported"),
    (broken.IsDown, "the platform says what it offers"),
]


async def failing(driver: Sound) -> dict[str, Verdict]:
    verdicts = await conform(Setting(driver, driver.clock, draws(), i_env=3), lambda _: None)
    return {verdict.name: verdict for verdict in verdicts if not verdict.ok}


@pytest.mark.parametrize(("bug", "check"), CAUGHT, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_bug_is_caught_by_the_check_of_that_name(bug: type[Sound], check: str) -> None:
    found = await failing(bug(VirtualClock()))
    assert check in found
    assert found[check].text


async def test_a_driver_without_a_bug_fails_nothing() -> None:
    assert await failing(Sound(VirtualClock())) == {}


def test_every_check_is_shown_to_bite() -> None:
    assert {check.name for check in CHECKS} <= {check for _, check in CAUGHT}
