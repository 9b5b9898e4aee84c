"""Drawings of state machines: the model, a run laid over it, and what each format makes of them."""

from __future__ import annotations

import importlib
import re
import subprocess
import sysconfig
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Asl, asl_command, write

__all__ = ["asl_command"]

import asl
from asl import graph, source
from asl.graph import LayoutError, Mark

laying_out = importlib.import_module("asl.graph.svg")  # the package has a function of that name
REAL = Path(__file__).parents[2] / "shared" / "definitions" / "real"
SVG = "{http://www.w3.org/2000/svg}"
NASTY = 'a "quoted" <b>&amp; \\N `{x}` %% #1;\n| 1. \x00 ]]> end'
NAMES = ["\ud800", "\x00\x1b\uffff", "", " ", "\\", "\\N\\", '"', "&lt;&#0;", "%%{init: {}}%%", "end"]

ORDER: dict[str, Any] = {
    "StartAt": "Check",
    "States": {
        "Check": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.total", "NumericGreaterThan": 100, "Next": "Each"},
                {"Not": {"Variable": "$.id", "IsPresent": True}, "Next": "Reject"},
            ],
            "Default": "Ship",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {
                "StartAt": "Both",
                "States": {
                    "Both": {
                        "Type": "Parallel",
                        "Branches": [
                            {"StartAt": "L", "States": {"L": {"Type": "Pass", "End": True}}},
                            {"StartAt": "R", "States": {"R": {"Type": "Pass", "End": True}}},
                        ],
                        "End": True,
                    }
                },
            },
            "Next": "Ship",
        },
        "Ship": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:ship",
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 2}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Reject"}],
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Reject": {"Type": "Fail", "Error": "Rejected"},
    },
}


def _named(text: str) -> dict[str, Any]:
    """A machine that has the text wherever a machine may have any."""
    return {
        "StartAt": text,
        "States": {
            text: {"Type": "Choice", "Choices": [{"Condition": text, "Next": "to " + text}], "Default": text},
            "to " + text: {
                "Type": "Task",
                "Resource": text,
                "Catch": [{"ErrorEquals": [text], "Next": text}],
                "Retry": [{"ErrorEquals": [text]}],
                "End": True,
            },
        },
    }


def _states(whole: graph.Machine) -> dict[tuple[str, str], graph.State]:
    return {(part.address, state.name): state for part, state in graph.walk(whole)}


def _run(input: Any, **answers: Any) -> graph.Marks:
    outcome = asl.load(ORDER).run(input, tasks=answers)
    return graph.marks(graph.machine(ORDER), outcome.history)


def test_the_model_has_every_state_by_the_address_of_its_machine() -> None:
    assert list(_states(graph.machine(ORDER))) == [
        ("/", "Check"),
        ("/", "Each"),
        ("/Each", "Both"),
        ("/Each/Both/0", "L"),
        ("/Each/Both/1", "R"),
        ("/", "Ship"),
        ("/", "Done"),
        ("/", "Reject"),
    ]


