"""Numbers, dates, texts and regular expressions, as jsonata-js 2.0.6 and V8 do them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asl import jsonata
from asl.jsonata import regex
from asl.jsonata.limits import Runtime

EXPRESSIONS = Path(__file__).parents[1] / "fixtures/expressions"
FORMATS = json.loads((EXPRESSIONS / "jsonata-formats.json").read_text("utf-8"))
REGEXES = json.loads((EXPRESSIONS / "jsonata-regex.json").read_text("utf-8"))["cases"]


def expression(case: dict[str, Any]) -> str:
    return str(case["expression"])


@pytest.mark.parametrize("case", FORMATS["values"], ids=expression)
def test_value(case: dict[str, Any]) -> None:
    found = jsonata.compile(case["expression"]).evaluate()
    if isinstance(case["value"], float):
        assert found == pytest.approx(case["value"], rel=1e-15)
    else:
        assert (type(found), found) == (type(case["value"]), case["value"])


@pytest.mark.parametrize("case", FORMATS["errors"], ids=expression)
def test_error(case: dict[str, Any]) -> None:
    with pytest.raises(jsonata.JsonataError) as caught:
        jsonata.compile(case["expression"]).evaluate()
    assert str(caught.value) == case["error"]


@pytest.mark.parametrize("engine", ["re", "matcher"])
@pytest.mark.parametrize("case", REGEXES, ids=lambda case: f"/{case['pattern']}/{case['flags']}")
def test_regex(case: dict[str, Any], engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pattern on Python's `re`, where it may run there, and on our own matcher."""
    monkeypatch.setattr(regex, "RE_STEPS", 1_000_000 if engine == "re" else -1)
    if "error" in case:
        with pytest.raises(jsonata.JsonataError) as caught:
            regex.Pattern(case["pattern"], case["flags"], 0)
        assert caught.value.message == case["error"]
        return
    found = regex.Pattern(case["pattern"], case["flags"], 0).search(case["text"], 0, Runtime(None, {}, None))
    assert (None if found is None else [found.start, found.text, *found.groups]) == case["match"]
