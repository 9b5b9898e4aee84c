"""Quotes, escapes and brackets, as paths and filters have them."""

from __future__ import annotations

import re

from asl.errors import ExpressionError

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|u|.|$)", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def fault(message: str, at: int) -> ExpressionError:
    """An error at a position, which `{}` in the message stands for."""
    return ExpressionError(message.replace("{}", str(at)), at)


def unescape(text: str, literal: str = "") -> str:
    """The text of a quoted name or string: `\\'`, `\\n`, `\\u0041`; any other escaped character is itself.

    A backslash before a character of `literal` escapes nothing and stays.
    """
    if "\\" not in text:
        return text

    def unescaped(found: re.Match[str]) -> str:
        escaped = found[1]
        if len(escaped) == 5:
            return chr(int(escaped[1:], 16))
        if escaped and escaped in literal:
            return found[0]
        return _CONTROLS.get(escaped, escaped or "\\")

    return _ESCAPE.sub(unescaped, text)


def unescaped_index(text: str, char: str, start: int) -> int:
    """Where `char` stands next, from `start` on and not behind a backslash; -1 if nowhere."""
    while start < len(text):
        if text[start] == "\\":
            start += 1
        elif text[start] == char:
            return start
        start += 1
    return -1


def matching(text: str, start: int, closes: str, *, regex: bool = False) -> int:
    """Where the bracket that opens at `start` finds its `closes`; strings, and /regular expressions/, are skipped."""
    opens = text[start]
    skipped = "'\"/" if regex else "'\""
    depth = 1
    at = start + 1
    while at < len(text):
        char = text[at]
        if char in skipped:
            at = unescaped_index(text, char, at + 1)
            if at < 0:
                kind = "regex" if char == "/" else "string"
                raise fault(
                    f"Could not find matching close for {char} when parsing {kind} in : {text}", start
                )
        elif char == opens:
            depth += 1
        elif char == closes:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1
