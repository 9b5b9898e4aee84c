"""Built-in functions on strings."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
import urllib.parse
import uuid
from typing import Any

from asl.jsonata.errors import JsonataError, crash
from asl.jsonata.functions import Callable_
from asl.jsonata.limits import Runtime
from asl.jsonata.operators import check_number
from asl.jsonata.regex import Regex, utf16
from asl.jsonata.sequences import UNDEFINED, Sequence, collapse, is_number
from asl.jsonata.text import string

_BLANKS = re.compile(r"[ \t\n\r]+")
_UNESCAPED = "-_.!~*'()"
_RESERVED = ";/?:@&=+$,#"


def string_(rt: Runtime, value: Any, prettify: Any = False) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if type(value) is str:
        return value
    return rt.text(string(value, prettify is True))


def length(rt: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else len(text)


def lowercase(rt: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else rt.text(text.lower())


def uppercase(rt: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else rt.text(text.upper())


def trim(rt: Runtime, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    text = _BLANKS.sub(" ", text)
    return text.removeprefix(" ").removesuffix(" ")


def substring(rt: Runtime, text: Any, start: Any, size: Any = UNDEFINED) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if start is UNDEFINED:
        start = 0
    if len(text) + start < 0:
        start = 0
    if size is UNDEFINED:
        return text[_whole(start) :]
    if size <= 0:
        return ""
    end = start + size if start >= 0 else len(text) + start + size
    return text[_whole(start) : _whole(end)]


def _whole(index: float) -> int:
    """An index as Array.slice takes it: towards zero."""
    if type(index) is int:
        return index
    if index != index:
        return 0
    return int(max(min(index, 1e15), -1e15))


def substring_before(rt: Runtime, text: Any, chars: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    return text.partition(chars)[0] if isinstance(chars, str) and chars else "" if chars == "" else text


def substring_after(rt: Runtime, text: Any, chars: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if not isinstance(chars, str) or chars not in text:
        return text
    return text[text.index(chars) + len(chars) :]


def pad(rt: Runtime, text: Any, width: Any, chars: Any = UNDEFINED) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if chars is UNDEFINED or not chars:
        chars = " "
    if width is UNDEFINED:
        return text
    missing = abs(width) - len(text)
    if missing <= 0 or missing != missing:
        return text
    if missing != int(missing) or missing >= 2**32 - 1:  # new Array(length) refuses it
        raise crash("Invalid array length")
    missing = int(missing)
    rt.room(missing * len(chars))
    padding = (chars * missing)[:missing]
    return text + padding if width > 0 else padding + text


def join(rt: Runtime, strings: Any, separator: Any = UNDEFINED) -> Any:
    if strings is UNDEFINED:
        return UNDEFINED
    between = "" if separator is UNDEFINED else separator
    rt.room(sum(map(len, strings)) + len(between) * len(strings))
    return between.join(strings)


# ── matching ──────────────────────────────────────────────────────────────────────────────────────


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
    return _protocol(collapse(matcher.call([text], rt)))


def _following(rt: Runtime, hit: _Hit, matcher: Any, text: str) -> _Hit | None:
    if not isinstance(matcher, Regex):
        return _protocol(collapse(hit.next.call([], rt))) if isinstance(hit.next, Callable_) else None
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
    hit = _first(rt, regex, text)
    while hit is not None and (limit is UNDEFINED or len(result) < limit):
        start = utf16(text, hit.start) if isinstance(regex, Regex) else hit.start
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
        parts = text.split(separator) if separator else _code_units(text)
        return rt.array(parts if limit is UNDEFINED else parts[: int(limit)])
    if separator is UNDEFINED:
        return [text]
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


def _code_units(text: str) -> list[str]:
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
    at = count = size = 0
    while hit is not None and (limit is UNDEFINED or count < limit):
        parts.append(text[at : hit.start])
        new = _substitute(rt, replacement, hit, text)
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


def _substitute(rt: Runtime, replacement: Any, hit: _Hit, text: str) -> Any:
    if isinstance(replacement, str):
        return replacement if "$" not in replacement else _expand(replacement, hit)
    if replacement is UNDEFINED:
        raise crash("Cannot read properties of undefined (reading 'apply')")
    value = {
        "match": hit.match,
        "start": utf16(text, hit.start),
        "end": utf16(text, hit.end),
        "groups": [None if group is UNDEFINED else group for group in hit.groups],
    }
    return collapse(replacement.call([value], rt))


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


# ── encodings ─────────────────────────────────────────────────────────────────────────────────────


def base64encode(rt: Runtime, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    units = text.encode("utf-16-le", "surrogatepass")
    return base64.b64encode(units[::2]).decode("ascii")  # the low byte of each code unit


def base64decode(rt: Runtime, text: Any) -> Any:
    """`$base64decode`. Text that is not base64 fails as an internal error of the service, under a new UUID."""
    if text is UNDEFINED:
        return UNDEFINED
    try:
        padded = text.rstrip("=").replace("-", "+").replace("_", "/")
        padded = re.sub(r"\s", "", padded)
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        raise crash(random_uuid(rt)) from None


def _percent(text: str, safe: str, function: str) -> str:
    try:
        return urllib.parse.quote(text.encode("utf-8"), safe=safe)
    except UnicodeEncodeError:
        raise JsonataError("D3140", value=text, functionName=function) from None


def encode_url_component(rt: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else rt.text(_percent(text, _UNESCAPED, "encodeUrlComponent"))


def encode_url(rt: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else rt.text(_percent(text, _UNESCAPED + _RESERVED, "encodeUrl"))


def _unpercent(text: str, keep: str, function: str) -> str:
    def decoded(found: re.Match[str]) -> str:
        raw = bytes.fromhex(found.group().replace("%", ""))
        plain = raw.decode("utf-8")
        return "".join(f"%{ord(char):02X}" if char in keep else char for char in plain)

    try:
        if re.search(r"%(?![0-9a-fA-F]{2})", text):
            raise UnicodeError
        return re.sub(r"(?:%[0-9a-fA-F]{2})+", decoded, text)
    except UnicodeError:
        raise JsonataError("D3140", value=text, functionName=function) from None


def decode_url_component(rt: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else _unpercent(text, "", "decodeUrlComponent")


def decode_url(rt: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else _unpercent(text, _RESERVED, "decodeUrl")


# ── the service's own ─────────────────────────────────────────────────────────────────────────────

_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def hash_(rt: Runtime, text: Any, algorithm: Any = UNDEFINED) -> Any:
    """`$hash`: hexadecimal digest of the UTF-8 bytes. JsonataError D3137 for an unknown algorithm."""
    if text is UNDEFINED:
        raise JsonataError("T0410", value=UNDEFINED, index=1)
    if algorithm is UNDEFINED:
        return UNDEFINED
    if algorithm not in _HASHES:
        known = "SHA-1, SHA-384, SHA-256, SHA-512, MD5"
        raise JsonataError("D3137", message=f"Hash algorithm '{algorithm}' must be one of {known}")
    rt.room(len(text))
    digest = hashlib.new(_HASHES[algorithm], text.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    return digest.hexdigest()


def random_uuid(rt: Runtime) -> str:
    """A UUID of version 4 from the execution's own randomness, so that it replays."""
    bits = rt.random().getrandbits(128)
    return str(uuid.UUID(int=bits, version=4))


__all__ = ["check_number"]
