"""The classes that args consist of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from components.args.types import Args


def args_classes(annotation: Any) -> Iterator[type[Args]]:
    """Yields all classes of args in an annotation, and in their fields."""
    if isinstance(annotation, type) and issubclass(annotation, Args):
        yield annotation
        for field in annotation.model_fields.values():
            yield from args_classes(field.annotation)
    for part in get_args(annotation):
        yield from args_classes(part)
