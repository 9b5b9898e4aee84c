"""JSON as filters write it, for which Jayway uses the permissive mode of json-smart.

Beyond JSON: strings in single quotes, words without quotes (`[red, green]`), and commas too many.
"""

from __future__ import annotations

import re

from asl.errors import ExpressionError
from asl.paths.quoting import unescape, unescaped_index
from asl.paths.steps import NESTED, check_depth
from asl.values import Json

_WORD = re.compile(r"[^\[\]{},:]*")
_INTEGER = re.compile(r"-?[0-9]{1,1000}")
_FLOAT = re.compile(r"-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?")
_KEYWORDS: dict[str, Json] = {"true": True, "false": False, "null": None}


def read(text: str, depth: int) -> Json:
    """The value of `[...]` or `{...}`; raises `ExpressionError`."""
    value, end = _value(text, _skip(text, 0), depth)
    if text[end:].strip():
        raise ExpressionError(f"Unexpected text after the JSON value: {text[end:]}")
    return value


def _skip(text: str, at: int, also: str = "") -> int:
    while at < len(text) and (text[at].isspace() or text[at] in also):
        at += 1
    return at


def _value(text: str, at: int, depth: int) -> tuple[Json, int]:
    check_depth(depth)
    if text.startswith("[", at):
        return _array(text, at + 1, depth + NESTED)
    if text.startswith("{", at):
        return _object(text, at + 1, depth + NESTED)
    return _scalar(text, at)


def _array(text: str, at: int, depth: int) -> tuple[Json, int]:
    items: list[Json] = []
    while not text.startswith("]", at := _skip(text, at, ",")):
        item, at = _value(text, at, depth)
        items.append(item)
        _expect(text, at, ",]")
    return items, at + 1


def _object(text: str, at: int, depth: int) -> tuple[Json, int]:
    items: dict[str, Json] = {}
    while not text.startswith("}", at := _skip(text, at, ",")):
        key, at = _scalar(text, at)
        at = _expect(text, at, ":") + 1
        items[str(key)], at = _value(text, _skip(text, at), depth)
        _expect(text, at, ",}")
    return items, at + 1


def _expect(text: str, at: int, chars: str) -> int:
    at = _skip(text, at)
    if at >= len(text) or text[at] not in chars:
        raise ExpressionError(f"Expected {' or '.join(chars)} in the JSON value: {text}")
    return at


def _scalar(text: str, at: int) -> tuple[Json, int]:
    quote = text[at : at + 1]
    if quote and quote in "'\"":
        end = unescaped_index(text, quote, at + 1)
        if end < 0:
            raise ExpressionError(f"A string is not closed in the JSON value: {text}")
        return unescape(text[at + 1 : end]), end + 1
    found = _WORD.match(text, at)
    word = found[0].strip() if found else ""
    if not word:
        raise ExpressionError(f"A value is missing in the JSON value: {text}")
    end = at + len(found[0]) if found else at
    if word in _KEYWORDS:
        return _KEYWORDS[word], end
    if _INTEGER.fullmatch(word):
        return int(word), end
    return (float(word) if _FLOAT.fullmatch(word) else word), end
