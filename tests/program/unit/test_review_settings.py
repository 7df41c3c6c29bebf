"""A review stack has another stack's applications, and nothing that is that stack's own."""

from __future__ import annotations

from typing import Any

import pytest

from stack.args import StackArgs
from stack.checks.across import stack_problems
from tests.program.unit.recorded_resources import STACKS
from tests.program.unit.stack_settings import VALID
from tools.pulumi_command import ToolError
from tools.review_settings import review_settings

WEB = {"name": "web", "image": "example/web:1", "path": "/web"}
API = {"name": "api", "image": "example/api:1", "path": "/api", "namespace": "back"}


def made(*apps: dict[str, Any], image: str = "", **others: Any) -> dict[str, Any]:
    """The settings of pr-12 beside a stack with these applications."""
    return review_settings(VALID | {"apps": list(apps)} | others, "dev", "pr-12", image)


def app(**settings: Any) -> dict[str, Any]:
    """An application in them, of one that has these settings."""
    (found,) = made(WEB | settings)["apps"]
    return dict(found)


def test_what_is_made_of_a_plain_stack() -> None:
    assert made(WEB, production=False, ingress={"controller": "traefik", "replicas": 2}) == {
        "existingCluster": {"stack": "dev"},
        "ingress": {"existing": {}},
        "apps": [WEB | {"namespace": "pr-12", "path": "/pr-12/web"}],
    }


def test_its_workers_have_the_images_of_the_pull_request() -> None:
    """But not their node pools, which the cluster's stack has; a worker's own image stays."""
    mail = {"name": "mail", "command": ["work"]}
    report = {"name": "report", "image": "example/report:1"}
    listed = [mail | {"nodepool": "workers"}, report]
    (found,) = made(WEB | {"workers": listed}, image="example/web:pr")["apps"]
    assert (found["image"], found["workers"]) == ("example/web:pr", [mail, report])


def test_an_application_without_a_port_stays_without_one() -> None:
    (found,) = made({"name": "queue", "image": "example/queue:1", "port": "none"})["apps"]
    assert found == {
        "name": "queue",
        "image": "example/queue:1",
        "port": "none",
        "namespace": "pr-12",
    }


def test_its_hosts_get_records_of_their_own() -> None:
    """In the zone, which is another stack's to create."""
    found = made(WEB | {"host": "example.com"}, dns={"zone": "example.com", "create": True})
    assert found["dns"] == {"zone": "example.com"}
    assert [each["host"] for each in found["apps"]] == ["pr-12.example.com"]


def test_without_a_controller_there_is_none() -> None:
    assert "ingress" not in made({"name": "web", "image": "example/web:1"})


def test_a_cluster_and_a_controller_of_other_hands() -> None:
    existing = {"className": "front", "namespace": "front"}
    values = {
        "existingCluster": {"kubeconfig": '{"kind": "Config"}', "context": "kind"},
        "ingress": {"existing": existing},
        "apps": [WEB],
    }
    found = review_settings(values, "dev", "pr-12")
    assert found["existingCluster"] == {"stack": "dev", "context": "kind"}
    assert found["ingress"] == {"existing": existing}


def test_several_namespaces_stay_several_with_what_they_may_have() -> None:
    quota = {"name": "back", "adopt": True, "quota": {"pods": 5}}
    policy = {
        "from": [{"app": "web", "namespace": "web"}, {"namespace": "monitoring"}],
        "egress": [{"app": "db", "namespace": "back"}, {"network": "192.0.2.0/24"}],
    }
    found = made(WEB, API | {"networkPolicy": policy}, namespaces=[quota])
    assert [each["namespace"] for each in found["apps"]] == ["pr-12-web", "pr-12-back"]
    assert found["namespaces"] == [{"name": "pr-12-back", "quota": {"pods": 5}}]
    shared = made(API, namespaces=[{"name": "back", "existing": True}])
    assert shared["namespaces"] == [{"name": "pr-12"}]
    assert found["apps"][1]["networkPolicy"] == {
        "from": [{"app": "web", "namespace": "pr-12-web"}, {"namespace": "monitoring"}],
        "egress": [{"app": "db", "namespace": "pr-12-back"}, {"network": "192.0.2.0/24"}],
    }


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ({"path": "/"}, {"path": "/pr-12"}),
        ({"path": "/a/b"}, {"path": "/pr-12/a/b"}),
        (
            {"host": "shop.example.com", "path": "/a", "additionalHosts": ["example.com"]},
            {"host": "pr-12.shop.example.com", "path": "/a", "additionalHosts": None},
        ),
        (
            {"host": "*.example.com", "path": None},
            {"host": "*.pr-12.example.com", "path": None},
        ),
        (
            {"path": None, "ingress": {"regex": "/a/(.*)", "rewriteTarget": "/$1"}},
            {"path": None, "ingress": {"regex": "/pr-12/a/(.*)", "rewriteTarget": "/$1"}},
        ),
    ],
)
def test_where_it_is_served(route: dict[str, Any], expected: dict[str, Any]) -> None:
    found = app(**route)
    assert {key: found.get(key) for key in expected} == expected


