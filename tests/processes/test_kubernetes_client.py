"""Kubernetes' client in a new process, in which nothing has imported it yet."""

import json
import subprocess
import sys

from sandbox.paths import ROOT

PROGRAM = """
import asyncio, sys
from components.lifecycle.kubernetes_api import KubernetesApi

async def read():
    await asyncio.gather(*(KubernetesApi.from_kubeconfig(sys.argv[1]) for _ in range(8)))

asyncio.run(read())
"""
KUBECONFIG = {
    "current-context": "one",
    "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
    "clusters": [{"name": "one", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "one", "user": {}}],
}


def test_several_threads_may_be_the_first() -> None:
    command = [sys.executable, "-c", PROGRAM, json.dumps(KUBECONFIG)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
