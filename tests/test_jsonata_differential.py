"""Random expressions on our engine and on a second one, the library jsonata-python: same value, same error.

The second engine is a port of jsonata-js by way of Java, made by others. Where it is known to differ from
jsonata-js 2.0.6 (each checked there), the expressions below keep out of the way:

- it takes null for nothing in arguments and comparisons: no null in the document or the expressions;
- it does not evaluate a predicate or a step on nothing, where jsonata-js does (and may fail): predicates are
  ones that cannot fail, and choose nothing from nothing;
- it takes true for 1 in `in`: no `in`; its $distinct of an array gives a sequence: no $distinct;
- where a function given to $map ends in a call that finds nothing but an empty sequence, jsonata-js has an
  empty array, it has nothing;
- it fails on what is not finite and on `%` with Python's own errors: no division, no modulus;
- it takes the context null, which a function called by another one has, for none: T0411 is ours alone;
- where jsonata-js has two failing members of one constructor race, it takes the first: so do we;
- some of its errors are Python's own, without a code: any failure of ours is as good there.
"""

from __future__ import annotations

import os
import random
import re
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from asl import jsonata

other = pytest.importorskip("jsonata", reason="the second engine, jsonata-python, is not installed")

SEED = int(os.environ.get("ASL_SEED") or random.randrange(2**32))
"""Set ASL_SEED to the number that a failure shows to get the same expressions again."""

EXAMPLES = int(os.environ.get("ASL_EXAMPLES", "1000"))

DOCUMENT: dict[str, Any] = {
    "a": 1,
    "b": "hello",
    "c": [1, 2, 3],
    "d": {"e": 5, "f": "x", "g": [{"h": 1, "k": "p"}, {"h": 2, "k": "q"}, {"h": 2}]},
    "t": True,
    "s": ["b", "a", "c"],
    "o": [
        {"id": 1, "name": "one", "tags": ["x", "y"], "sub": [{"v": 1}, {"v": 2}]},
        {"id": 2, "name": "two", "tags": [], "sub": {"v": 3}},
        {"id": 3, "name": "three", "tags": ["z"]},
    ],
    "empty": [],
    "none": {},
    "fl": 1.5,
    "m": [[1, 2], [3, [4]]],
}

