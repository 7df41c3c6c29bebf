"""Values in the inputs of a resource by Pulumi's property paths, such as `spec.rules[0].host`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

SECRET = "[secret]"


def property_value(inputs: Mapping[str, Any], path: str) -> Any:
    """Returns the value at a path: None if there is none, SECRET if it is inside a masked value."""
    place: Any = inputs
    for word, quoted, index in re.findall(r'([^.\[\]"]+)(?=[.\[]|$)|\["([^"]*)"\]|\[(\d+)\]', path):
        if place == SECRET:
            break
        if isinstance(place, list):
            number = int(index or word)
            place = place[number] if number < len(place) else None
        else:
            place = place.get(word or quoted) if isinstance(place, dict) else None
    return place


def different_paths(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yields the paths of the values that differ. In lists, each index is compared."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            step = f".{key}" if re.fullmatch(r"\w+", key) else f'["{key}"]'
            yield from different_paths(old.get(key), new.get(key), f"{path}{step}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list):
        for index, (one, other) in enumerate(zip_longest(old, new)):
            yield from different_paths(one, other, f"{path}[{index}]")
    elif old != new:
        yield path
