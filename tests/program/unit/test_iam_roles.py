"""The roles of `docs/iam` that are made of others."""

from __future__ import annotations

from tests.support.account import policy


def test_the_role_with_an_autoscaler_adds_roles_and_keys_alone() -> None:
    """Where they are not needed, nobody should be able to create a key that allows more."""
    deploy, more = policy("deploy"), policy("deploy-with-autoscaler")
    iam = more["services"].pop("iam")
    assert more == deploy
    (rule,) = iam["rules"]
    assert rule["action"] == "allow"
    assert "iam" not in deploy["services"]
