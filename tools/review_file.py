"""The file of a review stack, made from another stack's."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tools.existing_stack import decrypted_config
from tools.review_settings import existing_cluster, review_settings
from tools.stacks import (
    config_key,
    encrypted_places,
    project_name,
    read_document,
    source_file,
    stack_file,
)
from tools.unquoted import check_quotes


class ReviewFile(NamedTuple):
    """What is not in the file that was written."""

    secrets: dict[str, str]
    """Values that are still to be encrypted there, by their keys."""
    provider: str
    """The other stack's secrets provider; empty for the backend's own."""


def write_file(stack: str, source: str, image: str, folder: Path) -> ReviewFile:
    """Write the file of the review stack `stack`; in place of each secret there is nothing.

    Raises:
        ToolError: naming what is wrong in the file of the stack `source`, or in `image`.
    """
    document = _document(source, folder)
    check_quotes([source], folder)
    config, name = document.get("config") or {}, project_name(folder)
    own = f"{name}:"
    plain = _decrypted(config, source, folder)
    values = {key.removeprefix(own): each for key, each in plain.items() if key.startswith(own)}
    secret = {key.removeprefix(own) for key, _ in encrypted_places(config)}
    made = {key: each for key, each in plain.items() if not key.startswith(own)}
    for key, each in review_settings(values, source, stack, image, secret).items():
        made[f"{own}{key}"] = each
    found = (
        (key, place, _take_value(made, (key, *place))) for key, place in encrypted_places(config)
    )
    secrets = {config_key(key, place, name): each for key, place, each in found if each is not None}
    environment = {key: each for key, each in document.items() if key == "environment"}
    _write(stack, source, environment | {"config": made}, folder)
    return ReviewFile(secrets, document.get("secretsprovider", ""))


def write_without_apps(stack: str, source: str, folder: Path) -> None:
    """Write a file of the stack that has the cluster alone, whatever the applications' had."""
    own = f"{project_name(folder)}:"
    values = (_document(source, folder).get("config") or {}).get(f"{own}existingCluster") or {}
    config = {f"{own}existingCluster": existing_cluster(values, source)}
    _write(stack, source, {"config": config}, folder)


def _document(source: str, folder: Path) -> dict[str, Any]:
    return read_document(source_file(source, folder))


def _write(stack: str, source: str, document: Mapping[str, Any], folder: Path) -> None:
    head = f"# made by `make review` from {stack_file(source, folder).name}\n"
    text = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)
    stack_file(stack, folder).write_text(head + text)


def _decrypted(config: Mapping[str, Any], source: str, folder: Path) -> dict[str, Any]:
    """The settings of a stack's file with its secrets, which stay in memory."""
    plain: Any = copy.deepcopy(dict(config))
    if places := list(encrypted_places(config)):
        values = decrypted_config(source, folder)
        for key, place in places:
            *above, last = (key, *place)
            reduce(getitem, above, plain)[last] = reduce(getitem, place, values[key])
    return dict(plain)


def _take_value(values: Any, place: Sequence[str | int]) -> str | None:
    """Take out what is at a place, which stays; None if the review stack has no such place."""
    *above, last = place
    try:
        parent = reduce(getitem, above, values)
        value, parent[last] = parent[last], ""
    except KeyError:
        return None
    return str(value)
