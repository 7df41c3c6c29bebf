"""What is done about an autoscaler that is left out, before an update ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from components.lifecycle.kubernetes_api import ApiError, KubernetesApi
from components.web_app.availability.former_autoscalers import GONE, set_replicas
from stack.compose import declare
from tests.program.unit.engine import run
from tests.program.unit.stack_settings import APP, VALID, load

SCALER = {"min": 1, "max": 4, "cpu": 80}
DEPLOYMENT = "/apis/apps/v1/namespaces/web/deployments/web"
AUTOSCALER = "/apis/autoscaling/v2/namespaces/web/horizontalpodautoscalers/web"


@dataclass
class Cluster:
    """A Deployment of four pods, and its autoscaler, if `scaled`."""

    scaled: bool = True
    done: list[Any] = field(default_factory=list)

    async def delete(self, path: str) -> None:
        self.done.append(path)
        if not self.scaled:
            raise ApiError(GONE, "not found")

    async def patch(self, path: str, document: Mapping[str, Any]) -> None:
        self.done.append((path, document))

    async def get(self, path: str) -> Any:
        assert path == DEPLOYMENT
        pods = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), 2)
        status = {"observedGeneration": 1, **pods}
        return {"metadata": {"generation": 1}, "spec": {"replicas": 2}, "status": status}


def test_the_stack_remembers_which_applications_have_one() -> None:
    apps = [APP | {"autoscaler": SCALER}, APP | {"name": "api", "replicas": 2}]
    settings = load(VALID | {"apps": apps})
    engine, _ = run(lambda: declare(settings))
    assert engine.of_type("Stash")["autoscalers"] == {"input": ["web/web"]}


def test_it_is_deleted_and_the_number_set_also_where_it_is_gone_already() -> None:
    app = load(VALID | {"apps": [APP | {"replicas": 2}]}).apps[0]
    for scaled in (True, False):
        cluster = Cluster(scaled)
        asyncio.run(set_replicas(cast(KubernetesApi, cluster), app.place, app))
        assert cluster.done == [
            AUTOSCALER,
            (f"{DEPLOYMENT}/scale", {"spec": {"replicas": 2}}),
        ]
