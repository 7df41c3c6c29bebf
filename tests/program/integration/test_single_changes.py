"""Every single change of an application, there and back, with a failure in the middle of each."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.program.integration.single_changes import ENCRYPTED, NAMESPACE, applications
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.resource_names import without_namespace
from tests.support.stack import Stack, Step, copy_project

pytestmark = [pytest.mark.integration, pytest.mark.slow]


RESOURCES = {
    "configmaps": [""],
    "secrets": [""],
    "services": [""],
    "serviceaccounts": [""],
    "deployments": ["apps"],
    "jobs": ["batch"],
    "cronjobs": ["batch"],
    "ingresses": ["networking.k8s.io"],
    "networkpolicies": ["networking.k8s.io"],
    "horizontalpodautoscalers": ["autoscaling"],
    "poddisruptionbudgets": ["policy"],
    "resourcequotas": [""],
    "limitranges": [""],
}
"""What an application consists of, with the API groups."""

OF_THE_API_SERVER = {
    "resourceVersion",
    "generation",
    "managedFields",
    "uid",
    "creationTimestamp",
}
OF_CONTROLLERS = {
    "deployment.kubernetes.io/revision",
    "service.beta.kubernetes.io/exoscale-loadbalancer-id",
    "service.beta.kubernetes.io/exoscale-loadbalancer-service-instancepool-id",
}
"""Fields of metadata, and annotations, that nobody asked for."""

SUFFIX = re.compile(r"(?<=-)[0-9a-f]{8}\b")
"""What a generated name ends with."""

FORCED = re.compile(r'\s*"pulumi.com/patchForce": "true"\s*')
"""What a Deployment keeps that once had an autoscaler."""

GATE = "pulumi:index:Stash"
"""What waits for a rollout, or remembers, and is in the stack's state alone."""

Resource = tuple[str, str]
"""Kind and name of a resource of the stack."""
Done = tuple[str, Resource]
"""What happens to it, such as `update`."""


@dataclass(frozen=True)
class Found:
    """An object on the API server."""

    uid: str
    contents: str
    """As JSON, what somebody asked for."""

    @property
    def anew(self) -> str:
        """The contents as they are where it, and what it names, is made again."""
        return SUFFIX.sub("*", FORCED.sub("", self.contents))


def refusal(resources: list[str]) -> list[dict[str, Any]]:
    """An admission policy that refuses to create and change objects of these kinds."""
    name = {"name": "refused-by-the-test"}
    here = {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}}
    rule = {
        "apiGroups": sorted({group for kind in resources for group in RESOURCES[kind]}),
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": resources,
    }
    version = "admissionregistration.k8s.io/v1"
    return [
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": name,
            "spec": {
                "matchConstraints": {"namespaceSelector": here, "resourceRules": [rule]},
                "validations": [{"expression": "false", "message": "refused by the test"}],
            },
        },
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": name,
            "spec": {"policyName": name["name"], "validationActions": ["Deny"]},
        },
    ]


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, cluster_kubeconfig: Path) -> Kube:
    return Kube(cluster_kubeconfig, sandbox.environment)


