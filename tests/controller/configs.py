"""A whole configuration to start from, as YAML: every key of the interface."""

from pathlib import Path

from controller.config import Config, load

# of an invented authority
CA = """
-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIURpEhVrhUonndwM0i5bdKQ+XzfrkwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOY2EuZXhhbXBsZS5uZXQwIBcNMjYxMTI0MDYzODMyWhgPMjEy
NjEwMzEwNjM4MzJaMBkxFzAVBgNVBAMMDmNhLmV4YW1wbGUubmV0MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEMzoleBPKDfy7WANGDDCT6B2yTwJrFu3ifT34SLNZ
klpVLsiS3mPqBBgvIWntK1LbRrXOnrUHRmQE6y1/5eTwLqNTMFEwHQYDVR0OBBYE
FGNYOuZ4letn6FxHkVvqB1E2DOd8MB8GA1UdIwQYMBaAFGNYOuZ4letn6FxHkVvq
B1E2DOd8MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJ+Ne6G7
rFupz1CyMJTm7YEitqMmmq3/MlRhclcDE8g9AiAAqlW1WANYs/qQbaymf1a3OXn6
gVXB8alS9+wI3IORZA==
-----END CERTIFICATE-----
"""

WHOLE = """
billing:
  kind: portabilling
  url: https://billing.example.net
  environment: 3
  login: iptv-reconciler
  token: {file: secrets/token}
  verify_tls: true
  max_concurrency: 4
  requests_per_second: 10
  page_size: 1000
  custom_fields: {owner: account, device_ids: [TV MAC], login: TV Login, password: TV Password, pin: TV PIN}
  write_back: {enabled: false, group: IPTV, encoding: auto, share: 0.1}
events:
  espf: {username: espf, password: {env: ESPF_PASSWORD}}
  nsps: {token: {file: secrets/nsps}}
platforms:
  tv:
    driver: telebreeze
    url: https://tv.example.net
    api_key: {file: secrets/api-key}
    customer_id: "{id}_{i_env}"
    auth: device
    max_concurrency: 8
    requests_per_second: 20
    timeout_seconds: 10
    on_no_service: suspend
    create_suspended: false
    default_max_connections: 0
    delete_enabled: true
    rename: false
    absence_grace: 30d
    mode: enforce
    dialect: {}
catalog:
  - {product: {i_product: 61}, platform: tv, packages: [basic], max_connections: 2}
  - {product: {name: "IPTV Sport"}, platform: tv, packages: [sport]}
rules:
  status: {customer_limited: active}
  no_funds_grace: 0s
brake: {floor: 10, destructive_fraction: 0.05, update_fraction: 0.30, daily_floor: 20, daily_fraction: 0.10}
schedule: {full_pass: 10m, detail_audit: 24h, jitter: 0.2}
charges: {enabled: true, poll: 1m, settle: 60s}
server: {listen: "0.0.0.0:8080"}
store: {path: state/state.db, audit: {keep: 400d, max_rows: 2000000}}
"""

ENVIRONMENT = {"ESPF_PASSWORD": "canary-espf", "EMPTY": ""}


def read(folder: Path, text: str = WHOLE) -> Config:
    """Load `text` as a file in `folder`, with the secrets it may refer to beside it."""
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    for name in ("token", "nsps", "api-key"):
        (secrets / name).write_text(f"canary-{name}\n", encoding="utf-8")
    (secrets / "empty").write_text("\n", encoding="utf-8")
    (secrets / "two-lines").write_text("canary-one\ncanary-two\n", encoding="utf-8")
    (secrets / "binary").write_bytes(b"\xff\xfe canary")
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, ENVIRONMENT)
