"""A Lease of coordination.k8s.io/v1 as a value, and as the API writes it. Pure.

Rules of this module:

1. Its times are written for people and never read: clocks of two machines differ.
2. What else stands in its metadata is sent back as it came, since a replacement replaces all of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who holds it (`None`: nobody), for how many seconds from each renewal, and how often it was taken.

    `uid` is another one after the Lease was deleted and made anew; `version` changes with every write.
    """

    name: str
    namespace: str
    uid: str = ""
    version: str = ""
    holder: str | None = None
    seconds: int | None = None
    transitions: int = 0
    acquired: str | None = None
    renewed: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict, repr=False)

    def taken(self, holder: str, seconds: int, now: datetime) -> "Lease":
        """Held by somebody from now on, whoever held it before."""
        at = micro_time(now)
        return replace(self, holder=holder, seconds=seconds, transitions=self.transitions + 1, acquired=at, renewed=at)

    def kept(self, now: datetime) -> "Lease":
        """Held on, by whoever holds it."""
        return replace(self, renewed=micro_time(now))

    def released(self, now: datetime) -> "Lease":
        """Held by nobody."""
        return replace(self, holder=None, renewed=micro_time(now))

    def as_document(self) -> Mapping[str, object]:
        """As the API takes it."""
        metadata = {**self.metadata, "name": self.name, "namespace": self.namespace}
        spec = {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": self.seconds,
            "leaseTransitions": self.transitions,
            "acquireTime": self.acquired,
            "renewTime": self.renewed,
        }
        given = {name: value for name, value in spec.items() if value is not None}
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": given}


class _Metadata(msgspec.Struct, rename="camel"):
    name: str
    namespace: str
    uid: str
    resource_version: str


class _Spec(msgspec.Struct, rename="camel"):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    lease_transitions: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None


def read_lease(document: Mapping[str, object]) -> Lease:
    """The Lease in an answer. Raises `msgspec.ValidationError` where that is none."""
    raw = document.get("metadata")
    metadata = msgspec.convert(raw, _Metadata)
    spec = msgspec.convert(document.get("spec") or {}, _Spec)
    return Lease(
        name=metadata.name,
        namespace=metadata.namespace,
        uid=metadata.uid,
        version=metadata.resource_version,
        holder=spec.holder_identity or None,
        seconds=spec.lease_duration_seconds,
        transitions=spec.lease_transitions or 0,
        acquired=spec.acquire_time,
        renewed=spec.renew_time,
        metadata=raw if isinstance(raw, Mapping) else {},
    )


def micro_time(at: datetime) -> str:
    """An instant as Kubernetes's MicroTime: UTC, always with six decimals."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
