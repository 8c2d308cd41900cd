"""The three calls on a Lease, at the API server of Kubernetes.

Rules of this module:

1. The transport of the platforms carries them: its hard time-out, limits and TLS fit. It has no breaker here, since the
   elector has to go on asking.
2. The token of the service account is read anew for every call: Kubernetes replaces its file within the hour.
3. A write bears the version that it rests on, so of two that race one is told that it was late: that is `None`, not an
   error. Whatever keeps an answer from us is a `PlatformError`, and the write may have taken effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from controller.leadership.lease import Lease, read_lease
from platforms.breaker import NeverOpen
from platforms.driver import Unavailable
from platforms.endpoint import Endpoint
from platforms.transport import Answer, Clock, Http, Request, Transport, segment, unexpected


class NoCluster(Exception):
    """Where the API server is, or who we are to it, cannot be told; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the Lease is kept and how to get there. `account` is the folder of a service account."""

    url: str
    account: Path
    namespace: str
    lease: str

    @staticmethod
    def of(
        lease: str, namespace: str | None, url: str | None, account: Path, environment: Mapping[str, str]
    ) -> "Cluster":
        """What is not given is as a pod finds it. Raises `NoCluster`."""
        return Cluster(url or _url(environment), account, namespace or _namespace(account), lease)


def _url(environment: Mapping[str, str]) -> str:
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise NoCluster(
            "leadership needs Kubernetes, and this is no pod: KUBERNETES_SERVICE_HOST is not set; set leadership.url,"
            " or leave leadership out of the configuration where there is one process only"
        )
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def _namespace(account: Path) -> str:
    try:
        return (account / "namespace").read_text().strip()
    except OSError as error:
        raise NoCluster(
            f"the namespace of the Lease is not known: {account / 'namespace'} cannot be read ({error.strerror}); set"
            " leadership.namespace, or mount the service account (automountServiceAccountToken)"
        ) from None
    except UnicodeDecodeError:
        raise NoCluster(f"the namespace of the Lease is not known: {account / 'namespace'} is not text") from None


class Leases:
    """The Lease of a cluster. To be closed by `aclose`."""

    def __init__(self, cluster: Cluster, clock: Clock, *, timeout_seconds: float, http: Http | None = None) -> None:
        """`http` replaces the network, for tests. Raises `NoCluster` where the CA cannot be used."""
        self._cluster = cluster
        self._all = f"/apis/coordination.k8s.io/v1/namespaces/{segment(cluster.namespace)}/leases"
        self._one = f"{self._all}/{segment(cluster.lease)}"
        is_tls = cluster.url.startswith("https:")
        endpoint = Endpoint(
            target="kubernetes",
            url=cluster.url,
            timeout_seconds=timeout_seconds,
            verify=str(cluster.account / "ca.crt") if is_tls else True,
            heeds_pauses=False,  # a lease does not wait
        )
        try:
            self._transport = Transport(endpoint, clock, http=http, breaker=NeverOpen())
        except OSError as error:
            raise NoCluster(f"the CA file {endpoint.verify} cannot be used: {error.strerror or error}") from None

    def new(self) -> Lease:
        """The Lease as it is before there is one."""
        return Lease(name=self._cluster.lease, namespace=self._cluster.namespace)

    async def get(self) -> Lease | None:
        """The Lease; `None` where there is none. Raises `PlatformError`."""
        answer = await self._ask(Request("leases.get", "GET", self._one, headers=self._headers()))
        return None if answer.status == 404 else self._lease(answer, "leases.get")

    async def create(self, lease: Lease) -> Lease | None:
        """Make it; `None` where somebody else just has. Raises `PlatformError`."""
        return await self._write("leases.create", "POST", self._all, lease)

    async def replace(self, lease: Lease) -> Lease | None:
        """Write it over the version it rests on; `None` where that is not the present one. Raises `PlatformError`."""
        return await self._write("leases.update", "PUT", self._one, lease)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _write(self, operation: str, method: str, path: str, lease: Lease) -> Lease | None:
        request = Request(operation, method, path, headers=self._headers(), json=lease.as_document())
        answer = await self._ask(request)
        return None if answer.status in (404, 409) else self._lease(answer, operation)

    async def _ask(self, request: Request) -> Answer:
        answer = await self._transport.request(request)
        if answer.status in (401, 403):
            raise Unavailable(
                f"kubernetes answered {request.operation} with HTTP {answer.status}: the service account needs get,"
                f" create and update on leases of coordination.k8s.io in namespace {self._cluster.namespace!r}"
            )
        return answer

    def _headers(self) -> Mapping[str, str]:
        path = self._cluster.account / "token"
        try:
            token = path.read_text().strip()
        except OSError as error:
            raise Unavailable(f"the token {path} of the service account cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            token = ""
        if not (token and token.isascii() and token.isprintable()):
            raise Unavailable(f"the token {path} of the service account is empty, or is not one line of plain text")
        return {"authorization": f"Bearer {token}"}

    def _lease(self, answer: Answer, operation: str) -> Lease:
        if answer.status not in (200, 201):
            raise unexpected(answer, operation)
        try:
            return read_lease(answer.object(operation))
        except msgspec.ValidationError:
            raise answer.unreadable(operation, "a Lease") from None
