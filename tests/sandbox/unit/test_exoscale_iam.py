"""What a key may do that has a role, by Exoscale's own client."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from exoscale.api.exceptions import ExoscaleAPIAuthException, ExoscaleAPIServerException
from exoscale.api.v2 import Client

from sandbox.exoscale_api.auth import Credentials
from sandbox.exoscale_api.fault_routes import PATH as FAULTS
from tests.support.exoscale_account import BASE_URL, Account, refused

DENY: dict[str, Any] = {"default-service-strategy": "deny", "services": {}}
ALLOW = DENY | {"default-service-strategy": "allow"}


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def forbidden(message: str) -> AbstractContextManager[object]:
    """Expect the client to raise for a 403 of that message (an expression)."""
    return pytest.raises(ExoscaleAPIAuthException, match=f"403: .*{message}")


def policy(*rules: tuple[str, str], default: str = "deny", service: str = "compute") -> Any:
    """A policy with these rules, each its action and its expression."""
    listed = [{"action": action, "expression": expression} for action, expression in rules]
    return {
        "default-service-strategy": default,
        "services": {service: {"type": "rules", "rules": listed}},
    }


def key_of(account: Account, policy: dict[str, Any]) -> Client:
    """Exoscale's client with a new key that has a role with this policy."""
    role = account.done(account.api.create_iam_role(name="ci", policy=policy))
    key = account.api.create_api_key(name="ci", role_id=role)
    return account.client(credentials=Credentials(key["key"], key["secret"]))


def zones(client: Client, **options: Any) -> int:
    """The status of a list of zones, which Exoscale's own client does not sign."""
    answer = client.http_client.get(f"{BASE_URL}/v2/zone", **options)
    return int(answer.status_code)


def test_what_a_rule_lists_is_allowed_and_nothing_else(account: Account) -> None:
    client = key_of(account, policy(("allow", "operation in ['list-zones', 'list-instances']")))
    assert client.list_instances() == {"instances": []}
    assert zones(client) == 200
    with forbidden("Forbidden by role policy for compute"):
        client.list_security_groups()
    with forbidden("Forbidden by role policy for iam"):
        client.create_api_key(name="more", role_id="9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d")
    with forbidden("Forbidden by role policy for dbaas"):
        client.get_dbaas_service_pg(name="db")


def test_zones_are_told_to_whoever_does_not_sign_and_not_to_every_key(account: Account) -> None:
    """As at Exoscale: exoscale/cli, issue 716."""
    client = key_of(account, policy(("allow", "operation in ['list-instances']")))
    assert zones(client) == 403
    assert zones(client, auth=lambda request: request) == 200


def test_the_first_rule_that_holds_decides(account: Account) -> None:
    client = key_of(
        account,
        policy(
            ("deny", "operation in ['list-instances']"),
            ("allow", "operation in ['list-instances', 'list-zones']"),
        ),
    )
    assert zones(client) == 200
    with forbidden("for compute - A deny rule matched. Rule index: 0"):
        client.list_instances()


def test_the_default_is_for_services_without_an_entry(account: Account) -> None:
    client = key_of(account, policy(default="allow"))
    assert client.list_iam_roles()["iam-roles"]
    with forbidden("Forbidden by role policy for compute"):
        client.list_instances()


@pytest.mark.parametrize(("type_", "status"), [("allow", 200), ("deny", 403)])
def test_a_service_is_allowed_or_denied_as_a_whole(
    account: Account, type_: str, status: int
) -> None:
    default = ALLOW if type_ == "deny" else DENY
    client = key_of(account, default | {"services": {"compute": {"type": type_}}})
    if status == 200:
        assert client.list_instances() == {"instances": []}
    else:
        with forbidden("Forbidden by role policy for compute"):
            client.list_instances()


def test_a_secret_is_told_once(account: Account) -> None:
    key_of(account, ALLOW)
    (role,) = account.api.list_iam_roles()["iam-roles"]
    (key,) = account.api.list_api_keys()["api-keys"]
    assert (role["name"], role["policy"]) == ("ci", ALLOW)
    assert (key["role-id"], "secret" in key) == (role["id"], False)


