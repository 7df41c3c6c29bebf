"""IAM roles and API keys in the Exoscale plugin, of Terraform's plugin framework as databases are.

Every test passes with the official plugin as well (see test_exoscale_plugin_inputs.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from exoscale.api.exceptions import ExoscaleAPIClientException
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.wire import UNKNOWN, Secret, reveal
from tests.sandbox.integration.exoscale_plugin import (
    ABSENT,
    OURS,
    ExoscalePlugin,
    World,
    given,
    running,
)
from tests.support.exoscale_plugin import Refused

pytestmark = pytest.mark.integration

RULE = {"action": "allow", "expression": "operation in ['list-zones', 'get-instance']"}
POLICY: dict[str, Any] = {
    "defaultServiceStrategy": "deny",
    "services": {"compute": {"type": "rules", "rules": [RULE]}, "dns": {"type": "allow"}},
}
AT_REST = POLICY | {
    "services": {
        "compute": {"type": "rules", "rules": [RULE]},
        "dns": {"type": "allow", "rules": []},
    }
}
"""The policy as the provider reads it."""
PERMISSION = "bypass-governance-retention"
ROLE: dict[str, Any] = {"editable": True, "policy": POLICY}

Made = tuple[str, dict[str, Any], dict[str, Any]]
"""Its ID, its inputs as given, and its state."""


@pytest.fixture
def role(plugin: ExoscalePlugin, exoscale: World, name: str) -> Iterator[Made]:
    inputs = ROLE | {"name": name}
    identity, state = plugin.create("IamRole", inputs)
    yield identity, inputs, state
    exoscale.api.delete_iam_role(id=identity)


@pytest.fixture
def key(plugin: ExoscalePlugin, exoscale: World, role: Made, name: str) -> Iterator[Made]:
    inputs = {"name": name, "roleId": role[0]}
    identity, state = plugin.create("IamApiKey", inputs)
    yield identity, inputs, state
    exoscale.api.delete_api_key(id=identity)


def stored(exoscale: World, identity: str) -> dict[str, Any]:
    """A role as the API has it."""
    return dict(exoscale.api.get_iam_role(id=identity))


def plain(state: dict[str, Any]) -> dict[str, Any]:
    """A state without the bridge's bookkeeping, without what is null at any depth."""
    return dict(_plain(given(state)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def test_a_role(plugin: ExoscalePlugin, exoscale: World, role: Made, name: str) -> None:
    identity, inputs, state = role
    assert plain(state) == ROLE | {
        "id": identity, "name": name, "labels": {}, "permissions": [], "policy": AT_REST
    }  # fmt: skip
    more = {
        "description": "d",
        "labels": {"a": "b"},
        "permissions": ["bypass-governance-retention"],
    }
    other = POLICY | {"services": {"compute": {"type": "deny"}}}
    news = plugin.check("IamRole", inputs | more | {"policy": other})
    state = plugin.update("IamRole", identity, state, news)
    found = stored(exoscale, identity)
    assert {name: found[name] for name in more} == more
    assert found["policy"] == {
        "default-service-strategy": "deny", "services": {"compute": {"type": "deny"}}
    }  # fmt: skip
    assert not plugin.diff("IamRole", state, news).diffs
    _, refreshed, refreshed_inputs = plugin.read("IamRole", identity, state, news)
    assert plain(refreshed) == plain(state)
    assert refreshed_inputs == news
    assert not plugin.diff("IamRole", refreshed, refreshed_inputs).diffs


def test_a_role_is_not_editable_unless_it_is_said(
    plugin: ExoscalePlugin, exoscale: World, name: str
) -> None:
    """The API's default is true: the provider sends false for a value that is unknown."""
    identity, state = plugin.create("IamRole", {"name": name, "policy": POLICY})
    assert (state["editable"], stored(exoscale, identity)["editable"]) == (False, False)
    news = plugin.check("IamRole", {"name": name, "editable": True, "policy": POLICY})
    assert "editable" in plugin.diff("IamRole", state, news).diffs
    assert not plugin.diff("IamRole", state, news).replaces
    with pytest.raises(Refused, match=r"^Unable to create IAM Role: Put .*is not editable"):
        plugin.update("IamRole", identity, state, news)
    plugin.delete("IamRole", identity, state)


def test_what_is_taken_out_stays(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    more = {"description": "d", "labels": {"a": "b"}}
    identity, state = plugin.create("IamRole", ROLE | {"name": name} | more)
    news = plugin.check("IamRole", ROLE | {"name": name})
    assert not plugin.diff("IamRole", state, news).diffs
    news = plugin.check("IamRole", ROLE | {"name": name, "labels": {}})
    assert "labels" in plugin.diff("IamRole", state, news).diffs
    plugin.update("IamRole", identity, state, news)
    found = stored(exoscale, identity)
    assert (found["description"], found.get("labels", {})) == ("d", {})
    plugin.delete("IamRole", identity, state)


UNSETTLED = ["description", "labels", "permissions"]
"""What any update of the role may change, as the provider says: what is not given."""


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({}, []),
        ({"policy": AT_REST}, []),
        ({"description": "d"}, ["description"]),
        ({"description": UNKNOWN}, ["description"]),
        ({"labels": {"a": "b"}}, ["labels"]),
        ({"permissions": [PERMISSION]}, ["permissions"]),
        ({"editable": False}, ["editable"]),
        ({"policy": POLICY | {"defaultServiceStrategy": "allow"}}, ["policy"]),
        ({"policy": POLICY | {"services": {}}}, ["policy"]),
        ({"policy": UNKNOWN}, ["policy"]),
        ({"name": "other"}, ["name"]),
    ],
)
def test_a_diff_names_properties_alone(
    plugin: ExoscalePlugin, role: Made, change: dict[str, Any], changed: list[str]
) -> None:
    _, inputs, state = role
    news = plugin.check("IamRole", inputs | change, plugin.check("IamRole", inputs))
    answer = plugin.diff("IamRole", state, news)
    # the policy, for its service without rules
    assert list(answer.diffs) == (sorted({*changed, *UNSETTLED, "policy"}) if changed else [])
    assert list(answer.replaces) == [each for each in changed if each == "name"]
    assert not answer.deleteBeforeReplace
    some = provider_pb2.DiffResponse.DIFF_SOME
    assert (answer.changes == some) == bool(changed)


def test_previews(plugin: ExoscalePlugin, role: Made) -> None:
    identity, inputs, state = role
    planned = plain(plugin.preview("IamRole", plugin.check("IamRole", inputs)))
    services = POLICY["services"] | {"dns": {"type": "allow", "rules": UNKNOWN}}
    assert planned == inputs | {"policy": POLICY | {"services": services}} | dict.fromkeys(
        ("id", *UNSETTLED), UNKNOWN
    )
    news = plugin.check("IamRole", inputs | {"description": "d"})
    planned = plain(plugin.update("IamRole", identity, state, news, preview=True))
    assert planned == inputs | {
        "id": identity,
        "description": "d",
        "labels": UNKNOWN,
        "permissions": UNKNOWN,
        "policy": POLICY | {"services": services},
    }
    planned = plain(plugin.preview("IamRole", {"name": "x"}))
    assert planned["policy"] is UNKNOWN
    assert planned["editable"] is UNKNOWN


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (
            {"defaultServiceStrategy": "x"},
            "Attribute policy.default_service_strategy value must be one of: "
            '["allow" "deny"], got: "x"',
        ),
        (
            {"services": {"sos": {"type": "x"}}},
            'Attribute policy.services["sos"].type value must be one of: '
            '["allow" "deny" "rules"], got: "x"',
        ),
        (
            {"services": {"sos": {"type": "rules", "rules": [{"action": "x"}]}}},
            'Attribute policy.services["sos"].rules[0].action value must be one of: '
            '["allow" "deny"], got: "x"',
        ),
    ],
)
def test_what_is_wrong(plugin: ExoscalePlugin, policy: dict[str, Any], problem: str) -> None:
    (failure,) = plugin.failures("IamRole", {"name": "x", "policy": policy})
    assert f"Invalid Attribute Value Match. {problem}" in failure


