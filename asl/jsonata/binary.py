"""Operators as closures, with the short ways: two integers, a constant on the right.

The operands are evaluated outside the `try` that gives an error its place, so that an error keeps the place
where it arose. `and` and `or` are the exception: jsonata-js puts its own name on what fails on their right.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asl.jsonata.errors import JsonataError
from asl.jsonata.nodes import Node
from asl.jsonata.operators import (
    ARITHMETIC,
    COMPARISON,
    Closure,
    Operation,
    boolean,
    negate,
    span,
    text_of,
)
from asl.jsonata.scopes import Scope
from asl.jsonata.sequences import SAFE_INTEGER, UNDEFINED, collapse

if TYPE_CHECKING:
    from asl.jsonata.compiler import Compiler

_EXACT: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
"""What two integers become, as long as the result is one that a double holds."""

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


def binary(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    sign = node.value
    left = c.node(node.lhs, scope, depth + 1)
    right = c.node(node.rhs, scope, depth + 1)
    if sign == "and":
        return _and(left, relabelled(right, node))
    if sign == "or":
        return _or(left, relabelled(right, node))
    if sign == "&":
        return _concatenate(left, right, node)
    if sign == "..":
        return _span(left, right, node)
    if sign in ARITHMETIC:
        return _arithmetic(ARITHMETIC[sign], _EXACT.get(sign), left, right, node)
    constant = node.rhs.value if node.rhs.kind in ("number", "string") and not node.rhs.predicate else None
    if constant is not None and sign in _ORDER:
        return _with_constant(COMPARISON[sign], _ORDER[sign], left, constant, node)
    return _comparison(COMPARISON[sign], _ORDER.get(sign), left, right, node)


def minus(c: Compiler, node: Node, scope: Scope, depth: int) -> Closure:
    operand = c.node(node.expression, scope, depth + 1)

    def evaluate(v: Any, f: list[Any]) -> Any:
        value = operand(v, f)
        try:
            return negate(value)
        except JsonataError as error:
            raise _placed(error, node) from None

    return evaluate


def _placed(error: JsonataError, node: Node) -> JsonataError:
    """An error of an operator, with its place and its name."""
    error.position = node.position
    error.fields["token"] = node.value
    return error


def _arithmetic(
    general: Operation, exact: Callable[[int, int], int] | None, left: Closure, right: Closure, node: Node
) -> Closure:
    def slow(a: Any, b: Any, f: list[Any]) -> Any:
        try:
            result = general(a, b)
        except JsonataError as error:
            raise _placed(error, node) from None
        if type(result) is float and result - result != 0:
            f[1].tainted = True
        return result

    if exact is None:
        return lambda v, f: slow(left(v, f), right(v, f), f)
    compute = exact

    def evaluate(v: Any, f: list[Any]) -> Any:
        a, b = left(v, f), right(v, f)
        if type(a) is int and type(b) is int:
            result = compute(a, b)
            if -SAFE_INTEGER <= result <= SAFE_INTEGER:
                return result
        return slow(a, b, f)

    return evaluate


def _comparison(
    general: Operation, order: Callable[[Any, Any], bool] | None, left: Closure, right: Closure, node: Node
) -> Closure:
    def evaluate(v: Any, f: list[Any]) -> Any:
        a, b = left(v, f), right(v, f)
        if order is not None and type(a) is int and type(b) is int:
            return order(a, b)
        try:
            return general(a, b)
        except JsonataError as error:
            raise _placed(error, node) from None

    return evaluate


def _with_constant(
    general: Operation, order: Callable[[Any, Any], bool], left: Closure, constant: Any, node: Node
) -> Closure:
    kind = type(constant)
    fast = kind is int or node.value in ("=", "!=")

    def evaluate(v: Any, f: list[Any]) -> Any:
        a = left(v, f)
        if fast and type(a) is kind:
            return order(a, constant)
        try:
            return general(a, constant)
        except JsonataError as error:
            raise _placed(error, node) from None

    return evaluate


def relabelled(closure: Closure, node: Node) -> Closure:
    """The right side of `and` and `or`: its errors get this operator's place and name."""

    def evaluate(v: Any, f: list[Any]) -> Any:
        try:
            return closure(v, f)
        except JsonataError as error:
            raise (error if error.code is None else _placed(error, node)) from None

    return evaluate


def _and(left: Closure, right: Closure) -> Closure:
    def both(v: Any, f: list[Any]) -> Any:
        value = left(v, f)
        if value is True or (value is not False and boolean(value)):
            value = right(v, f)
            return value if value is True or value is False else boolean(value)
        return False

    return both


def _or(left: Closure, right: Closure) -> Closure:
    def either(v: Any, f: list[Any]) -> Any:
        value = left(v, f)
        if value is True or (value is not False and boolean(value)):
            return True
        value = right(v, f)
        return value if value is True or value is False else boolean(value)

    return either


def _span(left: Closure, right: Closure, node: Node) -> Closure:
    def evaluate(v: Any, f: list[Any]) -> Any:
        a, b = left(v, f), right(v, f)
        try:
            value = span(a, b)
        except JsonataError as error:
            raise (error if error.code is None else _placed(error, node)) from None
        if value is UNDEFINED:
            return UNDEFINED
        return collapse(f[1].array(value))

    return evaluate


def _concatenate(left: Closure, right: Closure, node: Node) -> Closure:
    def evaluate(v: Any, f: list[Any]) -> Any:
        a, b = left(v, f), right(v, f)
        if type(a) is not str or type(b) is not str:
            try:
                a, b = text_of(a), text_of(b)
            except JsonataError as error:
                raise _placed(error, node) from None
        text = a + b
        return f[1].text(text) if len(text) > 256 else text

    return evaluate
