"""The same machine in both query languages: the same outcome, and shown side by side in docs/jsonata.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "fixtures" / "pairs").glob("*.json"))


def pair(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def tasks(case: dict[str, Any]) -> dict[str, Any]:
    def serve(answer: Any) -> Any:
        def task(payload: Any) -> Any:
            if "throw" in answer:
                raise asl.TaskError(answer["throw"]["Error"], answer["throw"]["Cause"])
            return answer

        return task

    return {state: serve(answer) for state, answer in case.get("tasks", {}).items()}


@pytest.mark.parametrize("language", ["jsonpath", "jsonata"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_both_languages_come_to_the_same(path: Path, language: str) -> None:
    case = pair(path)
    result = asl.load(case[language]).run(case["input"], tasks=tasks(case))
    shown = {"status": result.status, "output": result.output, "error": result.error, "cause": result.cause}
    assert {key: shown[key] for key in case["expect"]} == case["expect"]


def test_there_are_pairs_enough() -> None:
    assert len(FILES) >= 12


def page() -> str:
    """The part of docs/jsonata.md that shows the pairs."""
    parts = []
    for path in FILES:
        case = pair(path)
        parts.append(f"### {path.stem.replace('-', ' ').capitalize()}\n\n{case['says']}\n")
        for title, language in (("JSONPath", "jsonpath"), ("JSONata", "jsonata")):
            states = json.dumps(case[language]["States"], indent=2, ensure_ascii=False)
            parts.append(f"{title}:\n\n```json\n{states}\n```\n")
        outcome = case["expect"].get("output", case["expect"])
        parts.append(
            f"`{json.dumps(case['input'], ensure_ascii=False)}` gives `{json.dumps(outcome, ensure_ascii=False)}`.\n"
        )
    return "\n".join(parts)


def test_the_guide_shows_the_pairs() -> None:
    assert page() in (ROOT / "docs" / "jsonata.md").read_text(encoding="utf-8")
