"""Coverage as it is reported: the table, JSON, LCOV, the page; by `asl test --cov` and by pytest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import asl
from asl.testing.coverage import Coverage, reports
from asl.testing.coverage.selecting import select
from tests.commands import Asl, asl_command, write
from tests.machines import machine, task

__all__ = ["asl_command"]

pytest_plugins = ["pytester"]

# One line a place, so that lines can be told by counting.
TEXT = """\
{
  "StartAt": "Check",
  "States": {
    "Check": {
      "Type": "Choice",
      "Choices": [
        {"Variable": "$.n", "NumericGreaterThan": 9, "Next": "Reject"}
      ],
      "Default": "Call"
    },
    "Call": {
      "Type": "Task",
      "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work",
      "Retry": [
        {"ErrorEquals": ["Busy"]}
      ],
      "End": true
    },
    "Reject": {"Type": "Fail"}
  }
}
"""
SUITE = """\
machine: m.asl.json
mocks: {Call: {returns: 1}}
tests:
  small: {input: {n: 1}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "m.asl.json", TEXT)
    write(tmp_path, "m.asl-test.yaml", SUITE)
    return tmp_path


def rows(folder: Path, *inputs: int) -> list[reports.Row]:
    """The report of runs of the machine in the folder."""
    coverage = Coverage()
    with coverage.watching():
        loaded = asl.load(folder / "m.asl.json")
        for n in inputs:
            loaded.run({"n": n}, tasks={"Call": lambda payload: 1})
    return reports.rows(coverage)


TABLE = """\
machine     states  transitions  choices  catches  retries  maps  covered
m.asl.json     2/3          1/1      2/3        –      0/1     –      62%

not covered in m.asl.json:
  7: Choices[0] of 'Check' is never taken
  15: Retry[0] of 'Call' never retries
  19: 'Reject' is never entered"""


def test_the_table(folder: Path) -> None:
    assert "\n".join(reports.table(rows(folder, 1))) == TABLE


def test_what_is_never_entered_is_told_once(folder: Path) -> None:
    assert reports.table(rows(folder, 10))[3:] == [
        "not covered in m.asl.json:",
        "  7: Choices[0] of 'Check' is never passed over",
        "  9: Default of 'Check' is never taken",
        "  11: 'Call' is never entered",
    ]
    assert reports.table([]) == ["no state machine ran"]


