"""An application's pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...args.inputs import Input
from ...args.resources import ResourcesArgs
from ...exoscale.placement import HOST_LABEL, Placement, pod_fields
from ...manifests.resources import resource_requirements
from ...manifests.security import pod_security_context
from ..config.objects import AppConfig, ContainerConfig
from ..context import Objects
from ..service.ports import container_ports, lowest_port
from ..volumes.pod_volumes import Claims, group_of_files, pod_volumes
from .container import container
from .container_args import InitContainerArgs
from .probes import probes
from .tolerations_args import TolerationArgs

if TYPE_CHECKING:
    from ..args import WebAppArgs


def pod(
    app: Objects,
    settings: WebAppArgs,
    config: AppConfig,
    claims: Claims,
    placement: Placement | None = None,
) -> dict[str, Any]:
    """Returns the specification of the application's pods for `pulumi_kubernetes`."""
    application = _application(app.name, settings, config)
    if settings.has_port:
        application["ports"] = container_ports(settings.container_port, settings)
    application |= probes(settings.probes, settings.container_port)
    if settings.has_port:
        application |= _drain(settings.rollout.drain_seconds)
    native = [each for each in settings.sidecars if each.native]
    plain = [each for each in settings.sidecars if not each.native]

    def beside(each: InitContainerArgs) -> dict[str, Any]:
        return _beside(settings.with_inherited(each), config)

    before = [beside(each) | {"restart_policy": "Always"} for each in native]
    return _given(
        _any_pod(app.application, settings, config, claims)
        | _placed(settings, placement)
        | {
            "termination_grace_period_seconds": settings.rollout.termination_grace_period_seconds,
            "topology_spread_constraints": [_spread_over_nodes(app.pods)],
            "init_containers": before + [beside(each) for each in settings.init_containers],
            "containers": [application, *(beside(each) for each in plain)],
        }
    )


def job_pod(
    app: Objects,
    settings: WebAppArgs,
    config: AppConfig,
    wait: Mapping[str, Any] | None,
    *,
    command: Sequence[str],
    arguments: Sequence[str] = (),
    image: Input[str] | None = None,
    resources: ResourcesArgs | None = None,
    placement: Placement | None = None,
) -> dict[str, Any]:
    """Returns the specification of a Job's pod with the application's configuration.

    The init container `wait` runs first, with the same resources and security context. A command
    or an image replaces the application's command and arguments. The pod has no persistent volumes,
    because it may run on another node than the application's.
    """
    settings = settings.without_persistent_volumes
    worker = _application(app.name, settings, config)
    if command or image:
        worker = {key: worker[key] for key in worker if key not in ("command", "args")}
    own = {
        "command": command,
        "args": arguments,
        "image": image,
        "resources": resources and resource_requirements(resources),
    }
    worker |= {key: value for key, value in own.items() if value}
    same = {key: worker[key] for key in ("resources", "security_context") if key in worker}
    before = [dict(wait) | same] if wait else []
    return _given(
        _any_pod(app.application, settings, config, {})
        | _placed(settings, placement)
        | {"init_containers": before, "containers": [worker]}
    )


def _placed(settings: WebAppArgs, placement: Placement | None) -> dict[str, Any]:
    """Returns the fields that decide on which nodes the pods run."""
    own = [_toleration(each) for each in settings.tolerations]
    fields = pod_fields(placement, "node_selector")
    return fields | {"tolerations": [*fields.get("tolerations", ()), *own]}


def _any_pod(
    account: str, settings: WebAppArgs, config: AppConfig, claims: Claims
) -> dict[str, Any]:
    return {
        "service_account_name": account,
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": pod_security_context(
            settings.security.run_as_user,
            settings.security.run_as_group,
            lowest_port(settings.container_port, settings),
        )
        | group_of_files(claims),
        "image_pull_secrets": config.image_pull_secrets,
        "volumes": [*pod_volumes(settings, claims), *config.volumes],
    }


def _application(name: str, settings: WebAppArgs, config: AppConfig) -> dict[str, Any]:
    """Returns the application's container. Its own variables come last, so that a preview shows a
    new one as an addition."""
    return _configured(container(name, settings), config.of("config", "secrets"))


def _beside(settings: InitContainerArgs, config: AppConfig) -> dict[str, Any]:
    user, group = settings.security.run_as_user, settings.security.run_as_group
    fields = container(settings.name, settings, user=user, group=group)
    return _configured(fields, config.of(*settings.inherits))


def _configured(fields: dict[str, Any], config: ContainerConfig) -> dict[str, Any]:
    """Returns a container with the configuration. The container's own variables take precedence."""
    env = fields.get("env", [])
    own = {each["name"] for each in env}
    return _given(
        fields
        | {
            "env": [*(each for each in config.env if each["name"] not in own), *env],
            "env_from": config.env_from,
            "volume_mounts": [*fields.get("volume_mounts", []), *config.volume_mounts],
        }
    )


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields without empty lists."""
    return {key: value for key, value in fields.items() if value or value is False}


def _drain(seconds: int) -> dict[str, Any]:
    """Keeps a terminating pod serving until load balancers and nodes know about its termination."""
    return {"lifecycle": {"pre_stop": {"sleep": {"seconds": seconds}}}} if seconds else {}


def _spread_over_nodes(selector: Mapping[str, str]) -> dict[str, Any]:
    """Spreads the pods of one revision over the nodes, if these have room."""
    return {
        "max_skew": 1,
        "topology_key": HOST_LABEL,
        "when_unsatisfiable": "ScheduleAnyway",
        "label_selector": {"match_labels": selector},
        "match_label_keys": ["pod-template-hash"],
    }


def _toleration(settings: TolerationArgs) -> dict[str, Any]:
    fields = {
        "key": settings.key,
        "operator": "Exists" if settings.value is None else "Equal",
        "value": settings.value,
        "effect": settings.effect,
        "toleration_seconds": settings.seconds,
    }
    return {key: value for key, value in fields.items() if value is not None}
