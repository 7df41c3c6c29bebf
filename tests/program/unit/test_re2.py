"""Traefik's regular expressions are RE2's, which have less than those of nginx."""

from __future__ import annotations

import re

import pytest

from components.ingress_controller.re2 import unsupported_in_re2
from tests.program.unit.stack_settings import changed, load, mistakes


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        (r"/(?=a)b", "a lookahead (?="),
        (r"/(?!a)b", "a lookahead (?!"),
        (r"/(?<=a)b", "a lookbehind (?<="),
        (r"/(?<!a)b", "a lookbehind (?<!"),
        (r"/(?>a)b", "an atomic group (?>"),
        (r"/(a)?(?(1)b)", "a condition (?("),
        (r"/(?#a)b", "a comment (?#"),
        (r"/(?P<x>a)(?P=x)", "a backreference (?P"),
        (r"/(a)\1", r"a backreference \1"),
        (r"/(?x:a)", "a flag (?x"),
        (r"/a++", "a possessive ++"),
        (r"/a{2,3}+", "a possessive {2,3}+"),
        (r"/a\Z", r"\Z"),
        (r"/\u00e4", r"\u"),
        (r"/a{1001}", "a repetition {1001} of more than 1000"),
        (r"/a{1,2000}", "a repetition {1,2000} of more than 1000"),
    ],
)
def test_what_re2_does_not_have(expression: str, named: str) -> None:
    assert re.compile(expression)
    assert unsupported_in_re2(expression) == named


@pytest.mark.parametrize(
    "expression",
    [
        r"/v[0-9]+/(.*)",
        r"/(?:a|b)(?P<name>c)",
        r"/(?i:a)(?s-i:.)",
        r"/a+?b*?c??d{1,1000}?",
        r"/[(?=]\(\?=a",
        r"/[]\]a++]+",
        r"/\\\+\d\pN\x41\Qa",
        r"/a}+",
        r"/a\++",
    ],
)
def test_what_re2_has(expression: str) -> None:
    assert unsupported_in_re2(expression) is None


def test_only_traefik_refuses_it() -> None:
    values = changed("apps[0].ingress", {"regex": "/(?!admin)"})
    assert load(values)
    assert load(values | {"ingress": {"controller": "nginx"}})
    (line,) = mistakes(values | {"ingress": {"controller": "traefik"}})
    assert line == (
        'apps[0].ingress.regex: "/(?!admin)": must not have a lookahead (?!, with'
        " ingress.controller traefik: it is not in RE2"
    )