def test_several_machines_and_long_lists(folder: Path) -> None:
    states = {f"S{number}": {"Type": "Pass", "Next": f"S{number + 1}"} for number in range(20)}
    large = machine(
        "C",
        C={"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "S0"}], "Default": "S20"},
        **states,
        S20={"Type": "Succeed"},
    )
    coverage = Coverage()
    with coverage.watching():
        asl.load(large).run()
        asl.load(folder / "m.asl.json").run({"n": 10})
    lines = reports.table(reports.rows(coverage))
    assert [line.split()[0] for line in lines[1:4]] == ["m.asl.json", "StateMachine", "TOTAL"]
    assert lines[3].split() == ["TOTAL", "13%"]  # 7 of 53
    assert lines[-1] == "  … and 13 more"
    assert "  'S3' is never entered" in lines, "a machine without a file has no lines"


def test_json(folder: Path) -> None:
    found = json.loads(reports.to_json(rows(folder, 1)))
    assert found["percent"] == 62.5
    (only,) = found["machines"]
    assert {key: only[key] for key in ("name", "file", "covered", "total", "percent")} == {
        "name": "m", "file": "m.asl.json", "covered": 5, "total": 8, "percent": 62.5,
    }  # fmt: skip
    assert only["points"][1] == {
        "kind": "choice",
        "state": "Check",
        "what": "Choices[0]",
        "to": "Reject",
        "location": "/States/Check/Choices[0]",
        "line": 7,
        "covered": False,
    }


def test_lcov(folder: Path) -> None:
    lines = reports.lcov(rows(folder, 1)).splitlines()
    assert lines == [
        "TN:",
        f"SF:{folder / 'm.asl.json'}",
        "FN:4,Check", "FN:11,Call", "FN:19,Reject",
        "FNDA:1,Check", "FNDA:1,Call", "FNDA:0,Reject",
        "FNF:3", "FNH:2",
        "BRDA:7,0,0,0", "BRDA:7,0,1,1", "BRDA:9,0,2,1", "BRDA:17,0,3,1", "BRDA:15,0,4,0",
        "BRF:5", "BRH:3",
        "DA:4,1", "DA:7,1", "DA:9,1", "DA:11,1", "DA:15,0", "DA:17,1", "DA:19,0",
        "LF:7", "LH:5",
        "end_of_record",
    ]  # fmt: skip
    assert "BRDA:17,0,3,-" in reports.lcov(rows(folder, 10)), "a way of a state that was never entered"


def test_lcov_is_of_files(folder: Path) -> None:
    coverage = Coverage()
    with coverage.watching():
        asl.load(machine("P", P={"Type": "Pass"})).run()
    assert reports.lcov(reports.rows(coverage)) == ""


def test_the_page_is_one_file_with_the_graph_in_colour(folder: Path) -> None:
    page = reports.render(rows(folder, 1), "html")[0]
    assert "Coverage of state machines: 62 %" in page
    assert "http-equiv" not in page and "<script" not in page and "<link" not in page
    drawing = page[page.index("<svg") : page.index("</svg>") + 6]
    parsed = ElementTree.fromstring(drawing)
    classes = {
        title.text: group.get("class", "")
        for group in parsed.iter("{http://www.w3.org/2000/svg}g")
        for title in group.findall("{http://www.w3.org/2000/svg}title")
    }
    styles = [
        word for each in classes.values() for word in each.split() if word in ("visited", "partly", "missed")
    ]
    assert styles.count("partly") == 2, "Check and Call"
    assert "missed" in styles and "visited" in styles
    assert '<span id="m0l19" class="no"><b>19</b>    &quot;Reject&quot;' in page
    assert '<span id="m0l7" class="part">' in page
    assert '<span id="m0l17" class="yes">' in page
    assert '<li><a href="#m0l19">line 19</a>: &#x27;Reject&#x27; is never entered</li>' in page


def test_marks_for_the_graph(folder: Path) -> None:
    from asl.testing.coverage.html import marks

    (row,) = rows(folder, 1)
    found = {key: mark.style for key, mark in marks(row).items()}
    assert found == {
        ("/", "", "StartAt"): "visited",
        ("/", "Check"): "partly",
        ("/", "Check", "Choices[0]"): "missed",
        ("/", "Check", "not Choices[0]"): "visited",
        ("/", "Check", "Default"): "visited",
        ("/", "Call"): "partly",
        ("/", "Call", "End"): "visited",
        ("/", "Reject"): "missed",
    }


def test_a_page_without_anything_to_draw_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asl import graph

    def fail(*_: object) -> str:
        raise graph.LayoutError("Drawing needs <Graphviz>")

    monkeypatch.setattr(graph, "svg", fail)
    page = reports.render(rows(folder, 1), "html")[0]
    assert "<p>Drawing needs &lt;Graphviz&gt;</p>" in page
    assert "is never entered" in page


def test_forms_and_their_files(folder: Path) -> None:
    found = rows(folder, 1)
    assert [reports.render(found, form)[1] for form in ("json", "lcov:out/x.info")] == [
        "asl-coverage.json",
        "out/x.info",
    ]
    with pytest.raises(
        ValueError, match="'xml' is no form of a coverage report; there are term, html, json, lcov"
    ):
        reports.render(found, "xml")


# ---------------------------------------------------------------------- which machines


def test_files_that_a_pattern_names(folder: Path) -> None:
    write(folder, "other.asl.json", machine("P", P={"Type": "Pass"}))
    write(folder, "broken.asl.json", machine("P", P={"Type": "Pass", "Next": "Q"}))
    for pattern in ("*.asl.json", ".", str(folder)):
        coverage = Coverage()
        with coverage.watching():
            asl.load(folder / "m.asl.json").run({"n": 10})
            asl.load(machine("X", X={"Type": "Pass"})).run()
        notes = select(coverage, pattern, folder)
        assert [(row.file, len(row.hits)) for row in reports.rows(coverage)] == [
            ("m.asl.json", 3),
            ("other.asl.json", 0),
        ]
        assert len(notes) == 1
        assert "broken.asl.json is no definition that can run: " in notes[0]
        assert "Missing 'Next' target: Q" in notes[0]
    assert select(Coverage(), "gone/*.json", folder) == ["no file is named by 'gone/*.json'"]


# ---------------------------------------------------------------------- asl test --cov


def test_asl_test_with_coverage(asl_command: Asl, folder: Path) -> None:
    said = asl_command("test", "--cov")
    assert said.code == 0
    assert said.out.split("\n\n", 1)[1].strip() == TABLE


def test_asl_test_that_covers_too_little(asl_command: Asl, folder: Path) -> None:
    said = asl_command("test", "--cov", "--cov-fail-under", "62.5", "--cov-report", "lcov")
    assert said.code == 0
    assert said.out.splitlines()[-1] == "written: asl-coverage.lcov"
    assert (folder / "asl-coverage.lcov").read_text().startswith("TN:\n")
    said = asl_command("test", "--cov", "--cov-fail-under", "90", "--output", "json")
    assert said.code == 1
    assert said.json["passed"] == 1
    assert said.err.splitlines()[-1] == "FAIL: coverage of 62.5 % is under 90 %"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--cov-fail-under", "9"], "--cov-report and --cov-fail-under are for --cov: add that."),
        (
            ["--cov", "m.asl-test.yaml"],
            "--cov m.asl-test.yaml: these are tests and no state machines; write them before --cov",
        ),
        (["--cov-report", "json"], "--cov-report and --cov-fail-under are for --cov: add that."),
        (
            ["--cov", "--cov-report", "xml"],
            "--cov-report xml: it is one of term, html, json, lcov, or html:FILE …",
        ),
        (
            ["--cov", "--cov-report", "json:/nowhere/x"],
            "asl: --cov-report: /nowhere/x: no such file or directory",
        ),
    ],
)
def test_asl_test_with_options_that_do_not_fit(
    asl_command: Asl, folder: Path, arguments: list[str], told: str
) -> None:
    said = asl_command("test", *arguments)
    assert said.code == 2
    assert told in " ".join(said.err.split())