@pytest.mark.parametrize(
    "change", [{"permissions": "x"}, {"editable": "true"}, {"labels": "x"}, {"policy": "x"}]
)
def test_what_is_of_another_type(plugin: ExoscalePlugin, change: dict[str, Any]) -> None:
    """Nothing is converted; the official plugin's messages are others."""
    with pytest.raises((Refused, AssertionError), match=r"Expected a|must be a map"):
        plugin.check("IamRole", {"name": "x"} | change)


def test_names(plugin: ExoscalePlugin) -> None:
    assert plugin.check("IamRole", ROLE)["name"].startswith("thing-")
    assert plugin.check("IamApiKey", {"roleId": "r"})["name"].startswith("thing-")


def test_a_key(plugin: ExoscalePlugin, exoscale: World, key: Made, name: str) -> None:
    identity, inputs, state = key
    assert isinstance(state["secret"], Secret)
    assert not isinstance(state["key"], Secret)
    revealed = plain(reveal(state))
    assert len(revealed.pop("secret")) > 20
    assert revealed == inputs | {"id": identity, "key": identity}
    checked = plugin.check("IamApiKey", inputs)
    assert not plugin.diff("IamApiKey", state, checked).diffs
    _, refreshed, refreshed_inputs = plugin.read("IamApiKey", identity, state, checked)
    assert plain(reveal(refreshed)) == plain(reveal(state))
    assert refreshed_inputs == inputs


