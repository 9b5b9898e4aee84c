"""The text of a path into the words of jsonpath-ng's grammar.

Jayway reads a path character by character, and its words are its own: `$.sl/ash`, `$.@id`, `$.a#` are names,
blanks are not free. What jsonpath-ng's grammar has no word for (filters, functions), or gives in another form
with each of its versions (indexes, `*`), becomes one word, NAMED_OPERATOR, that carries the step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from asl.paths.quoting import fault, matching, unescape
from asl.paths.steps import Call, Filter, Indexes, Wild


def words(text: str) -> list[Token]:
    """The words of a path that begins with `$` or `@`; raises `ExpressionError`.

    The parameters of a function are texts still: a path where it begins with `$` or `@`, else JSON.
    """
    return _Reader(text).read()


class Name(str):
    """A name, with the quote in which Jayway's messages show it."""

    quote = "'"


class _DoubleQuoted(Name):
    quote = '"'


@dataclass
class Token:
    """A word, in the shape of PLY's tokens (which writes on the one that does not fit)."""

    type: str
    value: Any
    lexpos: int
    lineno: int = 1
    lexer: Any = None


_PLAIN_NAME = re.compile(r"[^ .\[(]*")
_BLANKS = re.compile(" *")
_ROUND = re.compile("[()]")
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_NUMBERS = re.compile(r"\[([0-9,\-: ]*)\]")
_WILD = re.compile(r"\[ *\* *\]")


class _Reader:
    # Jayway reads a path character by character; this follows it, odd corners included: a name may go on
    # where a bracket ended, and one last character there is not looked at.

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [Token("$", "$", 0)]
        self.apart = False  # whether the last token separates steps

    def read(self) -> list[Token]:
        text = self.text
        end = len(text)
        if end > 1 and text[1] not in ".[":
            raise fault("Illegal character at position {} expected '.' or '['", 1)
        if text.endswith("."):
            raise fault("Path must not end with a '.' or '..'", end)
        at = 1
        while at < end:
            char = text[at]
            if char == ".":
                at = self._dots(at)
                continue
            if char == "[":
                at = self._bracket(at)
            elif char == "*":
                self._step("NAMED_OPERATOR", Wild(), at)
                at += 1
            elif char == " ":
                raise fault("Could not parse token starting at position {}", at)
            else:
                at = self._word(at)
            if at >= end - 1:
                break
        return self.tokens

    def _emit(self, type: str, value: Any, at: int) -> None:
        self.tokens.append(Token(type, value, at))
        self.apart = False

    def _step(self, type: str, value: Any, at: int) -> None:
        # A step that jsonpath-ng wants to see after a dot.
        if not self.apart:
            self._emit(".", ".", at)
        self._emit(type, value, at)

    def _dots(self, at: int) -> int:
        twice = self.text.startswith("..", at)
        self._emit("DOUBLEDOT" if twice else ".", ".." if twice else ".", at)
        self.apart = True
        at += 2 if twice else 1
        if self.text[at] == ".":
            raise fault("Character '.' on position {} is not valid.", at)
        return at

    def _word(self, at: int) -> int:
        # `name` or `name(...)`
        text = self.text
        end = _PLAIN_NAME.match(text, at).end()  # type: ignore[union-attr]
        name = text[at:end]
        if text.startswith(" ", end):
            message = (
                "Use bracket notion ['my prop'] if your property contains blank characters. position: {}"
            )
            raise fault(message, at)
        if not text.startswith("(", end):
            self._step("ID", Name(name), at)
            return end
        if not _closes(text, end):
            raise fault(f"Arguments to function: '{name}' are not closed properly.", at)
        if text[end + 1] == ")":
            self._step("NAMED_OPERATOR", Call(name, ()), at)
            return end + 1  # at the parenthesis: Jayway takes what follows it for a name
        parameters, after = _parameters(text, end + 1, name)
        self._step("NAMED_OPERATOR", Call(name, parameters), at)
        return after

    def _bracket(self, at: int) -> int:
        text = self.text
        first = text[_blanks(text, at + 1) : _blanks(text, at + 1) + 1]
        if first in ("'", '"'):
            return self._names(at, first)
        if first and first in "0123456789-:":
            numbers = _NUMBERS.match(text, at)
            if numbers:
                self._numbers(numbers[1].strip(), at)
                return numbers.end()
        if first == "*":
            wild = _WILD.match(text, at)
            if not wild:
                raise fault("Expected wildcard token to end with ']' on position {}", text.index("*", at) + 1)
            self._step("NAMED_OPERATOR", Wild(), at)
            return wild.end()
        if first == "?":
            return self._filter(at)
        raise fault("Could not parse token starting at position {}. Expected ?, ', 0-9, * ", at)

    def _names(self, at: int, quote: str) -> int:
        text = self.text
        # A `\\"` between single quotes is two characters (recorded: escape_sequence_parsing).
        kind = Name if quote == "'" else _DoubleQuoted
        self._emit("[", "[", at)
        at += 1
        while True:
            at = _blanks(text, at)
            char = text[at : at + 1]
            if char == quote:
                name = _QUOTED.match(text, at)
                if not name:
                    raise fault(f"Property has not been closed - missing closing {quote}", at)
                inner, literal = (name[1], '"') if quote == "'" else (name[2], "")
                self._emit("ID", kind(unescape(inner, literal)), at)
                at = name.end()
            elif char and char in ",]":
                self._emit(char, char, at)
                at += 1
                if char == "]":
                    return at
            else:
                message = (
                    "Property must be separated by comma or Property must be terminated close square bracket"
                    " at index {}"
                )
                raise fault(message if char else "Property has not been closed - missing closing ]", at)

    def _numbers(self, inner: str, at: int) -> None:
        if ":" not in inner:
            indexes = [_integer(number.strip(), at) for number in inner.split(",")]
            self._step("NAMED_OPERATOR", Indexes(tuple(indexes)), at)
            return
        start, end = inner.split(":")[:2]
        if " " in inner or "," in inner or start == end == "":
            raise fault(f"Failed to parse SliceOperation: {inner}", at)
        self._emit("[", "[", at)
        if start:
            self._emit("NUMBER", _integer(start, at), at)
        self._emit(":", ":", at)
        if end:
            self._emit("NUMBER", _integer(end, at), at)
        self._emit("]", "]", at)

    def _filter(self, at: int) -> int:
        text = self.text
        begin = _blanks(text, text.index("?", at) + 1)
        if text.startswith((",", "]"), begin):
            raise fault("Not enough predicates supplied for filter [?] at position {}", at)
        if text.startswith("(", begin):
            end = matching(text, begin, ")", regex=True)
            close = _blanks(text, end + 1)
            if end > 0 and text.startswith("]", close):
                self._step("NAMED_OPERATOR", Filter(text[begin : end + 1], begin), at)
                return close + 1
        raise fault("Could not parse token starting at position {}. Expected ?, ', 0-9, * ", at)


