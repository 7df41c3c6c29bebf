"""The engine's protocol, `pulumi.runtime.proto`, without the rest of Pulumi's SDK.

A plugin needs no more of the SDK than its generated modules. Importing `pulumi` as a whole takes
longer than all else that a plugin does before it can serve.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def import_protocol_alone() -> None:
    """Let `from pulumi.runtime.proto import X` run X and none of the packages above it.

    For the whole process, which therefore can't use the SDK. Call it before anything imports them.

    Raises:
        ModuleNotFoundError: if Pulumi's SDK is not installed.
    """
    spec = find_spec("pulumi")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'pulumi'", name="pulumi")
    folder = Path(spec.origin).parent
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
