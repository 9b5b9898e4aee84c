"""The text of a filter into its tree, as Jayway reads it.

    or         = and { "||" and }
    and        = operand { "&&" operand }
    operand    = "!" operand | "(" or ")" | comparison
    comparison = value [ operator value ]           a path alone asks whether it is there
    value      = path | ["!"] path | string | word | number | /regex/flags | JSON

A word is true, false, null, or else text: Jayway's later versions refuse such text, but machines that run on
the service have it (`[?(@.status==Failure)]` in one of AWS's samples). As in Jayway, an operator in letters
ends only at a blank, and so does a path before it.

jsonpath-ng knows none of the operators in letters (`in`, `subsetof`, `empty` ...), no pattern between slashes
and no lists, and takes other words and blanks for names; so this part is a parser of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from asl.errors import ExpressionError
from asl.paths import literals, regex
from asl.paths.grammar import parse
from asl.paths.quoting import matching, unescape, unescaped_index
from asl.paths.steps import NESTED, Step, check_depth
from asl.values import Json, number_text


class Document(NamedTuple):
    """JSON written in the filter: unlike a list that a path finds, it never equals another one."""

    value: Json


class Query(NamedTuple):
    """A path in a filter; `wanted` is False behind a `!`."""

    steps: tuple[Step, ...]
    from_root: bool
    wanted: bool


Constant = str | int | float | Decimal | bool | None | Document | regex.Pattern


class Literal(NamedTuple):
    value: Constant


Value = Query | Literal


class Exists(NamedTuple):
    query: Query


class Compare(NamedTuple):
    left: Value
    operator: str
    right: Value


class Not(NamedTuple):
    part: Condition


class All(NamedTuple):
    parts: tuple[Condition, ...]


class Some(NamedTuple):
    parts: tuple[Condition, ...]


Condition = Exists | Compare | Not | All | Some

OPERATORS = frozenset(
    [
        ">=",
        "<=",
        "==",
        "===",
        "!=",
        "!==",
        "<",
        ">",
        "=~",
        "IN",
        "NIN",
        "CONTAINS",
        "ALL",
        "SIZE",
        "EXISTS",
        "TYPE",
        "MATCHES",
        "EMPTY",
        "SUBSETOF",
        "ANYOF",
        "NONEOF",
    ]
)

_SIGNS = "<>=~!"
_NUMBER = re.compile(r"[0-9.eE-]*")
_DECIMAL = re.compile(r"-?([0-9]{1,1000}(\.[0-9]{0,1000})?|\.[0-9]{1,1000})([eE]-?[0-9]{1,6})?")
_FLAGS = re.compile("[dixmsuU]*")
_WORD = re.compile(r"[^\W\d][\w-]*")
_KEYWORDS: dict[str, Constant] = {"true": True, "false": False, "null": None}


def parse_filter(text: str, position: int, depth: int) -> Condition:
    """The tree of a filter; `text` is `(...)`, which stands at `position` of the whole path."""
    return _Reader(text, position, depth).whole()


def _number(text: str) -> int | float | Decimal:
    # A double where it says the same in every respect: doubles compare faster.
    if text.lstrip("-").isdigit():
        return int(text)
    exact = Decimal(text)
    double = float(exact)
    return double if math.isfinite(double) and str(exact) == str(Decimal(number_text(double))) else exact


class _Reader:
    def __init__(self, text: str, position: int, depth: int) -> None:
        self.text = text
        self.position = position
        self.depth = depth
        self.at = 0

    def whole(self) -> Condition:
        condition = self._some()
        if self._char():
            raise self._fault(f"Expected end of filter expression instead of: {self.text[self.at :]}")
        return condition

    def _fault(self, message: str) -> ExpressionError:
        return ExpressionError(message, self.position + self.at)

    def _char(self) -> str:
        while self.text.startswith(" ", self.at):
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _some(self) -> Condition:
        parts = self._chain("||", self._all)
        return parts[0] if len(parts) == 1 else Some(parts)

    def _all(self) -> Condition:
        parts = self._chain("&&", self._operand)
        return parts[0] if len(parts) == 1 else All(parts)

    def _chain(self, sign: str, part: Callable[[], Condition]) -> tuple[Condition, ...]:
        parts = [part()]
        while self._char() and self.text.startswith(sign, self.at):
            self.at += len(sign)
            parts.append(part())
        return tuple(parts)

    def _operand(self) -> Condition:
        start = self._char()
        if start == "!":
            mark = self.at
            self.at += 1
            if self._char() not in ("$", "@"):
                return Not(self._nested(self._operand))
            self.at = mark
        elif start == "(":
            self.at += 1
            inner = self._nested(self._some)
            if self._char() != ")":
                raise self._fault("Expected character: )")
            self.at += 1
            return inner
        return self._comparison()

    def _nested(self, part: Callable[[], Condition]) -> Condition:
        self.depth += NESTED
        check_depth(self.depth)
        inner = part()
        self.depth -= NESTED
        return inner

    def _comparison(self) -> Condition:
        left = self._value()
        mark = self.at
        operator = self._operator()
        if operator:
            return Compare(left, operator, self._value())
        self.at = mark
        if isinstance(left, Literal):
            raise self._fault("Expected path node")
        return Exists(left)

    def _operator(self) -> str | None:
        char = self._char()
        start = self.at
        if char and char in _SIGNS:
            while self.text[self.at : self.at + 1] in tuple(_SIGNS):
                self.at += 1
        else:
            end = self.text.find(" ", start)
            self.at = len(self.text) if end < 0 else end
        operator = self.text[start : self.at].upper()
        return operator if operator in OPERATORS else None

    def _value(self) -> Value:
        char = self._char()
        if char in ("$", "@"):
            return self._query(wanted=True)
        if char == "!":
            self.at += 1
            if self._char() not in ("$", "@"):
                raise self._fault("Unexpected character: !")
            return self._query(wanted=False)
        return Literal(self._literal(char))

    def _query(self, wanted: bool) -> Query:
        text = self.text
        start = self.at
        at = start + 1
        while at < len(text):
            if text[at] == "[":
                end = matching(text, at, "]")
                if end < 0:
                    raise self._fault(f"Square brackets does not match in filter {text}")
                at = end + 1
            char = text[at : at + 1]
            if not char or char in _SIGNS or char == " " or (char == ")" and not self._ends_call(start, at)):
                break
            at += 1
        self.at = at
        try:
            steps = parse(text[start:at], self.depth + NESTED)
        except ExpressionError as error:
            raise ExpressionError(error.message, self.position + start + (error.position or 0)) from None
        return Query(steps, text[start] == "$", wanted)

    def _ends_call(self, start: int, at: int) -> bool:
        # Whether the `)` at `at` closes a function without parameters, `.name()`.
        before = self.text[start:at].rstrip(" ")
        return before.endswith("(") and "." in before[1:]

    def _literal(self, char: str) -> Constant:
        text, start = self.text, self.at
        if char and char in "'\"/":
            end = unescaped_index(text, char, start + 1)
            if end < 0:
                raise self._fault(f"{'Pattern' if char == '/' else 'String'} not closed. Expected {char}")
            self.at = end + 1
            if char != "/":
                return unescape(text[start + 1 : end])
            flags = _FLAGS.match(text, end + 1)
            self.at = flags.end() if flags else self.at
            return regex.compile(text[start + 1 : end], flags[0] if flags else "")
        if char and char in "[{":
            end = matching(text, start, "]" if char == "[" else "}")
            if end < 0:
                raise self._fault(f"Brackets are not closed in filter {text}")
            self.at = end + 1
            return Document(literals.read(text[start : end + 1], self.depth))
        word = _WORD.match(text, start)
        if word:
            self.at = word.end()
            return _KEYWORDS.get(word[0], word[0])
        found = _NUMBER.match(text, start)
        number = found[0] if found else ""
        self.at += len(number)
        if not _DECIMAL.fullmatch(number):
            where = f"error on position: {start + 2}, char: {text[start : start + 1]}"
            raise self._fault(f"Failed to parse filter: [?{text}], {where}")
        return _number(number)
