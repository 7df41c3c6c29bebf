"""Resource quantities (`500m`, `1Gi`) in the canonical form that the API server gives them.

Source: kubernetes/apimachinery, `pkg/api/resource/quantity.go`.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal
from typing import Final

_FORM: Final = re.compile(
    r"^(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))"
    r"(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$"
)
_BINARY: Final = {suffix: 1024**power for power, suffix in enumerate(("", *"KMGTPE"))}
_DECIMAL: Final = {
    "n": -9,
    "u": -6,
    "m": -3,
    "": 0,
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "E": 18,
}
_NANO: Final = Decimal("1e-9")


def canonical(quantity: str) -> str:
    """The quantity as the API server stores it; unchanged if it is not a quantity.

    >>> canonical("1000m"), canonical("0.5"), canonical("1024Mi"), canonical("1e3")
    ('1', '500m', '1Gi', '1e3')
    """
    match = _FORM.match(quantity)
    if not match:
        return quantity
    number, suffix = Decimal(match["number"]), match["suffix"] or ""
    if suffix.endswith("i"):
        return _canonical_binary(number * _BINARY[suffix[0]])
    exponent = int(suffix[1:]) if suffix[:1] in ("e", "E") and suffix[1:] else None
    value = number.scaleb(_DECIMAL[suffix] if exponent is None else exponent)
    mantissa, power = _split(value)
    if exponent is not None:
        return f"{mantissa}e{power}" if power else mantissa
    return mantissa + next(name for name, value in _DECIMAL.items() if value == power)


def _canonical_binary(value: Decimal) -> str:
    if value != value.to_integral_value() or abs(value) < 1024:
        mantissa, power = _split(value)
        return mantissa + next(name for name, exponent in _DECIMAL.items() if exponent == power)
    amount, suffix = int(value), ""
    for name, factor in _BINARY.items():
        if amount % factor == 0:
            suffix = name
    return f"{amount // _BINARY[suffix]}{suffix}i" if suffix else str(amount)


def _split(value: Decimal) -> tuple[str, int]:
    """An integer and the largest power of a thousand that give the value."""
    value = value.quantize(_NANO, rounding=ROUND_UP)
    if value == 0:
        return "0", 0
    for power in sorted(_DECIMAL.values(), reverse=True):
        scaled = value.scaleb(-power)
        if scaled == scaled.to_integral_value():
            return str(int(scaled)), power
    raise AssertionError("a multiple of a billionth has a power")
