"""What the package `exoscale_webapp` offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest

import components
from components.args.types import Args

PUBLIC = dir(components)
COMPONENTS = [name for name in PUBLIC if f"{name}Args" in PUBLIC]


def models(annotation: Any) -> Iterator[type[Args]]:
    """All args classes in an annotation, and in their fields."""
    if isinstance(annotation, type) and issubclass(annotation, Args):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for part in get_args(annotation):
        yield from models(part)


def test_every_component_has_its_args() -> None:
    assert {"SksCluster", "IngressController", "WebApp", "Database", "AppNamespace"} <= {
        *COMPONENTS
    }


@pytest.mark.parametrize("name", COMPONENTS)
def test_all_that_args_consist_of_is_public(name: str) -> None:
    found = {each.__name__ for each in models(getattr(components, f"{name}Args"))}
    assert found <= {*PUBLIC}


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        components.__getattr__("WepApp")
