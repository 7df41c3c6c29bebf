"""What `sandbox status` shows of an account, as tables and as JSON."""

import json
import re
from pathlib import Path

from sandbox.daemon.status import status
from tests.support.exoscale_account import BASE_URL, Account


def test_an_account_that_was_never_used(tmp_path: Path) -> None:
    text = status(tmp_path, as_json=False)
    assert text == (
        f"sandbox        stopped\nhome           {tmp_path}\n"
        "Exoscale API   none yet\nDNS server     none yet\n"
        "ACME server    none: `sandbox tools --acme` installs it\nACME root      none yet\n"
        "nodes          none yet\nprocesses      none\n"
    )


def test_what_an_account_holds(tmp_path: Path) -> None:
    account = Account(tmp_path / "api")
    fault = {"target": "node", "effect": {"kind": "not-ready"}, "times": 1}
    assert account.api.http_client.post(f"{BASE_URL}/sandbox/faults", json=fault).ok
    cluster = account.cluster()
    account.nodepool(cluster)
    account.done(account.api.create_load_balancer(name="k8s-1"))
    account.done(account.api.create_security_group(name="sks"))

    text = re.sub(r"pool-\w{5}-\w{5}", "pool-01234-56789", status(tmp_path, as_json=False))
    assert text.split("\n\n")[1:] == [
        "CLUSTER   ZONE       VERSION   LEVEL     STATE     API SERVER\n"
        "demo      ch-gva-2   1.36.5    starter   running   https://127.0.0.1:6443",
        "NODEPOOL   CLUSTER   SIZE   STATE\nworkers    demo      2      running",
        "NODE               NODEPOOL   ADDRESS        STATE\n"
        "pool-01234-56789   workers    198.51.100.1   not Ready (fault 1)\n"
        "pool-01234-56789   workers    198.51.100.2   running",
        "LOAD BALANCER   ZONE       ADDRESS       STATE     SERVICES\n"
        "k8s-1           ch-gva-2   203.0.113.1   running",
        "SECURITY GROUP\nsks",
        "FAULT   TARGET   EFFECT      WHEN   ACTED\n1       node     not Ready   once   1\n",
    ]
    found = json.loads(status(tmp_path, as_json=True))
    ((pool,),) = (cluster["nodepools"] for cluster in found["sks-clusters"])
    assert [node["fault"] for node in pool["instances"]] == ["1", None]
    assert found["faults"][0]["effect"] == {"kind": "not-ready"}
    assert found["state"] == "stopped"