NAMES = [
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "k",
    "t",
    "s",
    "o",
    "id",
    "name",
    "tags",
    "sub",
    "v",
    "fl",
    "m",
]
LITERALS = ["0", "1", "2", "-1", "3.5", "'a'", "'hello'", "true", "false", "[]", "{}", "''", "10", "0.1"]
PREDICATES = ["0", "-1", "1", "id > 1", "name = 'two'", "v < 3", "h = 2", "$ = 1", "$ = 'a'"]
OPERATORS = ["+", "-", "*", "=", "!=", "<", "<=", ">", ">=", "&", "and", "or"]
ONE = [
    "sum", "count", "max", "min", "average", "string", "length", "lowercase", "uppercase", "trim", "number",
    "abs", "floor", "ceil", "round", "sqrt", "boolean", "not", "keys", "spread", "merge", "reverse",
    "type", "exists",
]  # fmt: skip
TWO = [
    "substring",
    "substringBefore",
    "substringAfter",
    "contains",
    "split",
    "join",
    "append",
    "lookup",
    "pad",
]
BINDINGS = [
    "o@$i.sub@$j.{'a': $i.id, 'b': $j.v}",
    "o#$i.name[$i > 0]",
    "o.sub.{'id': %.id, 'v': v}",
    "o.tags.(%.name & $)",
    "o@$i[$i.id > 1].$i.name",
    "o.sub[v > 1].%.name",
    "d.g^(>h).k",
    "o^(name)#$i.{'i': $i, 'n': name}",
    "o{name: id}",
    "$ ~> |o|{'new': id}, 'tags'|",
]


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3, variables: tuple[str, ...] = ()) -> str:
    """The text of an expression, `depth` levels deep at most, that may use these variables."""

    def inner(names: tuple[str, ...] = variables) -> str:
        return draw(expressions(depth - 1, names))

    def pick(choices: list[str]) -> str:
        return draw(st.sampled_from(choices))

    if depth == 0:
        return pick([*LITERALS, *NAMES, "$", *(f"${name}" for name in variables)])
    kind = pick(
        ["path"] * 4
        + ["literal", "operator", "operator", "array", "object", "condition", "block"]
        + ["one", "one", "two", "higher", "reduce", "apply", "binding", "minus"]
    )
    if kind == "literal":
        return pick(LITERALS)
    if kind == "path":
        text = pick([*NAMES, "$", "$$", "*", *(f"${name}" for name in variables)])
        for _ in range(draw(st.integers(0, 3))):
            step = pick(["name", "name", "name", "star", "block", "array", "object", "predicate", "keep"])
            if step == "block":
                text += f".({inner()})"
            elif step == "array":
                text += f".[{inner()}]"
            elif step == "object":
                text += f".{{'k': {inner()}}}"
            elif step == "predicate":
                text += f"[{pick(PREDICATES)}]"
            else:
                text += {"name": f".{pick(NAMES)}", "star": ".*", "keep": "[]"}[step]
        return text
    if kind == "operator":
        return f"({inner()} {pick(OPERATORS)} {inner()})"
    if kind == "array":
        return f"[{', '.join(inner() for _ in range(draw(st.integers(0, 2))))}]"
    if kind == "object":
        return f"{{{', '.join(f'{key!r}: {inner()}' for key in ('p', 'q')[: draw(st.integers(0, 2))])}}}"
    if kind == "condition":
        return f"({inner()} ? {inner()} : {inner()})"
    if kind == "block":
        name = pick(["x", "y"])
        return f"(${name} := {inner()}; {inner((*variables, name))})"
    if kind == "one":
        return f"${pick(ONE)}({inner()})"
    if kind == "two":
        return f"${pick(TWO)}({inner()}, {inner()})"
    if kind == "higher":
        function = pick(["map", "filter", "single", "sift", "each"])
        return f"${function}({inner()}, function($u, $w) {{ {inner((*variables, 'u', 'w'))} }})"
    if kind == "reduce":
        return f"$reduce({inner()}, function($u, $w) {{ {inner((*variables, 'u', 'w'))} }})"
    if kind == "apply":
        return f"({inner()} ~> ${pick(ONE)}())"
    return pick(BINDINGS) if kind == "binding" else f"-{inner()}"


def plain(value: Any) -> Any:
    """A result of the second engine as plain JSON: it has lists of its own, and writes 2 as 2.0 at times."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def alike(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= 1e-12 * max(abs(a), abs(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    return type(a) is type(b) and bool(a == b)


def ours(text: str) -> tuple[str, Any]:
    try:
        found = jsonata.compile(text).evaluate(DOCUMENT)
    except jsonata.JsonataError as error:
        return "error", error.code
    return "value", None if found is jsonata.UNDEFINED else found


def theirs(text: str) -> tuple[str, Any]:
    try:
        return "value", plain(other.Jsonata(text).evaluate(DOCUMENT))
    except Exception as error:  # some of its failures are Python's own
        code = str(getattr(error, "error", None))
        return "error", code if re.fullmatch("[A-Z][0-9]{4}", code) else None


@hypothesis.seed(SEED)
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(expressions())
def test_two_engines_agree(text: str) -> None:
    kind, found = ours(text)
    other_kind, expected = theirs(text)
    said = f"ASL_SEED={SEED}\n{text}\nours:   {kind} {found!r}\ntheirs: {other_kind} {expected!r}"
    if found == "T0411":
        return
    assert kind == other_kind, said
    if kind == "value" and found == [] and expected is None:
        return
    if kind == "value":
        assert alike(found, expected), said
    elif expected is not None and found is not None:
        assert found == expected, said
