"""Entry point: `python -m sandbox.plugins.exoscale ENGINE_ADDRESS`."""

import sys

from sandbox.plugins.protocol import import_protocol_alone

if __name__ == "__main__":
    import_protocol_alone()

    from sandbox.plugins.exoscale.provider import ExoscaleProvider
    from sandbox.plugins.rpc import serve

    serve(ExoscaleProvider, sys.argv[1:])
