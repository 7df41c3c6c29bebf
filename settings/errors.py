"""What a user reads when settings are wrong: the key, its value, and what is allowed."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from settings.existing_cluster import is_text

HIDDEN = "[secret]"
UNIQUE = {
    ("cluster", "nodepools"): ("name",),
    ("cluster", "firewallRules"): ("name",),
    ("namespaces",): ("name",),
    ("apps",): ("name",),
}
SECRETS = (
    ("cluster", "audit", "bearerToken"),
    ("apps", "*", "secrets", "environment", "*"),
    ("apps", "*", "secrets", "files", "*"),
    ("apps", "*", "pullSecret", "password"),
    ("apps", "*", "database", "backup", "secretKey"),
)

_ALLOWED = {
    "missing": "is missing: it is required",
    "int_type": "must be a whole number",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping of names to values",
    "model_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} items",
    "literal_error": "must be one of {expected}",
    "value_error": "{error}",
    "not_set": "is not set: pulumi config set --secret --path '{key}'",
}


def explain(
    error: ValidationError, model: type[BaseModel], secret: Collection[str] = ()
) -> list[str]:
    """One line for each mistake that validation found, in the order of the settings.

    No value below the keys in `secret` is told.
    """
    return [_line(detail, model, secret) for detail in error.errors()]


def _line(detail: ErrorDetails, model: type[BaseModel], secret: Collection[str]) -> str:
    location = [part for part in detail["loc"] if part != "[key]"]
    key = path(location)
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key; {_suggestion(location, model)}"
    context = {**detail.get("ctx", {}), "key": key}
    allowed = _ALLOWED.get(detail["type"], detail["msg"]).format(**context)
    if detail["type"] in ("missing", "not_set"):
        return f"{key}: {allowed}"
    return f"{key}: {_told(detail['input'], hidden=location[0] in secret)}: {allowed}"


def _told(value: Any, *, hidden: bool) -> str:
    return HIDDEN if hidden else json.dumps(value, default=str)


def one_cluster(values: Mapping[str, Any]) -> list[str]:
    """A line if the stack has no cluster, or two."""
    if "cluster" in values and "existingCluster" in values:
        return ["existingCluster: must not be given beside cluster: a stack has one of them"]
    if "cluster" not in values and "existingCluster" not in values:
        return ["cluster: is missing: it is required, or existingCluster in its place"]
    return []


def unencrypted(values: Mapping[str, Any], secret: Collection[str]) -> list[str]:
    """One line for each secret that is in the stack's file in clear."""
    found = [location for place in SECRETS for location in _places(values, place)]
    kubeconfig = ("existingCluster", "kubeconfig")
    text = _get(values, kubeconfig)
    if isinstance(text, str) and is_text(text):
        found.append(kubeconfig)
    return [
        f"{key}: {HIDDEN}: must be encrypted: pulumi config set --secret --path '{key}'"
        for key in (path(location) for location in found if location[0] not in secret)
    ]


def _places(values: Any, place: Sequence[str]) -> Iterator[tuple[str | int, ...]]:
    """Where `values` has something at `place`, in which `*` stands for any key or index."""
    if not place:
        if values:
            yield ()
        return
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(values, Mapping):
        items = values.items()
    elif isinstance(values, list):
        items = enumerate(values)
    for key, value in items:
        if place[0] in (key, "*"):
            for rest in _places(value, place[1:]):
                yield (key, *rest)


def path(location: Sequence[str | int]) -> str:
    """A place in the settings, as `pulumi config set --path` takes it."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def _suggestion(location: Sequence[str | int], model: type[BaseModel]) -> str:
    """The keys that the location's parent knows, or the one that was probably meant."""
    for part in location[:-1]:
        if isinstance(part, str):
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            model = _model_in(fields[part].annotation)
    known = [field.alias or name for name, field in model.model_fields.items()]
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f'did you mean "{close[0]}"?' if close else f"allowed are {', '.join(known)}"


def _model_in(annotation: Any) -> type[BaseModel]:
    """The settings class in an annotation such as `tuple[NodepoolSettings, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_model_in(part) for part in get_args(annotation) if part is not Ellipsis)


def repeated(values: Mapping[str, Any], secret: Collection[str] = ()) -> list[str]:
    """One line for each value that two items of a list share and must not."""
    problems = []
    for location, fields in UNIQUE.items():
        items = _at(values, location)
        for field in fields:
            shared = Counter(_value(item, field) for item in items)
            problems += [
                f"{path(location)}: {_told(value, hidden=location[0] in secret)}: "
                f"two have this {field}; each must differ"
                for value, count in shared.items()
                if value is not None and count > 1
            ]
    return problems


def _get(values: Any, location: Sequence[str]) -> Any:
    for part in location:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _at(values: Any, location: Sequence[str]) -> list[Mapping[str, Any]]:
    items = _get(values, location)
    if not isinstance(items, list):
        return []
    return [item for item in items if isinstance(item, Mapping)]


def _value(item: Mapping[str, Any], field: str) -> str | None:
    value = item.get(field)
    return value if isinstance(value, str) else None