def test_a_key_of_another_account_is_refused(account: Account) -> None:
    with forbidden("unknown API key"):
        account.client(credentials=Credentials("EXOother", "a-secret")).list_instances()


def test_a_key_has_a_role_that_is_there(account: Account) -> None:
    with refused(404, "iam-role 9b1deb4d-.* not found"):
        account.api.create_api_key(name="ci", role_id="9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d")


def test_faults_are_not_for_keys_with_a_role(account: Account) -> None:
    client = key_of(account, ALLOW)
    answer = client.http_client.get(BASE_URL + FAULTS)
    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "faults are for the account's own key",
    )


def test_two_roles_have_not_one_name(account: Account) -> None:
    account.done(account.api.create_iam_role(name="ci", policy=ALLOW))
    with refused(409, "already exists"):
        account.api.create_iam_role(name="ci", policy=ALLOW)


def test_an_expression_that_can_not_be_evaluated_is_not_taken(account: Account) -> None:
    with pytest.raises(ExoscaleAPIServerException, match=r"501: .*operation\.startsWith"):
        account.api.create_iam_role(
            name="ci", policy=policy(("allow", "operation.startsWith('list-')"))
        )
    account.done(
        account.api.create_iam_role(
            name="ci", policy=policy(("allow", "parameters.bucket == 'state'"), service="sos")
        )
    )


def test_the_life_of_a_role(account: Account) -> None:
    labels, permissions = {"app": "shop"}, ["bypass-governance-retention"]
    id_ = account.done(
        account.api.create_iam_role(name="ci", policy=DENY, description="CI", labels=labels)
    )
    role = account.api.get_iam_role(id=id_)
    assert (role["description"], role["labels"], role["editable"]) == ("CI", labels, True)
    account.done(account.api.update_iam_role(id=id_, permissions=permissions, labels={}))
    account.done(account.api.update_iam_role_policy(id=id_, **snake(ALLOW)))
    role = account.api.get_iam_role(id=id_)
    assert (role["description"], role["labels"]) == ("CI", {})
    assert (role["permissions"], role["policy"]) == (permissions, ALLOW)
    account.done(account.api.delete_iam_role(id=id_))
    with refused(404, f"iam-role {id_} not found"):
        account.api.get_iam_role(id=id_)
    with refused(404, f"iam-role {id_} not found"):
        account.api.delete_iam_role(id=id_)


def test_a_changed_policy_is_in_force_at_once(account: Account) -> None:
    client = key_of(account, DENY)
    with forbidden("Forbidden by role policy for compute"):
        client.list_instances()
    (role,) = account.api.list_iam_roles()["iam-roles"]
    account.done(account.api.update_iam_role_policy(id=role["id"], **snake(ALLOW)))
    assert client.list_instances() == {"instances": []}


def test_the_policy_of_a_role_that_is_not_editable_stays(account: Account) -> None:
    id_ = account.done(account.api.create_iam_role(name="ci", policy=DENY, editable=False))
    with forbidden("is not editable"):
        account.api.update_iam_role_policy(id=id_, **snake(ALLOW))
    account.done(account.api.update_iam_role(id=id_, description="more"))
    assert account.api.get_iam_role(id=id_)["policy"] == DENY


def test_a_role_with_keys_is_not_deleted(account: Account) -> None:
    client = key_of(account, ALLOW)
    (role,) = account.api.list_iam_roles()["iam-roles"]
    (key,) = account.api.list_api_keys()["api-keys"]
    with refused(409, "in use by API keys"):
        account.api.delete_iam_role(id=role["id"])
    assert account.api.get_api_key(id=key["key"]) == key
    account.done(account.api.delete_api_key(id=key["key"]))
    with refused(404, "not found"):
        account.api.get_api_key(id=key["key"])
    with forbidden("unknown API key"):
        client.list_instances()
    account.done(account.api.delete_iam_role(id=role["id"]))


def snake(policy: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in policy.items()}
