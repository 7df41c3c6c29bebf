"""The settings of a controller: its pod's arguments and its ConfigMap.

Names and defaults are those of kubernetes/ingress-nginx, pkg/flags/flags.go and
internal/ingress/controller/config/config.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from kubernetes import client

TRUE = ("1", "t", "T", "TRUE", "true", "True")
RISKS = ("Low", "Medium", "High", "Critical")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings for a controller's checks of Ingresses.

    Attributes:
        classes: the IngressClasses of the controller.
        annotation_class: the value of the old class annotation, for Ingresses without a class.
        without_class: whether it serves Ingresses that have neither.
        namespace: the only namespace that it serves; empty for all.
        risk: the highest of RISKS that annotations may have.
    """

    classes: Set[str] = frozenset()
    annotation_class: str = "nginx"
    without_class: bool = False
    namespace: str = ""
    catch_all: bool = True
    deep_inspect: bool = True
    validate_annotations: bool = True
    strict_path_type: bool = True
    snippets: bool = False
    risk: str = "High"
    blocked_words: Sequence[str] = ()


def settings_of(api_client: client.ApiClient, pod: Any) -> Settings:
    """Returns the settings of the controller in `pod`."""
    flags = _flags(pod)
    config = _config(api_client, flags.get("configmap", ""))
    controller = flags.get("controller-class", "k8s.io/ingress-nginx")
    by_name = is_true(flags.get("ingress-class-by-name", "false"))
    annotation_class = flags.get("ingress-class", "nginx")
    classes = client.NetworkingV1Api(api_client).list_ingress_class().items
    risk = config.get("annotations-risk-level", "High").capitalize()
    return Settings(
        classes={
            found.metadata.name
            for found in classes
            if found.spec.controller == controller
            or (by_name and found.metadata.name == annotation_class)
        },
        annotation_class=annotation_class,
        without_class=is_true(flags.get("watch-ingress-without-class", "false")),
        namespace=flags.get("watch-namespace", ""),
        catch_all=not is_true(flags.get("disable-catch-all", "false")),
        deep_inspect=is_true(flags.get("deep-inspect", "true")),
        validate_annotations=is_true(flags.get("enable-annotation-validation", "true")),
        strict_path_type=is_true(config.get("strict-validate-path-type", "true")),
        snippets=is_true(config.get("allow-snippet-annotations", "false")),
        risk=risk if risk in RISKS else "Low",
        blocked_words=[
            word.strip()
            for word in config.get("annotation-value-word-blocklist", "").split(",")
            if word.strip()
        ],
    )


def _flags(pod: Any) -> dict[str, str]:
    container = pod.spec.containers[0]
    flags = {}
    for argument in container.args or ():
        name, separator, value = argument.removeprefix("--").partition("=")
        flags[name] = value.replace("$(POD_NAMESPACE)", pod.metadata.namespace)
        if not separator:
            flags[name] = "true"
    return flags


def _config(api_client: client.ApiClient, key: str) -> Mapping[str, str]:
    namespace, _, name = key.partition("/")
    if not name:
        return {}
    try:
        data = client.CoreV1Api(api_client).read_namespaced_config_map(name, namespace).data
    except client.ApiException as error:
        if error.status != 404:
            raise
        return {}
    return data or {}


def is_true(value: str) -> bool:
    """Returns whether Go's `strconv.ParseBool` parses `value` as true."""
    return value in TRUE
