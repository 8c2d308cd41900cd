"""The configuration the demo's daemon runs with: the product's own file format, only faster than anybody needs."""

from dataclasses import dataclass
from pathlib import Path

from controller.billing.simulator.handlers import Espf
from controller.billing.simulator.state import ENVIRONMENT, TV_MAC
from controller.billing.simulator.switches import Switches
from platforms.telebreeze.simulator import API_KEY

FILE = "config.yaml"
_PLATFORM = "tv"

_TEMPLATE = """\
billing:
  name: portabilling
  url: {billing}
  environment: {environment}
  login: {login}
  token: {{file: billing-token}}
  max_concurrency: 8
  requests_per_second: 100000
  custom_fields: {{device_ids: [{device_field}]}}
events:
  espf: {{username: {espf_user}, password: {{file: espf-password}}}}
platforms:
  {platform}:
    driver: telebreeze
    url: {telebreeze}
    api_key: {{file: platform-key}}
    max_concurrency: 16
    requests_per_second: 100000
catalog:
  - {{product: {{i_product: 61}}, platform: {platform}, packages: [basic], max_connections: 2}}
  - {{product: {{i_product: 62}}, platform: {platform}, packages: [basic, cinema], max_connections: 4}}
  - {{product: {{name: "IPTV Sport"}}, platform: {platform}, packages: [sport]}}
  - {{product: {{name: "IPTV Kids"}}, platform: {platform}, packages: [kids]}}
schedule: {{full_pass: {full_pass}s, detail_audit: {detail_audit}s, jitter: 0.0}}
server: {{listen: "127.0.0.1:0"}}
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


def write(folder: Path, urls: tuple[str, str], tempo: Tempo) -> None:
    """Write the configuration and its secrets into `folder`; `urls` are billing's and the platform's."""
    billing, espf = Switches(), Espf(url="http://not.yet.known")
    (folder / "billing-token").write_text(billing.token, encoding="utf-8")
    (folder / "platform-key").write_text(API_KEY, encoding="utf-8")
    (folder / "espf-password").write_text(espf.password.get_secret_value(), encoding="utf-8")
    text = _TEMPLATE.format(
        billing=urls[0],
        telebreeze=urls[1],
        environment=ENVIRONMENT,
        login=billing.login,
        device_field=TV_MAC,
        espf_user=espf.username,
        platform=_PLATFORM,
        full_pass=tempo.full_pass,
        detail_audit=tempo.detail_audit,
    )
    (folder / FILE).write_text(text, encoding="utf-8")
