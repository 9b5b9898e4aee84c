"""Intrinsic functions: `compile("States.MathAdd($.i, 1)")` gives a function of the value and the scope.

What cannot be evaluated fails with `States.Runtime`, which nothing catches, and not with the specification's
`States.IntrinsicFailure`: so the service does, with these texts (measured by others in more than a hundred
cases; no recording shows the other name).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asl import names
from asl.errors import ExpressionError, PathError, StatesError
from asl.intrinsics.functions import FUNCTIONS, Function, Invalid
from asl.intrinsics.grammar import Argument, Call, Literal, parse
from asl.paths import Path
from asl.values import Json, Scope, Select, to_json

__all__ = ["FUNCTIONS", "Intrinsic", "compile"]


class Intrinsic(NamedTuple):
    """A compiled invocation. `select` raises `StatesError`; `constant`: it gives the same value always."""

    text: str
    select: Select
    constant: bool
    reads_context: bool
    variables: frozenset[str]


def compile(text: str) -> Intrinsic:
    """The function that an intrinsic invocation is; raises `ExpressionError`, with the position.

    It refuses what the service refuses when a machine is created: bad syntax, unknown names, more than ten
    levels. A wrong number of arguments fails when it is evaluated, as it does there.
    """
    read: list[Path] = []
    call = parse(text)
    select, constant = _compiled(call, read)
    return Intrinsic(
        text,
        select if constant else _outermost(select, text, read),
        constant,
        any(path.reads_context for path in read),
        frozenset().union(*(path.variables for path in read)),
    )


def _outermost(evaluate: Select, text: str, read: Sequence[Path]) -> Select:
    def select(value: Json, scope: Scope) -> Json:
        try:
            return evaluate(value, scope)
        except PathError:
            cause = f"The function '{text}' had the following error: {_missing(read, value, scope)}"
        except Invalid as error:
            cause = f"There was an error while evaluating the intrinsic function: {text}. {error.message}"
        raise StatesError(names.RUNTIME, cause)

    return select


def _missing(read: Sequence[Path], value: Json, scope: Scope) -> str:
    # Only now is it worth knowing which path it was. Measured: a context path is named without its first $,
    # and the input shown is the state's; an index on what is no array shows Jayway's own words.
    for path in read:
        try:
            path.select(value, scope)
        except PathError as error:
            if error.message.startswith("Filter: "):
                return error.message
            named = path.text.removeprefix("$") if path.text.startswith("$$") else path.text
            shown = to_json(value)
            return f"The JsonPath argument for the field '{named}' could not be found in the input '{shown}'"
    raise AssertionError("a path failed once and then did not")


def _compiled(argument: Argument, read: list[Path]) -> tuple[Select, bool]:
    # The function that an argument is, and whether it is a constant. Paths are noted in order of evaluation.
    if isinstance(argument, Literal):
        return _constant(argument.value), True
    if isinstance(argument, Path):
        read.append(argument)
        return argument.select, False
    function = FUNCTIONS.get(argument.name)
    if function is None:
        raise ExpressionError(f"There is no intrinsic function States.{argument.name}", argument.at)
    arguments = [_compiled(each, read) for each in _arguments(argument, function)]
    count = len(arguments)
    if count < function.least or (function.most is not None and count > function.most):
        return _refusal(argument.name, function), False
    select = _application(argument.name, function, [each for each, _ in arguments])
    if function.draws or not all(constant for _, constant in arguments):
        return select, False
    try:
        return _constant(select(None, None)), True  # type: ignore[arg-type]  # constants read no scope
    except Invalid:
        return select, False


def _arguments(call: Call, function: Function) -> Sequence[Argument]:
    match call.arguments:
        case (Literal(raw=str(raw)), *rest) if function.template:
            return (Literal(raw), *rest)
    return call.arguments


def _constant(value: Json) -> Select:
    def constant(_: Json, scope: Scope) -> Json:
        return value

    return constant


def _refusal(name: str, function: Function) -> Select:
    detail = f": {function.refusal}" if function.refusal else ""
    message = f"Invalid arguments in States.{name}{detail}"

    def refuse(value: Json, scope: Scope) -> Json:
        raise Invalid(message)

    return refuse


def _application(name: str, function: Function, arguments: Sequence[Select]) -> Select:
    call = function.call
    if function.draws:

        def drawing(value: Json, scope: Scope) -> Json:
            try:
                return call(scope.random, *[select(value, scope) for select in arguments])
            except Invalid as error:
                raise error.of(name) from None

        return drawing
    match arguments:
        case (a,):

            def one(value: Json, scope: Scope) -> Json:
                try:
                    return call(a(value, scope))
                except Invalid as error:
                    raise error.of(name) from None

            return one
        case (a, b):

            def two(value: Json, scope: Scope) -> Json:
                try:
                    return call(a(value, scope), b(value, scope))
                except Invalid as error:
                    raise error.of(name) from None

            return two

    def many(value: Json, scope: Scope) -> Json:
        try:
            return call(*[select(value, scope) for select in arguments])
        except Invalid as error:
            raise error.of(name) from None

    return many
