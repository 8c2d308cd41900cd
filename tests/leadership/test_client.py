"""The Lease as the API server has it: what is sent, what is read, and what is made of its answers."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import httpx
import msgspec
import pytest

from controller.leadership.client import Cluster, Leases, NoCluster
from controller.leadership.lease import Lease, micro_time, read_lease
from controller.leadership.simulator import TOKEN, ApiServer
from platforms.driver import PlatformError, Transient, Unavailable
from platforms.simulation import Fault
from tests.bed import World
from tests.clocks import START

POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"}


@pytest.fixture
def server() -> ApiServer:
    world = World()
    return ApiServer(world, world.draw)


@pytest.fixture
async def leases(server: ApiServer, tmp_path: Path) -> AsyncIterator[Leases]:
    (tmp_path / "token").write_text(TOKEN)
    cluster = Cluster("http://kubernetes", tmp_path, "tv", "iptv")
    made = Leases(cluster, World(), timeout_seconds=5, http=httpx.ASGITransport(server))
    yield made
    await made.aclose()


async def test_it_is_made_taken_kept_and_given_back(leases: Leases, server: ApiServer) -> None:
    assert await leases.get() is None
    made = await leases.create(leases.new().taken("one", 60, START))
    assert made is not None
    assert server.leases["tv", "iptv"]["spec"] == {
        "holderIdentity": "one",
        "leaseDurationSeconds": 60,
        "leaseTransitions": 1,
        "acquireTime": "2026-03-01T12:00:00.000000Z",
        "renewTime": "2026-03-01T12:00:00.000000Z",
    }
    kept = await leases.replace(made.kept(START + timedelta(seconds=5)))
    assert kept is not None
    assert (kept.acquired, kept.renewed) == ("2026-03-01T12:00:00.000000Z", "2026-03-01T12:00:05.000000Z")
    free = await leases.replace(kept.released(START))
    assert free is not None
    assert (free.holder, free.transitions, free.uid) == (None, 1, made.uid)
    assert await leases.get() == free


async def test_whoever_is_late_is_told_so_and_nothing_changes(leases: Leases) -> None:
    made = await leases.create(leases.new().taken("one", 60, START))
    assert made is not None
    assert await leases.create(leases.new().taken("two", 60, START)) is None
    assert await leases.replace(made.kept(START)) is not None
    assert await leases.replace(made.taken("two", 60, START)) is None
    present = await leases.get()
    assert present is not None
    assert present.holder == "one"


async def test_a_write_to_one_that_was_deleted_or_made_anew_is_late_as_well(leases: Leases, server: ApiServer) -> None:
    made = await leases.create(leases.new().taken("one", 60, START))
    assert made is not None
    server.delete("tv", "iptv")
    assert await leases.replace(made.kept(START)) is None
    anew = await leases.create(leases.new().taken("two", 60, START))
    assert anew is not None
    assert anew.uid != made.uid
    assert await leases.replace(made.kept(START)) is None


async def test_what_others_wrote_into_its_metadata_stays(leases: Leases, server: ApiServer) -> None:
    made = await leases.create(leases.new().taken("one", 60, START))
    assert made is not None
    labelled = {**server.leases["tv", "iptv"]}
    labelled["metadata"] = {**made.metadata, "labels": {"team": "tv"}}
    server.leases["tv", "iptv"] = labelled
    present = await leases.get()
    assert present is not None
    await leases.replace(present.kept(START))
    metadata = server.leases["tv", "iptv"]["metadata"]
    assert isinstance(metadata, Mapping)
    assert metadata["labels"] == {"team": "tv"}


async def test_the_token_is_read_anew_for_every_call(leases: Leases, server: ApiServer, tmp_path: Path) -> None:
    await leases.create(leases.new().taken("one", 60, START))
    server.token = "the next one"
    with pytest.raises(Unavailable, match=r"HTTP 401: the service account needs get, create and update on leases"):
        await leases.get()
    (tmp_path / "token").write_text("the next one\n")
    assert await leases.get() is not None
    (tmp_path / "token").unlink()
    with pytest.raises(Unavailable, match=r"the token .* cannot be read"):
        await leases.get()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=500),
        Fault(kind="status", status=429, retry_after=1),
        Fault(kind="status", status=422),
        Fault(kind="html"),
        Fault(kind="garbage"),
        Fault(kind="truncated"),
        Fault(kind="lost_answer"),
    ],
)
async def test_whatever_is_no_answer_is_told_and_never_taken_for_one(
    leases: Leases, server: ApiServer, fault: Fault
) -> None:
    await leases.create(leases.new().taken("one", 60, START))
    server.stage.faults.add(fault)
    with pytest.raises(PlatformError):
        await leases.get()


async def test_json_that_is_no_lease_is_no_answer(leases: Leases, server: ApiServer) -> None:
    server.leases["tv", "iptv"] = {"kind": "Status", "metadata": {}}
    with pytest.raises(Transient, match="not a Lease"):
        await leases.get()
    with pytest.raises(msgspec.ValidationError):
        read_lease({"metadata": {"name": "iptv"}})


def test_times_are_as_kubernetes_writes_them() -> None:
    at = datetime(2026, 3, 1, 13, 0, 5, 120, tzinfo=timezone(timedelta(hours=1)))
    assert micro_time(at) == "2026-03-01T12:00:05.000120Z"
    assert micro_time(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-03-01T00:00:00.000000Z"


def test_a_lease_that_another_elector_left_is_understood() -> None:
    """An empty holder, and what is not there: client-go and kubectl leave such."""
    metadata = {"name": "iptv", "namespace": "tv", "uid": "u", "resourceVersion": "7"}
    assert read_lease({"metadata": metadata}) == Lease(
        name="iptv", namespace="tv", uid="u", version="7", metadata=metadata
    )
    assert read_lease({"metadata": metadata, "spec": {"holderIdentity": ""}}).holder is None


class TestWhereItIs:
    def test_a_pod_finds_everything_itself(self, tmp_path: Path) -> None:
        (tmp_path / "namespace").write_text("tv\n")
        assert Cluster.of("iptv", None, None, tmp_path, POD) == Cluster("https://10.0.0.1:6443", tmp_path, "tv", "iptv")

    def test_an_address_of_ipv6_has_brackets(self, tmp_path: Path) -> None:
        pod = {**POD, "KUBERNETES_SERVICE_HOST": "fd00::1"}
        assert Cluster.of("iptv", "tv", None, tmp_path, pod).url == "https://[fd00::1]:6443"

    def test_what_is_given_goes_before(self, tmp_path: Path) -> None:
        assert Cluster.of("iptv", "other", "http://here", tmp_path, POD).url == "http://here"

    def test_what_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(NoCluster, match="this is no pod"):
            Cluster.of("iptv", "tv", None, tmp_path, {})
        with pytest.raises(NoCluster, match=r"set leadership.namespace"):
            Cluster.of("iptv", None, None, tmp_path, POD)
        with pytest.raises(NoCluster, match=r"the CA file .* cannot be used"):
            Leases(Cluster.of("iptv", "tv", None, tmp_path, POD), World(), timeout_seconds=5)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"two\nlines", "t\u00f6ken".encode(), b"\0" * 20])
async def test_a_token_that_is_none_is_told_like_one_that_is_missing(
    leases: Leases, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(Unavailable, match=r"the token .* is empty, or is not one line of plain text"):
        await leases.get()


async def test_a_server_that_wishes_to_be_left_alone_is_asked_again(leases: Leases, server: ApiServer) -> None:
    server.stage.faults.add(Fault(kind="status", status=429, retry_after=600))
    with pytest.raises(Transient, match="HTTP 429"):
        await leases.get()
    assert await leases.get() is None
