"""What differs between two configurations, by the names of the keys: never a value, which may be a secret."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from controller.config.model import Config


def changed_keys(before: Config, after: Config) -> tuple[str, ...]:
    """The dotted names of all keys whose values differ, secrets included; of a list only its own name.

    Several billing blocks are told apart by their names: `billing.north.url`.
    """
    is_lone = len(before.billing) == len(after.billing) == 1
    return tuple(sorted(_changed("", _blocks(before, is_lone), _blocks(after, is_lone))))


def _blocks(config: Config, is_lone: bool) -> Mapping[str, object]:
    billing = config.billing[0] if is_lone else {block.name: block for block in config.billing}
    return {**_fields(config), "billing": billing}


def _changed(place: str, before: object, after: object) -> Iterator[str]:
    if before == after:
        return
    one, other = _inside(before), _inside(after)
    if one is None or other is None:
        yield place
        return
    for key in {**one, **other}:
        here = f"{place}.{key}" if place else key
        if key in one and key in other:
            yield from _changed(here, one[key], other[key])
        else:
            yield here


def _inside(value: object) -> Mapping[str, object] | None:
    """What is inside, by name; `None` of a plain value or a list."""
    if isinstance(value, BaseModel):
        return _fields(value)
    return value if isinstance(value, Mapping) else None


def _fields(block: BaseModel) -> Mapping[str, object]:
    return {field.alias or name: getattr(block, name) for name, field in type(block).model_fields.items()}