def test_edges_say_where_they_stand_and_why_they_are_taken() -> None:
    states = _states(graph.machine(ORDER))
    assert states["/", "Check"].edges == (
        ("Choices[0]", "Each", "$.total > 100"),
        ("Choices[1]", "Reject", "not ($.id is present)"),
        ("Default", "Ship", "Default"),
    )
    assert states["/", "Ship"].edges == (("Next", "Done", ""), ("Catch[0]", "Reject", "Catch States.ALL"))
    assert states["/", "Ship"][2:4] == ("lambda:ship", ("Retry ×2 Busy",))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Variable": "$.a", "StringEquals": "x"}, '$.a = "x"'),
        ({"Variable": "$.a", "NumericLessThanEqualsPath": "$.b"}, "$.a ≤ $.b"),
        (
            {"Variable": "$.a", "TimestampGreaterThanEquals": "2024-01-01T00:00:00Z"},
            '$.a ≥ "2024-01-01T00:00:00Z"',
        ),
        ({"Variable": "$.a", "StringMatches": "log-*"}, '$.a matches "log-*"'),
        ({"Variable": "$.a", "IsNull": False}, "$.a is not null"),
        ({"Variable": "$.a", "BooleanEquals": True}, "$.a = true"),
        (
            {
                "And": [
                    {"Variable": "$.a", "IsNumeric": True},
                    {"Or": [{"Variable": "$.b", "IsString": True}, {"Variable": "$.c", "IsBoolean": True}]},
                ]
            },
            "$.a is a number and ($.b is a string or $.c is a boolean)",
        ),
        ({"Condition": "{% $states.input.total > 100 %}"}, "$states.input.total > 100"),
        ({"Condition": True}, "true"),
        ({"Condition": "{% " + "x" * 100 + " %}"}, "x" * 59 + "…"),
        ({"Not": 3}, "not (?)"),
        ({}, "?"),
    ],
)
def test_rules_are_said_in_a_few_words(rule: dict[str, Any], words: str) -> None:
    document = {"States": {"C": {"Type": "Choice", "Choices": [{**rule, "Next": "C"}]}}}
    assert _states(graph.machine(document))["/", "C"].edges[0].label == words


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"States": 3},
        {"StartAt": 3, "States": {"A": None}},
        {"StartAt": "Gone", "States": {"A": {"Type": "Parallel", "Branches": {"B": 1}}}},
        {"StartAt": "A", "States": {"A": {"Type": "Map", "ItemProcessor": "x", "Catch": [3, {"Next": "Z"}]}}},
        {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": "x", "Default": 7, "Next": ["B"]}}},
        {"StartAt": "", "States": {"": {"Type": "", "Retry": 3, "Next": ""}}},
    ],
)
def test_what_has_errors_is_drawn_as_far_as_it_goes(broken: Any) -> None:
    model = graph.machine(broken)
    assert graph.mermaid(model).startswith("flowchart TD\n")
    assert graph.dot(model).startswith("digraph")
    ElementTree.fromstring(graph.svg(model))
    graph.tree(model)


def test_an_edge_to_a_state_that_does_not_exist_leads_to_one_of_no_type() -> None:
    model = graph.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Gone"}}})
    assert [(state.name, state.type) for state in model.states] == [("A", "Pass"), ("Gone", "?")]


def test_a_run_marks_the_states_that_it_visited_and_the_edges_that_it_took() -> None:
    marks = _run({"total": 200, "id": 1, "items": [1, 2, 3]}, ship=lambda _: {})
    assert (
        {key for key, mark in marks.items() if mark.style == "visited"}
        == set(marks)
        == {
            ("/", "", "StartAt"),
            ("/", "Check"),
            ("/", "Check", "Choices[0]"),
            ("/", "Each"),
            ("/", "Each", "Next"),
            ("/Each", "", "StartAt"),
            ("/Each", "Both"),
            ("/Each", "Both", "End"),
            ("/Each/Both/0", "", "StartAt"),
            ("/Each/Both/0", "L"),
            ("/Each/Both/0", "L", "End"),
            ("/Each/Both/1", "", "StartAt"),
            ("/Each/Both/1", "R"),
            ("/Each/Both/1", "R", "End"),
            ("/", "Ship"),
            ("/", "Ship", "Next"),
            ("/", "Done"),
            ("/", "Done", "End"),
        }
    )
    assert marks["/Each", "Both"].note == "3 visits"
    assert marks["/Each/Both/1", "R", "End"].note == "3×"


def test_a_caught_error_is_told_from_a_failure_and_tries_and_times_are_counted() -> None:
    def busy(_: Any) -> Any:
        raise asl.StatesError("Busy", "come back")

    marks = _run({"total": 1, "id": 1}, ship=busy)
    assert marks["/", "Ship"].style == "caught"
    assert marks["/", "Ship"].note == "3 tries · 3 s"  # back-offs of 1 and 2 seconds
    assert marks["/", "Ship", "Catch[0]"].style == "caught"
    assert ("/", "Ship", "Next") not in marks
    assert marks["/", "Reject"] == Mark("failed", "Rejected")


