"""The reference of a container image."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, StrictStr

from .types import matches

_HOST_PART = r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?"
_HOST = rf"({_HOST_PART}([.]{_HOST_PART})*|\[[0-9a-fA-F:]+\])(:[0-9]+)?"
_PART = r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}"
REFERENCE = rf"({_HOST}/)?{_PART}(/{_PART})*(:{_TAG})?(@({_DIGEST}))?"
"""The grammar of image references in container runtimes.

Source: distribution/reference, `regexp.go`. The digest algorithms are those whose lengths
opencontainers/go-digest knows.
"""


def can_change(image: str) -> bool:
    """Whether an image has no digest, and either no tag or the tag `latest`."""
    if "@" in image:
        return False
    _, _, tag = re.sub(r"^.*/", "", image).partition(":")
    return tag in ("", "latest")


def _check_common_mistakes(image: str) -> str:
    """Returns the image, unless it has one of the common mistakes.

    The first part is a host if it has a dot or a port, or is `localhost` (distribution/reference,
    `normalize.go`).

    Raises:
        ValueError: the image has such a mistake. The message says what to write instead.
    """
    scheme, _, rest = image.rpartition("://")
    if scheme:
        raise ValueError(f"must have no {scheme}://: write {rest}")
    if "//" in image:
        raise ValueError(f"must have no empty part: write {re.sub('/+', '/', image)}")
    if image.endswith(":"):
        raise ValueError(f"must have a tag after the colon, or no colon: write {image}1.0.0")
    name = re.sub(r"(:[^/]*)?(@.*)?$", "", image)
    first, slash, path = name.partition("/")
    if not slash or not (re.search("[.:]", first) or first == "localhost"):
        first, slash, path = "", "", name
    if path != path.lower():
        lower = f"{first}{slash}{path.lower()}{image.removeprefix(name)}"
        raise ValueError(f"must be in lower case except for the tag: write {lower}")
    return image


Image = Annotated[
    StrictStr,
    AfterValidator(_check_common_mistakes),
    matches(REFERENCE, "a container image, [HOST/]NAME[:TAG][@DIGEST]", "derlin/rickroller:1.0.0"),
]
