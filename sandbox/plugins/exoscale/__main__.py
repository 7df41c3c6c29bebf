"""Entry point: `python -m sandbox.plugins.exoscale ENGINE_ADDRESS`."""

import gc
import sys
import threading
from importlib import import_module

from sandbox.plugins.protocol import import_protocol_alone

if __name__ == "__main__":
    gc.set_threshold(100_000)  # modules are no garbage: looking for it slows their import
    import_protocol_alone()

    from sandbox.plugins.exoscale.provider import ExoscaleProvider
    from sandbox.plugins.rpc import serve

    # Slow to import, and needed soon: meanwhile the engine and the program get going.
    threading.Thread(target=import_module, args=("cryptography.x509",), daemon=True).start()
    serve(ExoscaleProvider, sys.argv[1:])
