"""Text to tokens, as jsonata-js 2.0.6 reads it."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from asl.jsonata.errors import JsonataError
from asl.jsonata.regex import Pattern
from asl.jsonata.sequences import SAFE_INTEGER

SPACE = " \t\n\r\v"
SINGLE = ".[]{}(),@#;:?+-*/%|=<>^&!~"
DOUBLE = frozenset(("..", ":=", "!=", ">=", "<=", "**", "~>"))

_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_NAME = re.compile("[^" + re.escape(SPACE + SINGLE) + "]*")
_BLANK = re.compile("[" + re.escape(SPACE) + "]*")
_HEX = re.compile(r"[0-9a-fA-F]+")
_WORDS: dict[str, tuple[str, Any]] = {
    "or": ("operator", "or"),
    "in": ("operator", "in"),
    "and": ("operator", "and"),
    "true": ("value", True),
    "false": ("value", False),
    "null": ("value", None),
}


class Token(NamedTuple):
    kind: str  # operator, string, number, value, name, variable, regex, end
    value: Any
    position: int


class Lexer:
    """Hands out one token at a time; whether `/` divides or opens a regular expression, the parser knows."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def next(self, infix: bool) -> Token:
        text = self.text
        start = self._skip(self.at)
        if start >= len(text):
            self.at = len(text)
            return Token("end", "(end)", len(text))
        char = text[start]
        if char == "/" and not infix:
            return self._regex(start)
        if text[start : start + 2] in DOUBLE:
            self.at = start + 2
            return Token("operator", text[start : start + 2], start)
        if char in SINGLE:
            self.at = start + 1
            return Token("operator", char, start)
        if char in "\"'":
            return self._string(start, char)
        number = _NUMBER.match(text, start)
        if number:
            return self._number(number)
        if char == "`":
            end = text.find("`", start + 1)
            if end < 0:
                raise JsonataError("S0105", len(text))
            self.at = end + 1
            return Token("name", text[start + 1 : end], start)
        match = _NAME.match(text, start)
        assert match
        self.at = match.end()
        word = match.group()
        if char == "$":
            return Token("variable", word[1:], start)
        kind, value = _WORDS.get(word, ("name", word))
        return Token(kind, value, start)

    def _skip(self, at: int) -> int:
        """Past blanks and comments."""
        while True:
            blank = _BLANK.match(self.text, at)
            at = blank.end() if blank else at
            if not self.text.startswith("/*", at):
                return at
            end = self.text.find("*/", at + 2)
            if end < 0:
                raise JsonataError("S0106", at)
            at = end + 2

    def _number(self, match: re.Match[str]) -> Token:
        self.at = match.end()
        value: float = float(match.group())
        if not math.isfinite(value):
            raise JsonataError("S0102", match.start(), token=match.group())
        if value.is_integer() and abs(value) <= SAFE_INTEGER:
            value = int(value)
        return Token("number", value, match.start())

    def _string(self, start: int, quote: str) -> Token:
        text, at = self.text, start + 1
        parts: list[str] = []
        while at < len(text):
            char = text[at]
            if char == quote:
                self.at = at + 1
                return Token("string", join_surrogates("".join(parts)), start)
            if char == "\\":
                at += 1
                char = text[at : at + 1]
                if char == "u":
                    digits = text[at + 1 : at + 5]
                    if not _HEX.fullmatch(digits):
                        raise JsonataError("S0104", at)
                    char = chr(int(digits, 16))
                    at += 4
                elif char in _ESCAPES and char:
                    char = _ESCAPES[char]
                else:
                    raise JsonataError("S0103", at, token=char)
            parts.append(char)
            at += 1
        raise JsonataError("S0101", start)

    def _regex(self, start: int) -> Token:
        """A regular expression ends at the first `/` that is neither escaped nor inside brackets."""
        text, depth, at = self.text, 0, start + 1
        while at < len(text):
            char = text[at]
            if char == "/" and depth == 0 and not _escaped(text, at):
                if at == start + 1:
                    raise JsonataError("S0301", start)
                body = text[start + 1 : at]
                at += 1
                flags = at
                while text[at : at + 1] in ("i", "m"):
                    at += 1
                self.at = at
                return Token("regex", Pattern(body, text[flags:at], start), start)
            if char in "([{" and text[at - 1] != "\\":
                depth += 1
            elif char in ")]}" and text[at - 1] != "\\":
                depth -= 1
            at += 1
        raise JsonataError("S0302", start)


def _escaped(text: str, at: int) -> bool:
    before = at
    while text[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1


def join_surrogates(text: str) -> str:
    """The same text with every surrogate pair made one character; lone surrogates stay."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
