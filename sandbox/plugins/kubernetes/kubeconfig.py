"""Kubeconfigs as the provider's `kubeconfig` option takes them: contents or a path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Kubeconfig = dict[str, Any]


class KubeconfigError(ValueError):
    """Not a kubeconfig. The message never quotes the contents, which are a secret."""


def read(value: str | Mapping[str, Any]) -> Kubeconfig:
    """Parse a kubeconfig given as YAML or JSON, as a path (`~` allowed) or already as a mapping.

    Raises:
        KubeconfigError: if it can't be parsed.
    """
    if isinstance(value, Mapping):
        return dict(value)
    text = _read_if_path(value)
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise KubeconfigError(f"the kubeconfig is not valid YAML{line}") from None
    if not isinstance(config, dict):
        raise KubeconfigError("the kubeconfig is neither a kubeconfig's contents nor a file's path")
    return config


def _read_if_path(value: str) -> str:
    if "\n" in value or value.lstrip().startswith("{"):
        return value
    path = Path(value).expanduser()
    return path.read_text(encoding="utf-8") if path.is_file() else value


def ambient() -> str | None:
    """The path of the kubeconfig that kubectl would use, if there is one."""
    paths = [path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    for path in paths or [str(Path("~/.kube/config").expanduser())]:
        if Path(path).is_file():
            return path
    return None


def _named(config: Kubeconfig, section: str, name: Any) -> dict[str, Any] | None:
    for entry in config.get(section) or []:
        if entry.get("name") == name:
            return dict(entry.get(section.removesuffix("s")) or {})
    return None


def active_context(config: Kubeconfig, context: str | None) -> dict[str, Any] | None:
    """The settings of the context named, or of the current one."""
    return _named(config, "contexts", context or config.get("current-context"))


def active_cluster(
    config: Kubeconfig, context: str | None, cluster: str | None
) -> dict[str, Any] | None:
    """The settings of the cluster that the provider's options select, or `None`."""
    settings = active_context(config, context)
    if settings is None:
        return None
    return _named(config, "clusters", cluster or settings.get("cluster"))


def select(config: Kubeconfig, context: str | None, cluster: str | None) -> Kubeconfig:
    """The same kubeconfig with the context made current and the cluster put into it.

    Raises:
        KubeconfigError: if there is no such context or cluster.
    """
    name = context or config.get("current-context")
    settings = active_context(config, context)
    if settings is None:
        raise KubeconfigError(f'context "{name or ""}" does not exist in the kubeconfig')
    if cluster:
        settings["cluster"] = cluster
    if _named(config, "clusters", settings.get("cluster")) is None:
        raise KubeconfigError(
            f'cluster "{settings.get("cluster")}" does not exist in the kubeconfig'
        )
    return {**config, "current-context": name, "contexts": [{"name": name, "context": settings}]}
