"""Finds parts of Python's regular expressions that RE2 does not support.

Sources: google/re2, `doc/syntax.txt`; golang/go, `src/regexp/syntax`.
"""

from __future__ import annotations

import re

MAX_REPETITIONS = 1000

_PARTS = re.compile(
    r"""
    \\(?P<escape>.)
    | \[\^?\]?(?:\\.|[^\]\\])*\]
    | \(\?(?P<group>(?!P<|[imsU]*(?:-[imsU]+)?[:)])(?:<?[=!]|.))
    | (?:[*+?]|\{\d+(?:,\d*)?\})(?P<possessive>\+)
    | \{(?P<least>\d+),?(?P<most>\d*)\}
    """,
    re.VERBOSE | re.DOTALL,
)
"""Parts that may differ. A character class is one part: its characters have no special meaning."""

_GROUPS = {
    "=": "a lookahead",
    "!": "a lookahead",
    "<=": "a lookbehind",
    "<!": "a lookbehind",
    ">": "an atomic group",
    "(": "a condition",
    "#": "a comment",
    "P": "a backreference",
}


def unsupported_in_re2(expression: str) -> str | None:
    """Returns a description of the first part that RE2 does not support, or None."""
    return next(filter(None, map(_unknown, _PARTS.finditer(expression))), None)


def _unknown(part: re.Match[str]) -> str | None:
    escape, group = part["escape"], part["group"]
    if group:
        return f"{_GROUPS.get(group, 'a flag')} (?{group}"
    if escape and escape in "123456789":
        return f"a backreference \\{escape}"
    if escape and escape in "ZuUN":
        return f"\\{escape}"
    if part["possessive"]:
        return f"a possessive {part[0]}"
    if max(int(part["least"] or 0), int(part["most"] or 0)) > MAX_REPETITIONS:
        return f"a repetition {part[0]} of more than {MAX_REPETITIONS}"
    return None
