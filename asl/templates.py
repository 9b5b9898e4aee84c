"""Payload templates: `Parameters`, `ItemSelector`, `ResultSelector`, `Assign` and the like in JSONPath.

A field whose name ends in `.$` is computed, by a path or an intrinsic function; everything else is constant,
and shared by all that is made of the template. Source: the States Language specification, "Payload Template".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from asl import names, paths
from asl.errors import ExpressionError, PathError, StatesError
from asl.paths import Path
from asl.values import Json, Scope, Select, to_json

if TYPE_CHECKING:
    from asl.intrinsics import Intrinsic


class Template(NamedTuple):
    """A compiled template. `select` raises `StatesError`; `constant`: it gives the same value always."""

    select: Select
    constant: bool
    reads_context: bool
    variables: frozenset[str]


class _Found(NamedTuple):
    # What is met in a template, in order: the paths with the fields they stand in, what else is read.
    paths: list[tuple[Path, str]]
    calls: list[Intrinsic]


def compile(template: Json) -> Template:
    """The function that fills a template in; raises `ExpressionError` with the service's text.

    Its `__cause__` says what is wrong with the expression itself.
    """
    found = _Found([], [])
    return _template(_compiled(template, found), template, found)


def expression(text: Json, field: str) -> Template:
    """What a field that computes one value says (`ErrorPath`, `CausePath`): a path or an intrinsic function.

    `field` is its name, for the messages; raises `ExpressionError`.
    """
    found = _Found([], [])
    return _template(_expression(text, field, found), None, found)


def _template(select: Select | None, constant: Json, found: _Found) -> Template:
    reads = [path for path, _ in found.paths]
    return Template(
        _constant(constant) if select is None else _outermost(select, found.paths),
        select is None,
        any(path.reads_context for path in reads) or any(call.reads_context for call in found.calls),
        frozenset().union(*(path.variables for path in reads), *(call.variables for call in found.calls)),
    )


def _constant(value: Json) -> Select:
    def constant(_: Json, scope: Scope) -> Json:
        return value

    return constant


def _outermost(fill: Select, reads: Sequence[tuple[Path, str]]) -> Select:
    if not reads:
        return fill

    def select(value: Json, scope: Scope) -> Json:
        # The fields do not catch what is missing: that would cost each of them a call for each event.
        try:
            return fill(value, scope)
        except PathError:
            raise _missing(reads, value, scope) from None

    return select


def _missing(reads: Sequence[tuple[Path, str]], value: Json, scope: Scope) -> StatesError:
    for path, field in reads:
        try:
            path.in_template(value, scope)
        except PathError:
            shown = to_json(scope.context() if path.reads_context else value)
            return StatesError(
                names.RUNTIME,
                f"The JSONPath '{path.text}' specified for the field '{field}' could not be found "
                f"in the input '{shown}'",
            )
    raise AssertionError("a path failed once and then did not")


def _compiled(node: Json, found: _Found) -> Select | None:
    # The function that makes the node; None where it is constant.
    base: Any
    parts: list[tuple[Any, Select]] = []
    if isinstance(node, dict):
        base = {}
        for key, item in node.items():
            name = key.removesuffix(".$")
            part = _expression(item, key, found) if key.endswith(".$") else _compiled(item, found)
            base[name] = item
            if part is not None:
                parts.append((name, part))
    elif isinstance(node, list):
        base = node
        for index, item in enumerate(node):
            part = _compiled(item, found)
            if part is not None:
                parts.append((index, part))
    return _filled(base, parts) if parts else None


def _filled(base: Any, parts: Sequence[tuple[Any, Select]]) -> Select:
    # A copy of the constant parts, in which the computed ones replace what holds their places.
    match parts:
        case ((a, make_a),):

            def one(value: Json, scope: Scope) -> Json:
                made = base.copy()
                made[a] = make_a(value, scope)
                return made  # type: ignore[no-any-return]

            return one
        case ((a, make_a), (b, make_b)):

            def two(value: Json, scope: Scope) -> Json:
                made = base.copy()
                made[a] = make_a(value, scope)
                made[b] = make_b(value, scope)
                return made  # type: ignore[no-any-return]

            return two

    def many(value: Json, scope: Scope) -> Json:
        made = base.copy()
        for key, make in parts:
            made[key] = make(value, scope)
        return made  # type: ignore[no-any-return]

    return many


def _expression(text: Json, field: str, found: _Found) -> Select:
    try:
        if not isinstance(text, str):
            raise ExpressionError("Expected a string")
        if text.startswith("$"):
            path = paths.compile(text)
            found.paths.append((path, field))
            return path.in_template
        from asl import intrinsics  # slow to import, and most definitions have none

        call = intrinsics.compile(text)
        found.calls.append(call)
        return call.select
    except ExpressionError as error:
        message = (
            f"The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"
        )
        raise ExpressionError(message, error.position) from error
