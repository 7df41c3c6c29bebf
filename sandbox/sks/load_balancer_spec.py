"""The load balancer that a Service's ports and annotations define.

Names, defaults and error messages are those of exoscale-cloud-controller-manager
(exoscale/loadbalancer.go).
"""

import re
from dataclasses import dataclass
from typing import Any

from sandbox.sks.spec import CloudError

PREFIX = "service.beta.kubernetes.io/exoscale-loadbalancer-"
ID = PREFIX + "id"
NAME = PREFIX + "name"
DESCRIPTION = PREFIX + "description"
EXTERNAL = PREFIX + "external"
SKS_CLUSTER_NAME = PREFIX + "sks-cluster-name"
SERVICE_STRATEGY = PREFIX + "service-strategy"
SERVICE_NAME = PREFIX + "service-name"
SERVICE_DESCRIPTION = PREFIX + "service-description"
SERVICE_INSTANCE_POOL_ID = PREFIX + "service-instancepool-id"
SERVICE_SKS_NODEPOOL_NAME = PREFIX + "service-sks-nodepool-name"
HEALTH_CHECK_MODE = PREFIX + "service-healthcheck-mode"
HEALTH_CHECK_PORT = PREFIX + "service-healthcheck-port"
HEALTH_CHECK_URI = PREFIX + "service-healthcheck-uri"
HEALTH_CHECK_INTERVAL = PREFIX + "service-healthcheck-interval"
HEALTH_CHECK_TIMEOUT = PREFIX + "service-healthcheck-timeout"
HEALTH_CHECK_RETRIES = PREFIX + "service-healthcheck-retries"

Service = dict[str, Any]
"""A Kubernetes Service in the API server's JSON format."""

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class LoadBalancerSpec:
    """An NLB; `services` are bodies of the API's `add-service-to-load-balancer`."""

    name: str
    description: str
    services: list[dict[str, Any]]


def annotations(service: Service) -> dict[str, str]:
    """Returns the Service's annotations."""
    return service["metadata"].get("annotations") or {}


def is_external(service: Service) -> bool:
    """Returns whether the NLB is external: the controller neither creates nor deletes it."""
    return annotations(service).get(EXTERNAL, "false").lower() == "true"


def load_balancer_spec(service: Service) -> LoadBalancerSpec:
    """Returns the load balancer that `service` defines.

    Raises:
        CloudError: if an annotation is not valid.
    """
    metadata, asked = service["metadata"], annotations(service)
    ports = service["spec"].get("ports") or []
    health_check: dict[str, Any] = {
        "mode": asked.get(HEALTH_CHECK_MODE, "tcp"),
        "interval": int(_duration(asked.get(HEALTH_CHECK_INTERVAL, "10s"))),
        "timeout": int(_duration(asked.get(HEALTH_CHECK_TIMEOUT, "5s"))),
        "retries": _integer(asked.get(HEALTH_CHECK_RETRIES, "1")),
    }
    if asked.get(HEALTH_CHECK_URI):
        health_check["uri"] = asked[HEALTH_CHECK_URI]
    services = [
        {
            "name": _service_name(metadata["uid"], port),
            "description": "",
            "port": port["port"],
            "target-port": port.get("nodePort", 0),
            "protocol": _protocol(port),
            "strategy": asked.get(SERVICE_STRATEGY, "round-robin"),
            "healthcheck": {**health_check, "port": _health_check_port(service, port)},
            "instance-pool": {"id": asked.get(SERVICE_INSTANCE_POOL_ID, "")},
        }
        for port in ports
    ]
    if len(services) == 1:
        services[0]["name"] = asked.get(SERVICE_NAME, services[0]["name"])
        services[0]["description"] = asked.get(SERVICE_DESCRIPTION, "")
    return LoadBalancerSpec(
        name=asked.get(NAME, f"k8s-{metadata['uid']}"),
        description=asked.get(DESCRIPTION, ""),
        services=services,
    )


def _service_name(uid: str, port: dict[str, Any]) -> str:
    name, protocol = f"{uid}-{port['port']}", _protocol(port)
    return name if protocol == "tcp" else f"{name}-{protocol}"


def _protocol(port: dict[str, Any]) -> str:
    protocol = str(port.get("protocol", "TCP"))
    if protocol not in ("TCP", "UDP"):
        raise CloudError("only TCP and UDP are supported as service port protocols")
    return protocol.lower()


def _health_check_port(service: Service, port: dict[str, Any]) -> int:
    spec = service["spec"]
    annotated = annotations(service).get(HEALTH_CHECK_PORT, "")
    if annotated:
        try:
            return _integer(annotated)
        except CloudError as error:
            raise CloudError(f"invalid healthcheck port annotation: {error}") from error
    if spec.get("externalTrafficPolicy") == "Local" and spec.get("healthCheckNodePort", 0) > 0:
        return int(spec["healthCheckNodePort"])
    return int(port.get("nodePort", 0))


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise CloudError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _duration(text: str) -> float:
    """Returns a duration in seconds. As in Go's time.ParseDuration, a number needs a unit."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    parts = _DURATION.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        if re.fullmatch(r"\d+\.?\d*|\.\d+", rest):
            raise CloudError(f'time: missing unit in duration "{text}"')
        raise CloudError(f'time: invalid duration "{text}"')
    return sign * sum(float(number) * _SECONDS[unit] for number, unit in parts)
