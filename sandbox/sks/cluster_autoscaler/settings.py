"""The arguments of the cluster autoscaler.

Source of the defaults: kubernetes/autoscaler, cluster-autoscaler 1.36, FAQ.md, "What are the
parameters to CA?".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any

MINUTE, HOUR = 60.0, 3600.0
_UNITS = {"h": HOUR, "m": MINUTE, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|s|us|µs|ns)"
_WITHOUT_EFFECT = frozenset(
    "address alsologtostderr add-dir-header frequent-loops-enabled kube-client-burst"
    " kube-client-qps log-flush-frequency logging-format logtostderr max-failing-time"
    " max-inactivity one-output profiling skip-headers stderrthreshold user-agent v vmodule".split()
)
"""Arguments of logs, metrics and the connection to the API server, which the stand-in ignores."""


class NotSimulated(ValueError):
    """An argument that the stand-in doesn't simulate, or with a value that is not valid."""


@dataclass(frozen=True)
class Settings:
    """The arguments, by their names with `_`. Times are in seconds."""

    cloud_provider: str = ""
    namespace: str = "kube-system"
    nodes: tuple[str, ...] = ()
    """Limits of node groups: MIN:MAX:NAME."""
    expander: str = "random"
    leader_elect: bool = True
    write_status_configmap: bool = True
    status_config_map_name: str = "cluster-autoscaler-status"
    scan_interval: float = 10.0
    max_nodes_total: int = 0
    """Maximum number of nodes of the cluster; 0 means no limit."""
    enforce_node_group_min_size: bool = False
    new_pod_scale_up_delay: float = 0.0
    expendable_pods_priority_cutoff: int = -10
    initial_node_group_backoff_duration: float = 5 * MINUTE
    max_node_group_backoff_duration: float = 30 * MINUTE
    max_node_startup_time: float = 15 * MINUTE
    max_total_unready_percentage: float = 45.0
    ok_total_unready_count: int = 3
    scale_down_enabled: bool = True
    scale_down_delay_after_add: float = 10 * MINUTE
    scale_down_delay_after_delete: float = 0.0
    scale_down_delay_after_failure: float = 3 * MINUTE
    scale_down_unneeded_time: float = 10 * MINUTE
    scale_down_unready_enabled: bool = True
    scale_down_unready_time: float = 20 * MINUTE
    scale_down_utilization_threshold: float = 0.5
    unremovable_node_recheck_timeout: float = 5 * MINUTE
    ignore_daemonsets_utilization: bool = False
    ignore_mirror_pods_utilization: bool = False
    skip_nodes_with_system_pods: bool = True
    blocking_system_pod_distruption_timeout: float = HOUR
    skip_nodes_with_local_storage: bool = True
    skip_nodes_with_custom_controller_pods: bool = True
    min_replica_count: int = 0
    max_scale_down_parallelism: int = 10
    max_drain_parallelism: int = 1
    max_bulk_soft_taint_count: int = 10
    cordon_node_before_terminating: bool = True
    node_delete_delay_after_taint: float = 5.0
    max_pod_eviction_time: float = 2 * MINUTE
    max_graceful_termination_sec: int = 600
    daemonset_eviction_for_empty_nodes: bool = False
    daemonset_eviction_for_occupied_nodes: bool = True


@dataclass
class _Reader:
    values: dict[str, Any] = field(default_factory=dict)

    def take(self, name: str, text: str | None) -> None:
        """Reads an argument; `text` is None if it has no value.

        Raises:
            NotSimulated: if it is not one of `Settings`, or if its value is not valid.
        """
        if name in _WITHOUT_EFFECT:
            return
        kind = _KINDS.get(name)
        if kind is None:
            raise NotSimulated(
                f"--{name} is not simulated by the sandbox's stand-in of the cluster autoscaler"
            )
        key = name.replace("-", "_")
        if text is None and kind != "bool":
            raise NotSimulated(f"flag needs an argument: --{name}")
        try:
            value = _READERS[kind]("true" if text is None else text)
        except ValueError as error:
            raise NotSimulated(f'invalid argument "{text}" for "--{name}" flag') from error
        self.values[key] = (*self.values.get(key, ()), *value) if key == "nodes" else value


def read(arguments: Iterable[str]) -> Settings:
    """Returns the settings in the program's arguments.

    Raises:
        NotSimulated: if an argument is not simulated, or if its value is not valid.
    """
    reader = _Reader()
    pending = list(arguments)
    while pending:
        argument = pending.pop(0)
        if "$(" in argument:
            raise NotSimulated(f"{argument}: variables in arguments are not simulated")
        if not argument.startswith("--"):
            raise NotSimulated(f'"{argument}" is not an argument of the form --NAME=VALUE')
        name, equals, text = argument[2:].partition("=")
        value: str | None = text if equals else None
        if not equals and _KINDS.get(name, "bool") != "bool" and pending:
            value = pending.pop(0)
        reader.take(name, value)
    settings = Settings(**reader.values)
    if settings.cloud_provider != "exoscale":
        raise NotSimulated(
            f"--cloud-provider={settings.cloud_provider} is not simulated: exoscale is"
        )
    if settings.expander not in ("random", "most-pods", "least-waste"):
        raise NotSimulated(
            f"--expander={settings.expander} is not simulated: "
            "random, most-pods and least-waste are"
        )
    return settings


def seconds(text: str) -> float:
    """Returns a duration in Go's format.

    Raises:
        ValueError: if it has another format.

    >>> seconds("1h2m3.5s"), seconds("0"), seconds("300ms")
    (3723.5, 0.0, 0.3)
    """
    if text == "0":
        return 0.0
    if not re.fullmatch(f"(?:{_PART})+", text):
        raise ValueError(f"not a duration: {text}")
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))


def _boolean(text: str) -> bool:
    if text.lower() not in ("1", "t", "true", "0", "f", "false"):
        raise ValueError(text)
    return text.lower() in ("1", "t", "true")


_READERS: dict[str, Callable[[str], Any]] = {
    "bool": _boolean,
    "int": int,
    "float": float,
    "seconds": seconds,
    "str": str,
    "tuple": lambda text: tuple(text.split(",")),
}


def _kind(name: str, default: Any) -> str:
    if isinstance(default, float) and not name.endswith(("-threshold", "-percentage")):
        return "seconds"
    return type(default).__name__


_KINDS = {
    name: _kind(name, item.default)
    for item in fields(Settings)
    for name in [item.name.replace("_", "-")]
}
