"""The addresses of the publishers' releases of the tools, and the sources of their SHA-256.

In addresses, {version} is the tool's version, {tool} its name and {arch} the publisher's name of
the architecture. A digest is pinned here if the publisher's list could be looked up. Other digests
are read from the publisher's list, over TLS, when the file is downloaded: they detect a file that
was damaged or replaced in transit, but not a publisher who replaces both.
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.toolchain.tools import CONTROL_PLANE, NODE, TOOLS, Tool

GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Go's name of each architecture, which most publishers use, by the kernel's name."""


@dataclass(frozen=True)
class Release:
    """A released file that contains one or several tools."""

    address: str
    member: str = ""
    """Path of a tool in the archive; empty if the file is the program itself."""
    pinned: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 by architecture, from the publisher's list."""
    checksums: str = ""
    """Address of the publisher's list, if no digest is pinned."""
    architectures: Mapping[str, str] = field(default_factory=lambda: GO_ARCHITECTURES)


# A file beside each binary contains its digest:
# https://kubernetes.io/releases/download/#binaries
KUBERNETES = Release(
    address="https://dl.k8s.io/release/v{version}/bin/linux/{arch}/{tool}",
    checksums="https://dl.k8s.io/release/v{version}/bin/linux/{arch}/{tool}.sha256",
)
# Source of the list's name: pulumi/pulumi, .github/workflows/sign.yml and release.yml
PULUMI = Release(
    address="https://get.pulumi.com/releases/sdk/pulumi-v{version}-linux-{arch}.tar.gz",
    member="pulumi/{tool}",
    checksums="https://get.pulumi.com/releases/sdk/pulumi-{version}-checksums.txt",
    architectures={"x86_64": "x64", "aarch64": "arm64"},
)
# The plugin and kwok publish no list. GitHub's API returns the digest of each released file.
KUBERNETES_PLUGIN = Release(
    address="https://github.com/pulumi/pulumi-kubernetes/releases/download/v{version}/"
    "pulumi-resource-kubernetes-v{version}-linux-{arch}.tar.gz",
    member="{tool}",
    checksums="https://api.github.com/repos/pulumi/pulumi-kubernetes/releases/tags/v{version}",
)
KWOK = Release(
    address="https://github.com/kubernetes-sigs/kwok/releases/download/v{version}/"
    "kwok-linux-{arch}",
    checksums="https://api.github.com/repos/kubernetes-sigs/kwok/releases/tags/v{version}",
)
# Pinned from the release's SHA256SUMS.
ETCD = Release(
    address="https://github.com/etcd-io/etcd/releases/download/v{version}/"
    "etcd-v{version}-linux-{arch}.tar.gz",
    member="etcd-v{version}-linux-{arch}/etcd",
    pinned={
        "amd64": "887afaa4a99f22d802ccdfbe65730a5e79aa5c9ce2c8799c67e9d804c50ecedb",
        "arm64": "8a15f5427c111ff4692753682374970fb68878401d946c2c28bdad6857db652f",
    },
)

RELEASES: dict[str, Release] = {
    "pulumi-resource-kubernetes": KUBERNETES_PLUGIN,
    **dict.fromkeys((*CONTROL_PLANE, *NODE), KUBERNETES),
    "pulumi": PULUMI,
    "etcd": ETCD,
    "kwok": KWOK,
}
"""The release of each tool by name; it also contains the tools that ship beside that tool."""


@dataclass(frozen=True)
class ReleasedFile:
    """A file to download, and the source of its SHA-256."""

    version: str
    address: str
    digest: str | None
    checksums: str

    @property
    def addresses(self) -> list[str]:
        """The addresses needed to download the file."""
        return [address for address in (self.address, self.checksums) if address]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.address.rpartition("/")[2]


def released_file(tool: Tool, machine: str = platform.machine()) -> ReleasedFile | None:
    """Returns the released file that contains the tool, None if there is none for this machine."""
    release, words = _release(tool, machine)
    if release is None:
        return None
    return ReleasedFile(
        version=words["version"],
        address=release.address.format(**words),
        digest=release.pinned.get(words["arch"]),
        checksums=release.checksums.format(**words),
    )


def member(tool: Tool, machine: str = platform.machine()) -> str:
    """Returns the tool's path in the released archive, "" if the file is the program itself."""
    release, words = _release(tool, machine)
    return "" if release is None else release.member.format(**words | {"tool": tool.name})


def _release(tool: Tool, machine: str) -> tuple[Release | None, dict[str, str]]:
    main = next((other for other in TOOLS if other.name == tool.beside), tool)
    release = RELEASES.get(main.name)
    if release is None or machine not in release.architectures:
        return None, {}
    arch = release.architectures[machine]
    return release, {"version": main.version, "tool": main.name, "arch": arch}