def test_the_frames_of_states_with_slashes_in_their_names_are_found() -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    other = {"StartAt": "O", "States": {"O": {"Type": "Pass", "End": True}}}
    document = {
        "StartAt": "a/0",
        "States": {
            "a/0": {"Type": "Map", "ItemsPath": "$", "ItemProcessor": inner, "Next": "a"},
            "a": {"Type": "Parallel", "Branches": [other], "End": True},
        },
    }
    outcome = asl.load(document).run([1])
    assert {key for key in graph.marks(graph.machine(document), outcome.history) if len(key) == 2} == {
        ("/", "a/0"),
        ("/a/0", "I"),
        ("/", "a"),
        ("/a/0", "O"),
    }


def test_mermaid_has_groups_labels_and_colours() -> None:
    text = graph.draw(ORDER, "mermaid")
    assert text.splitlines()[:3] == [
        "flowchart TD",
        "  start((Start))",
        '  s0{{"Check<br/>Choice"}}',
    ]
    assert 'subgraph s1group["Each"]' in text
    assert text.count("subgraph ") == len(re.findall(r"^ +end$", text, re.MULTILINE)) == 5
    assert '|"$.total #62; 100"|' in text
    assert "-.->" in text


def test_mermaid_text_holds_nothing_that_mermaid_reads() -> None:
    quoted = re.findall(r'"(.*?)"', graph.draw(_named(NASTY), "mermaid"))
    assert quoted
    for text in quoted:
        plain = re.sub(r"#\d+;|<br/>", "", text)
        assert not set(plain) & set('"<>&`{}|#;\\\n\0'), text
        assert "%%" not in plain
    assert graph.draw(_named("1. first"), "mermaid").count('"1#46; first<br/>') == 1


def test_svg_is_xml_with_a_group_for_every_state_and_a_line_for_every_edge() -> None:
    root = ElementTree.fromstring(graph.draw(ORDER, "svg"))
    classes = [set(each.get("class", "").split()) for each in root.iter(SVG + "g")]
    assert sum("state" in each for each in classes) == 8
    assert sum("cluster" in each for each in classes) == 5  # Each, its processor, Both, two branches
    assert sum("choices" in each for each in classes) == 2
    assert sum("catch" in each for each in classes) == 1
    assert "$.total > 100" in "".join(root.itertext())


def test_svg_and_html_need_nothing_outside_them() -> None:
    for form in ("svg", "html"):
        text = graph.draw(ORDER, form)
        assert "<script" not in text and "<!ENTITY" not in text and "@import" not in text
        links = re.findall(r"""(?:href|src)=["']([^"']*)|url\(""", text)
        assert links == []
        named = set(re.findall(r"https?://[^\s\"'<]+", text))
        assert named <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_svg_shows_any_text_as_it_is() -> None:
    shown = "".join(ElementTree.fromstring(graph.draw(_named(NASTY), "svg")).itertext())
    assert 'a "quoted" <b>&amp; \\N `{x}` %% #1; | 1. � ]]> end' in shown.replace("\n", " ").replace(
        "\xa0", " "
    )


def test_html_shows_any_text_as_it_is() -> None:
    text = graph.html(graph.machine(_named("<script>alert(1)</script>")), {}, "<script>")
    assert "<script" not in text
    assert "<title>&lt;script&gt;</title>" in text


@pytest.mark.parametrize("form", sorted(graph.FORMATS))
@pytest.mark.parametrize(
    "text", ["\ud800", "\x00\x1b\uffff", "", " ", "\\", "\\N\\", '"', "&lt;&#0;", "%%{init: {}}%%", "end"]
)
def test_any_name_can_be_drawn_and_written(form: str, text: str) -> None:
    graph.draw(_named(text), form).encode()
    if form == "svg":
        ElementTree.fromstring(graph.draw(_named(text), form))


