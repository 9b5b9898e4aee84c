"""HTTP as the Tasks have it that send requests themselves: query strings and forms, and the bodies of answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote

from asl.values import Json


def form(pairs: Iterable[tuple[str, object]]) -> str:
    """Names and values as a query string or a form has them, every reserved character encoded."""
    return "&".join(f"{quote(key, safe='')}={quote(str(value), safe='')}" for key, value in pairs)


def body(text: str) -> Json:
    """The JSON in the text of an answer; the text itself where it is none."""
    try:
        found: Json = json.loads(text)
    except ValueError:
        return text
    return found
