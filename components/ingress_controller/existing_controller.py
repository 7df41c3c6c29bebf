"""An ingress controller that is already installed on the cluster."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.core.v1 import Service

from ..exoscale.load_balancer import load_balancer_address
from .args import ExistingControllerArgs
from .controller_service import controller_service


class ExistingController(pulumi.ComponentResource):
    """A controller that this stack does not install, and that serves the stack's Ingresses.

    Example:
        >>> ExistingController("ingress-nginx", ExistingControllerArgs(class_name="nginx"))

    Attributes:
        namespace: the namespace of its pods.
        service: its Service; None if the settings have an address.
        ready: the resources that an Ingress must depend on: none.
        address: the address in the settings. Default: its load balancer's.
        class_name: the `ingressClassName` of its Ingresses.
    """

    namespace: str
    service: Service | None = None
    ready: Sequence[pulumi.Resource] = ()
    address: pulumi.Output[str]
    class_name: str

    def __init__(
        self,
        name: str,
        settings: ExistingControllerArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("webapp:index:ExistingController", name, None, opts)
        self.namespace, self.class_name = settings.namespace, settings.class_name
        if settings.address:
            self.address = pulumi.Output.from_input(settings.address)
        else:
            self.service = controller_service(name, settings.namespace, settings.service, self)
            self.address = self.service.status.apply(load_balancer_address)
        self.register_outputs({"address": self.address})
