"""The face of the engine: a compiled expression, and what the service refuses when a machine is created."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from asl.jsonata import analysis
from asl.jsonata.builtins import BUILTINS
from asl.jsonata.compiler import Compiled, Compiler
from asl.jsonata.errors import UNSUPPORTED_RESULT, JsonataError, overflow
from asl.jsonata.functions import Native
from asl.jsonata.limits import Runtime
from asl.jsonata.nodes import Node
from asl.jsonata.parser import TooDeep, parse
from asl.jsonata.sequences import UNDEFINED, Function, Outer
from asl.jsonata.shape import shape
from asl.values import Json, Scope

_JAVA_LONG = 9.223372036854776e18


class Expression:
    """A compiled expression; immutable, may be evaluated by several threads at once.

    `variables`: the variables it reads from outside, `states` among them. `states_fields`: the fields of
    `$states` it reads, `*` if the whole of it. `top_level`: references to a context that a state machine
    does not have, in the order of the text. `builtins` is the dialect: its functions by name.
    """

    __slots__ = (
        "_builtins",
        "_hidden",
        "_plain",
        "_tree",
        "_used",
        "states_fields",
        "text",
        "top_level",
        "variables",
    )

    def __init__(self, text: str, tree: Node | None, builtins: Mapping[str, Native] = BUILTINS) -> None:
        self.text = text
        self._builtins = builtins
        self._tree = tree
        self._hidden: dict[frozenset[str], Compiled] = {}
        if tree is None:
            self._plain = Compiled(_too_deep, 0, (), ())
            self._used: frozenset[str] = frozenset()
            self.states_fields: frozenset[str] = frozenset("*")
            self.top_level: tuple[str, ...] = ()
        else:
            compiler = Compiler(builtins)
            self._plain = compiler.whole(tree)
            self._used = frozenset(compiler.used)
            self.states_fields = analysis.states_fields(tree)
            self.top_level = analysis.top_level(tree)
        self.variables = frozenset(name for _, name in self._plain.free)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def reads(self) -> tuple[str, ...]:
        """The data that it starts from, as expressions of their own: `$states.input.total`, `$limit`."""
        return () if self._tree is None else analysis.reads(self._tree, self.variables)

    def evaluate(
        self,
        input: Any = UNDEFINED,
        bindings: Mapping[str, Json] | None = None,
        scope: Scope | None = None,
    ) -> Any:
        """The value for an input and variables: Json, or UNDEFINED where it finds nothing.

        `scope` gives `$now()`, `$millis()`, `$random()` and `$uuid()` their time and randomness. Values are
        used as they are, not copied; numbers that are not finite come out as the strings that the service
        writes for them. JsonataError where it fails, gives a function (code UNSUPPORTED_RESULT), or goes
        beyond the service's limits.
        """
        if bindings is None:
            bindings = {}
        compiled = self._plain
        if self._used and not bindings.keys().isdisjoint(self._used):
            compiled = self._hiding(bindings)
        rt = Runtime(input, bindings, scope)
        frame = [None, rt, *compiled.extra]
        for slot, name in compiled.free:
            frame[slot] = bindings.get(name, UNDEFINED)
        if isinstance(input, list):
            input = Outer((input,))
        try:
            result = compiled.body(input, frame)
        except RecursionError:
            raise overflow() from None
        except OverflowError:  # an integer from the data that is beyond all doubles
            raise JsonataError("D1001", value=math.inf) from None
        kind = type(result)
        if kind is str or kind is int or kind is bool or kind is dict or kind is list:
            return finished(result) if rt.tainted else result
        if result is UNDEFINED or result is None:
            return result
        if isinstance(result, Function):
            raise JsonataError(UNSUPPORTED_RESULT)
        return finished(result, rt.tainted)

    def _hiding(self, bindings: Mapping[str, Json]) -> Compiled:
        """The expression compiled for variables that have the names of built-in functions."""
        hidden = frozenset(name for name in self._used if name in bindings)
        compiled = self._hidden.get(hidden)
        if compiled is None:
            assert self._tree is not None
            builtins = {name: native for name, native in self._builtins.items() if name not in hidden}
            compiled = self._hidden[hidden] = Compiler(builtins).whole(self._tree)
        return compiled


def _too_deep(v: Any, f: list[Any]) -> Any:
    raise overflow()


def finished(value: Any, deep: bool = True) -> Any:
    """A result as plain JSON: sequences as lists, numbers as the service writes them."""
    if isinstance(value, list):
        return [_finished_inside(item) for item in value] if deep else list(value)
    return _finished_inside(value)


def _finished_inside(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        if value != value:
            return "NaN"
        if value in (math.inf, -math.inf):
            return "Infinity" if value > 0 else "-Infinity"
        return int(value) if value.is_integer() and abs(value) < _JAVA_LONG else value
    if isinstance(value, list):
        return [_finished_inside(item) for item in value]
    if isinstance(value, dict):
        return {key: _finished_inside(item) for key, item in value.items() if item is not UNDEFINED}
    if isinstance(value, Function):
        raise JsonataError(UNSUPPORTED_RESULT)
    return None if value is UNDEFINED else value


@lru_cache(maxsize=4096)
def compile(text: str) -> Expression:
    """The expression of a text (without `{%` and `%}`). JsonataError where it is not well-formed."""
    try:
        return Expression(text, shape(parse(text)))
    except (TooDeep, RecursionError):
        return Expression(text, None)


def check(text: str) -> list[tuple[str, str]]:
    """What the service refuses in an expression when a machine is created: (code, message), none if good.

    Which of `$states.result` and `$states.errorOutput` exist is the caller's to know; see `states_fields`.
    """
    try:
        expression = compile(text)
    except JsonataError as error:
        return [("INVALID_JSONATA_EXPRESSION", error.message)]
    found: list[tuple[str, str]] = []
    for name in expression.top_level:
        where = "" if name == "$$" else " at the top level"
        found.append(("UNSUPPORTED_JSONATA_EXPRESSION", f"Reference to '{name}'{where} is not supported."))
    return found
