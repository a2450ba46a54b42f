"""Which regular expressions Envoy compiles. The verdicts are those of Go's regexp, which has RE2's syntax."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshd.api.validate.re2 import check_regex


def refusals(regex: str) -> list[str]:
    return [problem.reason for problem in check_regex(regex, "regex")]


@pytest.mark.parametrize(
    "regex",
    [
        r"^/reviews/(?:v1|v2)/\d+$",
        r".*jason.*",
        r"(?i)chrome|(?P<browser>fire.?fox)",
        r"(?i:a)(?s-i:b)(?<name>c)",
        r"[]a][^]b][[:alpha:]_-][a-z0-9.-]+[\w-]",
        r"a{2}b{2,}c{2,3}{d{,3}",
        r"\pL\p{Greek}\P{Lu}\x41\x{1F600}\012\Q.*\E\z\A\b\.\-\_\/",
        r"a*?b+?c??",
        "é ü",
    ],
)
def test_accepts_re2(regex: str) -> None:
    assert refusals(regex) == []


@pytest.mark.parametrize(
    ("regex", "reason"),
    [
        ("", "must not be empty"),
        ("a" * 1025, "at most 1024"),
        ("*", "nothing to repeat"),
        ("a|*b", "nothing to repeat"),
        ("(+a)", "nothing to repeat"),
        ("a**", "follows another one"),
        ("a++", "follows another one"),
        ("a{2}{3}", "follows another one"),
        ("a{1001}", "to 1000 at most"),
        ("a{3,2}", "count upwards"),
        ("(?=a)", "lookahead"),
        ("(?<!a)b", "lookbehind"),
        ("(a)\\1", "back-reference"),
        ("(?P=name)", "unknown kind of group"),
        ("(?>a)", "unknown kind of group"),
        ("(?#note)", "unknown kind of group"),
        ("(a", "not closed"),
        ("a)", "closes no group"),
        ("[a", "not closed"),
        ("[z-a]", "no range"),
        ("[a-\\d]", "no range"),
        ("[[:foo:]]", "unknown class"),
        ("\\Z", "unknown escape"),
        ("\\u0041", "unknown escape"),
        ("a\\", "unknown escape"),
        ("[\\b]", "unknown escape"),
    ],
)
def test_refuses_what_re2_has_not(regex: str, reason: str) -> None:
    assert [reason in found for found in refusals(regex)] == [True]


@given(st.text(alphabet="ab01*+?{},()[]^$.|\\-:<>=!PdQE", max_size=12))
def test_judges_any_text(regex: str) -> None:
    assert len(refusals(regex)) <= 1
