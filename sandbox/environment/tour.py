"""Prints commands to try with a stack.

Usage: `sandbox exec -- python -m sandbox.environment.tour STACK`
"""

import json
import subprocess
import sys
from collections.abc import Mapping

from sandbox.account import Account, Nodes
from sandbox.paths import home

IN_SANDBOX = ".venv/bin/python -m sandbox exec --"
WHAT_IS_REAL: Mapping[Nodes, str] = {
    "simulated": (
        "The Kubernetes API server is real; its nodes are simulated and run no containers, and\n"
        "the load balancer exists in the sandboxed account alone: the URL carries no traffic yet."
    ),
    "containers": "The nodes run containers, and the load balancer carries traffic: open the URL.",
}


def outputs_of(stack: str) -> dict[str, str]:
    """Returns the stack's outputs by name; Pulumi masks secrets."""
    command = ["pulumi", "stack", "output", "--json", "--stack", stack]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def tour(stack: str, outputs: Mapping[str, str], nodes: Nodes = "simulated") -> str:
    """Returns the text for a stack with these outputs, on nodes of this kind."""
    apps = [key.removesuffix("_url") for key in outputs if key.endswith("_url")]
    lines = [""]
    lines += [f"{app:<16}{outputs[f'{app}_url']}" for app in apps]
    if address := outputs.get("load_balancer_address"):
        lines += [f"{'load balancer':<16}{address}"]
    lines += [
        "",
        WHAT_IS_REAL[nodes],
        "",
        "Try next:",
        f"  {IN_SANDBOX} kubectl get nodes",
    ]
    for app in apps[:1]:
        namespace = outputs[f"{app}_namespace"]
        lines += [
            f"  make ps STACK={stack}",
            f"  {IN_SANDBOX} kubectl -n {namespace} describe ingress",
            f"  {IN_SANDBOX} pulumi config set --stack {stack} --path 'apps[0].replicas' 5",
            "  make preview",
        ]
    lines += ["  make down", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    account = Account.load(home())
    assert account  # created by `sandbox exec`
    sys.stdout.write(tour(sys.argv[1], outputs_of(sys.argv[1]), account.nodes))
