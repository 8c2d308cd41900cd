"""What the blocks say of each other: names that must exist, and what a driver needs.

Rules of this module:

1. It reads the values as they stand in the document, so that its findings are told together with those of the models;
   whatever has not the expected form is left to the models.
2. It looks at no network: what a platform offers is found at run time.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from pydantic import ValidationError

from controller.config.blocks import CREDENTIAL_KEYS
from controller.config.document import Document, Path
from controller.config.durations import write
from controller.config.model import Config
from controller.config.problems import nearest, sentence, translate
from controller.leadership.timing import shortest_duration
from platforms.kinds import KINDS

Finding = tuple[Path, str]


def crosscheck(values: Mapping[str, object], document: Document) -> Iterator[str]:
    """A sentence for everything that does not fit together. `billing` is a list in `values`."""
    platforms = _named(values.get("platforms"))
    for path, text in (*_billing_names(values), *_catalog(values, platforms), *_shared(platforms, values)):
        yield sentence(path, text, document)
    for name, block in platforms.items():
        place = ("platforms", name)
        for path, text in (*_billing_of(place, block, values), *_driver(place, block)):
            yield sentence(path, text, document)
        yield from _dialect(place, block, document)


def too_short(config: Config) -> Iterator[Finding]:
    """Of a valid configuration: a lease that calls would outlast, so that none of them could be begun at any time."""
    if config.leadership is None:
        return
    seconds, place = config.longest_write
    shortest = timedelta(seconds=shortest_duration(config.leadership.renew.total_seconds(), seconds))
    if config.leadership.duration < shortest:
        yield (
            ("leadership", "duration"),
            f"{write(config.leadership.duration)} is too short: a call may take {seconds:g} s ({place}), and begins"
            " only when the lease is sure to outlast it, also where one renewal (each"
            f" {write(config.leadership.renew)}) was late; it takes {write(shortest)} or more",
        )


def _billing_names(values: Mapping[str, object]) -> Iterator[Finding]:
    seen: set[object] = set()
    blocks = _each(values.get("billing"))
    for index, block in enumerate(blocks):
        name = block.get("name")
        if name is None and len(blocks) > 1:
            yield ("billing", index, "name"), "is required: of several billing blocks each has a name"
        elif isinstance(name, str) and name in seen:
            yield ("billing", index, "name"), f"{name!r} occurs twice"
        seen.add(name if isinstance(name, str) else None)


def _catalog(values: Mapping[str, object], platforms: Mapping[str, object]) -> Iterator[Finding]:
    for index, entry in enumerate(_each(values.get("catalog"))):
        name = entry.get("platform")
        if isinstance(name, str) and name not in platforms:
            yield ("catalog", index, "platform"), f"there is no platform {name!r}; {nearest(name, platforms)}"


def _billing_of(place: Path, block: Mapping[str, object], values: Mapping[str, object]) -> Iterator[Finding]:
    names = [str(each.get("name", "billing")) for each in _each(values.get("billing"))]
    if place[-1] in names:
        yield place, "is the name of a billing as well; every target needs a name of its own"
    wanted = block.get("billing")
    if wanted is None and len(names) > 1:
        yield (
            (*place, "billing"),
            f"is required: there are several billing blocks; one of {', '.join(sorted(set(names)))}",
        )
    elif isinstance(wanted, str) and names and wanted not in names:
        yield (*place, "billing"), f"there is no billing {wanted!r}; {nearest(wanted, names)}"


def _shared(platforms: Mapping[str, Mapping[str, object]], values: Mapping[str, object]) -> Iterator[Finding]:
    """A record's mark names environment and account: two that write the same marks take each other's records."""
    environments = {str(each.get("name", "billing")): each.get("environment") for each in _each(values.get("billing"))}
    lone = next(iter(environments)) if len(environments) == 1 else ""
    seen: dict[tuple[str, object], str] = {}
    for name, block in platforms.items():
        i_env = environments.get(str(block.get("billing", lone)))
        if not isinstance(block.get("url"), str) or i_env is None or block.get("mode") == "observe":
            continue
        first = seen.setdefault((str(block["url"]).strip().rstrip("/").lower(), i_env), name)
        if first != name:
            yield (
                ("platforms", name, "url"),
                f"is that of platform {first!r} too, and both serve accounts of environment {i_env}: each would take"
                " the other's records for its own",
            )


def _driver(place: Path, block: Mapping[str, object]) -> Iterator[Finding]:
    name = block.get("driver")
    if not isinstance(name, str) or not name:
        return
    if name not in KINDS:
        yield (*place, "driver"), f"unknown driver {name!r}; {nearest(name, KINDS)}"
        return
    needed = KINDS[name].credentials
    for key in CREDENTIAL_KEYS:
        if key in needed and block.get(key) is None:
            yield (*place, key), f"is required by driver {name!r}"
        elif key not in needed and block.get(key) is not None:
            yield (*place, key), f"has no use: driver {name!r} takes {' and '.join(needed) or 'no credentials'}"


def _dialect(place: Path, block: Mapping[str, object], document: Document) -> Iterator[str]:
    name, dialect = block.get("driver"), block.get("dialect")
    if not isinstance(name, str) or name not in KINDS or not isinstance(dialect, Mapping) or not dialect:
        return
    from platforms.dialects import DIALECTS  # noqa: PLC0415  long tables, and few operators override anything

    model = DIALECTS[name]
    try:
        model.model_validate(dialect)
    except ValidationError as error:
        yield from translate(error, model, document, (*place, "dialect"))


def _named(value: object) -> dict[str, Mapping[str, object]]:
    """The mappings in a mapping; what is none counts as empty."""
    found = value if isinstance(value, Mapping) else {}
    return {str(name): block if isinstance(block, Mapping) else {} for name, block in found.items()}


def _each(value: object) -> list[Mapping[str, object]]:
    """The mappings in a list; what is none counts as empty, so that the positions stay."""
    found = value if isinstance(value, list | tuple) else []
    return [each if isinstance(each, Mapping) else {} for each in found]
