"""Paths never fail otherwise than documented: `ExpressionError` when compiled, `PathError` when evaluated."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asl import paths
from asl.errors import ExpressionError, PathError
from asl.paths import run
from asl.values import Json, to_json
from tests.test_paths import Scope

_PIECES = st.sampled_from(
    [
        *(
            "$",
            "$$",
            "@",
            ".",
            "..",
            "*",
            "[",
            "]",
            "[*]",
            "[0]",
            "[-1]",
            "[1:]",
            "[:2]",
            "[0,1]",
            "['a']",
            '["b"]',
        ),
        *(
            "['a','b']",
            ".a",
            ".b",
            ".a-b",
            "[?(",
            ")]",
            "(",
            ")",
            "?",
            "@.a",
            "@",
            "$.a",
            "&&",
            "||",
            "!",
            " ",
            ",",
        ),
        *(
            "==",
            "!=",
            "===",
            "<",
            ">=",
            "=~",
            " in ",
            " nin ",
            " size ",
            " empty ",
            " contains ",
            " subsetof ",
        ),
        *(
            " anyof ",
            " noneof ",
            " all ",
            " type ",
            "1",
            "-1.5e3",
            "'x'",
            '"y"',
            "true",
            "false",
            "null",
            "['x', 1]",
        ),
        *(
            "{'a': 1}",
            "/a+/",
            "/(a|b)*/i",
            "/[/",
            ".length()",
            ".sum()",
            ".concat(",
            ".index(0)",
            ".keys()",
            "\\",
        ),
        *(
            "\\'",
            "'",
            '"',
            "/",
            "{",
            "}",
            ":",
            "[?]",
            "\u00e9",
            "\U0001f600",
            "\ud800",
            "\n",
            "\t",
            "0",
            "99999999999",
        ),
    ]
)
_PATHS = st.lists(_PIECES, max_size=12).map("".join)
_FILTERS = st.lists(_PIECES, min_size=1, max_size=8).map(lambda parts: f"$.a[?({''.join(parts)})].b")
_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab$@[]{}'\"/1\ud800", max_size=4)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=12,
)


def _read(text: str, value: Json) -> None:
    try:
        path = paths.compile(text)
    except ExpressionError as refusal:
        assert refusal.message
        assert refusal.position is None or 0 <= refusal.position <= len(text)
        return
    for select in (path.select, path.in_template):
        try:
            found = select(value, Scope(context={"a": value}, variables={"a": value}))
        except PathError as failure:
            assert failure.message
        else:
            assert path.definite or isinstance(found, list)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=30), _VALUES)
def test_any_text(text, value):
    _read(text, value)
    _read("$." + text, value)


@settings(max_examples=800, deadline=None)
@given(_PATHS, _VALUES)
@example("$.a[?(@ in ['[', '{a', '$.'])]", {"a": ["["]})
@example("$.a.append(NaN)", {"a": []})
@example("$..length()", {})
@example("$[?(@ size 1e400)]", [[1]])
@example("$[?(@ == 1e999999)]", [1, 1.5])
def test_text_of_words(text, value):
    _read(text, value)
    _read("$" + text, value)


@settings(max_examples=800, deadline=None)
@given(_FILTERS, _VALUES)
def test_filters_of_words(text, value):
    _read(text, {"a": [value, {"a": value, "b": 1}]})


@settings(max_examples=300, deadline=None)
@given(_PATHS, _VALUES)
def test_a_path_changes_nothing(text, value):
    before = to_json(value)
    _read("$" + text, value)
    assert to_json(value) == before


_DEEP: list[Json] = []
for _ in range(5_000):
    _DEEP = [_DEEP]


@pytest.mark.parametrize(
    "text",
    [
        "$" + "[*]" * 1_000,
        "$" + ".a" * 1_000 + "[*]",
        "$[?(" + "(" * 500 + "@.a" + ")" * 500 + ")]",
        "$[?(" + "!" * 5_000 + "(@.a))]",
        "$" + "[?(@" * 200 + ".a" + ")]" * 200,
        "$" + ".sum($.a" * 500 + ")" * 500,
        "$.a[?(@ in " + "[" * 900 + "]" * 900 + ")]",
        "$[?(@ =~ /" + "(" * 900 + ")" * 900 + "/)]",
        "$['" + "x" * 30_000 + "'].*",
        "$[" + ",".join(["'a'"] * 9_000) + "].*",
    ],
)
def test_what_is_too_deep_or_too_long_is_refused(text):
    with pytest.raises(ExpressionError):
        paths.compile(text)


@pytest.mark.parametrize(
    "text", ["$..*", "$..[?(@.a == 1)]", "$[?(@ == [1])]", "$.a", "$[0].a", "$.concat($)"]
)
def test_a_deep_value(text):
    _read(text, _DEEP)


def test_a_long_plain_path():
    value: Json = {}
    for _ in range(50_000):
        value = {"a": value}
    assert paths.compile("$" + ".a" * 50_000).select(value, Scope()) == {}
    while value:  # taken apart here: a chain this deep would be freed recursively
        value = value.pop("a")


@pytest.mark.parametrize(
    "text",
    [
        "$" + "[0,0]" * 60,
        "$" + "[0,0][0]" * 40,
        "$..*..*..*..*..*",
        "$..[?(@..[?(@..[?(@..x)])])]",
        "$[?(@ in $..*)]",
    ],
)
def test_a_path_without_end_is_stopped(text, monkeypatch):
    monkeypatch.setattr(run, "BUDGET", 1_000_000)  # a tenth, to be done sooner
    value: Json = ["a" * 200]
    for _ in range(40):
        value = [value, value[0]]
    with pytest.raises(PathError, match=r"^The path looks at more than 1000000 values$"):
        paths.compile(text).select(value, Scope())
