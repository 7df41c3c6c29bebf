"""Entry point: `python -m sandbox.plugins.exoscale ENGINE_ADDRESS`."""

import gc
import sys
import threading
from importlib import import_module

from sandbox.plugins.protocol import import_protocol_alone

if __name__ == "__main__":
    gc.set_threshold(100_000)  # imported modules are not garbage; collections would slow imports
    import_protocol_alone()

    from sandbox.plugins.exoscale.provider import ExoscaleProvider
    from sandbox.plugins.rpc import serve

    # This import is slow and soon needed. It runs while the engine and the program start.
    threading.Thread(target=import_module, args=("cryptography.x509",), daemon=True).start()
    serve(ExoscaleProvider, sys.argv[1:])
