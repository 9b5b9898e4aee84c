"""The text of a path into its steps, for every path that Jayway reads.

jsonpath-ng's grammar is the parser: it puts the steps in order and gives the tree. It is extended by
subclassing in the two places that the library leaves open for that: a lexer of ours, and the action of
NAMED_OPERATOR, which takes the steps that jsonpath-ng has not. The productions stay as they are: they are the
same in all versions from 1.7 on, and the tables that newer versions bring along serve.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Any, NoReturn

from jsonpath_ng.jsonpath import Child, Descendants, Fields, Root, Slice
from jsonpath_ng.lexer import JsonPathLexer
from jsonpath_ng.parser import JsonPathParser

from asl.errors import ExpressionError
from asl.paths import lexer
from asl.paths.quoting import fault
from asl.paths.steps import (
    MAX_LENGTH,
    NESTED,
    Call,
    Names,
    Range,
    Scan,
    Step,
    check_depth,
)


def parse(text: str, depth: int = 0) -> tuple[Step, ...]:
    """The steps of a path that begins with `$` or `@`; raises `ExpressionError`.

    `depth` is how deep the path stands inside another one; see `check_depth`.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"A path may have at most {MAX_LENGTH} characters", MAX_LENGTH)
    check_depth(depth)
    parser, lock = _parser()
    with lock:
        tree = parser.parse(text)
    steps = tuple(_with_parameters(step, depth + NESTED) for step in _chain(tree))
    check_depth(depth + len(steps))
    return steps


@cache
def _parser() -> tuple[_Parser, Lock]:
    # A PLY parser keeps its stacks on itself: one parse at a time.
    return _Parser(lexer_class=_Lexer), Lock()


class _Lexer(JsonPathLexer):
    """Jayway's words for jsonpath-ng's grammar."""

    def tokenize(self, string: str) -> Iterator[Any]:
        return iter(lexer.words(string))


class _Parser(JsonPathParser):
    """jsonpath-ng's grammar with Jayway's own steps. (The library looks whether there is a docstring.)"""

    def p_jsonpath_named_operator(self, p: Any) -> None:
        "jsonpath : NAMED_OPERATOR"
        p[0] = p[1]

    def p_error(self, t: Any) -> NoReturn:
        if t is None:
            raise ExpressionError("The path ends too early")
        raise fault("Found empty property at index {}", t.lexpos)


def _chain(tree: Any) -> Iterator[Step]:
    # The tree in the order of the text. Its shape depends on how tightly `.`, `[` and `..` bind, which
    # means nothing in Jayway: there, a path is a chain.
    rest = [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, Child):
            rest += (node.right, node.left)
        elif isinstance(node, Descendants):
            rest += (node.right, Scan(), node.left)
        elif isinstance(node, Fields):
            names: Any = node.fields
            yield Names(tuple(map(str, names)), names[0].quote)
        elif isinstance(node, Slice):
            yield Range(node.start, node.end)
        elif not isinstance(node, Root):
            yield node


def _with_parameters(step: Step, depth: int) -> Step:
    if not isinstance(step, Call):
        return step
    texts = [text for text in step.parameters if isinstance(text, str)]
    return Call(step.name, tuple(parse(text, depth) if text[0] in "$@" else text for text in texts))
