"""The grammar of intrinsic invocations: `States.Format('{} of {}', $.i, States.ArrayLength($.all))`.

Source: the States Language specification, "Intrinsic Functions". Where the service refuses a definition that
the specification leaves open, or the other way round, the service decides: it takes braces in any string
literal as they are, refuses every escape but `\\'`, `\\{`, `\\}` and `\\\\` (recorded: illegal_escapes), and
finds a wrong number of arguments only when the function is called.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple, TypeAlias

from asl import paths
from asl.errors import ExpressionError
from asl.values import Json

NESTING = 10
"""The most intrinsic functions within each other (developer guide, "Intrinsic functions")."""


class Literal(NamedTuple):
    """A constant argument. `raw` is a string's text as it was written, escapes included."""

    value: Json
    raw: str | None = None


class Call(NamedTuple):
    """An invocation: the function's name without `States.`, its arguments, where in the text it begins."""

    name: str
    arguments: tuple[Argument, ...]
    at: int


Argument: TypeAlias = "Call | Literal | paths.Path"

_FUNCTION = re.compile(r"States\.([A-Za-z0-9]+)\(\s*")
_BETWEEN = re.compile(r"\s*([,)])\s*")
_STRING = re.compile(r"'([^'\\]*(?:\\['{}\\][^'\\]*)*)'")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![\w.])")
_WORD = re.compile(r"(true|false|null)\b")
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}
_ESCAPED = re.compile(r"\\(.)")


def parse(text: str) -> Call:
    """The invocation that `text` is, from its first character to its last; raises `ExpressionError`.

    Whether the function exists is not asked here.
    """
    call, at = _call(text, 0, 1)
    if at != len(text):
        raise ExpressionError(f"Nothing may follow the call: {text[at:]!r}", at)
    return call


def _call(text: str, at: int, depth: int) -> tuple[Call, int]:
    opening = _FUNCTION.match(text, at)
    if opening is None:
        raise ExpressionError("Expected a call such as States.Format('{}', $.name)", at)
    if depth > NESTING:
        raise ExpressionError(f"Intrinsic functions are nested deeper than {NESTING} levels", at)
    name, start = opening[1], at
    at = opening.end()
    arguments: list[Argument] = []
    if text.startswith(")", at):
        return Call(name, (), start), at + 1
    while True:
        argument, at = _argument(text, at, depth)
        arguments.append(argument)
        between = _BETWEEN.match(text, at)
        if between is None:
            raise ExpressionError("Expected ',' or ')'", at)
        if between[1] == ")":
            return Call(name, tuple(arguments), start), between.start(1) + 1
        at = between.end()


def _argument(text: str, at: int, depth: int) -> tuple[Argument, int]:
    if text.startswith("States.", at):
        return _call(text, at, depth + 1)
    if text.startswith("$", at):
        return _path(text, at)
    if string := _STRING.match(text, at):
        raw = string[1]
        return Literal(_ESCAPED.sub(r"\1", raw), raw), string.end()
    if number := _NUMBER.match(text, at):
        value = float(number[0]) if number[1] or number[2] else int(number[0])
        if not math.isfinite(value):
            raise ExpressionError(f"Number out of range: {number[0]}", at)
        return Literal(value), number.end()
    if word := _WORD.match(text, at):
        return Literal(_WORDS[word[1]]), word.end()
    if text.startswith("'", at):
        raise ExpressionError(r"A string literal must end in ' and may escape only \' \{ \} and \\", at)
    raise ExpressionError(
        "Expected a path, a string in single quotes, a number, true, false, null or a call", at
    )


def _path(text: str, start: int) -> tuple[paths.Path, int]:
    # A path may hold commas, brackets and quotes of its own: `$.a[?(@.b == 'x,y')].c`.
    depth = 0
    at = start
    while at < len(text):
        char = text[at]
        if char in "[(":
            depth += 1
        elif char in "])":
            if not depth:
                break
            depth -= 1
        elif char == "," and not depth:
            break
        elif char in "'\"" and depth:
            at = _closing_quote(text, at)
        at += 1
    written = text[start:at].rstrip()
    try:
        return paths.compile(written), start + len(written)
    except ExpressionError as error:
        raise ExpressionError(error.message, start + (error.position or 0)) from None


def _closing_quote(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return at
