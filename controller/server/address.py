"""Where to listen: `host:port`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, or where a server does listen."""

    host: str
    port: int

    @staticmethod
    def parse(text: str) -> "Address":
        """Read `host:port` or `[ipv6]:port`; port 0 means "any free one". Raises ValueError with a sentence."""
        host, colon, port = text.rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        if not (colon and bare) or (":" in bare and not host.startswith("[")):
            raise ValueError(f"{text!r} is not an address to listen on; write host:port, e.g. 0.0.0.0:8080")
        if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
            raise ValueError(f"{port!r} is not a port; it is a number from 0 to 65535")
        return Address(bare, int(port))

    @property
    def url(self) -> str:
        """The address for a client on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  compared, not bound
        return f"http://{self._bracketed(host)}:{self.port}"

    def __str__(self) -> str:
        return f"{self._bracketed(self.host)}:{self.port}"

    @staticmethod
    def _bracketed(host: str) -> str:
        return f"[{host}]" if ":" in host else host
