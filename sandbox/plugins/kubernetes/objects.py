"""Kubernetes objects as plain mappings: their kind, annotations, identity and shape.

An object here is a manifest with every `Secret` opened; `UNKNOWN` may stand for any value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.rpc import ProviderError

Manifest = dict[str, Any]
Path = tuple[str | int, ...]

AUTONAMED: Final = "pulumi.com/autonamed"
SKIP_AWAIT: Final = "pulumi.com/skipAwait"
TIMEOUT_SECONDS: Final = "pulumi.com/timeoutSeconds"
REPLACE_UNREADY: Final = "pulumi.com/replaceUnready"
PATCH_FORCE: Final = "pulumi.com/patchForce"
PATCH_FIELD_MANAGER: Final = "pulumi.com/patchFieldManager"
DELETION_PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"

_BUILT_IN_GROUPS: Final = frozenset(
    "admissionregistration.k8s.io apiextensions.k8s.io apiregistration.k8s.io apps"
    " authentication.k8s.io authorization.k8s.io autoscaling batch certificates.k8s.io"
    " coordination.k8s.io discovery.k8s.io events.k8s.io flowcontrol.apiserver.k8s.io"
    " internal.apiserver.k8s.io networking.k8s.io node.k8s.io policy rbac.authorization.k8s.io"
    " resource.k8s.io scheduling.k8s.io storage.k8s.io storagemigration.k8s.io".split()
) | {""}
_CLUSTER_SCOPED: Final = frozenset(
    "APIService CSIDriver CSINode CertificateSigningRequest ClusterRole ClusterRoleBinding"
    " ClusterTrustBundle ComponentStatus CustomResourceDefinition DeviceClass DeviceTaintRule"
    " FlowSchema IPAddress IngressClass MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"
    " MutatingWebhookConfiguration Namespace Node PersistentVolume PriorityClass"
    " PriorityLevelConfiguration ResourceSlice RuntimeClass SelfSubjectAccessReview"
    " SelfSubjectReview SelfSubjectRulesReview ServiceCIDR StorageClass StorageVersion"
    " StorageVersionMigration SubjectAccessReview TokenReview ValidatingAdmissionPolicy"
    " ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration VolumeAttachment"
    " VolumeAttributesClass".split()
)
_READ_ONLY_METADATA: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
_USER_KEYED: Final = frozenset(
    "annotations binaryData data labels limits matchLabels nodeSelector requests stringData".split()
)


def type_of(urn: str) -> str:
    """The type token in a URN: `kubernetes:apps/v1:Deployment`."""
    return urn.split("::")[2].split("$")[-1]


def name_of(urn: str) -> str:
    """The logical name in a URN."""
    return urn.split("::", 3)[3]


def kind_of(urn: str) -> tuple[str, str]:
    """The `apiVersion` and kind of a type token, for example `("v1", "Secret")`.

    Raises:
        ProviderError: if the type is not that of one Kubernetes object.
    """
    token = type_of(urn)
    _, module, kind = token.split(":", 2)
    group, _, version = module.partition("/")
    version = version.split("/")[0]
    if not version or group in {"helm.sh", "yaml", "kustomize"}:
        raise ProviderError(f"the resource type {token!r} is not supported by the sandbox")
    api_version = version if group == "core" else f"{group}/{version}"
    built_in = is_built_in({"apiVersion": api_version})
    if built_in and kind.endswith("List"):
        raise ProviderError(
            "list resources exist for compatibility with YAML manifests and Helm charts, and "
            f"cannot be created directly. Use the underlying resource type instead ({token})"
        )
    if built_in and kind.endswith("Patch"):
        raise ProviderError(f"patch resources ({token!r}) are not supported by the sandbox")
    return api_version, kind


def group_of(manifest: Mapping[str, Any]) -> str:
    """The API group, `""` for the core group."""
    group, slash, _ = str(manifest.get("apiVersion", "")).partition("/")
    return group if slash and group != "core" else ""


def is_built_in(manifest: Mapping[str, Any]) -> bool:
    return group_of(manifest) in _BUILT_IN_GROUPS


def built_in_scope(api_version: str, kind: str) -> bool | None:
    """Whether a built-in kind lives in namespaces; `None` if the kind is not built in."""
    if not is_built_in({"apiVersion": api_version}):
        return None
    return kind not in _CLUSTER_SCOPED


def metadata(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metadata, empty while they are absent or unknown."""
    value = manifest.get("metadata")
    return value if isinstance(value, Mapping) else {}


def annotation(manifest: Mapping[str, Any], key: str) -> str:
    """An annotation's value, `""` while it is absent or unknown."""
    annotations = metadata(manifest).get("annotations")
    value = annotations.get(key) if isinstance(annotations, Mapping) else None
    return value if isinstance(value, str) else ""


def with_metadata(manifest: Manifest, **fields: Any) -> Manifest:
    """A copy with these metadata fields set; unknown metadata stay as they are."""
    current = manifest.get("metadata") or {}
    if not isinstance(current, Mapping):
        return manifest
    return {**manifest, "metadata": {**current, **fields}}


def without_read_only(manifest: Manifest) -> Manifest:
    """A copy without the metadata that only the API server writes."""
    current = manifest.get("metadata")
    if not isinstance(current, Mapping):
        return manifest
    kept = {key: value for key, value in current.items() if key not in _READ_ONLY_METADATA}
    return {**manifest, "metadata": kept}


def object_id(manifest: Mapping[str, Any]) -> str:
    """The resource's ID: `namespace/name`, or `name` alone outside namespaces."""
    namespace, name = metadata(manifest).get("namespace"), metadata(manifest)["name"]
    return f"{namespace}/{name}" if namespace else str(name)


def parse_id(identifier: str) -> tuple[str, str]:
    """The namespace (or `""`) and the name in a resource's ID."""
    namespace, _, name = identifier.rpartition("/")
    return namespace, name


def prune(live: Any, shape: Any, key: str | int = "") -> Any:
    """The live value cut down to what `shape`, the inputs it was made from, has.

    An empty value (`false`, 0, `""`, `{}`, `[]`) that the API server dropped counts as still
    there, except in maps whose keys are the user's own.
    """
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        kept = {name: prune(live[name], shape[name], name) for name in shape if name in live}
        if key not in _USER_KEYED:
            for name, value in shape.items():
                if name not in live and value in (False, 0, "", {}, []):
                    kept[name] = value
        return kept
    if isinstance(live, list) and isinstance(shape, list):
        return [prune(item, other) for item, other in zip(live, shape, strict=False)]
    return live
