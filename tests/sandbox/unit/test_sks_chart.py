"""The values that the sandbox's charts take, and those that they refuse."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from components.ingress_controller import ingress_nginx, traefik
from components.ingress_controller.args import CHARTS, IngressControllerArgs
from sandbox.sks.ingress_nginx import webhook

FOLDER = Path(__file__).parents[3] / "sandbox" / "charts"
EVERYTHING: dict[str, Any] = {
    "replicas": 2,
    "metrics": True,
    "resources": {"requests": {"cpu": "100m"}},
    "defaultCertificate": "wildcard",
    "admissionWebhook": False,
    "loadBalancer": {"externalTrafficPolicy": "Cluster"},
}


def schema(chart: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / chart / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(document)
    return document


@pytest.mark.parametrize("controller", ["nginx", "traefik"])
def test_it_has_the_official_charts_name_and_version(controller: str) -> None:
    name, _, version = CHARTS[controller]
    chart = yaml.safe_load((FOLDER / name / "Chart.yaml").read_text())
    assert (chart["name"], chart["version"]) == (name, version)


@pytest.mark.parametrize("chart", ["cluster-autoscaler", "ingress-nginx", "traefik"])
def test_its_defaults_are_valid(chart: str) -> None:
    jsonschema.validate(yaml.safe_load((FOLDER / chart / "values.yaml").read_text()), schema(chart))


@pytest.mark.parametrize("settings", [{}, EVERYTHING])
def test_it_takes_what_the_program_sets(settings: dict[str, Any]) -> None:
    ingress = IngressControllerArgs.model_validate(settings)
    jsonschema.validate(
        _json(ingress_nginx.values(ingress, "ingress-nginx", "web")), schema("ingress-nginx")
    )
    values = traefik.values(ingress, "web", "web-controller", "nginx")
    jsonschema.validate(_json(values), schema("traefik"))


def test_its_pods_are_those_whose_webhook_is_played() -> None:
    template = (FOLDER / "ingress-nginx" / "templates" / "controller.yaml").read_text()
    assert f"{webhook.PLAYED}: " in template
    assert f"- name: {webhook.PORT}\n" in template
    assert f"- name: {webhook.CERTIFICATES}\n" in template


def _json(values: dict[str, Any]) -> Any:
    return json.loads(json.dumps(values))


@pytest.mark.parametrize(
    ("chart", "values", "named"),
    [
        ("ingress-nginx", {"tcp": {"22": "a/b:22"}}, "tcp"),
        ("ingress-nginx", {"controller": {"hostNetwork": True}}, "hostNetwork"),
        ("ingress-nginx", {"controller": {"service": {"internal": {}}}}, "internal"),
        ("ingress-nginx", {"controller": {"admissionWebhooks": {"patch": {}}}}, "patch"),
        ("ingress-nginx", {"controller": {"kind": "StatefulSet"}}, "StatefulSet"),
        ("traefik", {"hostNetwork": True}, "hostNetwork"),
        ("traefik", {"ingressClass": {"enabled": True}}, "False was expected"),
        ("traefik", {"providers": {"kubernetesGateway": {"enabled": True}}}, "kubernetesGateway"),
        ("traefik", {"providers": {"kubernetesCRD": {"enabled": True}}}, "False was expected"),
        ("traefik", {"service": {"spec": {"ports": []}}}, "ports"),
        ("traefik", {"controller": {"kind": "DaemonSet"}}, "controller"),
        ("cluster-autoscaler", {"cloudProvider": "aws"}, "'exoscale' was expected"),
        ("cluster-autoscaler", {"autoDiscovery": {"clusterName": "web"}}, "autoDiscovery"),
        ("cluster-autoscaler", {"hostNetwork": True}, "hostNetwork"),
        ("cluster-autoscaler", {"autoscalingGroups": [{"name": "a"}]}, "required"),
        ("cluster-autoscaler", {"service": {"type": "NodePort"}}, "type"),
    ],
)
def test_what_it_does_not_do_is_refused_by_name(
    chart: str, values: dict[str, Any], named: str
) -> None:
    with pytest.raises(jsonschema.ValidationError, match=named):
        jsonschema.validate(values, schema(chart))
