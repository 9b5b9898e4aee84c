"""The official JSONata suite, against what jsonata-js 2.0.6 (the version the service documents) does.

The suite lies beside the project (`../shared/definitions/expressions/jsonata.jsonl`). Cases on the suite's own
data sets need those, too: `../shared/definitions/expressions/datasets`, or the folder that the environment
names in JSONATA_DATASETS; without them they are left out, and counted.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from asl import jsonata
from asl.jsonata import errors
from asl.jsonata.builtins import BUILTINS
from asl.jsonata.errors import JsonataError
from asl.jsonata.expression import Expression
from asl.jsonata.functions import Native
from asl.jsonata.limits import Runtime
from asl.jsonata.parser import parse
from asl.jsonata.shape import shape
from asl.values import Json

SHARED = Path(__file__).parents[2] / "shared/definitions/expressions"
SUITE = SHARED / "jsonata.jsonl"
DATASETS = Path(os.environ.get("JSONATA_DATASETS", SHARED / "datasets"))

DIFFERENCES = {
    "evaluation nests 100 deep on the service; the case wants 302": lambda case: (
        "$factorial(99)" in case["expr"]
    ),
    "a built-in function has no members": lambda case: case["expr"] == "$sum.*",
    "jsonata-js stumbles over a picture without a digit; the service names the rule (measured)": (
        lambda case: case["file"] == "issue786.json"
    ),
}
"""Reason -> the cases that differ for it. docs/jsonata-differences.md says more."""

SAME_ERRORS = {"U1001": errors.DEPTH, "HANG": errors.TIMEOUT}
"""What the suite's runner calls its own limits -> the service's text for the same."""


def _eval(rt: Runtime, text: Any, focus: Any) -> Any:
    """`$eval`, which the service takes away: here so that its cases test the language all the same."""
    if text is jsonata.UNDEFINED:
        return text
    try:
        expression = jsonata.compile(text)
    except JsonataError as error:
        said = f"Syntax error in expression passed to function eval: {json.dumps(error.message)}"
        raise JsonataError("D3120", text=said) from None
    try:
        return expression.evaluate(focus)
    except JsonataError as error:
        said = f"Dynamic error evaluating the expression passed to function eval: {json.dumps(error.message)}"
        raise JsonataError("D3121", text=said) from None


LANGUAGE = {**BUILTINS, "eval": Native("eval", _eval, "<sx-:x>", 2)}


def compile(text: str) -> Expression:
    """An expression in the language of the suite: the service's, and `$eval`."""
    return Expression(text, shape(parse(text)), LANGUAGE)


def cases() -> list[dict[str, Any]]:
    if not SUITE.exists():
        return []
    return [json.loads(line) for line in SUITE.read_text("utf-8").splitlines()]


def data_of(case: dict[str, Any]) -> Any:
    if "data" in case or not case.get("dataset"):
        return case.get("data", jsonata.UNDEFINED)
    return json.loads((DATASETS / f"{case['dataset']}.json").read_text("utf-8"))


def outcome(case: dict[str, Any]) -> tuple[str, Any]:
    """('value', v), ('nothing', None) or ('error', code or text)."""
    try:
        found = compile(case["expr"]).evaluate(data_of(case), case.get("bindings") or {})
    except jsonata.JsonataError as error:
        return "error", error.code or error.message
    return ("nothing", None) if found is jsonata.UNDEFINED else ("value", found)


def wanted(case: dict[str, Any]) -> tuple[str, Any]:
    actual = case["actual_2_0_6"] if case["on_2_0_6"] == "fail" else {}
    error = actual.get("error", None if actual else case.get("expect_error"))
    if error is not None:
        return "error", SAME_ERRORS.get(error, error)
    if "expect_undefined" in case and not actual:
        return "nothing", None
    return "value", actual.get("value", case.get("expect"))


def alike(found: Json, expected: Json) -> bool:
    """Equality of results, numbers to 13 digits as the suite's own runner takes them."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return abs(found - expected) <= 1e-13 * max(abs(found), abs(expected))
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(alike, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(alike(found[key], expected[key]) for key in found)
    return found == expected


def agrees(case: dict[str, Any]) -> bool:
    kind, found = outcome(case)
    expected_kind, expected = wanted(case)
    if kind != expected_kind:
        return False
    return alike(found, expected) if kind == "value" else found == expected


@pytest.mark.skipif(not SUITE.exists(), reason="the JSONata suite lies in ../shared, which is not here")
def test_the_official_suite() -> None:
    """At least 99 % of what there is to compare, and no difference without a reason."""
    have_data = DATASETS.is_dir()
    compared = [case for case in cases() if have_data or "data" in case or not case.get("dataset")]
    assert len(compared) > 700
    differing = [case for case in compared if not agrees(case)]
    unexplained = [
        f"{case['group']}/{case['file']}: {case['expr']}: wanted {wanted(case)}, found {outcome(case)}"
        for case in differing
        if not any(known(case) for known in DIFFERENCES.values())
    ]
    assert unexplained == []
    assert len(differing) <= len(compared) * 0.01


@pytest.mark.skipif(not SUITE.exists(), reason="the JSONata suite lies in ../shared, which is not here")
def test_the_suite_s_messages() -> None:
    """Every error of the suite is worded as jsonata-js 2.0.6 words it."""
    have_data = DATASETS.is_dir()
    wrong = []
    for case in cases():
        text = case.get("error_message_2_0_6")
        if text is None or case["on_2_0_6"] == "fail" or (case.get("dataset") and not have_data):
            continue
        if any(known(case) for known in DIFFERENCES.values()):
            continue
        try:
            compile(case["expr"]).evaluate(data_of(case), case.get("bindings") or {})
            wrong.append(f"{case['expr']}: no error")
        except jsonata.JsonataError as error:
            if error.message != text and error.code is not None:
                wrong.append(f"{case['expr']}: {error.message}")
    assert wrong == []
