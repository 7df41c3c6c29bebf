"""The rule on unencrypted secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policies.pods import pod_containers
from policies.rule import Resource, Rule

SECRET_WORDS = frozenset(
    "apikey credential credentials passphrase passwd password pwd secret secrets token".split()
)
"""The last word of a secret's name. `TOKEN_URL` and `PASSWORD_FILE` do not name secrets."""

HARMLESS_KEYS = frozenset("cache foreign partition primary public routing sort".split())
"""Words before `KEY` in names that are no secrets."""

PASSWORD_IN_URL = re.compile(r"://[^/\s:@]*:[^/\s@$]+@")
"""A password in a URL: `postgres://user:password@host`."""

HARMLESS_VALUE = re.compile(r"|true|false|/.*|\$\(.*\)|\$\{.*\}", re.IGNORECASE | re.DOTALL)
"""Values that are no secrets: an empty string, a boolean, a file's path, another variable."""


def is_secret_name(name: str) -> bool:
    """Returns whether a variable with this name usually contains a secret.

    The last word decides, in names such as `DB_PASSWORD`, `db.password` or `dbPassword`.
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    *before, last = re.findall(r"[a-z]+", apart.lower()) or [""]
    if last in ("key", "keys"):
        return bool(before) and before[-1] not in HARMLESS_KEYS
    return last in SECRET_WORDS


def _clear_secrets(values: Mapping[str, str]) -> Iterator[str]:
    for name, value in values.items():
        named = is_secret_name(name) and not HARMLESS_VALUE.fullmatch(value)
        if named or PASSWORD_IN_URL.search(value):
            yield (
                f"{name}: looks like an unencrypted secret: move it to `secrets.environment` and "
                "encrypt it with `pulumi config set --secret`"
            )


def _check_environment(resource: Resource) -> Iterator[str]:
    for _, container in pod_containers(resource):
        variables = container.get("env") or ()
        values = {each["name"]: each["value"] for each in variables if "value" in each}
        for message in _clear_secrets(values):
            yield f"container {container['name']}: {message}"
    if resource.type == "kubernetes:core/v1:ConfigMap":
        yield from _clear_secrets(resource.inputs.get("data") or {})


RULES = (
    Rule(
        "no-clear-secret",
        "No environment variable or ConfigMap contains an unencrypted secret: a value whose name "
        "ends with PASSWORD, TOKEN, SECRET or KEY, or a URL with a password.",
        _check_environment,
    ),
)
