"""Kinds: which are built in, where they live, and what a URN says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.kubernetes.objects import group_of
from sandbox.plugins.rpc import ProviderError

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


def is_built_in(manifest: Mapping[str, Any]) -> bool:
    return group_of(manifest) in _BUILT_IN_GROUPS


def built_in_scope(api_version: str, kind: str) -> bool | None:
    """Whether a built-in kind lives in namespaces; `None` if the kind is not built in."""
    if not is_built_in({"apiVersion": api_version}):
        return None
    return kind not in _CLUSTER_SCOPED