def test_asl_test_with_a_pattern(asl_command: Asl, folder: Path) -> None:
    write(folder, "other.asl.json", machine("P", P={"Type": "Pass"}))
    said = asl_command("test", "--cov=*.asl.json")
    lines = said.out.splitlines()
    assert any(line.startswith("other.asl.json") and line.endswith("0%") for line in lines)
    assert "TOTAL" in said.out


# ---------------------------------------------------------------------- pytest --asl-cov


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest")  # it takes most of the time
    write(pytester.path, "m.asl.json", TEXT)
    write(pytester.path, "m.asl-test.yaml", SUITE)
    return pytester


def test_pytest_with_coverage_of_every_kind_of_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import asl
        from asl.testing import in_turn, raises, returns

        def test_fixture(asl_machine):
            mock = in_turn(raises("Busy"), returns(1))
            asl_machine("m.asl.json").run({"n": 1}, mocks={"Call": mock}).assert_succeeded()

        def test_plain():
            assert asl.load("m.asl.json").run({"n": 10}).status == "FAILED"
        """
    )
    result = project.runpytest("--asl-cov", "--asl-cov-report=term", "--asl-cov-report=json:c.json")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*= coverage of state machines =*",
            "machine     states  transitions  choices  catches  retries  maps  covered",
            "m.asl.json     3/3          1/1      3/3        –      1/1     –     100%",
            "written: c.json",
        ]
    )
    assert json.loads((project.path / "c.json").read_text())["percent"] == 100


def test_pytest_that_covers_too_little_fails(project: pytest.Pytester) -> None:
    result = project.runpytest("--asl-cov", "--asl-cov-fail-under=90", "--asl-cov-report=html")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["written: asl-coverage.html", "FAIL: coverage of 62.5 % is under 90 %"])
    assert "machine " not in "\n".join(result.outlines)
    assert project.runpytest("--asl-cov", "--asl-cov-fail-under=62").ret == 0


def test_pytest_with_files_that_never_ran(project: pytest.Pytester) -> None:
    write(project.path, "other.asl.json", machine("T", T=task()))
    result = project.runpytest("--asl-cov=*.asl.json")
    result.stdout.fnmatch_lines(
        ["other.asl.json*0%", "TOTAL*50%", "not covered in other.asl.json:", "  1: 'T' is never entered"]
    )


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--asl-cov-report=json", "--asl-cov-report and --asl-cov-fail-under are for --asl-cov: add that"),
        ("--asl-cov-fail-under=9", "--asl-cov-report and --asl-cov-fail-under are for --asl-cov: add that"),
        (
            "--asl-cov test_m.py",
            "--asl-cov test_m.py: these are tests and no state machines; write them before --asl-cov",
        ),
        (
            "--asl-cov --asl-cov-report=xml",
            "--asl-cov-report=xml: it is one of term, html, json, lcov, or html:FILE …",
        ),
    ],
)
def test_pytest_with_options_that_do_not_fit(project: pytest.Pytester, option: str, told: str) -> None:
    result = project.runpytest(*option.split())
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {told}".replace("[", "[[]")])


def test_off_nothing_is_patched_and_nothing_is_said(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import asl

        def test_it():
            assert asl.Execution.__init__.__module__ == "asl.execution"
            assert asl.StateMachine.__init__.__module__ == "asl.face"
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=2)
    assert "coverage of state machines" not in "\n".join(result.outlines)


def test_workers_send_what_they_have_covered(project: pytest.Pytester) -> None:
    """What pytest-xdist does, without it: a worker puts its share where the controller finds it."""
    from asl.testing.coverage.session import CoverageSession

    class Config:
        invocation_params: Any = type("", (), {"dir": project.path})

        def getoption(self, name: str) -> Any:
            return "" if name == "--asl-cov" else None

    worker, controller = Config(), Config()
    worker.workeroutput = {}  # type: ignore[attr-defined]
    far, near = CoverageSession(worker), CoverageSession(controller)  # type: ignore[arg-type]
    far.pytest_sessionstart()
    asl.load(project.path / "m.asl.json").run({"n": 10})
    far.pytest_sessionfinish(None)  # type: ignore[arg-type]
    output = json.loads(json.dumps(worker.workeroutput))  # type: ignore[attr-defined]
    near.pytest_testnodedown(type("Node", (), {"workeroutput": output}), None)
    near.pytest_sessionfinish(None)  # type: ignore[arg-type]
    assert [(row.file, len(row.hits)) for row in reports.rows(near.coverage, project.path)] == [
        ("m.asl.json", 3)
    ]
