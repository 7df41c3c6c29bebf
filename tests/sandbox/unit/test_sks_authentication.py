"""What an API server is told of OpenID Connect: what its own `--oidc-*` flags would mean."""

from typing import Any

import pytest

from sandbox.sks.authentication import authentication_configuration
from sandbox.sks.spec import Oidc

ISSUER = "https://issuer.example"


def jwt(**fields: Any) -> dict[str, Any]:
    oidc = Oidc(client_id="kube", issuer_url=ISSUER, **fields)
    (found,) = authentication_configuration(oidc)["jwt"]
    return dict(found)


def test_without_oidc_only_health_checks_are_for_everyone() -> None:
    configuration = authentication_configuration(None)
    assert configuration["jwt"] == []
    assert configuration["anonymous"]["conditions"] == [
        {"path": "/livez"},
        {"path": "/readyz"},
        {"path": "/healthz"},
    ]


@pytest.mark.parametrize(
    ("fields", "username"),
    [
        ({}, {"claim": "sub", "prefix": f"{ISSUER}#"}),
        ({"username_claim": "email"}, {"claim": "email", "prefix": ""}),
        ({"username_prefix": "-"}, {"claim": "sub", "prefix": ""}),
        ({"username_prefix": "oidc:"}, {"claim": "sub", "prefix": "oidc:"}),
        (
            {"username_claim": "email", "username_prefix": "oidc:"},
            {"claim": "email", "prefix": "oidc:"},
        ),
    ],
)
def test_user_names(fields: dict[str, str], username: dict[str, str]) -> None:
    assert jwt(**fields)["claimMappings"] == {"username": username}


def test_groups_audience_and_required_claims() -> None:
    found = jwt(groups_claim="groups", groups_prefix="oidc:", required_claim={"b": "2", "a": "1"})
    assert found["issuer"] == {
        "url": ISSUER,
        "audiences": ["kube"],
        "egressSelectorType": "controlplane",
    }
    assert found["claimMappings"]["groups"] == {"claim": "groups", "prefix": "oidc:"}
    assert found["claimValidationRules"] == [
        {"claim": "a", "requiredValue": "1"},
        {"claim": "b", "requiredValue": "2"},
    ]
