"""The regular expressions of `=~`: Java's syntax, whole texts, and no pattern that takes for ever."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.errors import ExpressionError
from asl.paths import regex

CASES = json.loads(
    (Path(__file__).parents[1] / "fixtures/expressions/jsonpath-regex.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("pattern", "flags", "text", "matches"), CASES["matches"])
def test_whole_text(pattern, flags, text, matches):
    assert regex.compile(pattern, flags).matches(text) is matches


@pytest.mark.parametrize(("pattern", "message"), CASES["refused"])
def test_refused(pattern, message):
    with pytest.raises(ExpressionError) as refusal:
        regex.compile(pattern)
    assert refusal.value.message.startswith(message)


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*)*b", ".*.*.*.*b", "(a?){500}a{500}b"]
)
def test_no_pattern_takes_for_ever(pattern):
    """An engine that backtracks would need years for any of them."""
    assert not regex.compile(pattern).matches("a" * 2_000)


_ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\d", r"\w", r"\s", "1", "(?:)"])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,2}", "*?"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        ),
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
    ),
    max_leaves=6,
)


@given(_PATTERNS, st.text("ab1 _", max_size=6))
def test_agrees_with_pythons_engine(pattern, text):
    expected = re.fullmatch(pattern, text, re.ASCII) is not None
    assert regex.compile(pattern).matches(text) is expected
