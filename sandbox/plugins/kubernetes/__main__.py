"""Entry point: `python -m sandbox.plugins.kubernetes ENGINE_ADDRESS`."""

import sys

from sandbox.plugins.kubernetes.provider import KubernetesProvider
from sandbox.plugins.rpc import serve

if __name__ == "__main__":
    serve(KubernetesProvider, sys.argv[1:])