def test_a_key_is_replaced(plugin: ExoscalePlugin, key: Made) -> None:
    _, inputs, state = key
    for change in ({"name": "other"}, {"roleId": ABSENT}, {"roleId": UNKNOWN}):
        answer = plugin.diff("IamApiKey", state, plugin.check("IamApiKey", inputs | change))
        assert list(answer.diffs) == sorted({"id", "key", "secret", *change})
        assert list(answer.replaces) == list(change)
        assert not answer.deleteBeforeReplace
    planned = plain(plugin.preview("IamApiKey", plugin.check("IamApiKey", inputs)))
    assert reveal(planned) == inputs | dict.fromkeys(("id", "key", "secret"), UNKNOWN)


def test_a_refresh_finds_what_has_changed(
    plugin: ExoscalePlugin, exoscale: World, role: Made
) -> None:
    identity, inputs, state = role
    exoscale.api.update_iam_role(id=identity, labels={"by": "hand"})
    allow = {"default_service_strategy": "allow", "services": {}}
    exoscale.api.update_iam_role_policy(id=identity, **allow)
    checked = plugin.check("IamRole", inputs)
    _, refreshed, refreshed_inputs = plugin.read("IamRole", identity, state, checked)
    assert refreshed["labels"] == {"by": "hand"}
    assert refreshed["policy"] == {"defaultServiceStrategy": "allow", "services": {}}
    assert refreshed_inputs["policy"]["defaultServiceStrategy"] == "allow"
    # the labels are not given, so nothing takes them back
    assert list(plugin.diff("IamRole", refreshed, checked).diffs) == [
        "description", "labels", "permissions", "policy"
    ]  # fmt: skip


def test_imports(plugin: ExoscalePlugin, role: Made, key: Made) -> None:
    identity, inputs, state = role
    found, imported, imported_inputs = plugin.read("IamRole", identity)
    assert (found, plain(imported)) == (identity, plain(state))
    assert imported_inputs == inputs
    identity, inputs, _ = key
    found, imported, imported_inputs = plugin.read("IamApiKey", identity)
    assert (found, plain(imported_inputs)) == (identity, inputs)
    # the secret is not shown again
    assert reveal(imported).get("secret") is None
    assert imported["key"] == identity


@pytest.mark.parametrize("kind", ["IamRole", "IamApiKey"])
def test_what_is_gone_can_not_be_refreshed(plugin: ExoscalePlugin, kind: str) -> None:
    identity = ABSENT if kind == "IamRole" else "EXOabsent"
    state = {"id": identity, "name": "x"}
    with pytest.raises(Refused, match=r"^Unable to get IAM Role: Get .*: resource not found$"):
        plugin.read(kind, identity, state, {"name": "x"})
    with pytest.raises(Refused, match=r"^Unable to get IAM Role: Get .*: resource not found$"):
        plugin.read(kind, identity)


def test_errors(plugin: ExoscalePlugin, exoscale: World, role: Made, key: Made) -> None:
    identity, inputs, state = role
    with pytest.raises(Refused, match=r"^Unable to create IAM Role: Post .*: .*already exists$"):
        plugin.create("IamRole", inputs)
    with pytest.raises(Refused, match=r"^Unable to create IAM API Key: Post .*not found$"):
        plugin.create("IamApiKey", {"name": "x", "roleId": ABSENT})
    with pytest.raises(Refused, match=r"^Unable to delete IAM Role: Delete .*in use by API"):
        plugin.delete("IamRole", identity, state)
    with pytest.raises(ExoscaleAPIClientException):
        exoscale.api.delete_iam_role(id=identity)


def test_a_state_of_either_plugin_is_read_by_the_other(
    plugin: ExoscalePlugin, exoscale: World, role: Made, key: Made
) -> None:
    with running(OURS, exoscale.environment) as ours:
        ours.configure()
        for kind, (identity, inputs, state) in {"IamRole": role, "IamApiKey": key}.items():
            checked = ours.check(kind, inputs)
            _, refreshed, _ = ours.read(kind, identity, state, checked)
            assert not ours.diff(kind, state, checked).diffs
            _, read, _ = plugin.read(kind, identity, refreshed, checked)
            assert plain(reveal(read)) == plain(reveal(refreshed)) == plain(reveal(state))
            assert not plugin.diff(kind, refreshed, checked).diffs
