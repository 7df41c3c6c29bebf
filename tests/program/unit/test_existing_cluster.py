"""The kubeconfig of a cluster that is there may be another stack's."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.existing_cluster.args import ExistingClusterArgs
from components.existing_cluster.existing_cluster import ExistingCluster, kubeconfig_in
from stack.collisions import reject_collisions
from tests.program.unit import engine
from tests.program.unit.engine import Engine, run

REFERENCE = "pulumi:pulumi:StackReference"


def declared(stack: str) -> tuple[Engine, Any]:
    """What a cluster of the stack declares, and its kubeconfig with whether it is secret."""

    def program() -> pulumi.Output[Any]:
        cluster = ExistingCluster(
            "cluster", ExistingClusterArgs(stack=stack), key="existingCluster"
        )
        secret: Any = cluster.kubeconfig.is_secret()
        return pulumi.Output.all(cluster.kubeconfig, secret)

    return run(program)


@pytest.mark.parametrize(
    ("stack", "name"),
    [("dev", "organization/webapp/dev"), ("shop/front/dev", "shop/front/dev")],
)
def test_the_stack_is_named_in_full(stack: str, name: str) -> None:
    made, (kubeconfig, _) = declared(stack)
    (reference,) = [each for each in made.resources if each.typ == REFERENCE]
    assert (reference.name, reference.resource_id) == ("existingCluster.stack", name)
    assert kubeconfig == "kind: Config"


def test_two_clusters_of_two_stacks() -> None:
    def program() -> None:
        for stack in ("dev", "prod"):
            ExistingCluster(stack, ExistingClusterArgs(stack=stack))

    made, _ = run(reject_collisions()(program))
    references = [each for each in made.resources if each.typ == REFERENCE]
    assert sorted((each.name, each.resource_id) for each in references) == [
        ("dev.stack", "organization/webapp/dev"),
        ("prod.stack", "organization/webapp/prod"),
    ]


def test_two_contexts_of_one_stacks_kubeconfig() -> None:
    def program() -> None:
        for context in ("blue", "green"):
            ExistingCluster(context, ExistingClusterArgs(stack="dev", context=context))

    made, _ = run(reject_collisions()(program))
    assert {name: each["context"] for name, each in made.of_type("kubernetes").items()} == {
        "blue": "blue",
        "green": "green",
    }


def test_its_kubeconfig_is_a_secret_even_if_the_other_stack_does_not_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clear = {"outputs": {"kubeconfig": "kind: Config"}, "secretOutputNames": []}
    monkeypatch.setitem(engine.COMPUTED, REFERENCE, clear)
    _, (_, secret) = declared("dev")
    assert secret is True


@pytest.mark.parametrize("outputs", [{}, {"kubeconfig": None}])
def test_a_stack_without_a_kubeconfig(outputs: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        kubeconfig_in(outputs, "organization/webapp/dev", "existingCluster.stack")
    assert str(caught.value) == (
        'existingCluster.stack: "organization/webapp/dev": must be a stack that is deployed, whose '
        "output kubeconfig can be decrypted here, with its passphrase or key"
    )
