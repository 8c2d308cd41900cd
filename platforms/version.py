"""Which version this is."""

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("iptv-reconciler")
    except PackageNotFoundError:
        return "unknown"


VERSION = _installed()
