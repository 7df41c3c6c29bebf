"""The engine's values survive the wire, and secrets stay secret."""

from __future__ import annotations

import pytest

from sandbox.plugins import property_diff, wire
from sandbox.plugins.wire import UNKNOWN, Secret


def test_values_survive_the_round_trip() -> None:
    properties = {
        "name": "web",
        "replicas": 3,
        "ratio": 0.5,
        "on": True,
        "nothing": None,
        "list": [1, {"key": UNKNOWN}],
        "token": Secret({"inner": ["s3cret"]}),
    }
    decoded = wire.decode(wire.encode(properties))
    assert decoded == properties
    assert isinstance(decoded["replicas"], int)


def test_a_secret_is_never_printed() -> None:
    assert "s3cret" not in f"{Secret('s3cret')} {Secret('s3cret')!r} {[Secret('s3cret')]}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (UNKNOWN, True),
        ({"a": [1, Secret(UNKNOWN)]}, True),
        ({"a": [1, Secret("x")]}, False),
    ],
)
def test_has_unknown(value: object, expected: bool) -> None:
    assert wire.has_unknown(value) is expected


def test_conceal_follows_the_template() -> None:
    template = {"data": {"key": Secret("x")}, "list": [Secret(1)], "plain": "y"}
    value = {"data": {"key": "x", "other": "z"}, "list": [1, 2], "plain": "y"}
    assert wire.conceal(value, template) == {
        "data": {"key": Secret("x"), "other": "z"},
        "list": Secret([1, 2]),
        "plain": "y",
    }


def test_diff_names_each_leaf_by_its_path() -> None:
    old = {"a": {"b.c/d": 1, "same": 1}, "list": [1, 2, 3], "gone": "x", "flag": True}
    new = {"a": {"b.c/d": 2, "same": 1.0}, "list": [1, 5], "new": {"k": 1}, "flag": 1}
    assert property_diff.diff(old, new) == {
        'a["b.c/d"]': "update",
        "list[1]": "update",
        "list[2]": "delete",
        "gone": "delete",
        "flag": "update",
        "new": "add",
    }


def test_an_unknown_differs_from_everything() -> None:
    assert property_diff.diff({"a": UNKNOWN}, {"a": UNKNOWN}) == {"a": "update"}
    assert property_diff.diff({"a": None}, {}) == {}
