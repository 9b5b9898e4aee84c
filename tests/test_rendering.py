"""The fast way to the text of a history gives what the plain way gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl.events import WIDTH
from asl.history import History
from asl.rendering import document
from asl.values import to_json

TEXTS = st.text(max_size=8) | st.sampled_from(['"\\\n', "é\ud800", "x" * 100, "\x1a"])
SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from([1e22, 0.5, 12345678.5]) | TEXTS
KEYS = st.sampled_from(["a", "b", 'c"', "é"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_document_is_text_within_text(value: Any) -> None:
    # By the standard library, which writes doubles in another way than Java: those are tested with the values.
    plain = json.loads(json.dumps(value), parse_float=lambda text: 0.5)
    compact = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    assert document(plain) == json.dumps(compact, ensure_ascii=False)


def recorded(*events: tuple[str, Any, Any, Any]) -> History:
    """A history of events: type, name, data, more."""
    cells: list[Any] = []
    for number, (kind, name, data, more) in enumerate(events):
        cells += (kind, 1_767_225_600_000 + 700 * number, number * 9 // 10, "/", name, data, more)
    return History(cells)


TASK = ("sqs", "sendMessage")
EVENTS: list[tuple[str, Any, Any, Any]] = [
    ("ExecutionStarted", "arn:role", {"a": 'q"'}, None),
    ("PassStateEntered", 'A "state"', {"a": 1}, None),
    ("PassStateExited", 'A "state"', None, {"v": [1, "é"], "w\n": {}}),
    ("PassStateExited", "B", 0.0001, {}),
    ("LambdaFunctionScheduled", "arn:f", {"a": 1}, None),
    ("LambdaFunctionScheduled", "arn:f", {"a": 1}, (5, None, "arn:role")),
    ("LambdaFunctionScheduled", "arn:other", {"a": 1}, None),
    ("LambdaFunctionStarted", None, None, None),
    ("LambdaFunctionSucceeded", None, "text", None),
    ("LambdaFunctionFailed", None, "Error", None),
    ("LambdaFunctionFailed", None, None, "cause"),
    ("ActivityStarted", None, None, None),
    ("ActivityStarted", None, "worker", None),
    ("TaskScheduled", (*TASK, "us-east-1"), {"a": 1}, None),
    ("TaskScheduled", (*TASK, "us-east-1"), {"a": 1}, (None, 3, None)),
    ("TaskStarted", TASK, None, None),
    ("TaskSubmitted", TASK, {"id": 1}, None),
    ("TaskSucceeded", TASK, {"id": 1}, None),
    ("TaskFailed", TASK, "E", "why"),
    ("TaskStateAborted", None, None, None),
    ("MapStateStarted", None, 3, None),
    ("MapIterationStarted", "Each", 0, None),
    ("MapIterationSucceeded", "Each", 12, None),
    ("MapIterationAborted", "Each", 1, None),
    ("MapStateSucceeded", None, None, None),
    ("ParallelStateStarted", None, None, None),
    ("MapRunStarted", None, "arn:run", None),
    ("EvaluationFailed", "A", ("E", "cause", None), None),
    ("FailStateEntered", "F", [], None),
    ("ExecutionFailed", None, None, None),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event[0])
def test_an_event_has_the_text_of_its_dictionary(event: tuple[str, Any, Any, Any]) -> None:
    history = recorded(event, event)
    assert history.to_json() == to_json(history.to_dict())


@pytest.mark.parametrize("times", [70, 1000])  # more than are written at a time, and than have their ids kept
def test_a_history_has_the_text_of_its_dictionary_however_it_is_written(tmp_path: Path, times: int) -> None:
    history = recorded(*EVENTS * times)
    assert len(history.cells) == WIDTH * times * len(EVENTS)
    whole = history.to_dict()
    assert history.to_json() == to_json(whole)
    file = tmp_path / "history.json"
    history.save(file)
    assert json.loads(file.read_text(encoding="utf-8")) == whole
    assert file.read_text(encoding="utf-8").count("\n") == len(history) + 2


def test_an_empty_history_has_a_text() -> None:
    assert History().to_json() == '{"events":[]}'
