"""Writes `docs/configuration.md` and `docs/settings.schema.json` from the classes of the settings.

It also writes the table of the stacks' differences, from their files, and that of the policies.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from components.args.errors import model_in
from components.args.secret import MayBeClear
from components.args.types import Told, by_key
from stack.args import StackArgs
from tools.documents import hooks, policies, stacks
from tools.documents.written import FOLDER, PROJECT, code

HEAD = f"""\
# Configuration reference

This page describes every key of a stack's file, `Pulumi.<stack>.yaml`. Top-level keys are below
`config`, with the project's name as a prefix: `{PROJECT}:cluster`. `make docs` generates this page
and `settings.schema.json`, which editors use to complete and check stack files.

You must encrypt values of the type *secret*:

- A value: `pulumi config set --secret --path '{PROJECT}:apps[0].secrets.environment.NAME'`
- The content of a file: `pulumi config set --secret --raw --path KEY < FILE`. Without `--raw`,
  Pulumi drops the last newline.

Don't encrypt other values: they would be in clear text in the stack's state. If the file doesn't
show which values are encrypted (a Pulumi environment, the Automation API, or `--config-file`), the
preview warns, and only values of the type *secret* are kept secret.
"""
COLUMNS = "| key | description | type | default | example |\n|---|---|---|---|---|\n"

WORDS = {
    "app": "application",
    "oidc": "OIDC",
    "ref": "reference",
    "sks": "SKS",
    "tls": "TLS",
}
"""How headings write these words of class names."""


def markdown() -> str:
    """Returns the content of `configuration.md`."""
    sections = [_section(model) for model in models()]
    return HEAD + "".join(sections)


def schema() -> str:
    """Returns the content of `settings.schema.json`: the schema of a whole stack file."""
    stack = StackArgs.model_json_schema()
    definitions = stack.pop("$defs") | {"StackArgs": stack}
    for model in models():
        properties = definitions[model.__name__]["properties"]
        for key, field in by_key(model).items():
            properties[key].pop("title", None)
            properties[key]["description"] = meaning(model, field)
    config = stack.pop("properties")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {f"{PROJECT}:{key}": value for key, value in config.items()},
            }
        },
        "$defs": {name: each for name, each in definitions.items() if name != "StackArgs"},
    }
    return json.dumps(document, indent=1) + "\n"


def models(annotation: Any = StackArgs) -> list[type[BaseModel]]:
    """Returns all classes of settings, each before those that it contains."""
    return list(dict.fromkeys(_models(annotation)))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if model := model_in(annotation):
        yield model
        for field in model.model_fields.values():
            yield from _models(field.annotation)


def _section(model: type[BaseModel]) -> str:
    level = "" if model is StackArgs else f"\n## {title(model)}\n"
    rows = [_row(key, model, field) for key, field in by_key(model).items()]
    return f"{level}\n{_one_line(inspect.getdoc(model) or '')}\n\n{COLUMNS}{''.join(rows)}"


def title(model: type[BaseModel]) -> str:
    """Returns the heading of a section: `Health check` for `HealthCheckArgs`."""
    words = re.findall(r"[A-Z][a-z0-9]*", model.__name__.removesuffix("Args"))
    heading = " ".join(WORDS.get(word.lower(), word.lower()) for word in words)
    return heading[:1].upper() + heading[1:]


def anchor(model: type[BaseModel]) -> str:
    """Returns the anchor of a section."""
    return title(model).lower().replace(" ", "-")


def _row(key: str, model: type[BaseModel], field: FieldInfo) -> str:
    value = kind(field.annotation, field.metadata)
    example = code(found[0]) if (found := examples(field)) else ""
    cells = (f"`{key}`", meaning(model, field), value, _default(field), example)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def meaning(model: type[BaseModel], field: FieldInfo) -> str:
    """Returns the docstring under a field."""
    name = next(name for name, each in model.model_fields.items() if each is field)
    found = (_docstrings(each).get(name) for each in model.__mro__ if issubclass(each, BaseModel))
    return next(filter(None, found))


def summary(key: str) -> str:
    """Returns the description of a top-level key in `Pulumi.yaml`."""
    field = by_key(StackArgs)[key]
    model = model_in(field.annotation)
    place = f"configuration.md#{anchor(model)}" if model else "configuration.md"
    return f"{meaning(StackArgs, field).split('. ')[0].removesuffix('.')}: docs/{place}"


@cache
def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Returns the docstrings under the fields of a class.

    Pydantic can provide them (`use_attribute_docstrings`), but then it reads all sources whenever
    the program starts, which takes a tenth of a second.
    """
    if model is BaseModel:
        return {}
    (body,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: _one_line(str(text.value.value))
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def kind(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """Returns the type of a value and its constraints."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(arguments[0], (*arguments[1:], *metadata))
    if NoneType in arguments:
        (annotation,) = (each for each in arguments if each is not NoneType)
        return kind(annotation, metadata)
    if origin is Literal:
        return " or ".join(", ".join(f"`{value}`" for value in arguments).rsplit(", ", 1))
    if origin is tuple:
        return f"list: {kind(arguments[0])}"
    if origin is Mapping:
        return f"map: {kind(arguments[0])} → {kind(arguments[1])}"
    if annotation is SecretStr:
        clear = any(isinstance(each, MayBeClear) for each in metadata)
        return "string, may be *secret*" if clear else "*secret*"
    if model := model_in(annotation):
        return f"[{title(model)}](#{anchor(model)})"
    told = [each.words for each in metadata if isinstance(each, Told)]
    return ", ".join([*(told or [_plain(annotation)]), *_bounds(metadata)])


def _plain(annotation: Any) -> str:
    return {bool: "boolean", int: "integer", str: "string"}.get(annotation, "any")


def _bounds(metadata: Iterable[Any]) -> Iterator[str]:
    flat = [*metadata, *(part for each in metadata for part in getattr(each, "metadata", ()))]
    least = next((each.ge for each in flat if isinstance(each, Ge)), None)
    most = next((each.le for each in flat if isinstance(each, Le)), None)
    length = next((each.max_length for each in flat if isinstance(each, MaxLen)), None)
    if least is not None:
        yield f"{least} to {most}" if most is not None else f"{least} or more"
    if length is not None:
        yield f"at most {length} characters"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    optional = NoneType in get_args(field.annotation)
    if value is PydanticUndefined or (value is None and not optional):
        return "**required**"
    if isinstance(value, BaseModel):
        own = value == type(value)()
        value = {} if own else _given(value.model_dump(by_alias=True, exclude_none=True))
    return "" if value in (None, (), {}, "") else code(value)


def _given(value: Any) -> Any:
    """Returns the value without empty mappings."""
    if isinstance(value, dict):
        return {key: kept for key, each in value.items() if (kept := _given(each)) != {}}
    return value


def examples(field: FieldInfo) -> list[Any]:
    """Returns example values of a field: its own, or one for its type."""
    return [*(field.examples or ()), *_examples(field.annotation, field.metadata, field.default)]


def _examples(annotation: Any, metadata: Iterable[Any] = (), default: Any = None) -> Iterator[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    said = [each.examples for each in metadata if isinstance(each, Told | FieldInfo)]
    if any(said):
        yield from next(filter(None, reversed(said)))
    elif origin is Annotated:
        yield from _examples(arguments[0], arguments[1:], default)
    elif NoneType in arguments:
        yield from _examples(arguments[0], metadata, default)
    elif origin is Literal:
        yield from (each for each in arguments if each != default)
    elif origin is tuple:
        yield from ([each] for each in _examples(arguments[0]))
    elif origin is Mapping:
        keys, values = (list(_examples(each)) for each in arguments)
        yield from ({key: value} for key, value in zip(keys[:1], values[:1], strict=False))
    elif annotation is bool:
        yield default is not True
    elif annotation is int:
        least = next((each.ge for each in metadata if isinstance(each, Ge)), 1)
        yield default if isinstance(default, int) else least
    elif annotation is str:
        yield "text"


if __name__ == "__main__":
    (FOLDER / "configuration.md").write_text(markdown())
    (FOLDER / "settings.schema.json").write_text(schema())
    stacks.PAGE.write_text(stacks.page())
    policies.PAGE.write_text(policies.page())
    hooks.PAGE.write_text(hooks.page())
