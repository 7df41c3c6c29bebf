"""A schedule on the API server: its runs, its changes in place, and its removal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack, copy_project

pytestmark = pytest.mark.integration

NAMESPACE, CRON_JOB = "schedules", "shop-cleanup"
CLEANUP = {
    "name": "cleanup",
    "schedule": "0 3 * * *",
    "timeZone": "Europe/Zurich",
    "command": ["shop", "cleanup"],
}
SHOP: dict[str, Any] = {
    "name": "shop",
    "namespace": NAMESPACE,
    "image": "example/shop:1",
    "environment": {"COLOR": "red"},
    "config": {"environment": {"LEVEL": "info"}},
    "beforeRollout": {"command": ["migrate"]},
}
LABELS = {"app.kubernetes.io/instance": "shop", "app.kubernetes.io/name": CRON_JOB}


def test_from_the_first_preview_to_the_removal(
    sandbox: Sandbox, cluster_kubeconfig: Path, tmp_path: Path
) -> None:
    kube = Kube(cluster_kubeconfig, sandbox.environment)
    stack = Stack("schedules", copy_project(tmp_path), sandbox.environment)

    def configure(*schedules: dict[str, Any]) -> None:
        existing = {"kubeconfig": str(cluster_kubeconfig)}
        stack.configure({"existingCluster": existing, "apps": [SHOP | {"schedules": schedules}]})

    def deployed() -> dict[str, Any]:
        return kube.get("cronjob", CRON_JOB, NAMESPACE)

    configure(CLEANUP | {"schedule": "0 0 31 2 *"})
    stack("stack", "init")
    said = stack.refused("preview")
    assert 'apps[0].schedules[0].schedule: "0 0 31 2 *": never comes' in said

    configure(CLEANUP)
    said = stack("preview")
    assert re.search(three_runs("0 3 * * *", "03:00"), said)
    stack.up()
    first = deployed()
    assert first["spec"]["schedule"] == CLEANUP["schedule"]
    assert first["spec"]["timeZone"] == CLEANUP["timeZone"]
    assert first["spec"]["concurrencyPolicy"] == "Forbid"
    policy = kube.get("networkpolicy", CRON_JOB, NAMESPACE)["spec"]
    assert policy["podSelector"] == {"matchLabels": LABELS}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert not policy.get("ingress")
    assert policy["egress"] == kube.get("networkpolicy", "shop", NAMESPACE)["spec"]["egress"]

    run_has_the_applications_configuration(kube)
    stack("preview", "--refresh", "--expect-no-changes")

    configure(CLEANUP | {"schedule": "30 4 * * MON"})
    (step,) = stack.preview()
    assert (step.operation, step.name) == ("update", CRON_JOB)
    assert step.changed == {"spec.schedule": "update"}
    said = stack("up", "--yes", "--skip-preview")
    assert re.search(three_runs("30 4 * * MON", "04:30"), said)
    assert deployed()["metadata"]["uid"] == first["metadata"]["uid"]
    assert deployed()["spec"]["schedule"] == "30 4 * * MON"

    configure(CLEANUP | {"suspend": True})
    said = stack("up", "--yes", "--skip-preview")
    assert f"{CRON_JOB}: 0 3 * * *: suspended, no run starts" in said
    assert deployed()["spec"]["suspend"] is True
    stack("preview", "--expect-no-changes")

    configure()
    stack.up()
    assert CRON_JOB not in kube.names("cronjobs", NAMESPACE)
    assert CRON_JOB not in kube.names("networkpolicies", NAMESPACE)
    eventually(lambda: "now" not in kube.names("jobs", NAMESPACE))
    stack("destroy", "--yes", "--skip-preview")


def three_runs(expression: str, time: str) -> str:
    """The pattern of the line with the next runs."""
    head = re.escape(f"{CRON_JOB}: {expression}: next runs in Europe/Zurich: ")
    return rf"{head}(\w+ [-\d]+ {time}(, )?){{3}}\n"


def run_has_the_applications_configuration(kube: Kube) -> None:
    """A run that is started at once: the pods of both read the same variables."""
    source = f"--from=cronjob/{CRON_JOB}"
    kube.run("kubectl", "create", "job", "now", source, "--namespace", NAMESPACE)

    def pods(key: str, value: str) -> list[dict[str, Any]]:
        found = kube.list("pods", NAMESPACE)
        return [pod for pod in found if pod["metadata"]["labels"].get(key) == value]

    (serving,) = pods("app.kubernetes.io/name", "shop")
    (pod,) = eventually(lambda: pods("batch.kubernetes.io/job-name", "now"))
    assert LABELS.items() <= pod["metadata"]["labels"].items()
    (own,), (container,) = serving["spec"]["containers"], pod["spec"]["containers"]
    for key in ("image", "env", "envFrom", "resources", "securityContext", "volumeMounts"):
        assert container[key] == own[key]
    assert {"name": "COLOR", "value": "red"} in container["env"]
    assert container["command"] == CLEANUP["command"]
    assert pod["spec"]["serviceAccountName"] == "shop"
