"""The programs that the sandbox runs: which versions suit, and the Go modules they are built from.

The table is the only place that names a tool's version. Modules and packages are those that the
Go module proxy serves; the kubernetes binaries are one module and one build.
"""

import re
from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from sandbox.errors import SandboxError

GO_MINIMUM = Version("1.26")
"""The newest `go` directive among the modules below (helm's and kwok's)."""


@dataclass(frozen=True)
class GoModule:
    """A Go module that tools are built from, in a go.mod of its own."""

    path: str
    version: str
    replace: tuple[str, ...] = ()
    """`replace` directives beyond those for the module's own staging folders."""
    variables: tuple[tuple[str, str], ...] = ()
    """Linker variables (`-X name=value`) that carry the version."""

    @property
    def folder(self) -> str:
        """Name of the build's folder: unique for a module and its version."""
        return f"{self.path.replace('/', '-')}@{self.version}"


@dataclass(frozen=True)
class Tool:
    """An executable, how it is recognised, and where it comes from when it is not on PATH."""

    name: str
    version: str
    """The version that is built."""
    module: GoModule
    source: str
    """Folder of the command's package inside the module, or of a script to copy."""
    suitable: SpecifierSet = field(default_factory=SpecifierSet)
    """The versions that are used as they are."""
    version_arguments: tuple[str, ...] = ()
    """Arguments that print the version; none for what ships beside another tool."""
    beside: str | None = None
    """The tool that this one is shipped with: it suits where that one does."""
    script: bool = False
    """Whether `source` is a file that is copied, not a package that is compiled."""
    folder: str = ""
    """Folder beneath the tools' own that it is put in: programs of another Kubernetes version."""

    @property
    def package(self) -> str:
        """Import path of the command."""
        return f"{self.module.path}/{self.source}" if self.source else self.module.path


def version_in(text: str) -> Version | None:
    """Return the first version in a tool's own words, None if there is none.

    Suffixes such as `-dispatcher`, `+k3s1` or `-gke.100` name a packager, not another version.
    """
    match = re.search(r"(?<![\d.])v?(\d+\.\d+\.\d+)", text)
    return Version(match[1]) if match else None


PULUMI = GoModule(
    path="github.com/pulumi/pulumi/pkg/v3",
    version="v3.259.0",
    # The module's own go.mod says the same; replace directives of a dependency do not count.
    replace=(
        "github.com/atotto/clipboard => "
        "github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e",
    ),
    variables=(("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version", "v3.259.0"),),
)
PULUMI_SDK = GoModule(path="github.com/pulumi/pulumi/sdk/v3", version="v3.259.0")
# The last version that has the package python/cmd/pulumi-language-python.
PULUMI_LANGUAGE_PYTHON = GoModule(path="github.com/pulumi/pulumi/sdk/v3", version="v3.79.0")
ETCD = GoModule(path="go.etcd.io/etcd/server/v3", version="v3.6.6")
KWOK = GoModule(path="sigs.k8s.io/kwok", version="v0.8.0")
HELM = GoModule(
    path="helm.sh/helm/v3",
    version="v3.22.0",
    variables=(
        ("helm.sh/helm/v3/internal/version.version", "v3.22.0"),
        # The Kubernetes that it renders charts for where it can ask no cluster.
        ("helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor", "1"),
        ("helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor", "34"),
    ),
)


def _kubernetes_module(version: str) -> GoModule:
    major, minor, _ = version.split(".")
    return GoModule(
        path="k8s.io/kubernetes",
        version=f"v{version}",
        variables=(
            ("k8s.io/component-base/version.gitVersion", f"v{version}"),
            ("k8s.io/component-base/version.gitMajor", major),
            ("k8s.io/component-base/version.gitMinor", minor),
        ),
    )


KUBERNETES = _kubernetes_module("1.34.3")


def _kubernetes(name: str, suitable: str, *version_arguments: str) -> Tool:
    return Tool(
        name=name,
        version="1.34.3",
        module=KUBERNETES,
        source=f"cmd/{name}",
        suitable=SpecifierSet(suitable),
        version_arguments=version_arguments,
    )


CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""What a cluster runs of its own Kubernetes version."""


def kubernetes_folder(version: str) -> str:
    """Name of the folder, beneath the tools' own, of the programs of another version."""
    return f"kubernetes-{version}"


def kubernetes_tools(version: str) -> tuple[Tool, ...]:
    """The control plane's programs of another Kubernetes version (1.33.13), so of exactly that.

    Raises SandboxError unless `version` is a full one.
    """
    if not re.fullmatch(r"1\.\d+\.\d+", version):
        raise SandboxError(f"{version!r} is not a Kubernetes version in full, such as 1.33.13")
    module = _kubernetes_module(version)
    return tuple(
        Tool(
            name=name,
            version=version,
            module=module,
            source=f"cmd/{name}",
            suitable=SpecifierSet(f"=={version}"),
            version_arguments=("--version",),
            folder=kubernetes_folder(version),
        )
        for name in CONTROL_PLANE
    )


TOOLS: tuple[Tool, ...] = (
    Tool(
        name="pulumi",
        version="3.259.0",
        module=PULUMI,
        source="cmd/pulumi",
        suitable=SpecifierSet(">=3.259,<4"),
        version_arguments=("version",),
    ),
    Tool(
        name="pulumi-language-python",
        version="3.79.0",
        module=PULUMI_LANGUAGE_PYTHON,
        source="python/cmd/pulumi-language-python",
        beside="pulumi",
    ),
    Tool(
        name="pulumi-language-python-exec",
        version="3.259.0",
        module=PULUMI_SDK,
        source="python/cmd/pulumi-language-python-exec",
        beside="pulumi",
        script=True,
    ),
    Tool(
        name="pulumi-resource-pulumi-python",
        version="3.259.0",
        module=PULUMI_SDK,
        source="python/dist/pulumi-resource-pulumi-python",
        beside="pulumi",
        script=True,
    ),
    Tool(
        name="etcd",
        version="3.6.6",
        module=ETCD,
        source="",
        suitable=SpecifierSet("~=3.6.0"),
        version_arguments=("--version",),
    ),
    *(_kubernetes(name, "~=1.34.0", "--version") for name in CONTROL_PLANE),
    # kubectl supports API servers within one minor version.
    _kubernetes("kubectl", ">=1.33,<1.36", "version", "--client"),
    Tool(
        name="kwok",
        version="0.8.0",
        module=KWOK,
        source="cmd/kwok",
        suitable=SpecifierSet("~=0.8.0"),
        version_arguments=("--version",),
    ),
    Tool(
        name="helm",
        version="3.22.0",
        module=HELM,
        source="cmd/helm",
        suitable=SpecifierSet(">=3.18,<4"),
        version_arguments=("version", "--short"),
    ),
)
