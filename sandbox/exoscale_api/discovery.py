"""Finds the resources."""

import importlib
import pkgutil

from sandbox.exoscale_api import resources
from sandbox.exoscale_api.resource import Resource


def find_resources() -> list[Resource]:
    """Returns the `RESOURCE` of each module in the package `resources`, sorted by module."""
    return [
        importlib.import_module(f"{resources.__name__}.{module.name}").RESOURCE
        for module in pkgutil.iter_modules(resources.__path__)
        if not module.ispkg
    ]
