"""Where the sandbox keeps its files.

Tools are shared by every sandbox of one clone; everything else lives under a home of its own, so
that several sandboxes can run side by side with different values of SANDBOX_HOME.
"""

import hashlib
import os
from pathlib import Path

ROOT: Path = Path(__file__).resolve().parent.parent
"""The clone: the folder that holds Pulumi.yaml."""

TOOLS_BIN: Path = ROOT / ".sandbox" / "bin"
"""Executables found on PATH (as links), downloaded or built, first on PATH in the sandbox."""

TOOLS_BUILD: Path = ROOT / ".sandbox" / "build"
"""One Go module a build, unfinished downloads, and the stamps of what is in TOOLS_BIN."""

IMAGES: Path = ROOT / ".sandbox" / "images"
"""Container images (archives, *.tar) that nodes have from their start; shared by every sandbox."""

PASSPHRASE_FILE: Path = ROOT / ".sandbox" / "passphrase"
"""The passphrase of the clone's stacks (mode 0600), shared by every sandbox of the clone."""


def home() -> Path:
    """Return the sandbox's home: SANDBOX_HOME if set, else `.sandbox` in the clone."""
    configured = os.environ.get("SANDBOX_HOME")
    return Path(configured).expanduser().resolve() if configured else ROOT / ".sandbox"


def pulumi_home(home: Path, plugins: Path | None = None) -> Path:
    """Return the PULUMI_HOME, a separate one for plugins in the folder `plugins`."""
    if plugins is None:
        return home / "pulumi-home"
    return home / "pulumi-homes" / hashlib.sha256(os.fsencode(plugins.resolve())).hexdigest()[:16]


def temporary_files(home: Path) -> Path:
    """Return the folder for the temporary files of what runs in the sandbox.

    The Kubernetes plugin leaves kubeconfigs there.
    """
    return home / "tmp"


def authorities(home: Path) -> Path:
    """Return the file of the certificate authorities that programs in the sandbox trust."""
    return home / "tls" / "authorities.pem"


def private_directory(path: Path) -> Path:
    """Create `path`, readable by its owner only, unless it exists; return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace the file `path` by `text` at once, readable by its owner only (mode 0600)."""
    private_directory(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)
