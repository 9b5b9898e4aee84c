"""Paths that are not plain: their root, and the function that evaluates them."""

from __future__ import annotations

from asl.errors import ExpressionError, PathError
from asl.paths import evaluate
from asl.paths.grammar import parse
from asl.paths.plain import ROOT, rooted
from asl.paths.run import Run
from asl.values import Json, Scope, Select


def compile_full(text: str) -> tuple[str, Select, bool]:
    """The root (`$`, `$$`, `$name`) of a path, its `select`, and whether it is definite."""
    found = ROOT.match(text)
    if found is None:
        raise ExpressionError("A path must begin with '$'", 0)
    root = found.group()
    shift = len(root) - 1
    try:
        steps = parse("$" + text[found.end() :].rstrip(" "))
        read = evaluate.reader(steps)
    except ExpressionError as error:
        position = None if error.position is None else error.position + shift
        raise ExpressionError(error.message, position) from None

    def select(value: Json, scope: Scope) -> Json:
        try:
            return read(value, Run(value))  # type: ignore[no-any-return]
        except RecursionError:
            raise PathError("The value is nested too deeply for the path") from None

    return root, rooted(root, select), evaluate.is_definite(steps)
