"""Instants, as views show them."""

from datetime import datetime


def iso(at: datetime | None) -> str | None:
    """As text with its offset; null where there is none."""
    return at.isoformat() if at is not None else None
