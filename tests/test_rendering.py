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
from asl.rendering import documents
from asl.values import to_json

TEXTS = st.text(max_size=8) | st.sampled_from(['"\\\n', "é\ud800", "x" * 100, "\x1a"])
SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from([1e22, 0.5, 12345678.5]) | TEXTS
KEYS = st.sampled_from(["a", "b", 'c"', "é"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def shared_documents(draw: st.DrawFn) -> list[Any]:
    """Documents that are put together from a few parts, and from one another."""
    parts: list[Any] = draw(st.lists(VALUES, min_size=1, max_size=4))
    for _ in range(draw(st.integers(1, 12))):
        some = draw(st.lists(st.sampled_from(parts), max_size=4))
        keys = draw(st.lists(KEYS, min_size=len(some), max_size=len(some)))
        parts.append(dict(zip(keys, some, strict=True)) if draw(st.booleans()) else some)
    return parts


@given(shared_documents())
def test_a_document_that_shares_parts_has_its_own_text(values: list[Any]) -> None:
    document = documents()
    for value in values:
        assert f'"{document(value)}"' == to_json(to_json(value))


def test_deep_and_wide_documents_have_their_text() -> None:
    document = documents()
    deep: Any = "leaf" * 30
    for level in range(200):
        deep = {"deep": deep, "list": [deep]} if level % 50 == 0 else {"deep": deep}
        assert f'"{document(deep)}"' == to_json(to_json(deep))
    wide = {f"key {i}": [deep] for i in range(40)}
    assert f'"{document(wide)}"' == to_json(to_json(wide))


def test_a_key_under_which_something_long_comes_late_is_looked_at_again() -> None:
    document = documents()
    long = list(range(1000))
    for value in [{"k": None}, {"k": [1]}, {"k": long}, {"k": long, "n": 1}, {"k": long, "n": 2}]:
        assert f'"{document(value)}"' == to_json(to_json(value))


def recorded(*events: tuple[str, Any, Any, Any]) -> History:
    """A history of events: type, name, data, more."""
    cells: list[Any] = []
    for number, (kind, name, data, more) in enumerate(events):
        cells += (kind, 1_767_225_600_000 + 700 * number, number, "/", name, data, more)
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


def test_a_history_has_the_text_of_its_dictionary_however_it_is_written(tmp_path: Path) -> None:
    history = recorded(*EVENTS * 70)  # more than are written at a time
    assert len(history.cells) == WIDTH * 70 * len(EVENTS)
    whole = history.to_dict()
    assert history.to_json() == to_json(whole)
    file = tmp_path / "history.json"
    history.save(file)
    assert json.loads(file.read_text(encoding="utf-8")) == whole
    assert file.read_text(encoding="utf-8").count("\n") == len(history) + 2


def test_an_empty_history_has_a_text() -> None:
    assert History().to_json() == '{"events":[]}'