def _blanks(text: str, at: int) -> int:
    return _BLANKS.match(text, at).end()  # type: ignore[union-attr]


def _integer(text: str, at: int) -> int:
    if not re.fullmatch("-?[0-9]{1,10}", text) or not -(2**31) <= int(text) < 2**31:
        raise fault(f"Failed to parse token in ArrayIndexOperation: {text}", at)
    return int(text)


def _closes(text: str, at: int) -> bool:
    depth = 0
    for found in _ROUND.finditer(text, at):
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return True
    return False


def _parameters(text: str, at: int, name: str) -> tuple[tuple[str, ...], int]:
    # The parameters of a function, from behind its `(` to behind its `)`. A parameter that begins with `$`
    # or `@` is a path, one that begins with a digit, `-`, `"` or `{` is JSON; any other one is dropped.
    found: list[str] = []
    parts: list[str] = []
    known = False  # whether the parameter is of one of these kinds
    before = ""
    round_, square, curly, quoted = 1, 0, 0, 0
    while at < len(text):
        char = text[at]
        at += 1
        if not known:
            if char in " \t\n\r":
                continue
            known = char in '$@{-"' or char.isdigit()
        if char == '"':
            quoted += -1 if quoted and before != "\\" else 1
        elif char == "(":
            round_ += 1
        elif char == "[":
            square += 1
        elif char == "{":
            curly += 1
        elif char in "]}":
            if not (square if char == "]" else curly):
                raise fault(f"Unexpected close bracket '{char}' at character position: {{}}", at)
            square -= char == "]"
            curly -= char == "}"
        elif char == "\\" and quoted == 1 and text.startswith((",", '"'), at):
            parts.append(text[at])
            at += 1
            before = ""
            continue
        elif char == ")":
            round_ -= 1
            if before == "(":
                parts.append(char)
        if char in "),":
            ends = not (quoted or square or curly) and (round_ == 1 or (round_ == 0 and char == ")"))
            if ends and known:
                found.append("".join(parts))
                parts.clear()
                known = False
            if ends and round_ == 0:
                return tuple(found), at
        if known and not (char == "," and round_ == 1 and not (square or curly)):
            parts.append(char)
        before = char
    raise fault(f"Arguments to function: '{name}' are not closed properly.", at)
