"""Names that Exoscale would refuse in the middle of an `up` are refused before it."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from tests.program.unit.stack_settings import VALID, changed, load

DBAAS = {"kind": "dbaas", "zone": "ch-gva-2", "ipFilter": ["192.0.2.0/24"]}


def test_a_name_that_exoscale_refuses_is_refused_first() -> None:
    told = (
        'the stack\'s name: "Feature_1.2": must be in lower case, because Exoscale requires '
        "it in names of node pools: pulumi stack rename feature_1.2"
    )
    with pytest.raises(pulumi.RunError) as caught:
        load(VALID, stack="Feature_1.2")
    assert told in str(caught.value)
    load(VALID, stack="feature_1.2")
    without = {key: value for key, value in VALID.items() if key != "cluster"}
    existing = without | {
        "existingCluster": {"kubeconfig": str(Path(__file__).parents[3] / "Pulumi.yaml")}
    }
    load(existing, stack="Feature_1.2")


def test_a_managed_databases_name_has_63_characters_at_most() -> None:
    longest = "s" * (63 - len("webapp--web-db"))
    load(changed("apps[0].database", DBAAS), stack=longest)
    with pytest.raises(pulumi.RunError, match=r'apps\[0\]\.name: "web": its database would be'):
        load(changed("apps[0].database", DBAAS), stack=longest + "s")
