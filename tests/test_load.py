"""Loading definitions: what is read, what is refused and with which words and places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.errors import DefinitionError, Problem
from asl.source import DEPTH, LIMIT, parse, read
from asl.values import Json

HELLO: dict[str, Json] = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
TEXT = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'


def refusal(text: str | bytes, **options: object) -> Problem:
    with pytest.raises(DefinitionError) as caught:
        if isinstance(text, bytes):
            read(text, **options)  # type: ignore[arg-type]
        else:
            parse(text, **options)  # type: ignore[arg-type]
    [problem] = caught.value.problems
    return problem


def test_every_kind_of_source_gives_the_same_document(tmp_path: Path) -> None:
    path = tmp_path / "hello.asl.json"
    path.write_text(TEXT, encoding="utf-8")
    for source in (path, str(path), TEXT, TEXT.encode(), HELLO):
        assert read(source).document == HELLO
    assert read(path).name == str(path)
    assert read(str(path)).format == "json"
    assert read(HELLO).text is None


def test_yaml_is_told_by_its_name_or_its_look(tmp_path: Path) -> None:
    text = "StartAt: A\nStates:\n  A: {Type: Pass, End: true}\n"
    path = tmp_path / "hello.asl.yaml"
    path.write_text(text, encoding="utf-8")
    assert read(path).document == HELLO
    assert read(text).document == HELLO
    assert read(text).format == "yaml"
    assert read(TEXT, format="yaml").document == HELLO


def test_yaml_keeps_words_and_timestamps_as_strings() -> None:
    text = (
        "Yes: {Next: No}\nNo: on\nOn: y\n2024-01-01: 2016-03-14T01:59:00Z\n010: 010\nt: true\nn: ~\nf: 1.5\n"
    )
    assert parse(text, format="yaml").document == {
        "Yes": {"Next": "No"},
        "No": "on",
        "On": "y",
        "2024-01-01": "2016-03-14T01:59:00Z",
        "010": 10,
        "t": True,
        "n": None,
        "f": 1.5,
    }


def test_functions_of_cloudformation_are_placeholders() -> None:
    expected = {"a": "${F.Arn}", "b": "t1", "c": "arn:lambda", "d": "${Fn::Join}", "e": ["${F.Arn}"]}
    tags = "a: !GetAtt F.Arn\nb: !Ref Table\nc: !Sub 'arn:${X}'\nd: !Join ['', [x]]\ne: [!GetAtt [F, Arn]]\n"
    objects = (
        '{"a": {"Fn::GetAtt": ["F", "Arn"]}, "b": {"Ref": "Table"}, "c": {"Fn::Sub": "arn:${X}"},'
        ' "d": {"Fn::Join": ["", ["x"]]}, "e": [{"Fn::GetAtt": "F.Arn"}]}'
    )
    for text, format in ((tags, "yaml"), (objects, "json")):
        source = parse(text, define={"Table": "t1", "X": "lambda"}, format=format)
        assert source.document == expected
        assert [problem.location for problem in source.problems] == ["/a", "/d"]


def test_yaml_anchors_and_merges() -> None:
    text = "base: &b {Type: Pass, End: true}\nA: {<<: *b, Comment: c}\nB: *b\n"
    pass_: Json = {"Type": "Pass", "End": True}
    assert parse(text, format="yaml").document == {
        "base": pass_,
        "A": {"Type": "Pass", "End": True, "Comment": "c"},
        "B": pass_,
    }


BROKEN = [
    ('{\n "a": 1,\n}', "was expecting double-quote to start field name", 3, 1),
    ("{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote", 1, 2),
    ('{"a" 1}', "was expecting a colon to separate field name and value", 1, 6),
    ('{"a": 1\n"b": 2}', "was expecting comma to separate Object entries", 2, 1),
    ('{"a": [1 2]}', "was expecting comma to separate Array entries", 1, 10),
    ('{"a": tru}', "Unrecognized token 'tru': was expecting (JSON String, Number", 1, 7),
    ('{"a": ,}', "Unexpected character (',' (code 44)): expected a valid value", 1, 7),
    ('{"a": [1', "Unexpected end-of-input: expected close marker for Array", 1, 9),
    ('{"a": "x', "Unexpected end-of-input: was expecting closing quote", 1, 7),
    ('{"a": "\n"}', "Illegal unquoted character ((CTRL-CHAR, code 10))", 1, 8),
    ('{"a": "\\q"}', "Unrecognized character escape 'q' (code 113)", 1, 8),
    ("{} {}", "was expecting the end of the definition", 1, 4),
    ('{"a": "NaN", "b": NaN}', "Non-standard token 'NaN'", 1, 19),
    ('{"a": -1e400}', "Number value (-1e400) out of range of double", 1, 7),
    ('{"a": ' + "9" * 5000 + "}", "Exceeds the limit (4300 digits)", 1, 7),
]


@pytest.mark.parametrize(("text", "message", "line", "column"), BROKEN)
def test_broken_json_has_line_column_and_the_words_of_the_service(
    text: str, message: str, line: int, column: int
) -> None:
    problem = refusal(text)
    assert problem.code == "INVALID_JSON_DESCRIPTION"
    assert message in problem.message
    assert (problem.line, problem.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"a": 1 "b": 2}', "a comma is missing before it"),
        ('{"a": [1 2]}', "a comma is missing before it"),
        ('{"a": [1}', "']' is missing before it"),
        ('[{"a": 1]', "'}' is missing before it"),
        ('{"a": 1: 2}', None),
        ('{"a": 1}}', "one closing bracket is too many"),
        ("{} {}", None),
        ("{a: 1}", 'write "a"'),
        ('{"a": yes}', 'write "yes" if it is a text'),
        ('{"a": True}', "write true"),
        ('{"a": None}', "write null"),
        ("not a definition", None),
        ('{\n  "a": {\n    "b": [1, 2\n  },\n  "c": 1\n}', "']' is missing before it"),
        (
            '{\n  "a": {\n    "x": 1,\n  "b": {\n    "x": 2\n  }\n}\n',
            "the object that begins in line 2 is not closed, it seems",
        ),
        ('{\n  "a": [\n    1\n', "the array that begins in line 2 is not closed, it seems"),
        ('{\n "a": 1', "the object that begins in line 1 is not closed, it seems"),
    ],
)
def test_broken_json_has_a_hint_where_the_mistake_is_known(text: str, hint: str | None) -> None:
    assert refusal(text).hint == hint


def test_words_that_are_not_json() -> None:
    """As recorded from the service, place included."""
    problem = refusal("not a definition")
    place = '[Source: (String)"not a definition"; line: 1, column: 4]'
    assert problem.location == place
    assert problem.message == (
        "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', "
        f"'true' or 'false')\n at {place}"
    )


def test_a_problem_is_told_without_the_text_that_it_is_in() -> None:
    told = "INVALID_JSON_DESCRIPTION: Unexpected end-of-input: expected close marker for Object"
    assert str(refusal('{"a": 1')).partition(": ")[2] == told
    assert str(refusal('{"a": 1,}')).endswith("field name (remove the comma before it)")


def test_the_place_in_an_expression_is_told_below_the_problem() -> None:
    state = {"Type": "Pass", "Output": "{% $sum([1 %}", "End": True}
    with pytest.raises(DefinitionError) as raised:
        asl.load({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}})
    first, expression, caret = str(raised.value).splitlines()
    assert first.startswith("INVALID_JSONATA_EXPRESSION: ") and first.endswith(" at /States/A/Output")
    assert (expression, caret.strip()) == ("     $sum([1", "^")


@pytest.mark.parametrize("text", ["", " \n", "null"])
def test_nothing_is_missing(text: str) -> None:
    assert refusal(text).code == "MISSING_DESCRIPTION"


def test_wrong_utf8_names_the_byte() -> None:
    problem = refusal(b'{"a":\n "\xff"}')
    assert problem.message == "Invalid UTF-8: byte 0xff at offset 8"
    assert (problem.line, problem.column) == (2, 3)
    assert refusal("{}".encode("utf-16")).hint == "it looks like UTF-16"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read(b"\xef\xbb\xbf" + TEXT.encode()).document == HELLO


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "[" * 300 + "]" * 300, "x: " + "[" * 20_000]
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert refusal(text).code == "TOO_DEEPLY_NESTED"


def test_nesting_up_to_the_limit_is_read() -> None:
    document = parse("[" * DEPTH + "]" * DEPTH).document
    for _ in range(DEPTH - 1):
        assert isinstance(document, list)
        [document] = document
    assert document == []


def test_a_dict_that_contains_itself_is_refused() -> None:
    endless: dict[str, Json] = {}
    endless["a"] = endless
    with pytest.raises(DefinitionError, match="nested deeper"):
        read(endless)


def test_a_huge_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.seek(100_000_000)
        file.write(b"}")
    with pytest.raises(DefinitionError) as caught:
        read(path)
    [problem] = caught.value.problems
    assert problem.code == "ASL_DEFINITION_TOO_LARGE"
    assert str(LIMIT) in problem.message
    assert problem.source == str(path)


def test_the_limit_of_size_can_be_lifted() -> None:
    text = '{"Comment": "' + "x" * LIMIT + '"}'
    assert refusal(text).code == "ASL_DEFINITION_TOO_LARGE"
    assert parse(text, limit=None).document == {"Comment": "x" * LIMIT}


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nowhere.json")


def test_states_of_one_name_are_refused_and_other_fields_warned_about() -> None:
    source = parse('{"States": {"A": {"x": 1,\n "x": 2},\n "B": {},\n "B": {"Type": "Pass"}}}', name="f.json")
    assert source.document == {"States": {"A": {"x": 2}, "B": {"Type": "Pass"}}}
    field, state = source.place(source.problems)
    assert str(state) == "f.json:4:2: DUPLICATE_STATE_NAME: Duplicate State name: B at /States/B"
    assert (field.code, field.severity, field.line, field.column) == ("ASL_DUPLICATE_FIELD", "WARNING", 2, 7)


def test_duplicate_keys_in_yaml() -> None:
    source = parse("States:\n  A: {Type: Pass}\n  A: {Type: Fail}\n", format="yaml")
    [problem] = source.place(source.problems)
    assert (problem.code, problem.line, problem.column) == ("DUPLICATE_STATE_NAME", 3, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [\n", "expected the node content"),
        ("a: b: c\n", "mapping values are not allowed here"),
        ("? [1]\n: 2\n", "a key must be a string"),
        ("a: &a [*a]\n", "an alias stands inside the value that it names"),
        ("a: *b\n", "found undefined alias 'b'"),
        ("a: .inf\n", "'.inf' is not a number of JSON"),
        ("a: 1e999\n", "'1e999' is not a number of JSON"),
        ("<<: 1\n", "'<<' merges mappings only"),
        ("a: 1\n---\nb: 2\n", "expected a single document in the stream"),
        ("a: !!int x\n", "'x' is not a number"),
        ("a: \x00\n", "special characters are not allowed"),
    ],
)
def test_broken_yaml(text: str, message: str) -> None:
    problem = refusal(text, format="yaml")
    assert message in problem.message
    assert problem.line


def test_aliases_that_mean_billions_are_refused() -> None:
    lines = ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    lines += [
        f"{new}: &{new} [{','.join(['*' + old] * 10)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    assert refusal("\n".join(lines), format="yaml").message.startswith("aliases make more than")


def test_placeholders_are_filled_in_before_parsing() -> None:
    text = '{"Resource": "arn:${Kind}:${Name}", "Seconds": ${Wait}}'
    source = parse(text, define={"Kind": "lambda", "Name": "f", "Wait": "30"})
    assert source.document == {"Resource": "arn:lambda:f", "Seconds": 30}
    assert source.problems == ()


def test_placeholders_without_a_value_are_reported_once() -> None:
    text = '{"a": "${X}", "b": ["${X}", "${Y}"],\n "Seconds": ${Wait}, "c": ${Wait}}'
    source = parse(text)
    assert source.document == {"a": "${X}", "b": ["${X}", "${Y}"], "Seconds": "${Wait}", "c": "${Wait}"}
    found = {
        problem.message: (problem.severity, problem.line, problem.hint)
        for problem in source.place(source.problems)
    }
    assert found == {
        "'${X}' has no value": ("WARNING", 1, "define X"),
        "'${Y}' has no value": ("WARNING", 1, "define Y"),
        "'${Wait}' has no value": ("ERROR", 2, "define Wait"),
    }


@pytest.mark.parametrize("format", ["json", "yaml"])
def test_positions(format: str) -> None:
    text = """{ "StartAt": "A/B[0]",
  "States": {
    "A/B[0]": {
      "Type": "Choice",
      "Choices": [
        {"Variable": "$.\\u0041", "IsNull": true, "Next": "X"},
        {"Next":
            "Y"}
      ]
    },
    "A": {"B": 1}
  }
}
"""
    source = parse(text, format=format)
    assert source.position("/StartAt") == (1, 14)
    assert source.position("/States") == (2, 3)
    assert source.position("/States/A/B[0]/Choices[0]") == (6, 9)
    assert source.position("/States/A/B[0]/Choices[0]/Variable") == (6, 22)
    assert source.position("/States/A/B[0]/Choices[1]/Next") == (8, 13)
    assert source.position("/States/A/B[0]/Missing/Field") == (3, 5)
    assert source.position("/") == (1, 1)
    assert source.position("") == (1, 1)


@pytest.mark.parametrize("location", ["/", "/States/A"])
def test_a_problem_of_a_field_is_where_the_field_is(location: str) -> None:
    source = parse('{ "Strat": "A",\n  "States": { "A": {\n    "Typ": "Pass" } } }')
    field, place = {"/": ("Strat", (1, 12)), "/States/A": ("Typ", (3, 12))}[location]
    (placed,) = source.place([Problem(location, "X", "y", field=field)])
    assert (placed.location, placed.line, placed.column) == (location, *place)


def test_fields_that_are_not_supported_are_told_with_their_lines() -> None:
    text = """{ "StartAt": "A", "States": { "A": {
  "Type": "Pass",
  "Nxt": "B",
  "Arguments": {} } } }"""
    with pytest.raises(asl.DefinitionError) as refused:
        asl.load(text)
    told = {problem.field: problem.line for problem in refused.value.problems if problem.field}
    assert told == {"Nxt": 3, "Arguments": 4}


def test_a_dict_has_no_positions() -> None:
    source = read(HELLO)
    assert source.position("/States/A") is None
    assert source.place([Problem("/States/A", "X", "y")]) == [Problem("/States/A", "X", "y")]


def test_a_placeholder_where_a_value_must_be_known_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "limit.asl.json"
    rule = {"Variable": "$.n", "NumericLessThan": "${Limit}", "Next": "Done"}
    states = {"Below": {"Type": "Choice", "Choices": [rule], "Default": "Done"}, "Done": {"Type": "Succeed"}}
    path.write_text(json.dumps({"StartAt": "Below", "States": states}, indent=1), encoding="utf-8")
    with pytest.raises(asl.DefinitionError) as refusal:
        asl.load(path)
    (problem,) = refusal.value.problems
    assert (problem.location, problem.line) == ("/States/Below/Choices[0]/NumericLessThan", 9)
    assert "'${Limit}' has no value: Expected value of type [NUMBER]" in str(problem)
    assert problem.hint == "give the ${…} placeholders their values"


@pytest.mark.parametrize(
    "place",
    [
        ("States",),
        ("States", "A"),
        ("States", "A", "Type"),
        ("States", "A", "Retry"),
        ("States", "A", "Retry", 0, "ErrorEquals"),
        ("States", "A", "Next"),
        ("States", "A", "QueryLanguage"),
        ("States", "W", "Timestamp"),
        ("States", "M", "ItemReader"),
        ("States", "M", "ItemProcessor"),
        ("States", "M", "ItemProcessor", "ProcessorConfig"),
        ("States", "M", "ItemProcessor", "StartAt"),
        ("States", "P", "Branches"),
        ("States", "P", "Branches", 0),
        ("StartAt",),
        ("TimeoutSeconds",),
    ],
    ids=lambda place: "/".join(map(str, place)),
)
def test_a_placeholder_for_a_part_of_the_machine_is_refused_with_its_place(place: tuple[Any, ...]) -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    branch = {"StartAt": "J", "States": {"J": {"Type": "Pass", "End": True}}}
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    task = {"Type": "Task", "Resource": function, "Next": "W", "Retry": [{"ErrorEquals": ["E"]}]}
    wait = {"Type": "Wait", "Timestamp": "2026-01-01T00:00:00Z", "Next": "M"}
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    distributed = {**inner, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    spread = {"Type": "Map", "ItemReader": reader, "ItemProcessor": distributed, "Next": "P"}
    both = {"Type": "Parallel", "Branches": [branch], "End": True}
    machine: Any = {"StartAt": "A", "States": {"A": task, "W": wait, "M": spread, "P": both}}
    asl.load(machine)
    holder = machine
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = "${Later}"
    with pytest.raises(asl.DefinitionError) as refusal:
        asl.load(machine)
    told = {problem.location: problem.code for problem in refusal.value.problems}
    where = "".join(f"[{step}]" if isinstance(step, int) else f"/{step}" for step in place)
    within = "/States/W" if place[-1] == "Timestamp" else where
    assert told[within] == "ASL_NOT_COMPILED"
