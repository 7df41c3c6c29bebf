from typing import Any

import pytest

from sandbox.plugins.kubernetes.difference import Difference, compare, parse_path
from sandbox.plugins.kubernetes.options import Options
from sandbox.plugins.wire import UNKNOWN


def manifest(
    kind: str = "ConfigMap", api_version: str = "v1", name: str = "a", **fields: Any
) -> Any:
    metadata = {"name": name, "namespace": "n", **fields.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def deployment(**spec: Any) -> Any:
    return manifest("Deployment", "apps/v1", spec=spec)


def difference(
    old: Any, new: Any, live: Any = None, options: Options | None = None, ignored: Any = ()
) -> Difference:
    return compare(
        old,
        live or old,
        new,
        namespaced=True,
        options=options or Options(),
        ignored=[parse_path(path) for path in ignored],
    )


def test_same_inputs_and_defaults_of_the_server_are_no_change() -> None:
    inputs = deployment(replicas=3)
    live = deployment(replicas=3, strategy={"type": "RollingUpdate"}) | {"status": {}}
    assert difference(inputs, inputs, live).changes == {}


def test_change_is_told_by_its_path() -> None:
    found = difference(deployment(replicas=3), deployment(replicas=5))
    assert found.changes == {"spec.replicas": "update"}
    assert found.replaces == []


def test_drift_that_a_refresh_saw_is_a_change() -> None:
    inputs = deployment(replicas=3)
    assert difference(inputs, inputs, deployment(replicas=5)).changes == {"spec.replicas": "update"}


def test_two_spellings_of_a_quantity_are_equal() -> None:
    old, new = (
        deployment(template={"spec": {"containers": [{"resources": {"limits": {"cpu": cpu}}}]}})
        for cpu in ("1", "1000m")
    )
    assert difference(old, new).changes == {}


def test_missing_namespace_is_the_default_one() -> None:
    old = manifest(metadata={"namespace": "default"})
    new = {**old, "metadata": {"name": "a"}}
    assert difference(old, new).changes == {}


def test_unknown_value_is_a_change() -> None:
    assert difference(deployment(replicas=3), deployment(replicas=UNKNOWN)).changes == {
        "spec.replicas": "update"
    }


def test_ignored_paths_are_no_change() -> None:
    old, new = deployment(replicas=3, paused=True), deployment(replicas=5, paused=False)
    assert difference(old, new, ignored=["spec.replicas"]).changes == {"spec.paused": "update"}
    assert difference(old, new, ignored=["spec"]).changes == {}
    assert difference(old, new, ignored=["*.replicas"]).changes == {"spec.paused": "update"}


@pytest.mark.parametrize("field", ["name", "namespace"])
def test_other_identity_replaces(field: Any) -> None:
    found = difference(manifest(), manifest(metadata={field: "other"}))
    assert found.replaces == [f"metadata.{field}"]
    assert not found.delete_before_replace


def test_selector_replaces_a_deployment_and_its_given_name_must_be_free_first() -> None:
    old, new = (deployment(selector={"matchLabels": {"app": app}}) for app in "ab")
    found = difference(old, new)
    assert found.replaces == ["spec.selector.matchLabels.app"]
    assert found.delete_before_replace


def test_replacement_of_a_made_up_name_is_created_first() -> None:
    annotations = {"annotations": {"pulumi.com/autonamed": "true"}}
    old, new = (manifest(metadata=annotations, data={"a": value}) for value in "12")
    found = difference(old, new)
    assert found.replaces == ["data.a"]
    assert not found.delete_before_replace


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_data_replace_unless_told_otherwise(kind: Any) -> None:
    old, new = (manifest(kind, data={"a": value}) for value in ("MQ==", "Mg=="))
    assert difference(old, new).replaces == ["data.a"]
    mutable = Options(config_map_mutable=True, secret_mutable=True)
    assert difference(old, new, options=mutable).replaces == []
    frozen = {**new, "immutable": True}
    assert difference(old, frozen, options=mutable).replaces == ["data.a"]


def test_container_of_a_pod_replaces_but_its_label_does_not() -> None:
    old = manifest("Pod", spec={"containers": [{"name": "c", "image": "a"}]})
    new = manifest("Pod", spec={"containers": [{"name": "c", "image": "b"}]})
    assert difference(old, new).replaces == ["spec.containers[0].image"]
    labelled = {**old, "metadata": {**old["metadata"], "labels": {"a": "b"}}}
    assert difference(old, labelled).replaces == []


def test_field_added_with_all_around_it_replaces() -> None:
    old = manifest("StatefulSet", "apps/v1")
    new = manifest("StatefulSet", "apps/v1", spec={"serviceName": "s", "replicas": 1})
    assert difference(old, new).replaces == ["spec"]
    harmless = manifest("StatefulSet", "apps/v1", spec={"replicas": 1})
    assert difference(old, harmless).replaces == []


@pytest.mark.parametrize(
    ("kind", "api_version", "path"),
    [
        ("Job", "batch/v1", "spec.template"),
        ("Service", "v1", "spec.clusterIP"),
        ("PersistentVolumeClaim", "v1", "spec.storageClassName"),
        ("StatefulSet", "apps/v1", "spec.volumeClaimTemplates"),
        ("RoleBinding", "rbac.authorization.k8s.io/v1", "roleRef"),
        ("StorageClass", "storage.k8s.io/v1", "provisioner"),
    ],
)
def test_fields_that_replace(kind: Any, api_version: Any, path: Any) -> None:
    def with_value(value: Any) -> Any:
        *parents, leaf = path.split(".")
        fields = {leaf: value}
        for parent in reversed(parents):
            fields = {parent: fields}
        return manifest(kind, api_version, **fields)

    assert difference(with_value("a"), with_value("b")).replaces == [path]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("spec.ports[0].name", ("spec", "ports", 0, "name")),
        ('metadata.annotations["pulumi.com/a.b"]', ("metadata", "annotations", "pulumi.com/a.b")),
        ('["a\\"b"].c', ('a"b', "c")),
        ("spec.ports[*].name", ("spec", "ports", "*", "name")),
    ],
)
def test_property_paths(path: Any, keys: Any) -> None:
    assert parse_path(path) == keys
