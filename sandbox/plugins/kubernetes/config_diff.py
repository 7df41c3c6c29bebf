"""Whether a change of the provider's own options replaces the provider, and all its resources.

Source: pulumi/pulumi-kubernetes, `provider/pkg/provider/provider.go` (`DiffConfig`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.kubernetes import kubeconfig
from sandbox.plugins.wire import Unknown, reveal

_IDENTIFIER: Final = "clusterIdentifier"
_CLUSTER_OPTIONS: Final = ("kubeconfig", "context", "cluster")


def compare(olds: Mapping[str, Any], news: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The options that differ, and those that force a replacement.

    A cluster is told by its identifier where one is set before and after; else by the settings of
    the kubeconfig's active cluster.
    """
    old, new = reveal(olds), reveal(news)
    changed = [
        key
        for key in sorted({*old, *new})
        if isinstance(new.get(key), Unknown) or old.get(key) != new.get(key)
    ]
    if not changed:
        return [], []
    replaces: list[str] = []
    if old.get(_IDENTIFIER) and new.get(_IDENTIFIER):
        if _IDENTIFIER not in changed:
            return changed, []
        replaces = [_IDENTIFIER]
    unknown = [key for key in _CLUSTER_OPTIONS if isinstance(new.get(key), Unknown)]
    if unknown:
        return changed, [*replaces, unknown[0]]
    before, after = _active_cluster(old), _active_cluster(new)
    if before and after and before != after:
        replaces += [key for key in _CLUSTER_OPTIONS if key in changed]
    return changed, replaces


def _active_cluster(options: Mapping[str, Any]) -> dict[str, Any] | None:
    source = options.get("kubeconfig")
    if not source or isinstance(source, Unknown):
        return None
    config = kubeconfig.read(source)
    return kubeconfig.active_cluster(config, options.get("context"), options.get("cluster"))
