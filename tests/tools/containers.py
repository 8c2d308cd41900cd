"""The image, built from the true Dockerfile and run by the tools that everybody has: buildah and podman.

No registry of images is asked. The base image is stood in for by a Debian of the same release with the same version of
Python and a pip to build with, under the name that the Dockerfile pulls.
"""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.tools.finding import tool

TOP = Path(__file__).parent.parent.parent
DOCKERFILE = TOP / "deploy" / "Dockerfile"
NAME = "iptv-reconciler"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
LIMITS = (
    "--ulimit",
    "nofile=1024:1024",
    "--ulimit",
    "nproc=1024:1024",
)  # podman's own may be above what is allowed here
# The base image has a pip of its own below /usr/local, and lets it be removed.
PYTHON_IMAGE = """
rm /usr/lib/python3*/EXTERNALLY-MANAGED
ln -s /usr/bin/python3 /usr/local/bin/python
export PYTHONPATH=$(echo /usr/share/python-wheels/pip-*.whl)
python -m pip install --quiet --root-user-action=ignore --no-index $PYTHONPATH
dpkg --purge python3-pip-whl
"""


@dataclass(frozen=True, slots=True)
class Image:
    """The built image, in a storage of its own below `folder`."""

    folder: Path

    def run(self, options: Iterable[str], *words: str) -> str:
        """What a container prints until its end; raises with its errors if it fails."""
        return _call(*self.command(options, *words))

    def command(self, options: Iterable[str], *words: str) -> list[str]:
        """The call that runs a container until its end."""
        return [*self._podman("run", "--rm", *LIMITS, *options, NAME), *words]

    def enter(self, container: str, words: str) -> None:
        """Give a shell's words to a running container, as `kubectl exec` does."""
        _call(*self._podman("exec", container, "sh", "-c", words))

    def remove(self, container: str) -> None:
        """Stop what is left of a container."""
        _call(*self._podman("rm", "--force", "--ignore", "--time", "0", container))

    def facts(self) -> Mapping[str, object]:
        """What the image says of itself."""
        return dict(json.loads(_call(*self._podman("inspect", "--type", "image", NAME)))[0])

    @contextmanager
    def files(self) -> Iterator[Path]:
        """The image's files, as a folder."""
        container = _call(*self.buildah("from", "--pull-never", NAME)).strip()
        try:
            yield Path(_call(*self.buildah("mount", container)).strip())
        finally:
            _call(*self.buildah("rm", container))

    def buildah(self, *words: str) -> list[str]:
        """A call of buildah on this storage."""
        return [str(tool("buildah")), *self._storage(), *words]

    def _podman(self, *words: str) -> list[str]:
        return [str(tool("podman")), *self._storage(), "--runtime", "runc", "--cgroup-manager", "cgroupfs", *words]

    def _storage(self) -> tuple[str, ...]:
        return ("--root", str(self.folder / "storage"), "--runroot", str(self.folder / "run"))


@contextmanager
def built() -> Iterator[Image]:
    """Build the image; nothing of it is left afterwards."""
    for needed in ("mmdebstrap", "buildah", "podman", "runc"):
        tool(needed)
    with TemporaryDirectory(prefix="image-") as folder:  # podman refuses paths of more than 50 letters
        image = Image(Path(folder))
        try:
            _stand_in(image)
            _build(image)
            yield image
        finally:
            _call(*image.buildah("rmi", "--all", "--force"))


def _stand_in(image: Image) -> None:
    name = base_image()
    suite = name.rpartition("-")[2]
    archive = image.folder / "base.tar"
    with_python = (
        "--include=python3,python3-pip-whl,ca-certificates",
        f"--customize-hook=chroot \"$1\" sh -ec '{PYTHON_IMAGE}'",
    )
    _call(str(tool("mmdebstrap")), "--quiet", "--variant=apt", *with_python, suite, str(archive))
    container = _call(*image.buildah("from", "scratch")).strip()
    _call(*image.buildah("add", "--quiet", container, str(archive), "/"))
    _call(*image.buildah("commit", "--quiet", "--rm", container, name))
    archive.unlink()


def _build(image: Image) -> None:
    """This machine's way to the index of Python packages is lent to the build, as the Dockerfile says."""
    lent = image.folder / "pip.conf"
    lent.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in pip_settings().items()))
    secrets = ("--secret", f"id=pip.conf,src={lent}", "--secret", f"id=ca.crt,src={AUTHORITIES}")
    file = ("--file", str(DOCKERFILE), "--tag", NAME)
    _call(*image.buildah("build", "--isolation", "chroot", "--pull-never", *secrets, *file, str(TOP)))


def base_image() -> str:
    """The image that the Dockerfile begins with."""
    found = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def pip_settings() -> dict[str, str]:
    """What this machine's pip needs to reach its index; the certificates are lent as a second secret."""
    listed = _call("python3", "-m", "pip", "config", "list").splitlines()
    known = dict(re.findall(r"^global\.(index-url|proxy|trusted-host)='(.*)'$", "\n".join(listed), re.MULTILINE))
    return {**known, "cert": "/run/secrets/ca.crt"}


def locked() -> dict[str, str]:
    """The version of each package that the lock names."""
    text = (TOP / "deploy" / "requirements.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", text, re.MULTILINE))


def build_tools() -> set[str]:
    """The locked packages that only a build needs: what `pyproject.toml` names for it, and pip."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    return {re.split(r"[<>=\[]", each)[0] for each in project["dependency-groups"]["build"]} | {"pip"}


def _call(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{' '.join(words)} exited {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    )
    return done.stdout
