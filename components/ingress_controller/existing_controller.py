"""An ingress controller that is on the cluster already."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.core.v1 import Service

from ..exoscale.load_balancer import load_balancer_address
from .args import ExistingControllerArgs
from .controller_service import controller_service


class ExistingController(pulumi.ComponentResource):
    """A controller that other hands install, and that serves this stack's Ingresses too.

    Example:
        >>> ExistingController("ingress-nginx", ExistingControllerArgs(class_name="nginx"))

    Attributes:
        namespace: where its pods are.
        service: its Service; None where an address is given.
        ready: what an Ingress has to come after: nothing.
        address: the address that is given, else its load balancer's.
        class_name: what an Ingress has to give as `ingressClassName`.
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
