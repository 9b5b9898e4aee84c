"""What small machines come to, as data: `fixtures/outcomes.json`. Each case says one rule of the language."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import asl

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "outcomes.json").read_text(encoding="utf-8")
)


def task(entries: list[dict[str, Any]]) -> Callable[[Any], Any]:
    """A task that answers by the entries, one after the other, each `after` so many seconds."""
    left = iter(entries)

    def answer(payload: Any) -> Any:
        entry = next(left)
        result = asl.TaskError(entry["throw"], entry.get("cause")) if "throw" in entry else entry["return"]
        return asl.after(entry.get("after", 0), result)

    return answer


@pytest.mark.parametrize("case", CASES, ids=[case["says"] for case in CASES])
def test_comes_to_what_is_expected(case: dict[str, Any]) -> None:
    tasks = {state: task(entries) for state, entries in case.get("tasks", {}).items()}
    machine = asl.load(case["machine"])
    result = machine.run(case.get("input"), tasks=tasks)
    found = {
        "output": result.output,
        "error": result.error,
        "cause": result.cause,
        "at": result.history.to_dict()["events"][-1]["timestamp"],
        "path": result.path,
    }
    assert {key: found[key] for key in case["expect"]} == case["expect"]
    assert (result.status == "SUCCEEDED") is ("error" not in case["expect"])
    assert asl.replay(result.history, machine).divergence is None
    assert [each.notes for each in asl.explain(result, machine) if each.notes] == []