def test_marks_are_classes_and_colours() -> None:
    marks = {("/", "Ship"): Mark("mine", "half"), ("/", "Ship", "Next"): Mark("visited")}
    root = ElementTree.fromstring(graph.svg(graph.machine(ORDER), marks))
    by_class = {frozenset(each.get("class", "").split()): each for each in root.iter(SVG + "g")}
    assert "half" in "".join(by_class[frozenset({"node", "state", "task", "mine"})].itertext())
    assert frozenset({"edge", "next", "visited"}) in by_class
    assert frozenset({"edge", "next", "missed"}) in by_class


def test_a_state_that_many_catch_into_is_named_where_they_catch() -> None:
    states: dict[str, Any] = {
        f"T{i}": {
            "Type": "Task",
            "Resource": "r",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Bad"}],
            "Next": f"T{i + 1}",
        }
        for i in range(10)
    }
    document = {"StartAt": "T0", "States": {**states, "T10": {"Type": "Succeed"}, "Bad": {"Type": "Fail"}}}
    assert graph.draw(document, "dot").count('label="→ Bad"') == 10


def test_a_machine_of_two_hundred_states_is_drawn_whole() -> None:
    root = ElementTree.fromstring(graph.draw(_large(200), "svg"))
    found = [each for each in root.iter(SVG + "g") if "state" in each.get("class", "").split()]
    assert len(found) == 200 + 1


def _large(states: int) -> dict[str, Any]:
    """Tasks that retry and catch, Choices that skip ahead and lead back, in one long machine."""
    made: dict[str, Any] = {"Failed": {"Type": "Fail", "Error": "No"}}
    for i in range(states):
        if i % 4 == 3 and i < states - 4:
            rules = [
                {"Variable": "$.a", "NumericEquals": i, "Next": f"S{i + 3}"},
                {"Variable": "$.b", "IsPresent": True, "Next": f"S{max(i - 9, 0)}"},
            ]
            made[f"S{i}"] = {"Type": "Choice", "Choices": rules, "Default": f"S{i + 1}"}
            continue
        made[f"S{i}"] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
            **({"Next": f"S{i + 1}"} if i < states - 1 else {"End": True}),
        }
    return {"StartAt": "S0", "States": made}


def test_tree_stands_in_the_order_of_the_run() -> None:
    assert graph.draw(ORDER, "tree") == (
        "├─ Check (Choice)\n"
        "│  ├─ $.total > 100 → Each\n"
        "│  ├─ not ($.id is present) → Reject\n"
        "│  └─ Default → Ship\n"
        "├─ Each (Map) → Ship  [each of $.items]\n"
        "│  └─ Each item\n"
        "│     └─ Both (Parallel) ■\n"
        "│        ├─ Branch 1\n"
        "│        │  └─ L (Pass) ■\n"
        "│        └─ Branch 2\n"
        "│           └─ R (Pass) ■\n"
        "├─ Ship (Task)  [lambda:ship, Retry ×2 Busy]\n"
        "│  ├─ → Done\n"
        "│  └─ Catch States.ALL → Reject\n"
        "├─ Done (Succeed)\n"
        "└─ Reject (Fail)  [Rejected]\n"
    )


def test_tree_sends_no_control_characters_to_a_terminal() -> None:
    text = graph.draw(_named("\x1b[31mred\x07"), "tree")
    assert all(character.isprintable() or character == "\n" for character in text)


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="'png' is not one of the formats mermaid, dot, svg, html, tree"):
        graph.draw(ORDER, "png")


def test_without_graphviz_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laying_out, "which", lambda *_, **__: None)
    with pytest.raises(LayoutError, match=r"pip install 'asl-interpreter\[graph\]'"):
        graph.draw(ORDER, "svg")
    assert graph.draw(ORDER, "mermaid")


def test_a_layout_that_takes_too_long_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: Any, timeout: float, **__: Any) -> Any:
        raise subprocess.TimeoutExpired("dot", timeout)

    monkeypatch.setattr(laying_out.subprocess, "run", endless)
    with pytest.raises(LayoutError, match="too tangled"):
        graph.draw(ORDER, "svg")


