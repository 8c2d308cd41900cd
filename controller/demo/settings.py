"""The configuration the demo's daemon runs with: the product's own file format, only faster than anybody needs.

A minute of the demo is weeks of work: the brake's budget for 24 hours is therefore as large as the fleet. What one pass
may take away stays as it is by default.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from controller.billing.simulator.handlers import Espf
from controller.billing.simulator.state import ENVIRONMENT, TV_MAC, TV_PIN
from controller.billing.simulator.switches import Switches
from controller.demo.kinds import KINDS

FILE = "config.yaml"
PAGE_TOKEN = "demo"  # noqa: S105  shows invented customers only, and only on loopback
_CREDENTIALS = ("api_key", "password")

_TEMPLATE = """\
billing:
  name: portabilling
  url: {billing}
  environment: {environment}
  login: {login}
  token: {{file: billing-token}}
  max_concurrency: 8
  requests_per_second: 100000
  custom_fields: {{device_ids: [{device_field}], pin: {pin_field}}}
events:
  espf: {{username: {espf_user}, password: {{file: espf-password}}}}
platforms:
{platforms}
catalog:
  - {{product: {{i_product: 61}}, platform: tv, packages: [basic], max_connections: 2}}
  - {{product: {{i_product: 62}}, platform: tv, packages: [basic, cinema], max_connections: 4}}
  - {{product: {{name: "IPTV Sport"}}, platform: tv, packages: [sport]}}
  - {{product: {{name: "IPTV Kids"}}, platform: tv, packages: [kids]}}
  - {{product: {{i_product: 63}}, platform: cable, packages: [basic]}}
  - {{product: {{i_product: 64}}, platform: cable, packages: [basic, cinema]}}
  - {{product: {{name: "Cable Sport"}}, platform: cable, packages: [sport]}}
  - {{product: {{i_product: 65}}, platform: box, packages: [basic]}}
  - {{product: {{i_product: 66}}, platform: box, packages: [family]}}
  - {{product: {{name: "Box Sport"}}, platform: box, packages: [sport]}}
brake: {{daily_fraction: 1.0}}
schedule: {{full_pass: {full_pass}s, detail_audit: {detail_audit}s, jitter: 0.0}}
server: {{listen: "127.0.0.1:0", page: {{token: {{file: page-token}}}}}}
store: {{path: state.db}}
"""


@dataclass(frozen=True, slots=True)
class Tempo:
    """How often the daemon looks at everything, in seconds: in days, what takes a day in earnest.

    `patience` is how long the demo waits for anything before it calls it a failure.
    """

    full_pass: int
    detail_audit: int
    patience: float

    @staticmethod
    def of(accounts: int) -> "Tempo":
        """What a fleet of that size can follow on two cores."""
        return Tempo(1 + accounts // 2000, 1 + accounts // 125, 60 + accounts / 10)


def write(folder: Path, billing_url: str, urls: Mapping[str, str], tempo: Tempo) -> None:
    """Write the configuration and its secrets into `folder`; `urls` are the platforms'."""
    billing, espf = Switches(), Espf(url="http://not.yet.known")
    (folder / "billing-token").write_text(billing.token, encoding="utf-8")
    (folder / "espf-password").write_text(espf.password.get_secret_value(), encoding="utf-8")
    (folder / "page-token").write_text(PAGE_TOKEN, encoding="utf-8")
    text = _TEMPLATE.format(
        billing=billing_url,
        environment=ENVIRONMENT,
        login=billing.login,
        device_field=TV_MAC,
        pin_field=TV_PIN,
        espf_user=espf.username,
        platforms="\n".join(_platform(folder, name, url) for name, url in urls.items()),
        full_pass=tempo.full_pass,
        detail_audit=tempo.detail_audit,
    )
    (folder / FILE).write_text(text, encoding="utf-8")


def _platform(folder: Path, name: str, url: str) -> str:
    """One platform's block; its secret is in a file of its own."""
    lines = [f"driver: {KINDS[name].driver}", f"url: {url}", *_settings(folder, name)]
    lines += ["max_concurrency: 16", "requests_per_second: 100000"]
    return "\n".join([f"  {name}:", *(f"    {line}" for line in lines)])


def _settings(folder: Path, name: str) -> Iterator[str]:
    for key, value in KINDS[name].settings.items():
        if key in _CREDENTIALS:
            (folder / f"{name}-secret").write_text(str(value), encoding="utf-8")
            yield f"{key}: {{file: {name}-secret}}"
        else:
            yield f"{key}: {msgspec.json.encode(value).decode()}"
