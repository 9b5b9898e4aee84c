"""Paths against what Jayway JsonPath gave when it was run (../shared/definitions/expressions)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from asl import paths
from asl.errors import ExpressionError, PathError
from asl.values import Json, same
from tests.test_paths import Scope

FOLDER = Path(__file__).parents[2] / "shared" / "definitions" / "expressions"
FILES = sorted(FOLDER.glob("jayway-*.json"))

ON_PURPOSE = (
    re.compile(r"^[^$]"),  # Jayway reads `a` as `$.a`; the service wants the root
    re.compile(r"== [A-Za-z]+\)"),  # a bare word is text on the service, see asl.paths.filters
)

pytestmark = pytest.mark.skipif(not FILES, reason="../shared/definitions/expressions is not here")


def _outcome(path: str, document: Json) -> tuple[str, Json]:
    try:
        return "value", paths.compile(path).select(document, Scope())
    except (ExpressionError, PathError) as error:
        return "error", error.message


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_same_value_or_both_an_error(file):
    corpus = json.loads(file.read_text(encoding="utf-8"))
    differing = []
    for case in corpus["cases"]:
        kind, found = _outcome(case["path"], corpus["documents"][case["document"]])
        agrees = kind == "error" if "error" in case else kind == "value" and same(found, case["expected"])
        if not agrees:
            differing.append(case["path"])
    assert [path for path in differing if not any(reason.search(path) for reason in ON_PURPOSE)] == []
    assert len(differing) <= 0.01 * len(corpus["cases"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_messages_seen_on_the_service_are_jayways(file):
    corpus = json.loads(file.read_text(encoding="utf-8"))
    kept = ("No results for path", "Missing property in path", "Aggregation function", "Function with name")
    compared = 0
    for case in corpus["cases"]:
        message = case.get("error", {}).get("message", "")
        if message.startswith(kept) and case["path"].startswith("$"):
            assert _outcome(case["path"], corpus["documents"][case["document"]]) == ("error", message)
            compared += 1
    assert compared > 20
