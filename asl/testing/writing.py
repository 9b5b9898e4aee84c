"""JSON values as YAML text that people can go on with: block style, quoted only where it must be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_SHORT = {0: 100, 1: 100, 2: 60}
"""Characters that a collection of that depth may have to stand on one line; a deeper one never does."""

_PLAIN = re.compile(r"[A-Za-z_/][\w ./()+-]*[\w.)/+-]|[A-Za-z_]")
"""Text that YAML takes for nothing but text. Sparing: what is not in it is quoted, as JSON is."""

_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def to_yaml(value: Any) -> str:
    """The YAML text of a JSON value."""
    return "\n".join(_lines(value, 0)) + "\n"


def test_file(
    machine: str, name: str, test: Mapping[str, Any], heading: str, define: Mapping[str, str]
) -> str:
    """The file with one test of a machine."""
    defined = {"define": dict(define)} if define else {}
    return f"# {heading}\n{to_yaml({'machine': machine, **defined, 'tests': {name: dict(test)}})}"


test_file.__test__ = False  # type: ignore[attr-defined]  # a test module may import it


def _lines(value: Any, indent: int) -> Iterator[str]:
    margin = "  " * indent
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _member(f"{margin}{_scalar(key)}:", item, indent)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _member(f"{margin}-", item, indent)
    else:
        yield f"{margin}{_flow(value)}"


def _member(head: str, item: Any, indent: int) -> Iterator[str]:
    flow = _flow(item)
    if not isinstance(item, dict | list) or len(flow) + len(head) <= _SHORT.get(_depth(item), 0):
        yield f"{head} {flow}"
        return
    inner = list(_lines(item, indent + 1))
    if head.endswith("-"):
        yield f"{head} {inner.pop(0).lstrip()}"
    else:
        yield head
    yield from inner


def _depth(value: Any) -> int:
    """How many collections are in each other; an empty one is none."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner)) if inner else 0


def _flow(value: Any) -> str:
    """The value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(map(_readable, text))


def _readable(character: str) -> str:
    """What YAML reads no control character, surrogate or byte order mark without, even in quotes."""
    code = ord(character)
    return character if character.isprintable() else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
