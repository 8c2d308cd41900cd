"""What people do by hand in the platforms' own panels, to a record that is ours."""

from collections.abc import Callable, Mapping
from typing import cast

from controller.demo.check import Record
from tests.harness.chronicle import owner
from tests.harness.site import Site
from tests.loop.platforms import box, cable

Do = Callable[[Site, Record, bool], None]
"""Switch the record off, or alter a name in it."""


def edit(site: Site, platform: str) -> None:
    """Somebody alters the viewer's name in our first record."""
    for record in _ours(site, platform)[:1]:
        _DO[platform](site, record, False)
    site.chronicle.edited(platform, site.dumped(platform))


def switch_off(site: Site, platform: str) -> None:
    """Somebody switches our first record off that is on; so we may switch it on once more, or off once less."""
    words = site.chronicle.words[platform]
    for record in [each for each in _ours(site, platform) if words.is_on(each)][:1]:
        _DO[platform](site, record, True)
        site.chronicle.excuse(platform, owner(words, record))
    site.chronicle.edited(platform, site.dumped(platform))


def _ours(site: Site, platform: str) -> list[Record]:
    words = site.chronicle.words[platform]
    return sorted((row for row in site.dumped(platform) if owner(words, row)), key=words.name_of)


def _on_telebreeze(site: Site, record: Record, off: bool) -> None:
    site.platform.operator.change(str(record["id"]), {"status": "disabled"} if off else {"firstName": "Nobody"})


def _on_seachange(site: Site, record: Record, off: bool) -> None:
    held = cable(site).platform.customers[str(record["id"])]
    cable(site).platform.put(held.model_copy(update={"enabled": False} if off else {"first": "Nobody"}))


def _on_ministra(site: Site, record: Record, off: bool) -> None:
    users = box(site).portal.by_login([cast(str, record["login"])])
    box(site).portal.change(users, {"status": "0"} if off else {"full_name": "Nobody"})


_DO: Mapping[str, Do] = {"tv": _on_telebreeze, "cable": _on_seachange, "box": _on_ministra}