def test_nothing_is_taken_over_and_no_load_balancer_shared() -> None:
    balancer = {
        "existing": "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b",
        "externalTrafficPolicy": "Cluster",
    }
    found = app(adopt=True, nodepool="workers", service="LoadBalancer", loadBalancer=balancer)
    assert found.keys() & {"adopt", "nodepool"} == set()
    assert found["loadBalancer"] == {"externalTrafficPolicy": "Cluster"}


def test_a_database_is_a_new_one_that_goes_with_it() -> None:
    backup = {"zone": "de-fra-1", "bucket": "dumps", "accessKey": "k", "secretKey": "hidden"}
    volume = "ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
    found = app(database={"storage": "2Gi", "volume": volume, "backup": backup})
    assert found["database"] == {"storage": "2Gi", "keepData": False, "allowDataLoss": True}


def test_a_persistent_volume_is_a_new_one_that_goes_with_it() -> None:
    volume = "ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
    uploads = {"name": "uploads", "size": "2Gi", "storageClass": "fast", "volume": volume}
    cache = {"name": "cache", "sizeLimit": "1Gi"}
    kept = {"name": "uploads", "size": "2Gi", "storageClass": "fast"}
    found = app(volumes=[uploads | {"keep": True}, cache])
    assert found["volumes"] == [kept | {"keep": False, "allowDataLoss": True}, cache]


def test_an_image_in_place_of_an_applications_own() -> None:
    assert made(WEB, image="example/web:2")["apps"][0]["image"] == "example/web:2"
    both = made(WEB, API, image="api=example/api:2 web=localhost:5000/web:2")["apps"]
    assert [each["image"] for each in both] == ["localhost:5000/web:2", "example/api:2"]
    assert [each["image"] for each in made(WEB, API)["apps"]] == ["example/web:1", "example/api:1"]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            "example/web:2",
            'IMAGE: "example/web:2": must be NAME=IMAGE, with one of the applications web, api',
        ),
        ("shop=example/web:2", 'IMAGE: "shop=example/web:2": must be NAME=IMAGE'),
        ("web=example/Web:2", 'IMAGE: "example/Web:2": must be in lower case except for the tag'),
        ("web=", 'IMAGE: "": must be a container image'),
    ],
)
def test_an_image_that_is_none(image: str, message: str) -> None:
    with pytest.raises(ToolError) as caught:
        made(WEB, API, image=image)
    assert str(caught.value).startswith(message)


def test_applications_below_each_other_stay_so() -> None:
    nested = {"name": "auth", "image": "example/auth:1", "path": "/web/auth", "namespace": "auth"}
    found = made(WEB, nested)
    assert [each["path"] for each in found["apps"]] == ["/pr-12/web", "/pr-12/web/auth"]


@pytest.mark.parametrize(
    ("apps", "message"),
    [
        (
            [WEB, WEB | {"name": "other", "path": "/pr-12"}],
            'Pulumi.dev.yaml: conflict with web of the review stack: "/pr-12/web": is matched by ',
        ),
        (
            [WEB | {"namespace": "pr-12-web"}, WEB | {"name": "api", "namespace": "web"}],
            "Pulumi.dev.yaml: the review stack needs the namespace pr-12-web: rename it",
        ),
    ],
)
def test_what_is_the_other_stacks_by_chance(apps: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ToolError) as caught:
        made(*apps)
    assert str(caught.value).startswith(message)


def test_settings_that_are_wrong_tell_no_secret() -> None:
    wrong = VALID | {"apps": [WEB | {"replicas": "hidden"}]}
    with pytest.raises(ToolError) as caught:
        review_settings(wrong, "dev", "pr-12", secret=["apps"])
    (line,) = str(caught.value).splitlines()
    assert line.startswith("wrong settings in Pulumi.dev.yaml: apps[0].replicas: [secret]: ")


@pytest.mark.parametrize("stack", STACKS)
def test_beside_every_stack_it_is_right(stack: str) -> None:
    """But for a managed database, whose clients only the stack with the cluster knows."""
    found = StackArgs.model_validate(review_settings(STACKS[stack], "dev", "pr-12"))
    assert [*stack_problems(found)] == []
    assert not {each.name for each in found.app_namespaces} & {
        each.name for each in StackArgs.model_validate(STACKS[stack]).app_namespaces
    }
