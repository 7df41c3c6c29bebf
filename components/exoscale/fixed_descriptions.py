"""Refuses changes of a load balancer's description, which Exoscale's cloud controller ignores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from ..lifecycle.before_update import RefusedUpdate, before_update
from .load_balancer import LOAD_BALANCER


def refuse_description_change(name: str) -> pulumi.ResourceHookBinding:
    """Returns a hook for the resource `name`: a Service or the release of an ingress controller."""
    return before_update(f"{name}-load-balancer", check_description)


def check_description(args: pulumi.ResourceHookArgs) -> None:
    """Checks an update of a Service of type `LoadBalancer` or of a release that contains one.

    The cloud controller applies changes of all other annotations that the program writes. Source:
    exoscale/exoscale-cloud-controller-manager, `exoscale/loadbalancer.go`, `updateLoadBalancer`: it
    sends the existing description.

    Raises:
        RefusedUpdate: the description changes.
    """
    before, after = _annotations(args.old_inputs or {}), _annotations(args.new_inputs or {})
    key = f"{LOAD_BALANCER}description"
    if before is not None and after is not None and before.get(key) != after.get(key):
        raise RefusedUpdate(
            f"{args.name}: loadBalancer.description: can't be changed: Exoscale's cloud controller"
            f" keeps {_quoted(before.get(key))}; restore it, or create a new load balancer with"
            f" another address: pulumi up --replace '{args.urn}'"
        )


def _quoted(text: str | None) -> str:
    return f'"{text}"' if text else "the empty one"


def _annotations(inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the Service's annotations; None if its type is not `LoadBalancer`.

    In the charts of both ingress controllers, the Service has this type.
    """
    values = inputs.get("values")
    if values is not None:
        service = (values.get("controller") or values).get("service") or {}
        return service.get("annotations") or {}
    if inputs.get("spec", {}).get("type") != "LoadBalancer":
        return None
    return inputs["metadata"].get("annotations") or {}
