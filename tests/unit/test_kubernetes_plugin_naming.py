import re
from typing import Any

import pytest

from sandbox.plugins.kubernetes import naming
from sandbox.plugins.kubernetes.kinds import kind_of, name_of
from sandbox.plugins.kubernetes.objects import object_id, parse_id
from sandbox.plugins.rpc import ProviderError
from sandbox.plugins.wire import UNKNOWN

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap"}


def test_unnamed_object_is_named_after_its_logical_name() -> None:
    named = naming.assign_name(CONFIG_MAP, "app", b"")
    assert re.fullmatch(r"app-[0-9a-f]{8}", named["metadata"]["name"])
    assert named["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}


def test_name_depends_on_the_seed_alone() -> None:
    names = {naming.unique("app-", seed) for seed in (b"one", b"one", b"two")}
    assert len(names) == 2
    assert naming.unique("app-") != naming.unique("app-")


@pytest.mark.parametrize(
    "metadata", [{"name": "mine"}, {"name": UNKNOWN}, UNKNOWN, {"generateName": "a-"}]
)
def test_object_with_a_name_keeps_it(metadata: Any) -> None:
    manifest = {**CONFIG_MAP, "metadata": metadata}
    assert naming.assign_name(manifest, "app", b"") == manifest


def test_annotations_survive_naming() -> None:
    manifest = {**CONFIG_MAP, "metadata": {"annotations": {"a": "b"}}}
    annotations = naming.assign_name(manifest, "app", b"")["metadata"]["annotations"]
    assert annotations == {"a": "b", "pulumi.com/autonamed": "true"}


def test_old_made_up_name_is_kept_but_not_one_that_was_given() -> None:
    old = naming.assign_name(CONFIG_MAP, "app", b"seed")
    assert naming.keep_old_name(CONFIG_MAP, old)["metadata"]["name"] == old["metadata"]["name"]
    given = {**CONFIG_MAP, "metadata": {"name": "given"}}
    assert naming.keep_old_name(CONFIG_MAP, given) == CONFIG_MAP


def test_engine_may_propose_or_forbid_names() -> None:
    named = naming.assign_name(CONFIG_MAP, "app", b"", ("ENFORCE", "app-dev"))
    assert named["metadata"]["name"] == "app-dev"
    with pytest.raises(ProviderError, match="autonaming is disabled"):
        naming.assign_name(CONFIG_MAP, "app", b"", ("DISABLE", ""))


def test_field_manager_is_annotated_stored_or_new() -> None:
    annotated = {"metadata": {"annotations": {"pulumi.com/patchFieldManager": "me"}}}
    assert naming.field_manager(annotated, {"__fieldManager": "old"}) == "me"
    assert naming.field_manager(CONFIG_MAP, {"__fieldManager": "old"}) == "old"
    assert re.fullmatch(r"pulumi-kubernetes-[0-9a-f]{8}", naming.field_manager(CONFIG_MAP, {}))


def urn(token: str) -> str:
    return f"urn:pulumi:dev::project::app:index:WebApp${token}::web"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("kubernetes:core/v1:Secret", ("v1", "Secret")),
        ("kubernetes:apps/v1:Deployment", ("apps/v1", "Deployment")),
        ("kubernetes:example.com/v1:AllowList", ("example.com/v1", "AllowList")),
    ],
)
def test_kind_is_read_from_the_urn(token: Any, expected: Any) -> None:
    assert kind_of(urn(token)) == expected
    assert name_of(urn(token)) == "web"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("kubernetes:core/v1:ConfigMapList", "list resources"),
        ("kubernetes:core/v1:ConfigMapPatch", "patch resources"),
        ("kubernetes:yaml/v2:ConfigGroup", "not supported"),
        ("kubernetes:helm.sh/v4:Chart", "not supported"),
    ],
)
def test_type_without_support_is_an_error_that_names_it(token: Any, words: Any) -> None:
    with pytest.raises(ProviderError, match=words) as failure:
        kind_of(urn(token))
    assert token in str(failure.value)


@pytest.mark.parametrize(
    ("metadata", "identifier"),
    [({"name": "a", "namespace": "n"}, "n/a"), ({"name": "a"}, "a")],
)
def test_id_tells_namespace_and_name(metadata: Any, identifier: Any) -> None:
    assert object_id({"metadata": metadata}) == identifier
    assert parse_id(identifier) == (metadata.get("namespace", ""), "a")
