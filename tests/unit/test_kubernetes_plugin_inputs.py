from typing import Any

import pytest

from sandbox.plugins.kubernetes import inputs, live_inputs
from sandbox.plugins.kubernetes.objects import annotation_warnings, prune
from sandbox.plugins.kubernetes.quantities import canonical
from sandbox.plugins.wire import UNKNOWN


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("0.1", "100m"),
        ("1", "1"),
        ("0", "0"),
        ("64000m", "64"),
        ("1024Mi", "1Gi"),
        ("1536Mi", "1536Mi"),
        ("0.5Gi", "512Mi"),
        ("1000Ki", "1000Ki"),
        ("1000M", "1G"),
        ("1500M", "1500M"),
        ("1e3", "1e3"),
        ("12e1", "120"),
        ("100", "100"),
        ("2000", "2k"),
        ("half", "half"),
        ("", ""),
    ],
)
def test_quantities_are_written_as_the_api_server_does(quantity: Any, expected: Any) -> None:
    assert canonical(quantity) == expected


def test_quantities_are_found_where_they_are_and_only_there() -> None:
    resources = {"limits": {"cpu": "1000m"}, "requests": {"cpu": 1}}
    container = {"resources": resources, "env": [{"name": "CPU", "value": "1000m"}]}
    deployment = {
        "apiVersion": "apps/v1",
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    normal = inputs.normalize(deployment)["spec"]["template"]["spec"]["containers"][0]
    assert normal["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    assert normal["env"] == container["env"]


def test_null_is_a_field_that_is_not_given() -> None:
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": None}}
    assert inputs.normalize(manifest)["metadata"] == {"name": "a"}
    widget = {"apiVersion": "example.com/v1", "spec": {"default": None}}
    assert inputs.normalize(widget) == widget


def test_custom_resources_are_left_as_they_are() -> None:
    widget = {"apiVersion": "example.com/v1", "spec": {"limits": {"cpu": "1000m"}}}
    assert inputs.normalize(widget) == widget


def test_secret_text_becomes_data_and_wins_over_it() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "data": {"a": "YQ==\n", "b": "Yg=="},
        "stringData": {"b": "text", "c": UNKNOWN},
    }
    normal = inputs.normalize(secret)
    assert normal["data"] == {"a": "YQ==", "b": "dGV4dA==", "c": UNKNOWN}
    assert "stringData" not in normal


def test_read_only_metadata_are_dropped() -> None:
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "uid": "1"}}
    assert inputs.normalize(manifest)["metadata"] == {"name": "a"}


def test_dashed_names_of_a_crd_have_underscores_in_pulumi() -> None:
    properties = {"kind": "CustomResourceDefinition", "s": [{"x_kubernetes_list_type": "map"}]}
    manifest = inputs.to_manifest(properties)
    assert manifest["s"] == [{"x-kubernetes-list-type": "map"}]
    assert inputs.to_properties(manifest) == properties


def test_live_object_is_cut_down_to_its_inputs() -> None:
    live = {"spec": {"replicas": 5, "selector": {}, "c": [{"n": "a", "x": 1}, {"n": "b"}]}}
    assert prune(live, {"spec": {"replicas": 3, "c": [{"n": "a"}]}}) == {
        "spec": {"replicas": 5, "c": [{"n": "a"}]}
    }


def test_empty_value_that_the_server_drops_is_no_drift_but_a_lost_key_is() -> None:
    shape = {"spec": {"hostNetwork": False, "replicas": 3}, "data": {"empty": ""}}
    assert prune({"spec": {}, "data": {}}, shape) == {"spec": {"hostNetwork": False}, "data": {}}


def test_inputs_for_import_are_what_a_program_could_write() -> None:
    live = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "uid": "1",
            "managedFields": [],
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }
    assert live_inputs.of(live) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 1},
    }


def test_annotations_without_effect_are_warned_of() -> None:
    manifest = {"metadata": {"annotations": {"pulumi.com/autonamed": "x", "helm.sh/hook": "test"}}}
    assert len(annotation_warnings(manifest, hooks=True)) == 2
    assert len(annotation_warnings(manifest, hooks=False)) == 1
    assert annotation_warnings({"metadata": UNKNOWN}, hooks=True) == []
