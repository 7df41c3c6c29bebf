"""A stack loads the SDKs' modules that it uses, and no others: they take most of a preview."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, sys
from stack.compose import declare
from stack.args import StackArgs
from tests.program.unit.engine import run

cluster = {"existingCluster": {"kubeconfig": "{}"}}
run(lambda: declare(StackArgs.model_validate(cluster)))
few = [name for name in sys.modules if name.startswith("pulumi")]
app = {"name": "web", "image": "example/web:1"}
run(lambda: declare(StackArgs.model_validate(cluster | {"apps": [app]})))
print(json.dumps([few, list(sys.modules)]))
"""


def test_only_what_is_used_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        check=True,
    )
    few, more = (set(names) for names in json.loads(done.stdout))
    assert "pulumi_kubernetes.core.v1" not in few
    assert {"pulumi_kubernetes.core.v1", "pulumi_kubernetes.apps.v1"} <= more
    assert not {"pulumiverse_exoscale", "kubernetes", "urllib3", "cronsim", "tzdata"} & more
    unused = ("helm", "batch", "autoscaling", "policy", "rbac")
    assert not [
        name for name in more if name.startswith(tuple(f"pulumi_kubernetes.{u}." for u in unused))
    ]