@pytest.mark.skipif(not REAL.is_dir(), reason="the definitions of ../shared are not there")
def test_every_real_definition_is_drawn() -> None:
    found = [path for path in sorted(REAL.iterdir()) if path.suffix not in (".tmpl", ".tsv")]
    assert len(found) > 400
    for path in found:
        model = graph.machine(source.read(path).document)
        drawn = sum(1 for _ in graph.walk(model))
        root = ElementTree.fromstring(graph.svg(model))
        states = [each for each in root.iter(SVG + "g") if "state" in each.get("class", "").split()]
        assert len(states) == drawn > 0, path.name
        assert graph.mermaid(model).count("<br/>") >= drawn
        assert graph.tree(model).count("\n") >= drawn


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The machine in a file, beside it the history of a run that shipped at once."""
    asl.load(ORDER).run({"total": 1, "id": 1}, tasks={"ship": lambda _: {}}).history.save(
        tmp_path / "history.json"
    )
    return write(tmp_path, "machine.asl.json", ORDER)


def test_the_command_draws_a_tree_where_no_format_is_said(asl_command: Asl, machine: Path) -> None:
    assert asl_command("graph", machine) == (0, graph.draw(ORDER, "tree"), "")


@pytest.mark.parametrize("form", sorted(graph.FORMATS))
def test_the_command_lays_a_run_over_the_drawing(asl_command: Asl, machine: Path, form: str) -> None:
    history = machine.with_name("history.json")
    said = asl_command("graph", machine, "--format", form, "--history", history)
    expected = graph.draw(ORDER, form, history)
    assert said == (0, expected.replace("State machine", "machine.asl.json"), "")
    assert expected != graph.draw(ORDER, form)


def test_the_command_writes_to_a_file(asl_command: Asl, machine: Path) -> None:
    out = machine.with_name("graph.html")
    assert asl_command("graph", machine, "-f", "html", "-o", out) == (0, "", "")
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.svg", "svg"), ("a.HTML", "html"), ("a.mmd", "mermaid"), ("a.gv", "dot"), ("a", "tree")],
)
def test_the_name_of_the_file_says_the_format(asl_command: Asl, machine: Path, name: str, form: str) -> None:
    out = machine.with_name(name)
    assert asl_command("graph", machine, "-o", out) == (0, "", "")
    expected = graph.draw(ORDER, form).replace("State machine", "machine.asl.json")
    assert out.read_text(encoding="utf-8") == expected


def test_a_name_that_says_no_format_is_refused(asl_command: Asl, machine: Path) -> None:
    out = machine.with_name("a.png")
    said = asl_command("graph", machine, "-o", out)
    assert said.code == 2 and "add --format" in said.err and not out.exists()


def test_what_has_no_states_is_refused(asl_command: Asl, tmp_path: Path) -> None:
    said = asl_command("graph", write(tmp_path, "input.json", {"order": 1}))
    assert said == (2, "", f"asl: {tmp_path / 'input.json'}: there are no states to draw\n")


def test_the_command_says_what_to_install(
    asl_command: Asl, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(laying_out, "which", lambda *_, **__: None)
    said = asl_command("graph", machine, "-f", "svg")
    assert said.code == 2
    assert "pip install 'asl-interpreter[graph]'" in said.err and "bug" not in said.err


def test_the_formats_of_the_command_are_those_of_the_library() -> None:
    from asl_cli.graph import _FORMATS

    assert set(_FORMATS) == set(graph.FORMATS)


def test_a_terminal_gets_the_tree_in_colour(capsys: pytest.CaptureFixture[str]) -> None:
    from asl_cli import render

    render.tree("machine.json", graph.lines(graph.machine(ORDER)))
    shown = capsys.readouterr().out
    assert shown.startswith("machine.json\n├── Check (Choice)\n")
    assert "Branch 2" in shown


def test_the_scripts_folder_is_looked_in_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(laying_out, "which", lambda name, path=None: asked.append((name, path)) or name)
    assert laying_out._program() == "graphviz-pure"
    assert asked[0] == ("graphviz-pure", sysconfig.get_path("scripts"))
