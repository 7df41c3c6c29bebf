"""An application's pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from components.app.app_config import AppConfig
from components.app.before_rollout import BeforeRolloutArgs
from components.app.container import WRITABLE_VOLUME, InitContainerArgs, container
from components.app.probes import probes
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
    name: str, args: WebAppArgs, config: AppConfig, selector: Mapping[str, str]
) -> dict[str, Any]:
    """The specification of the pods that serve, as `pulumi_kubernetes` takes it."""
    application = _application(name, args, config)
    application["ports"] = [{"container_port": args["port"]}]
    application |= probes(args["probes"], args["port"]) | _drain(args["rollout"]["drain_seconds"])
    native = [each for each in args["sidecars"] if each["native"]]
    plain = [each for each in args["sidecars"] if not each["native"]]
    before = [_beside(each) | {"restart_policy": "Always"} for each in native]
    return _given(
        _any_pod(name, args, config)
        | {
            "termination_grace_period_seconds": args["rollout"]["termination_grace_period_seconds"],
            "topology_spread_constraints": [_spread_over_nodes(selector)],
            "init_containers": before + [_beside(each) for each in args["init_containers"]],
            "containers": [application, *(_beside(each) for each in plain)],
        }
    )


def job_pod(
    name: str, args: WebAppArgs, config: AppConfig, job: BeforeRolloutArgs
) -> dict[str, Any]:
    """The specification of a pod that does one thing, with the application's configuration."""
    worker = _application(name, args, config) | {"command": job["command"]}
    worker.pop("args", None)
    if "image" in job:
        worker["image"] = job["image"]
    if "resources" in job:
        worker["resources"] = job["resources"]
    return _given(_any_pod(name, args, config) | {"containers": [worker]})


def _any_pod(name: str, args: WebAppArgs, config: AppConfig) -> dict[str, Any]:
    return {
        "service_account_name": name,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": pod_security_context(args["security"]["run_as_user"], args["port"]),
        "image_pull_secrets": config.image_pull_secrets,
        "volumes": [*_volumes(args), *config.volumes],
    }


def _application(name: str, args: WebAppArgs, config: AppConfig) -> dict[str, Any]:
    """The application's container. Its own variables come last: a new one is one more there."""
    fields = container(name, args)
    return _given(
        fields
        | {
            "env": [*config.env, *fields.get("env", [])],
            "env_from": config.env_from,
            "volume_mounts": [*fields.get("volume_mounts", []), *config.volume_mounts],
        }
    )


def _beside(args: InitContainerArgs) -> dict[str, Any]:
    return container(args["name"], args, user=args["security"].get("run_as_user"))


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without lists that are empty."""
    return {key: value for key, value in fields.items() if value or value is False}


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