@pytest.fixture(scope="module")
def stack(
    sandbox: Sandbox, cluster_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The applications before their changes, deployed."""
    folder = copy_project(tmp_path_factory.mktemp("changes"))
    stack = Stack("changes", folder, sandbox.environment)
    configure(stack, cluster_kubeconfig, changed=False)
    stack("stack", "init")
    stack("config", "set", "--secret", "scratch", "hidden")
    ENCRYPTED.update(yaml.safe_load(stack.file.read_text())["config"]["webapp:scratch"])
    configure(stack, cluster_kubeconfig, changed=False)
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")


def configure(stack: Stack, kubeconfig: Path, *, changed: bool) -> None:
    stack.configure(
        {
            "existingCluster": {"kubeconfig": str(kubeconfig)},
            "ingress": {"controller": "nginx", "chart": "./sandbox/charts/ingress-nginx"},
            "apps": applications(changed=changed),
        }
    )


def found(stack: Stack, kube: Kube) -> dict[Resource, Found]:
    """The applications' resources, as the API server has them."""
    live = {
        (item["kind"], item["metadata"]["name"]): item
        for item in kube.list(",".join(RESOURCES), NAMESPACE)
    }
    resources: dict[Resource, Found] = {}
    for resource in stack.resources():
        namespace, has_namespace, name = resource.get("id", "").partition("/")
        if has_namespace and namespace == NAMESPACE:
            kind = resource["type"].rpartition(":")[2]
            in_program = without_namespace(resource["type"], resource["urn"].split("::")[3])
            resources[resource["type"], in_program] = _found(live[kind, name])
    return resources


def _found(item: Mapping[str, Any]) -> Found:
    metadata = {k: v for k, v in item["metadata"].items() if k not in OF_THE_API_SERVER}
    notes = metadata.pop("annotations", {})
    metadata["annotations"] = {k: v for k, v in notes.items() if k not in OF_CONTROLLERS}
    asked = {key: value for key, value in item.items() if key != "status"} | {"metadata": metadata}
    return Found(item["metadata"]["uid"], json.dumps(asked, sort_keys=True, indent=1))


def done(before: Mapping[Resource, Found], after: Mapping[Resource, Found]) -> set[Done]:
    """What happened to the resources from one time to the other."""
    steps = {("delete", each) for each in before.keys() - after.keys()}
    steps |= {("create", each) for each in after.keys() - before.keys()}
    for each in before.keys() & after.keys():
        if before[each].uid != after[each].uid:
            steps.add(("replace", each))
        elif before[each].contents != after[each].contents:
            steps.add(("update", each))
    return steps


def told(steps: Iterable[Step]) -> set[Done]:
    """What a preview says, without the fields."""
    return {(step.operation, (step.kind, step.name)) for step in steps}


def denied(kube: Kube, resources: list[str]) -> None:
    """Refuse objects of these kinds from now on."""
    for document in refusal(resources):
        kube.run("kubectl", "apply", "-f", "-", stdin=json.dumps(document))
    eventually(lambda: not allowed(kube, resources[0]), within=30)


def allowed_again(kube: Kube, resources: list[str]) -> None:
    kube.run(
        "kubectl", "delete", "validatingadmissionpolicy,validatingadmissionpolicybinding",
        "refused-by-the-test",
    )  # fmt: skip
    eventually(lambda: allowed(kube, resources[0]), within=30)


def allowed(kube: Kube, resource: str) -> bool:
    """Whether an object of the kind may be changed."""
    (first, *_) = kube.names(resource, NAMESPACE)
    answer = subprocess.run(
        ["kubectl", "label", resource, first, "x=y", "--dry-run=server", "-n", NAMESPACE],
        env={**kube.environment, "KUBECONFIG": str(kube.kubeconfig)},
        capture_output=True,
        text=True,
    )
    return answer.returncode == 0


def without_their_load_balancer(kube: Kube) -> list[str]:
    """The Services that had one, and from which the cloud controller has yet to let go."""
    return [
        service["metadata"]["name"]
        for service in kube.list("services", NAMESPACE)
        if service["spec"]["type"] != "LoadBalancer" and service["metadata"].get("finalizers")
    ]


def test_forward_and_back_with_a_failure_in_the_middle(
    stack: Stack, kube: Kube, cluster_kubeconfig: Path
) -> None:
    others = [kind for kind in RESOURCES if kind != "deployments"]
    first = found(stack, kube)
    for changed, refused in ((True, ["deployments"]), (False, others)):
        before = found(stack, kube)
        configure(stack, cluster_kubeconfig, changed=changed)
        plan = told(stack.preview())
        gates = {step for step in plan if step[1][0] == GATE}
        rolled = {name for _, (kind, name) in plan if kind.endswith((":Deployment", "Autoscaler"))}
        rollouts = {name for _, (_, name) in gates} - {"autoscalers"}
        assert {name.removesuffix("-rollout") for name in rollouts} <= rolled

        denied(kube, refused)
        failed = stack.run("up", "--yes", "--skip-preview")
        assert failed.returncode != 0
        assert "refused by the test" in failed.stdout
        allowed_again(kube, refused)

        stack.up()
        assert done(before, found(stack, kube)) == plan - gates
        stack("preview", "--expect-no-changes")

    eventually(lambda: not without_their_load_balancer(kube))
    last = found(stack, kube)
    assert last.keys() == first.keys()
    for each in last:
        assert last[each].anew == first[each].anew
