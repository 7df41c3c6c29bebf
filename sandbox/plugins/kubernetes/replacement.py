"""Which fields of which kinds can't change in place, so that the object is replaced.

Source: pulumi/pulumi-kubernetes, `provider/pkg/provider/diff.go`. Not the API server's own list:
the official provider replaces a ConfigMap whose data changes, though the server would update it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.plugins.kubernetes.objects import Path, group_of
from sandbox.plugins.kubernetes.options import Options

_WILDCARD: Final = "*"

_CONTAINER_FIELDS: Final = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources"
    " securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty"
    " volumeDevices volumeMounts workingDir"
).split()
_POD_FIELDS: Final = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases"
    " hostIPC hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead"
    " preemptionPolicy priority priorityClassName readinessGates restartPolicy runtimeClassName"
    " schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace"
    " subdomain terminationGracePeriodSeconds volumes"
).split()
_VOLUME_SOURCES: Final = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker"
    " gcePersistentDisk glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume"
    " quobyte rbd scaleIO storageos vsphereVolume"
).split()


def _spec(*fields: str) -> list[Path]:
    return [("spec", field) for field in fields]


_SELECTOR: Final = _spec("selector")
_ROLE_BINDING: Final[list[Path]] = [("roleRef",)]
_BY_KIND: Final[dict[tuple[str, str], list[Path]]] = {
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "StatefulSet"): _spec(
        "podManagementPolicy",
        "revisionHistoryLimit",
        "selector",
        "serviceName",
        "volumeClaimTemplates",
    ),
    ("batch", "Job"): _spec("completions", "parallelism", "selector", "template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _ROLE_BINDING,
    ("rbac.authorization.k8s.io", "RoleBinding"): _ROLE_BINDING,
    ("storage.k8s.io", "StorageClass"): [("parameters",), ("provisioner",)],
    ("", "PersistentVolume"): _spec(*_VOLUME_SOURCES),
    ("", "PersistentVolumeClaim"): _spec(
        "accessModes", "selector", "storageClassName", "volumeName"
    ),
    ("", "Pod"): _spec(*_POD_FIELDS)
    + [
        ("spec", containers, _WILDCARD, field)
        for containers in ("containers", "initContainers")
        for field in _CONTAINER_FIELDS
    ],
    ("", "ResourceQuota"): _spec("scopes"),
    ("", "Service"): _spec("clusterIP"),
}
_IDENTITY: Final[list[Path]] = [("metadata", "name"), ("metadata", "namespace")]


def immutable_fields(manifest: Mapping[str, Any], options: Options) -> list[Path]:
    """The fields of this object whose change forces a replacement."""
    kind = (group_of(manifest), str(manifest.get("kind")))
    immutable = manifest.get("immutable") is True
    if kind == ("", "Secret"):
        frozen = not options.secret_mutable or immutable
        return _IDENTITY + [("type",)] + ([("stringData",), ("data",)] if frozen else [])
    if kind == ("", "ConfigMap"):
        frozen = not options.config_map_mutable or immutable
        return _IDENTITY + ([("binaryData",), ("data",)] if frozen else [])
    return _IDENTITY + _BY_KIND.get(kind, [])


def forces_replacement(path: Path, value: Any, fields: Sequence[Path]) -> bool:
    """Whether the change of `path` to `value` (`None`: deleted) touches one of `fields`.

    A change above a field touches it if the new value contains it.
    """
    return any(_touches(path, value, field) for field in fields)


def _touches(path: Path, value: Any, field: Path) -> bool:
    shared = min(len(path), len(field))
    if not all(
        other == _WILDCARD or key == other
        for key, other in zip(path[:shared], field[:shared], strict=True)
    ):
        return False
    return _contains(value, field[shared:])


def _contains(value: Any, field: Path) -> bool:
    if not field:
        return True
    if isinstance(value, Mapping):
        return field[0] in value and _contains(value[field[0]], field[1:])
    if isinstance(value, list) and field[0] == _WILDCARD:
        return any(_contains(item, field[1:]) for item in value)
    return False
