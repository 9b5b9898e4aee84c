"""Choice rules of the JSONPath language: `compile(rule)` gives the function that says whether it holds.

Source: the States Language specification, "Choice Rule"; the recorded choice tables: a value of another type
than the operator's makes it false, never an error; a path that leads nowhere fails the state.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from asl import names, paths, times
from asl.errors import ExpressionError, PathError, StatesError
from asl.paths import Path
from asl.values import Json, Scope

Test: TypeAlias = Callable[[Json, Scope], bool]
Operands: TypeAlias = tuple[tuple[str, Path], ...]


class Rule(NamedTuple):
    """A compiled rule. `test` raises `StatesError`.

    `operands` are the paths that it may read, in order, with their places in the rule (`/And[0]/Variable`,
    `/NumericEqualsPath`): what is needed to tell later which values decided.
    """

    test: Test
    operands: Operands
    reads_context: bool
    variables: frozenset[str]


def compile(rule: dict[str, Json]) -> Rule:
    """The function that a rule is (an element of `Choices`, its `Next` and the like aside).

    Raises `ExpressionError` where it is none: no known operator or several, an operand of the wrong type, an
    invalid path.
    """
    operands: list[tuple[str, Path]] = []
    test = _compiled(rule, "", operands)
    return Rule(
        test,
        tuple(operands),
        any(path.reads_context for _, path in operands),
        frozenset().union(*(path.variables for _, path in operands)),
    )


def _compiled(rule: Json, at: str, operands: list[tuple[str, Path]]) -> Test:
    fields = rule if isinstance(rule, dict) else {}
    name, *others = [key for key in fields if key in OPERATORS or key in _COMBINING] or [""]
    if not name or others:
        raise ExpressionError(
            f"A Choice rule has exactly one operator; at {at or '/'} are: {[name, *others]}"
        )
    operand = fields[name]
    if name in _COMBINING:
        many = name != "Not"
        if not isinstance(operand, list if many else dict) or not operand:
            raise ExpressionError(f"{at}/{name} must hold {'rules' if many else 'a rule'}")
        inner = enumerate(operand) if isinstance(operand, list) else [("", operand)]
        tests = [
            _compiled(each, f"{at}/{name}" + (f"[{index}]" if many else ""), operands)
            for index, each in inner
        ]
        return _COMBINING[name](tests)
    variable = _path(fields.get("Variable"), f"{at}/Variable", operands)
    if name.endswith("Path"):
        return OPERATORS[name](variable, _path(operand, f"{at}/{name}", operands))
    return OPERATORS[name](variable, operand)


def _path(text: Json, at: str, operands: list[tuple[str, Path]]) -> Path:
    if not isinstance(text, str):
        raise ExpressionError(f"{at} must be a path")
    path = paths.compile(text)
    operands.append((at, path))
    return path


def _invalid(read: Sequence[Path], value: Json, scope: Scope) -> StatesError:
    for path in read:
        try:
            path.select(value, scope)
        except PathError:
            return StatesError(
                names.RUNTIME,
                f"Invalid path '{path.text}': The choice state's condition path references an invalid value.",
            )
    raise AssertionError("a path failed once and then did not")


# And, Or, Not


def _all(tests: Sequence[Test]) -> Test:
    def holds(value: Json, scope: Scope) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost as much as two tests
            if not test(value, scope):
                return False
        return True

    return holds


def _any(tests: Sequence[Test]) -> Test:
    def holds(value: Json, scope: Scope) -> bool:
        for test in tests:  # noqa: SIM110
            if test(value, scope):
                return True
        return False

    return holds


def _not(tests: Sequence[Test]) -> Test:
    (test,) = tests

    def holds(value: Json, scope: Scope) -> bool:
        return not test(value, scope)

    return holds


_COMBINING: dict[str, Callable[[Sequence[Test]], Test]] = {"And": _all, "Or": _any, "Not": _not}


# operators: each makes a test of a variable and an operand

Make: TypeAlias = Callable[[Path, Any], Test]
Compare: TypeAlias = Callable[[Any, Any], bool]


class _Family(NamedTuple):
    # The types that the operators of a family compare; what they compare of them (None: not comparable).
    types: frozenset[type]
    relations: dict[str, Compare]
    convert: Callable[[Any], Any] | None = None


def _to_literal(family: _Family, compare: Compare) -> Make:
    types, _, convert = family

    def make(variable: Path, operand: Json) -> Test:
        read = variable.select
        bound: Any = operand if type(operand) in types else None
        if bound is not None and convert is not None:
            bound = convert(bound)
        if bound is None:
            raise ExpressionError(f"{operand!r} is not what this operator compares with")

        def holds(value: Json, scope: Scope) -> bool:
            try:
                found: Any = read(value, scope)
            except PathError:
                raise _invalid((variable,), value, scope) from None
            return type(found) in types and compare(found, bound)

        def holds_converted(value: Json, scope: Scope) -> bool:
            try:
                found: Any = read(value, scope)
            except PathError:
                raise _invalid((variable,), value, scope) from None
            found = convert(found) if type(found) in types and convert else None
            return found is not None and compare(found, bound)

        return holds_converted if convert else holds

    return make


def _to_path(family: _Family, compare: Compare) -> Make:
    types, _, convert = family

    def make(variable: Path, operand: Path) -> Test:
        read, read_bound = variable.select, operand.select

        def holds(value: Json, scope: Scope) -> bool:
            try:
                found: Any = read(value, scope)
                bound: Any = read_bound(value, scope)
            except PathError:
                raise _invalid((variable, operand), value, scope) from None
            if isinstance(bound, list) and len(bound) == 1:
                bound = bound[0]  # measured: 7 is NumericGreaterThanPath of [6]
            if type(found) not in types or type(bound) not in types:
                return False
            if convert:
                found, bound = convert(found), convert(bound)
                return found is not None and bound is not None and compare(found, bound)
            return compare(found, bound)

        return holds

    return make


def _is(check: Callable[[Json], bool]) -> Make:
    def make(variable: Path, operand: Json) -> Test:
        read, wanted = variable.select, _boolean(operand)

        def holds(value: Json, scope: Scope) -> bool:
            try:
                found = read(value, scope)
            except PathError:
                raise _invalid((variable,), value, scope) from None
            return check(found) is wanted

        return holds

    return make


def _is_present(variable: Path, operand: Json) -> Test:
    read, wanted = variable.select, _boolean(operand)

    def holds(value: Json, scope: Scope) -> bool:
        try:
            read(value, scope)
        except PathError:
            return not wanted
        return wanted

    return holds


def _boolean(operand: Json) -> bool:
    if isinstance(operand, bool):
        return operand
    raise ExpressionError(f"{operand!r} is not true or false")


def _string_matches(variable: Path, operand: Json) -> Test:
    if not isinstance(operand, str):
        raise ExpressionError(f"{operand!r} is not what this operator compares with")
    read = variable.select
    pieces = _between_stars(operand)

    def holds(value: Json, scope: Scope) -> bool:
        try:
            found = read(value, scope)
        except PathError:
            raise _invalid((variable,), value, scope) from None
        return isinstance(found, str) and _matches(found, pieces)

    return holds


_STAR = re.compile(r"\\([\\*])|(\*)")


def _between_stars(pattern: str) -> list[str]:
    # `*` stands for any characters, `\*` for itself, `\\` for one backslash.
    pieces = [""]
    at = 0
    for found in _STAR.finditer(pattern):
        pieces[-1] += pattern[at : found.start()] + (found[1] or "")
        if found[2]:
            pieces.append("")
        at = found.end()
    pieces[-1] += pattern[at:]
    return pieces


def _matches(text: str, pieces: Sequence[str]) -> bool:
    # The pieces one after the other, each as early as it comes: linear in the text for every piece.
    if len(pieces) == 1:
        return text == pieces[0]
    first, *middle, last = pieces
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return len(text) - at >= len(last) and text.endswith(last)


def _ordered(compare: Compare) -> Compare:
    # Java orders strings by their UTF-16 units, which differs beyond the basic plane.
    def ordered(a: str, b: str) -> bool:
        if a.isascii() and b.isascii():
            return compare(a, b)
        return compare(a.encode("utf-16-be", "surrogatepass"), b.encode("utf-16-be", "surrogatepass"))

    return ordered


_EQUALS: dict[str, Compare] = {"Equals": operator.eq}
_ORDER: dict[str, Compare] = {
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_FAMILIES = {
    "Boolean": _Family(frozenset({bool}), _EQUALS),
    "Numeric": _Family(frozenset({int, float}), _EQUALS | _ORDER),
    "String": _Family(frozenset({str}), _EQUALS | {name: _ordered(each) for name, each in _ORDER.items()}),
    "Timestamp": _Family(frozenset({str}), _EQUALS | _ORDER, times.instant),
}

OPERATORS: dict[str, Make] = {
    **{
        f"{name}{relation}{form}": to(family, compare)
        for name, family in _FAMILIES.items()
        for relation, compare in family.relations.items()
        for form, to in (("", _to_literal), ("Path", _to_path))
    },
    "StringMatches": _string_matches,
    "IsPresent": _is_present,
    "IsNull": _is(lambda value: value is None),
    "IsBoolean": _is(lambda value: isinstance(value, bool)),
    "IsNumeric": _is(lambda value: type(value) in (int, float)),
    "IsString": _is(lambda value: isinstance(value, str)),
    "IsTimestamp": _is(lambda value: isinstance(value, str) and times.instant(value) is not None),
}
"""The 39 operators that compare or test a value: what makes the test of a variable and an operand, which is a
path for those whose name ends in `Path`."""
