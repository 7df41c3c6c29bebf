"""The paths of the sandbox's files.

All sandboxes of a clone share the tools. All other files are in the sandbox's home, so that several
sandboxes with different values of SANDBOX_HOME can run in parallel.
"""

import hashlib
import os
from pathlib import Path

ROOT: Path = Path(__file__).resolve().parent.parent
"""The clone: the folder that holds Pulumi.yaml."""

TOOLS_BIN: Path = ROOT / ".sandbox" / "bin"
"""Tools: links to programs on PATH, downloads and builds. It is first on the sandbox's PATH."""

TOOLS_BUILD: Path = ROOT / ".sandbox" / "build"
"""A Go module for each build, unfinished downloads, and the stamps of the tools in TOOLS_BIN."""

IMAGES: Path = ROOT / ".sandbox" / "images"
"""Container images (archives, *.tar) that are preloaded on nodes; shared by all sandboxes."""

CERT_MANAGER_CHART: Path = ROOT / ".sandbox" / "charts" / "cert-manager"
"""The official chart of cert-manager, which `sandbox tools --acme` copies from its Go module."""

PASSPHRASE_FILE: Path = ROOT / ".sandbox" / "passphrase"
"""The passphrase of the clone's stacks (mode 0600); shared by all sandboxes of the clone."""


def home() -> Path:
    """Returns the sandbox's home: SANDBOX_HOME, by default `.sandbox` in the clone."""
    configured = os.environ.get("SANDBOX_HOME")
    return Path(configured).expanduser().resolve() if configured else ROOT / ".sandbox"


def pulumi_home(home: Path, plugins: Path | None = None) -> Path:
    """Returns the PULUMI_HOME; each folder of plugins (`plugins`) has a separate one."""
    if plugins is None:
        return home / "pulumi-home"
    return home / "pulumi-homes" / hashlib.sha256(os.fsencode(plugins.resolve())).hexdigest()[:16]


def temporary_files(home: Path) -> Path:
    """Returns the folder for temporary files of commands in the sandbox.

    The Kubernetes plugin doesn't delete the kubeconfigs that it writes there.
    """
    return home / "tmp"


def authorities(home: Path) -> Path:
    """Returns the file with the certificate authorities that programs in the sandbox trust."""
    return home / "tls" / "authorities.pem"


def acme_root(home: Path) -> Path:
    """Returns the file of the ACME server's root certificate, which is new at every start."""
    return home / "tls" / "acme-root.pem"


def private_directory(path: Path) -> Path:
    """Creates the folder `path` (mode 0700) if it doesn't exist, and returns its path."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Writes `text` to the file `path` (mode 0600) atomically."""
    private_directory(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)
