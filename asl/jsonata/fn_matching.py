"""Built-in functions that look for text: $contains, $match, $replace, $split."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from asl.jsonata.errors import JsonataError, crash
from asl.jsonata.functions import Callable_
from asl.jsonata.limits import Runtime
from asl.jsonata.regex import Regex, code_units
from asl.jsonata.sequences import UNDEFINED, Sequence, is_number


class _Hit:
    """One match of a regular expression or of a user's matcher function."""

    __slots__ = ("end", "groups", "match", "next", "start")

    def __init__(self, match: str, start: int, end: int, groups: list[Any], following: Any) -> None:
        self.match = match
        self.start = start
        self.end = end
        self.groups = groups
        self.next = following


def _first(rt: Runtime, matcher: Any, text: str) -> _Hit | None:
    if isinstance(matcher, Regex):
        return _regex_hit(rt, matcher, text, 0)
    return _protocol(matcher.call([text], rt))


def _following(rt: Runtime, hit: _Hit, matcher: Any, text: str) -> _Hit | None:
    if not isinstance(matcher, Regex):
        return _protocol(hit.next.call([], rt)) if isinstance(hit.next, Callable_) else None
    if hit.end >= len(text):
        return None
    following = _regex_hit(rt, matcher, text, hit.end)
    if following is not None and following.match == "":
        raise JsonataError("D1004", matcher.pattern.position)
    return following


def _regex_hit(rt: Runtime, matcher: Regex, text: str, start: int) -> _Hit | None:
    found = matcher.pattern.search(text, start, rt)
    if found is None:
        return None
    groups = [UNDEFINED if group is None else group for group in found.groups]
    return _Hit(found.text, found.start, found.end, groups, None)


def _protocol(result: Any) -> _Hit | None:
    """What a user's matcher function returned. JsonataError T1010."""
    if result is UNDEFINED:
        return None
    fields = result if isinstance(result, dict) else {}
    if not (
        is_number(fields.get("start"))
        or is_number(fields.get("end"))
        or isinstance(fields.get("groups"), list)
        or isinstance(fields.get("next"), Callable_)
    ):
        if result is None or result is False or result == "" or (is_number(result) and result == 0):
            return None
        raise JsonataError("T1010")
    start, end, match = fields.get("start"), fields.get("end"), fields.get("match")
    groups = fields.get("groups")
    first = int(start) if is_number(start) else 0  # type: ignore[arg-type]
    return _Hit(
        match if isinstance(match, str) else "",
        first,
        int(end) if is_number(end) else first,  # type: ignore[arg-type]
        groups if isinstance(groups, list) else [],
        fields.get("next"),
    )


