"""Anything may be loaded and checked: it gives a document or a DefinitionError, and ends."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asl.checks import check
from asl.errors import DefinitionError
from asl.source import Source, parse, read, walk
from asl.values import same

SOUND = json.dumps(
    {
        "Comment": 'a "quoted" \u00e9\u2028 text\n',
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.a[0]", "NumericEquals": -1.5e3, "Next": "B/[0]"}],
                "Default": "B/[0]",
            },
            "B/[0]": {
                "Type": "Task",
                "Resource": "arn:aws:lambda:::f",
                "Parameters": {"a.$": "$"},
                "End": True,
            },
        },
    },
    indent=1,
    ensure_ascii=False,
)
FORMATS = st.sampled_from(["json", "yaml", None])
DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=4), children, max_size=4)
    ),
    max_leaves=20,
)
YAML = st.text(alphabet=" \n:-{}[],&*!|>'\"#?%@a1.~<", max_size=40)


def loaded(text: str, format: str | None) -> Source | None:
    try:
        return parse(text, format=format)
    except DefinitionError as error:
        for problem in error.problems:
            assert problem.code and problem.message
            assert problem.line is None or (
                problem.line >= 1 and problem.column is not None and problem.column >= 1
            )
        return None


@settings(deadline=None)
@given(st.text(max_size=60) | YAML, FORMATS)
@example("{" * 1000, None)
@example("- " * 5000, "yaml")
@example("a: &a\n  <<: *a\n", "yaml")
@example("&a [*a, *a]", "yaml")
@example("!!python/object:os.system {}", "yaml")
@example("%YAML 9.9\n---\na", "yaml")
@example('{"a": 1E400}', "json")
@example('{"\\ud800": "\\udfff"}', "json")
def test_any_text(text: str, format: str | None) -> None:
    source = loaded(text, format)
    if source is not None:
        source.place([*source.problems, *check(source.document)])


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    with contextlib.suppress(DefinitionError):
        read(data)


@settings(deadline=None, max_examples=200)
@given(st.data(), FORMATS)
def test_a_sound_text_with_a_few_changes(data: st.DataObject, format: str | None) -> None:
    text = SOUND
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        removed = data.draw(st.integers(0, 3))
        text = (
            text[:at]
            + data.draw(st.sampled_from(['"', ",", "{", "]", "x", "1", ":", "\\", "\n", "${X}", ""]))
            + text[at + removed :]
        )
    source = loaded(text, format)
    if source is not None:
        source.place([*source.problems, *check(source.document)])


@settings(deadline=None, max_examples=200)
@given(DOCUMENTS, st.sampled_from([None, 2]))
def test_every_value_is_found_in_its_text(document: Any, indent: int | None) -> None:
    text = json.dumps(document, indent=indent)
    if document is None or '"Fn::' in text or '"Ref"' in text:  # CloudFormation's functions are replaced
        return
    source = parse(text, format="json")
    lines = text.split("\n")
    for location, value in walk(source.document):
        place = source.position(location)
        assert place is not None
        line, column = place
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        found, end = json.JSONDecoder().raw_decode(rest)
        if rest[end:].lstrip().startswith(":") and isinstance(found, str):  # a key: its value follows
            found, _ = json.JSONDecoder().raw_decode(rest[end:].lstrip()[1:].lstrip())
        named = [item for path, item in walk(source.document) if path == location]  # a name may hold "/"
        assert any(same(found, item) for item in named), (location, value)


@settings(deadline=None, max_examples=200)
@given(DOCUMENTS, st.sampled_from(["STANDARD", "EXPRESS"]))
def test_any_document_can_be_checked(document: Any, type: str) -> None:
    for problem in check(document, type=type):
        assert problem.code and problem.message


SCRAPS = st.sampled_from(
    [
        None,
        1,
        "x",
        "$",
        "$.a",
        "$$",
        "{% 1 %}",
        "{% (",
        "States.Array(",
        "arn:x",
        [],
        {},
        [1],
        {"a.$": 1},
        True,
    ]
)

FIELDS = [
    "Type",
    "Next",
    "End",
    "Resource",
    "Parameters",
    "Choices",
    "Branches",
    "ItemProcessor",
    "Retry",
    "Catch",
    "Assign",
    "Output",
    "InputPath",
    "Seconds",
    "Timestamp",
    "QueryLanguage",
    "Items",
    "ItemReader",
    "Default",
]


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(["A", "B"]),
        st.dictionaries(
            st.sampled_from(FIELDS),
            SCRAPS
            | st.sampled_from(["Task", "Pass", "Choice", "Wait", "Map", "Parallel", "Fail", "A", "JSONata"])
            | st.lists(
                st.dictionaries(st.sampled_from(["Next", "ErrorEquals", "Variable", "And", "Assign"]), SCRAPS)
            ),
        ),
        max_size=2,
    )
)
def test_any_fields_can_be_checked(states: dict[str, Any]) -> None:
    found = check({"StartAt": "A", "States": states})
    assert isinstance(found, list)


@pytest.mark.parametrize("depth", [150, 199])
def test_deep_machines_that_are_read_can_be_checked(depth: int) -> None:
    document: Any = {"Type": "Pass", "End": True}
    for _ in range((depth - 4) // 6):
        inner = {"StartAt": "A", "States": {"A": document}}
        document = {"Type": "Parallel", "Branches": [inner], "End": True}
    text = json.dumps({"StartAt": "A", "States": {"A": document}})
    found = check(parse(text).document)
    assert {problem.code for problem in found} == {"DUPLICATE_STATE_NAME"}
