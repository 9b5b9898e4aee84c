"""JSON that people write, in files and on the command line: read, or refused with the place of what is wrong.

Definitions are read by `asl.jsontext`, in the service's words.
"""

from __future__ import annotations

import json
from typing import NoReturn

from asl.errors import AslError
from asl.values import Json


class DocumentError(AslError):
    """A document that cannot be read; the message begins with its name and the place where it goes wrong."""


def decode(data: bytes, name: str) -> str:
    """The text of a file, which is UTF-8, with a byte order mark or without. Raises `DocumentError`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        told = f"{name} is not UTF-8: byte 0x{data[problem.start]:02x} at {problem.start}"
        raise DocumentError(told) from None


def parse(text: str, name: str, line: int = 1) -> Json:
    """The value of a JSON text that begins at the `line` of what is called `name`. Raises `DocumentError`."""
    try:
        value: Json = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as problem:
        place = f"{name}, line {line + problem.lineno - 1}, column {problem.colno}"
        there = _around(problem)
        raise DocumentError(f"{place}: not JSON: {problem.msg}" + (f": {there}" if there else "")) from None
    except ValueError as problem:
        raise DocumentError(f"{name}: {problem}") from None
    except RecursionError:
        raise DocumentError(f"{name}: the JSON is nested too deep") from None
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _around(problem: json.JSONDecodeError) -> str:
    """The line in which it goes wrong, cut to what stands around the place."""
    start = problem.pos - problem.colno + 1
    line = problem.doc[start:].split("\n", 1)[0]
    first, last = max(0, problem.colno - 41), problem.colno + 39
    return f"{'…' if first else ''}{line[first:last].strip()}{'…' if line[last:] else ''}"
