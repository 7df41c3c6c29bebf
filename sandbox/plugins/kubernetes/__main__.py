"""Entry point: `python -m sandbox.plugins.kubernetes ENGINE_ADDRESS`."""

import sys

from sandbox.plugins.protocol import import_protocol_alone

if __name__ == "__main__":
    import_protocol_alone()

    from sandbox.plugins.kubernetes.provider import KubernetesProvider
    from sandbox.plugins.rpc import serve

    serve(KubernetesProvider, sys.argv[1:])
