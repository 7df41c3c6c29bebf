"""All settings of a stack."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, StrictBool

from components.args.problem import Problem
from components.args.types import Args
from components.certificates.args import HttpsArgs
from components.dns.args import DnsArgs
from components.existing_cluster.args import ExistingClusterArgs
from components.ingress_controller.args import INGRESS_NAMESPACE, IngressControllerArgs
from components.namespace.args import AppNamespaceArgs, NamespaceName
from components.sks_cluster.args import SksClusterArgs
from components.web_app.args import WebAppArgs
from components.web_app.checks import name_problems
from components.web_app.fields import AppName
from stack.names import CONTROLLER
from stack.owner import Owner


class _NamedNamespace(Args):
    name: NamespaceName = Field(examples=["shop"])
    """Name of the namespace, which applications refer to."""


class NamespaceArgs(AppNamespaceArgs, _NamedNamespace):
    """A namespace of applications with settings other than the defaults."""


class _NamedApp(Args):
    name: AppName
    """Name of its Deployment, Service and container."""


class AppArgs(WebAppArgs, _NamedApp):
    """A web application."""

    @property
    def namespace_name(self) -> str:
        """The namespace that the application is in."""
        return self.namespace or self.name

    @property
    def place(self) -> str:
        """`NAMESPACE/NAME`."""
        return f"{self.namespace_name}/{self.name}"

    def problems(self) -> Iterator[Problem]:
        """Yields what is wrong with the application, also together with its name."""
        yield from super().problems()
        yield from name_problems(self, self.name)


class StackArgs(Args):
    """All settings of one stack."""

    cluster: SksClusterArgs | None = None
    """The SKS cluster that the stack creates."""
    existing_cluster: ExistingClusterArgs | None = None
    """An existing cluster to use instead of `cluster`, such as kind or k3d."""
    ingress: IngressControllerArgs | None = None
    """The ingress controller. Default: installed if an application needs it."""
    dns: DnsArgs | None = None
    """A DNS zone at Exoscale, which gets a record for each host in it. Default: none."""
    owner: Owner = ""
    """Owner of the stack, set as the label `owner` of its cluster and namespaces, together with the
    label `environment`, the stack's name. Default: neither label."""
    production: StrictBool = False
    """Whether to enforce the rules for production. Every container must set resources.requests and
    limits.memory and an image with a digest, ingress.controller must be set, and an application
    with a port must have more than one pod unless its rollout.type is Recreate or it has a
    persistent volume. Warnings become errors."""
    namespaces: tuple[NamespaceArgs, ...] = ()
    """Namespaces of applications with settings other than the defaults."""
    apps: tuple[AppArgs, ...] = ()
    """The web applications."""

    @property
    def app_namespaces(self) -> tuple[NamespaceArgs, ...]:
        """Returns the listed namespaces, then the other namespaces that applications name.

        A namespace that is not listed is adopted if one of its applications is adopted.
        """
        listed = {namespace.name for namespace in self.namespaces}
        named: dict[str, bool] = {}
        for app in self.apps:
            named[app.namespace_name] = named.get(app.namespace_name, False) or app.adopt
        others = (
            NamespaceArgs(name=name, adopt=adopt)
            for name, adopt in named.items()
            if name not in listed
        )
        return (*self.namespaces, *others)

    @property
    def needs_node_addresses(self) -> bool:
        """Whether a database needs the addresses of the nodes."""
        databases = [app.database for app in self.apps if app.database]
        return any(database.needs_node_addresses for database in databases)

    @property
    def deletes_volumes(self) -> bool:
        """Whether the volume of an application or its database is deleted with it."""
        return any(volume.is_deleted for app in self.apps for _, volume in app.claimed_volumes)

    @property
    def controller(self) -> IngressControllerArgs | None:
        """Returns the ingress controller's settings, or None if nothing needs a controller."""
        needed = any(app.is_served for app in self.apps)
        return self.ingress or (IngressControllerArgs() if needed else None)

    @property
    def https(self) -> HttpsArgs | None:
        """Returns the settings of HTTPS, or None if the stack serves hosts by HTTP."""
        return self.ingress.https if self.ingress else None

    @property
    def node_port_protocols(self) -> tuple[str, ...]:
        """Returns the protocols of the NodePorts, sorted."""
        exposed = [app.protocols for app in self.apps if app.service != "ClusterIP"]
        return tuple(sorted({"TCP"}.union(*exposed)))

    @property
    def balanced_services(self) -> frozenset[str]:
        """Returns `NAMESPACE/NAME` of the stack's Services with a load balancer."""
        found = {app.place for app in self.apps if app.balancer}
        if self.controller and not self.controller.existing:
            found.add(f"{INGRESS_NAMESPACE}/{CONTROLLER}-controller")
        return frozenset(found)
