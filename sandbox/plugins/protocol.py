"""The engine's protocol, `pulumi.runtime.proto`, without the rest of Pulumi's SDK.

A plugin needs only the generated modules of the SDK. The import of the whole package `pulumi` takes
longer than everything else that a plugin does before it can serve.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def import_protocol_alone() -> None:
    """Makes `from pulumi.runtime.proto import X` import only X, not the packages that contain it.

    This affects the whole process, which therefore can't use the SDK. Call it before any import of
    these packages.

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
