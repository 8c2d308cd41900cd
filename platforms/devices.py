"""Spellings of device ids."""

import re

_MAC = re.compile(r"[0-9a-f]{2}([:\-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.IGNORECASE)


def is_mac(text: str) -> bool:
    """Whether the text is a MAC, in any spelling."""
    return _MAC.fullmatch(text.strip()) is not None


def plain_device(text: str) -> str:
    """A MAC in any spelling as 12 upper-case hex digits; any other id as it is, without the space around it."""
    text = text.strip()
    return re.sub(r"[:\-.]", "", text).upper() if _MAC.fullmatch(text) else text
