"""Writes the table in `docs/environments-and-ci.md`: the settings in which the stacks differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from components.args.errors import model_in
from components.args.problem import Place, path
from components.args.types import by_key
from stack.args import StackArgs
from tools.documents.written import FOLDER, PROJECT, code, with_table
from tools.stacks import REVIEW_STACK

PAGE = FOLDER / "environments-and-ci.md"
ORDER = ("local", "e2e", "dev", "staging", "prod")
"""The order in which a change is promoted. Other stacks follow."""

SECRET = "*secret*"


def page() -> str:
    """Returns the content of the page with a new table."""
    return with_table(PAGE, table(stacks(FOLDER.parent)))


def stacks(folder: Path) -> dict[str, Any]:
    """Returns the settings in a folder's stack files by stack name, in the order of the table.

    Review stacks are left out, because they are temporary.
    """
    found = {}
    for file in folder.glob("Pulumi.*.yaml"):
        name = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        if REVIEW_STACK.fullmatch(name):
            continue
        config = yaml.safe_load(file.read_text()).get("config", {})
        values = {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()}
        found[name] = values
    return dict(sorted(found.items(), key=lambda each: (_place_of(each[0]), each[0])))


def _place_of(stack: str) -> int:
    return ORDER.index(stack) if stack in ORDER else len(ORDER)


def table(found: Mapping[str, Any]) -> str:
    """Returns a row for each setting that differs: each stack's value, or the default."""
    places = dict.fromkeys(
        place for values in found.values() for place in _given(values, StackArgs)
    )
    lines = [f"| setting | {' | '.join(found)} |\n", f"|---|{'---|' * len(found)}\n"]
    for place in sorted(places, key=_as_the_settings_are):
        cells = [_cell(_value(values, place)) for values in found.values()]
        if len(set(cells)) > 1:
            lines.append(f"| `{path(place)}` | {' | '.join(cells)} |\n")
    return "".join(lines)


def _given(values: Any, model: type[BaseModel] | None, place: Place = ()) -> Iterator[Place]:
    """Yields the places of all values in a file."""
    if isinstance(values, dict) and list(values) != ["secure"]:
        for key, value in values.items():
            yield from _given(value, _below(model, key), (*place, key))
    elif isinstance(values, list) and model:
        for index, value in enumerate(values):
            yield from _given(value, model, (*place, index))
    else:
        yield place


def _value(values: Any, place: Place) -> Any:
    """Returns a stack's value at a place, or the default; None if the place doesn't exist."""
    model: type[BaseModel] | None = StackArgs
    for part in place:
        match values, part:
            case dict(), _ if part in values:
                values = values[part]
            case list(), int():
                values = values[part] if part < len(values) else None
            case BaseModel(), str():
                by_alias = {each.validation_alias: name for name, each in _fields(values)}
                values = getattr(values, by_alias[part])
            case dict(), str() if model:
                values = by_key(model)[part].get_default(call_default_factory=True)
            case _:
                return None
        if isinstance(part, str):
            model = _below(model, part)
    return None if values is PydanticUndefined else values


def _fields(settings: BaseModel) -> Any:
    return type(settings).model_fields.items()


def _below(model: type[BaseModel] | None, key: str) -> type[BaseModel] | None:
    return model_in(by_key(model)[key].annotation) if model else None


def _as_the_settings_are(place: Place) -> list[int | str]:
    """Returns a sort key: keys in the order of their classes, others by name."""
    order: list[int | str] = []
    model: type[BaseModel] | None = StackArgs
    for part in place:
        if isinstance(part, str) and model:
            order.append(list(by_key(model)).index(part))
            model = _below(model, part)
        else:
            order.append(part)
    return order


def _cell(value: Any) -> str:
    if isinstance(value, dict) and list(value) == ["secure"]:
        return SECRET
    return "" if value in (None, (), {}, "") else code(value).replace("|", "&#124;")
