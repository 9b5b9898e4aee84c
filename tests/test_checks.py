"""The checks, by the cases in fixtures/definitions; and the two readings of the schema against each other."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import asl
from asl.checks import check, shape
from asl.errors import Problem
from tests import validators

FIXTURES = Path(__file__).parent.parent / "fixtures" / "definitions"
FIELDS = ("code", "message", "location", "severity")


def cases() -> list[Any]:
    found = []
    for path in sorted(FIXTURES.glob("*valid/*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            found.append(pytest.param(path.parent.name, case, id=f"{path.stem}: {case['says']}"))
    return found


def definition(case: dict[str, Any]) -> Any:
    """A case's definition: whole, or its states (the first is the start), or its one state, named A."""
    if "definition" in case:
        return case["definition"]
    states = case.get("states") or {"A": case["state"]}
    language = {"QueryLanguage": case["query_language"]} if "query_language" in case else {}
    return {"StartAt": next(iter(states)), "States": states, **language}


@pytest.mark.parametrize(("verdict", "case"), cases())
def test_case(verdict: str, case: dict[str, Any]) -> None:
    found = check(definition(case), type=case.get("type", "STANDARD"))
    wanted = [{"severity": "ERROR", **problem} for problem in case["problems"]]
    assert [_fields(problem) for problem in found] == [
        {name: problem[name] for name in FIELDS} for problem in wanted
    ]
    assert [problem.hint for problem, want in zip(found, wanted, strict=True) if "hint" in want] == [
        want["hint"] for want in wanted if "hint" in want
    ]
    assert any(problem.severity == "ERROR" for problem in found) == (verdict == "invalid")


def _fields(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in FIELDS}


def test_a_check_leaves_the_definition_as_it_is() -> None:
    for param in cases():
        document = definition(param.values[1])
        before = copy.deepcopy(document)
        check(document)
        assert document == before


def test_nesting_without_end_is_refused() -> None:
    document: Any = {"Type": "Pass", "End": True}
    for _ in range(400):
        inner = {"StartAt": "A", "States": {"A": document}}
        document = {"Type": "Parallel", "Branches": [inner], "End": True}
    with pytest.raises(asl.DefinitionError, match="TOO_DEEPLY_NESTED"):
        asl.check({"StartAt": "A", "States": {"A": document}})


# Any change to a valid definition: the closures and jsonschema must say the same of it.

LEAVES: list[Any] = [None, True, False, 0, 1, -1, 1.0, 1.5, 100_000_000, "", "a", "{% 1 %}", "{% 1", [], {}]
VALID = [definition(case.values[1]) for case in cases() if case.values[0] == "valid"]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    ahead = [value]
    while ahead:
        here = ahead.pop()
        items = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for key, item in items:
            found.append((here, key))
            ahead.append(item)
    return found


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_the_two_readings_of_the_schema_agree(data: st.DataObject) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(VALID)))
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(document)
        if not places:
            break
        container, key = data.draw(st.sampled_from(places))
        change = data.draw(st.sampled_from(["replace", "remove", "add", "copy"]))
        if change == "replace":
            container[key] = copy.deepcopy(data.draw(st.sampled_from(LEAVES)))
        elif change == "remove":
            del container[key]
        else:
            other, field = data.draw(st.sampled_from(places))
            value = copy.deepcopy(other[field] if change == "copy" else data.draw(st.sampled_from(LEAVES)))
            if isinstance(container, dict):
                container[field if isinstance(field, str) else "Extra"] = value
            else:
                container.append(value)
    valid = Draft202012Validator(shape.schema()).is_valid(document)
    assert shape.accepts(document) == valid
    if not valid:
        assert list(shape.diagnose(document)) or "${" in json.dumps(document)
    check(document)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(shape.schema())


def test_a_sound_definition_needs_no_jsonschema() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from asl.checks import check\n"
        "assert check({'StartAt': 'A', 'States': {'A': {'Type': 'Pass', 'End': True}}}) == []\n"
        "assert 'jsonschema' not in sys.modules and 'difflib' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not validators.SHARED.is_dir(), reason="the recordings are not here: ../shared")
def test_the_verdicts_of_the_service_and_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert validators.main([]) == 0, capsys.readouterr().out
