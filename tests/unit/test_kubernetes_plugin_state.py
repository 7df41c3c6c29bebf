from typing import Any

from sandbox.plugins.kubernetes import managed_fields, state
from sandbox.plugins.kubernetes.difference import parse_path
from sandbox.plugins.wire import Secret


def entry(manager: Any, operation: Any, fields: Any, subresource: Any = None) -> Any:
    found = {"manager": manager, "operation": operation, "fieldsV1": fields}
    return found | ({"subresource": subresource} if subresource else {})


def live(*entries: Any, **fields: Any) -> Any:
    metadata = {"name": "a", "resourceVersion": "7", "managedFields": list(entries)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **fields}


def test_state_gives_back_what_it_was_made_of() -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}
    stored = state.outputs(
        manifest, live(data={"a": "1"}), manifest, api_version="v1", field_manager="me"
    )
    assert state.parse(stored) == (manifest, live(data={"a": "1"}))
    assert state.initial_api_version(stored, {}) == "v1"
    assert stored["__fieldManager"] == "me"


def test_data_of_a_secret_are_secret_in_any_case() -> None:
    manifest = {"kind": "Secret", "data": {"a": "MQ=="}}
    stored = state.outputs(manifest, manifest, manifest, api_version="v1", field_manager="me")
    assert isinstance(stored["data"], Secret)
    assert isinstance(stored["__inputs"]["data"], Secret)


def test_outputs_are_as_secret_as_inputs_and_lists_as_a_whole() -> None:
    values = {"spec": {"a": 1, "b": 2, "env": [{"value": "x"}, {"value": "y"}]}}
    inputs = {"spec": {"a": Secret(1), "b": 2, "env": [{"value": Secret("x")}]}}
    assert state.with_secrets(values, inputs) == {
        "spec": {"a": Secret(1), "b": 2, "env": Secret(values["spec"]["env"])}
    }


def test_fields_of_the_creation_and_of_kubectl_are_taken_over() -> None:
    found = live(
        entry("pulumi-kubernetes", "Update", {"f:data": {"f:a": {}}}),
        entry("kubectl", "Update", {"f:data": {"f:b": {}}}),
        entry("kubectl", "Update", {"f:spec": {}}, "scale"),
        entry("controller", "Update", {"f:status": {}}),
        entry("mine", "Apply", {"f:metadata": {}}),
    )
    patch = managed_fields.take_over(found, "mine")
    assert patch is not None
    assert patch[1]["value"] == "7"
    merged, *others = patch[0]["value"]
    assert merged == entry("mine", "Apply", {"f:metadata": {}, "f:data": {"f:a": {}, "f:b": {}}})
    assert [other["manager"] for other in others] == ["kubectl", "controller"]


def test_nothing_is_patched_where_there_is_nothing_to_take_over() -> None:
    assert managed_fields.take_over(live(entry("mine", "Apply", {})), "mine") is None


def test_ignored_field_of_another_is_left_out_and_an_own_one_keeps_its_value() -> None:
    found = live(
        entry("other", "Update", {"f:data": {"f:theirs": {}}}),
        entry("mine", "Apply", {"f:data": {"f:mine": {}}}),
        data={"theirs": "live", "mine": "live", "nobody": "live"},
    )
    manifest = {"data": {"theirs": "new", "mine": "new", "nobody": "new", "fresh": "new"}}
    paths = [parse_path(f"data.{key}") for key in manifest["data"]]
    assert managed_fields.keep_ignored(manifest, found, "mine", paths) == {
        "data": {"mine": "live", "nobody": "live", "fresh": "new"}
    }
