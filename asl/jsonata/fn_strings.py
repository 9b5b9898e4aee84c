"""Built-in functions on strings."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import urllib.parse
import uuid
from typing import Any

from asl.jsonata.errors import JsonataError, crash, memory
from asl.jsonata.limits import MAX_PADDING, Runtime
from asl.jsonata.sequences import UNDEFINED
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
    if missing > MAX_PADDING:
        raise memory()
    rt.room(missing * len(chars))
    padding = (chars * missing)[:missing]
    return text + padding if width > 0 else padding + text


def join(rt: Runtime, strings: Any, separator: Any = UNDEFINED) -> Any:
    if strings is UNDEFINED:
        return UNDEFINED
    between = "" if separator is UNDEFINED else separator
    rt.room(sum(map(len, strings)) + len(between) * len(strings))
    return between.join(strings)


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
