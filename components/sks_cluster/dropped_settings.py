"""Refuses updates of a cluster that would turn off its OIDC or its feature gates.

Each update in place that the provider (0.66) sends contains `oidc` and `feature-gates`. They are
null unless the gates change, and for the API null means none. The provider never reads `oidc`, so
previews would not show the loss. Sources: exoscale/egoscale v3.1.27, `UpdateSKSClusterRequest`;
exoscale/cli, pull request 881. An upgrade is a separate request and turns off nothing.
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
"""Inputs that the provider sends in an update, to the settings that define them.

Source: exoscale/terraform-provider-exoscale v0.66.0, `resource_exoscale_sks_cluster.go`, Update.
"""


def check_dropped(args: pulumi.ResourceHookArgs, zone: str) -> None:
    """Checks the effect of an update of the cluster in `zone` on its OIDC and feature gates.

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
    # the state of an adopted cluster lacks its OIDC until an update sets the same value
    if oidc_changed and not _same(oidc, inputs.get("oidc")):
        raise RefusedUpdate(
            f"{args.name}: oidc: can't be changed in place, and the stack's state doesn't contain "
            "the cluster's current value: restore that value, run `pulumi up`, then change it, "
            "which replaces the cluster"
        )
    dropped = ["oidc"] if oidc else []
    if gates and "featureGates" not in changed:
        dropped.append("featureGates")
    if changed and dropped:
        raise RefusedUpdate(
            f"{args.name}: {', '.join(SETTINGS[key] for key in changed)}: can't be changed by "
            f"Pulumi: Exoscale's provider would also turn off the cluster's "
            f"{' and '.join(dropped)}; make the same change in Exoscale's portal, then run `pulumi "
            "up --refresh`"
        )


def _same(one: Any, other: Any) -> bool:
    """Returns whether two values are equal for the provider, which omits empty values."""
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        parts = {key: _plain(each) for key, each in value.items() if not key.startswith("__")}
        return {key: each for key, each in parts.items() if each is not None} or None
    if isinstance(value, list | tuple):
        return sorted(value) or None
    return value or None


def _camel_case(words: Mapping[str, Any]) -> dict[str, Any]:
    """Converts keys of the API to Pulumi's keys.

    >>> _camel_case({"client-id": "kube"})
    {'clientId': 'kube'}
    """
    return {
        re.sub(r"-(\w)", lambda match: match[1].upper(), word): value
        for word, value in words.items()
    }
