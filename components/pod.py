"""An application's pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from components.container import WRITABLE_VOLUME, InitContainerArgs, container
from components.probes import probes
from components.security import pod_security_context

if TYPE_CHECKING:
    from components.web_app import WebAppArgs

NODE = "kubernetes.io/hostname"


class VolumeArgs(TypedDict):
    """An empty folder that the pod's containers share; `medium` is `disk` or `memory`."""

    name: str
    medium: str
    size_limit: NotRequired[str]


def pod(
    name: str, args: WebAppArgs, selector: Mapping[str, str], environment: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The pods' specification, as `pulumi_kubernetes` takes it.

    `environment` comes before the application's own variables, so that a variable added to those
    later is one more at the end of the list.
    """
    application = container(name, args)
    application["env"] = [*environment, *application.get("env", [])]
    application["ports"] = [{"container_port": args["port"]}]
    application |= probes(args["probes"], args["port"]) | _drain(args["rollout"]["drain_seconds"])

    native = [
        _beside(each) | {"restart_policy": "Always"} for each in args["sidecars"] if each["native"]
    ]
    plain = [_beside(each) for each in args["sidecars"] if not each["native"]]
    before = [_beside(each) for each in args["init_containers"]]
    spec: dict[str, Any] = {
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": pod_security_context(args["security"]["run_as_user"], args["port"]),
        "termination_grace_period_seconds": args["rollout"]["termination_grace_period_seconds"],
        "topology_spread_constraints": [_spread_over_nodes(selector)],
        "init_containers": native + before,
        "containers": [application, *plain],
        "volumes": _volumes(args),
    }
    return {key: value for key, value in spec.items() if value or value is False}


def _beside(args: InitContainerArgs) -> dict[str, Any]:
    return container(args["name"], args, user=args["security"].get("run_as_user"))


def _drain(seconds: int) -> dict[str, Any]:
    """Go on serving while load balancers and other nodes still learn that the pod is going."""
    return {"lifecycle": {"pre_stop": {"sleep": {"seconds": seconds}}}} if seconds else {}


def _spread_over_nodes(selector: Mapping[str, str]) -> dict[str, Any]:
    """Pods of one revision on as many nodes as there are, if they have room."""
    return {
        "max_skew": 1,
        "topology_key": NODE,
        "when_unsatisfiable": "ScheduleAnyway",
        "label_selector": {"match_labels": selector},
        "match_label_keys": ["pod-template-hash"],
    }


def _volumes(args: WebAppArgs) -> list[dict[str, Any]]:
    containers = [args, *args["sidecars"], *args["init_containers"]]
    volumes: list[dict[str, Any]] = []
    if any(each["security"]["writable_paths"] for each in containers):
        volumes.append({"name": WRITABLE_VOLUME, "empty_dir": {}})
    return volumes + [
        {"name": volume["name"], "empty_dir": _empty_dir(volume)} for volume in args["volumes"]
    ]


def _empty_dir(volume: VolumeArgs) -> dict[str, str]:
    medium = {"medium": "Memory"} if volume["medium"] == "memory" else {}
    return medium | ({"size_limit": volume["size_limit"]} if "size_limit" in volume else {})