def contains(rt: Runtime, text: Any, token: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if isinstance(token, str):
        return token in text
    if token is UNDEFINED:
        raise crash("Cannot read properties of undefined (reading 'apply')")
    return _first(rt, token, text) is not None


def match(rt: Runtime, text: Any, regex: Any, limit: Any = UNDEFINED) -> Any:
    """`$match`. JsonataError D3040."""
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3040", value=limit, index=3)
    result = Sequence()
    if limit is not UNDEFINED and limit <= 0:
        return result
    place = code_units(text)
    hit = _first(rt, regex, text)
    while hit is not None and (limit is UNDEFINED or len(result) < limit):
        start = place(hit.start) if isinstance(regex, Regex) else hit.start
        groups = [None if group is UNDEFINED else group for group in hit.groups]
        result.append({"match": hit.match, "index": start, "groups": groups})
        hit = _following(rt, hit, regex, text)
    return rt.array(result)


def split(rt: Runtime, text: Any, separator: Any, limit: Any = UNDEFINED) -> Any:
    """`$split`. JsonataError D3020."""
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3020", value=limit, index=3)
    if limit is not UNDEFINED and limit <= 0:
        return []
    if isinstance(separator, str):
        parts = text.split(separator) if separator else _letters(text)
        return rt.array(parts if limit is UNDEFINED else parts[: int(limit)])
    if separator is UNDEFINED:
        raise crash("Cannot read properties of undefined (reading 'apply')")
    result: list[str] = []
    start = 0
    hit = _first(rt, separator, text)
    if hit is None:
        return [text]
    while hit is not None and (limit is UNDEFINED or len(result) < limit):
        result.append(text[start : hit.start])
        start = hit.end
        hit = _following(rt, hit, separator, text)
    if limit is UNDEFINED or len(result) < limit:
        result.append(text[start:])
    return rt.array(result)


def _letters(text: str) -> list[str]:
    if text.isascii():
        return list(text)
    raw = text.encode("utf-16-le", "surrogatepass")
    return [raw[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(raw), 2)]


def replace(rt: Runtime, text: Any, pattern: Any, replacement: Any, limit: Any = UNDEFINED) -> Any:
    """`$replace`. JsonataError D3010, D3011, D3012."""
    if text is UNDEFINED:
        return UNDEFINED
    if pattern == "":
        raise JsonataError("D3010", value=pattern, index=2)
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3011", value=limit, index=4)
    if limit is not UNDEFINED and limit <= 0:
        return text
    if isinstance(pattern, str):
        most = -1 if limit is UNDEFINED else math.ceil(limit)
        with_text = replacement if isinstance(replacement, str) else ""
        hits = text.count(pattern)
        rt.room(len(text) + (hits if most < 0 else min(hits, most)) * len(with_text))
        return text.replace(pattern, with_text, most)
    hit = _first(rt, pattern, text)
    if hit is None:
        return text
    parts: list[str] = []
    place = code_units(text)
    at = count = size = 0
    while hit is not None and (limit is UNDEFINED or count < limit):
        parts.append(text[at : hit.start])
        new = _substitute(rt, replacement, hit, place)
        if not isinstance(new, str):
            raise JsonataError("D3012", value=new)
        parts.append(new)
        size += len(new)
        rt.room(size)
        at = hit.start + len(hit.match)
        count += 1
        hit = _following(rt, hit, pattern, text)
    parts.append(text[at:])
    return rt.text("".join(parts))


def _substitute(rt: Runtime, replacement: Any, hit: _Hit, place: Callable[[int], int]) -> Any:
    if isinstance(replacement, str):
        return replacement if "$" not in replacement else _expand(replacement, hit)
    if replacement is UNDEFINED:
        raise crash("Cannot read properties of undefined (reading 'apply')")
    value = {
        "match": hit.match,
        "start": place(hit.start),
        "end": place(hit.end),
        "groups": [None if group is UNDEFINED else group for group in hit.groups],
    }
    return replacement.call([value], rt)


def _expand(replacement: str, hit: _Hit) -> str:
    """`$1` and the like in a replacement text."""
    parts: list[str] = []
    at = 0
    index = replacement.find("$")
    count = len(hit.groups)
    while index != -1 and at < len(replacement):
        parts.append(replacement[at:index])
        at = index + 1
        char = replacement[at : at + 1]
        if char == "$":
            parts.append("$")
            at += 1
        elif char == "0":
            parts.append(hit.match)
            at += 1
        else:
            digits = 1 if count == 0 else int(math.log10(count)) + 1
            number = _leading_int(replacement[at : at + digits])
            if digits > 1 and number is not None and number > count:
                number = _leading_int(replacement[at : at + digits - 1])
            if number is None:
                parts.append("$")
            else:
                if 0 < number <= count and isinstance(hit.groups[number - 1], str):
                    parts.append(hit.groups[number - 1])
                at += len(str(number))
        index = replacement.find("$", at)
    parts.append(replacement[at:])
    return "".join(parts)


def _leading_int(text: str) -> int | None:
    found = re.match(r"\s*([+-]?[0-9]+)", text)
    return int(found.group(1)) if found else None
