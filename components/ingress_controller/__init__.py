"""The ingress controller, by its Helm chart, behind a load balancer."""

from components.ingress_controller.ingress_controller import IngressController

__all__ = ["IngressController"]
