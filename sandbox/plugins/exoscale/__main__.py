"""Entry point: `python -m sandbox.plugins.exoscale ENGINE_ADDRESS`."""

from __future__ import annotations

import sys

from sandbox.plugins import rpc
from sandbox.plugins.exoscale.provider import ExoscaleProvider

if __name__ == "__main__":
    rpc.serve(ExoscaleProvider, sys.argv[1:])
