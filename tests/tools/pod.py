"""The chart's pod, run by podman: what the kubelet would make of its manifest, as options and folders.

Volumes are as a kubelet makes them: the folder of a ConfigMap or Secret is a link to a dated one that is changed as a
whole, its files belong to root and the pod's group; a claim belongs to root and is open to that group.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools.kubernetes import Object, of_kind, only

Files = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod of the Deployment among `objects`; its volumes are below `folder`. `secrets` are the cluster's."""

    objects: list[Object]
    secrets: Mapping[str, Files]
    folder: Path

    @property
    def spec(self) -> Any:  # noqa: ANN401
        """The pod's, as the manifest has it."""
        return only("Deployment", self.objects)["spec"]["template"]["spec"]

    @property
    def words(self) -> list[str]:
        """What the program is started with."""
        return list(self.spec["containers"][0]["args"])

    def options(self) -> tuple[str, ...]:
        """How podman is told to run it."""
        return (*self._rights(), *(word for mount in self._mounts() for word in mount))

    def volume(self, name: str) -> Path:
        """Where a volume is."""
        return self.folder / name

    def _rights(self) -> Iterator[str]:
        pod, container = self.spec["securityContext"], self.spec["containers"][0]["securityContext"]
        assert pod["runAsNonRoot"]
        yield from ("--user", f"{pod['runAsUser']}:{pod['runAsGroup']}", "--group-add", str(pod["fsGroup"]))
        if container["readOnlyRootFilesystem"]:
            yield from ("--read-only", "--read-only-tmpfs=false")
        for capability in container["capabilities"]["drop"]:
            yield from ("--cap-drop", capability)
        if not container["allowPrivilegeEscalation"]:
            yield from ("--security-opt", "no-new-privileges")

    def _mounts(self) -> Iterator[tuple[str, str]]:
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        for mount in self.spec["containers"][0]["volumeMounts"]:
            path, access = mount["mountPath"], "ro" if mount.get("readOnly") else "rw"
            if "emptyDir" in volumes[mount["name"]]:
                yield "--tmpfs", f"{path}:{access},mode=1777"
            else:
                yield "--volume", f"{self._made(volumes[mount['name']])}:{path}:{access}"

    def _made(self, volume: Mapping[str, Any]) -> Path:
        folder, group = self.volume(volume["name"]), self.spec["securityContext"]["fsGroup"]
        if "configMap" in volume:
            maps = {each["metadata"]["name"]: each["data"] for each in of_kind("ConfigMap", self.objects)}
            project(folder, maps[volume["configMap"]["name"]], group, 0o644)
        elif "secret" in volume:
            project(folder, self.secrets[volume["secret"]["secretName"]], group, volume["secret"]["defaultMode"])
        elif not folder.exists():
            folder.mkdir(parents=True)
            os.chown(folder, 0, group)
            folder.chmod(0o2770)
        return folder


def project(folder: Path, files: Files, group: int, mode: int) -> None:
    """Put the files into a new dated folder, and have the links point there: all of them change at one instant."""
    folder.mkdir(parents=True, exist_ok=True)
    dated = folder / f"..{len(list(folder.glob('..[0-9]*')))}"
    for path in (folder, _filled(dated, files, mode)):
        path.chmod(0o755)
    for path in (dated, *dated.iterdir()):
        os.chown(path, 0, group)
    _link(folder / "..data", Path(dated.name))
    for name in files:
        _link(folder / name, Path("..data") / name)


def _filled(folder: Path, files: Files, mode: int) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(mode)
    return folder


def _link(link: Path, target: Path) -> None:
    draft = link.with_name(f"{link.name}.new")
    draft.symlink_to(target)
    draft.rename(link)
