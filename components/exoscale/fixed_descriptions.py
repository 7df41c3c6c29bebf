"""A load balancer's other description, refused: Exoscale's cloud controller keeps the first one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from ..lifecycle.before_update import RefusedUpdate, before_update
from .load_balancer import LOAD_BALANCER


def refuse_description_change(name: str) -> pulumi.ResourceHookBinding:
    """A hook for the resource `name`, a Service or the release of an ingress controller."""
    return before_update(f"{name}-load-balancer", check_description)


def check_description(args: pulumi.ResourceHookArgs) -> None:
    """Check an update of what has a Service of type `LoadBalancer`.

    Everything else that the program writes into its annotations, the cloud controller does. Source:
    exoscale/exoscale-cloud-controller-manager, `exoscale/loadbalancer.go`, `updateLoadBalancer`: it
    sends back the description that is there.

    Raises:
        RefusedUpdate: another description.
    """
    before, after = _annotations(args.old_inputs or {}), _annotations(args.new_inputs or {})
    key = f"{LOAD_BALANCER}description"
    if before is not None and after is not None and before.get(key) != after.get(key):
        raise RefusedUpdate(
            f"{args.name}: loadBalancer.description: can't be changed: Exoscale's cloud controller"
            f" keeps {_quoted(before.get(key))}; set it back, or make a new load balancer, with"
            f" another address, by: pulumi up --replace '{args.urn}'"
        )


def _quoted(text: str | None) -> str:
    return f'"{text}"' if text else "that there is none"


def _annotations(inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Those of the Service, if its type is `LoadBalancer`; both controllers' charts have one."""
    values = inputs.get("values")
    if values is not None:
        service = (values.get("controller") or values).get("service") or {}
        return service.get("annotations") or {}
    if inputs.get("spec", {}).get("type") != "LoadBalancer":
        return None
    return inputs["metadata"].get("annotations") or {}
