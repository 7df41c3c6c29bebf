"""Updates of a cluster that would take its OIDC or its feature gates along.

Each update in place that the provider (0.66) sends has `oidc` and `feature-gates` in it, as null
unless the gates change, and the API takes null for none. The provider never reads `oidc`, so no
preview would show the loss. Sources: exoscale/egoscale v3.1.27, `UpdateSKSClusterRequest`;
exoscale/cli, pull request 881. An upgrade is a request of its own and drops nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pulumi

from ..exoscale.api import get_if_available
from ..lifecycle.before_update import RefusedUpdate

SETTINGS = {
    "audit": "audit",
    "autoUpgrade": "autoUpgrade",
    "description": "description",
    "exoscaleCsi": "csi",
    "featureGates": "featureGates",
    "labels": "labels",
    "name": "name",
}
"""The inputs that the provider sends in an update, and the settings that they come from.

Source: exoscale/terraform-provider-exoscale v0.66.0, `resource_exoscale_sks_cluster.go`, Update.
"""


def check_dropped(args: pulumi.ResourceHookArgs, zone: str) -> None:
    """Checks what an update of the cluster, which is in `zone`, would do to OIDC and feature gates.

    Raises:
        RefusedUpdate: the update would turn one of them off, or the provider would ignore it.
    """
    state, inputs = args.old_outputs or {}, args.new_inputs or {}
    changed = [key for key in SETTINGS if not _same(state.get(key), inputs.get(key))]
    oidc_changed = not _same((args.old_inputs or {}).get("oidc"), inputs.get("oidc"))
    if not (changed or oidc_changed):
        return
    live = get_if_available(zone, f"/sks-cluster/{args.id}")
    oidc = _camel_case(live.get("oidc") or {}) if live else state.get("oidc")
    gates = live.get("feature-gates") if live else state.get("featureGates")
    # an adopted cluster's state learns of the OIDC that the cluster has
    if oidc_changed and not _same(oidc, inputs.get("oidc")):
        raise RefusedUpdate(
            f"{args.name}: oidc: can't be changed in place, and the stack's state does not know "
            "yet what the cluster has: set it as it was, run `pulumi up`, then change it, which "
            "replaces the cluster"
        )
    dropped = ["oidc"] if oidc else []
    if gates and "featureGates" not in changed:
        dropped.append("featureGates")
    if changed and dropped:
        raise RefusedUpdate(
            f"{args.name}: {', '.join(SETTINGS[key] for key in changed)}: can't be changed by "
            f"Pulumi: Exoscale's provider would turn off the cluster's {' and '.join(dropped)} "
            "with it; change it in Exoscale's portal too, then run `pulumi up --refresh`"
        )


def _same(one: Any, other: Any) -> bool:
    """Whether the provider sees no difference: what is empty is as if it were not there."""
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        parts = {key: _plain(each) for key, each in value.items() if not key.startswith("__")}
        return {key: each for key, each in parts.items() if each is not None} or None
    if isinstance(value, list | tuple):
        return sorted(value) or None
    return value or None


def _camel_case(words: Mapping[str, Any]) -> dict[str, Any]:
    """
    >>> _camel_case({"client-id": "kube"})
    {'clientId': 'kube'}
    """
    return {
        re.sub(r"-(\w)", lambda match: match[1].upper(), word): value
        for word, value in words.items()
    }
