"""Tests in YAML: what they may say, what they find, and where they point when they are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any
from xml.etree import ElementTree

import pytest

from asl.testing import cases, suite
from asl.testing.document import CaseError
from tests.commands import FIXTURES, write
from tests.machines import FUNCTION, machine, task

MACHINE = machine(
    "Check",
    Check={
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 9, "Next": "Reject"}],
        "Default": "Call",
    },
    Call=task(
        ResultPath="$.said",
        TimeoutSeconds=60,
        Retry=[{"ErrorEquals": ["Busy"], "IntervalSeconds": 2}],
        Catch=[{"ErrorEquals": ["Down"], "Next": "Reject"}],
    ),
    Reject={"Type": "Fail", "Error": "Rejected", "Cause": "Not today."},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "m.asl.json", MACHINE)
    return tmp_path


def ran(folder: Path, text: str) -> list[suite.Outcome]:
    file = write(folder, "m.asl-test.yaml", dedent(text))
    return list(suite.outcomes([file]))


def only(folder: Path, text: str) -> suite.Outcome:
    found = ran(folder, text)
    assert len(found) == 1
    return found[0]


# ---------------------------------------------------------------------- what passes


ALL = """
    machine: m.asl.json
    mocks:
      Call: {returns: {ok: true}}
    tests:
      plain:
        input: {n: 1}
        expect:
          status: SUCCEEDED
          output: {n: 1, said: {ok: true}}
          output_has: {said: {ok: true}}
          path: [Check, Call]
          waited: 0
          states:
            Check: {visits: 1, input: {n: 1}, waited: 0s}
            Call: {attempts: 1, input_has: {n: 1}, output_has: {said: {}}}
            Reject: {visits: 0}
      busy at first:
        input: {n: 2}
        mocks:
          Call: {in_turn: [{raises: Busy, takes: 1s}, {returns: 5, takes: 4s}]}
        expect:
          output_has: {said: 5}
          waited: 7s
          states: {Call: {attempts: 2}, /Call: [{error: Busy}]}
      down:
        input: {n: 3}
        mocks:
          Call: {raises: Down, cause: {errorMessage: gone}}
        expect:
          error: Rejected
          cause: Not today.
          path: {/: [Check, Call, Reject]}
          states:
            Call: {error: Down, cause: '{"errorMessage":"gone"}'}
      too slow:
        input: {n: 4}
        mocks:
          Call: {returns: 1, takes: 2m}
        expect: {status: FAILED, error: States.Timeout, waited: 60s}
      nothing said but the input:
        input: {n: 5}
    """


def test_everything_that_can_be_said(folder: Path) -> None:
    found = ran(folder, ALL)
    assert [(each.name, each.result, each.problems) for each in found] == [
        (name, "passed", ())
        for name in ("plain", "busy at first", "down", "too slow", "nothing said but the input")
    ]
    assert found[1].case is not None
    assert found[1].case.line == 18


def test_a_file_without_tests_is_one(folder: Path) -> None:
    found = only(folder, "machine: m.asl.json\ninput: {n: 10}\nexpect: {error: Rejected}\n")
    assert (found.name, found.result) == ("m", "passed")


def test_input_from_a_file_and_placeholders_start_time_and_seed(folder: Path) -> None:
    write(
        folder,
        "t.asl.json",
        machine(
            "W",
            W={"Type": "Wait", "Timestamp": "${When}", "Next": "P"},
            P={
                "Type": "Pass",
                "Parameters": {"n.$": "$.n", "at.$": "$$.Execution.StartTime", "id.$": "States.UUID()"},
            },
        ),
    )
    write(folder, "in.json", {"n": 7})
    text = """
        machine: t.asl.json
        define: {When: 2026-05-01T00:01:00Z}
        input_file: in.json
        start_time: 2026-05-01T00:00:00Z
        tests:
          a: {seed: 1, expect: {waited: 60, output_has: {n: 7, at: 2026-05-01T00:00:00Z}}}
          b: {input: {n: 8}, seed: 2, expect: {output_has: {n: 8}}}
        """
    found = ran(folder, text)
    assert [each.problems for each in found] == [(), ()]
    ids = [each.run.output["id"] for each in found if each.run]
    assert ids[0] != ids[1]
    again = ran(folder, text)
    assert [each.run.output["id"] for each in again if each.run] == ids


def test_mocks_from_a_mock_config_file_and_over_it(folder: Path) -> None:
    text = f"""
        machine: {FIXTURES}/mocks/LambdaSQSIntegration.asl.json
        mock_config: {FIXTURES}/mocks/MockConfigFile.json#RetryPath
        tests:
          retried: {{expect: {{waited: 14s, states: {{LambdaState: {{attempts: 4}}}}}}}}
          rejected: {{mocks: {{SQSState: {{raises: Full}}}}, expect: {{error: Full}}}}
        """
    assert [(each.result, each.problems) for each in ran(folder, text)] == [("passed", ())] * 2


def test_machines_that_it_starts_and_buckets_that_it_reads(folder: Path) -> None:
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {
            "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child",
            "Input": {"n": 1},
        },
        "ResultSelector": {"said.$": "$.Output.said"},
    }
    write(folder, "parent.asl.json", machine("Start", Start=start))
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "orders", "Key": "all.json"},
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **machine("T", T=task()),
    }
    write(
        folder,
        "map.asl.json",
        machine("Each", Each={"Type": "Map", "ItemReader": reader, "ItemProcessor": processor}),
    )
    (folder / "data").mkdir()
    write(folder / "data", "all.json", [1, 2, 3])
    text = """
        tests:
          nested:
            machine: parent.asl.json
            machines: {child: m.asl.json}
            mocks: {Call: {returns: hello}}
            expect: {output: {said: hello}}
          distributed:
            machine: map.asl.json
            buckets: {orders: data}
            mocks: {T: {first_of: [{when: 2, returns: second}, {returns: other}]}}
            expect: {output: [other, second, other]}
          no mock for it:
            machine: parent.asl.json
            machines: {child: m.asl.json}
            mocks: {Cal: {returns: hello}}
        """
    nested, distributed, unknown = ran(folder, text)
    assert (nested.problems, distributed.problems) == ((), ())
    assert unknown.problems[0].endswith("the machine has the Tasks 'Start', 'Call'; did you mean 'Call'?")


def test_functions_as_mocks_are_found_beside_the_file(tmp_path: Path) -> None:
    found = []
    for name, factor in (("a", 2), ("b", 3)):
        folder = tmp_path / name
        folder.mkdir()
        write(folder, "m.asl.json", machine("T", T=task()))
        write(folder, "tasks.py", f"def times(n):\n    return n * {factor}\n")
        found.append(
            only(
                folder,
                "machine: m.asl.json\ninput: 5\nmocks: {T: {calls: 'tasks:times'}}\n"
                f"expect: {{output: {5 * factor}}}",
            )
        )
    assert [each.problems for each in found] == [(), ()], "each folder has its own tasks.py"


def test_modules_of_mocks_are_imported_as_python_does(tmp_path: Path) -> None:
    write(tmp_path, "m.asl.json", machine("T", T=task()))
    mocks = "machine: m.asl.json\nmocks: {T: {calls: 'tasks:of'}}\nexpect: {output: 2}"
    lines = "from __future__ import annotations", "from dataclasses import KW_ONLY, dataclass", "@dataclass"
    fields = "class Of:", "    _: KW_ONLY", "    n: int", "def of(payload): return Of(n=2).n"
    write(tmp_path, "tasks.py", "\n".join([*lines, *fields]))
    assert only(tmp_path, mocks).problems == ()


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("import sys; sys.exit(3)", "{file} does not import: SystemExit: 3 ({file}:1)"),
        ("x = 1\ny = x / 0\n", "{file} does not import: ZeroDivisionError: division by zero ({file}:2)"),
        ("def other(p): pass\n", "mine has no f; it has other"),
    ],
)
def test_a_module_of_mocks_that_does_not_do(tmp_path: Path, module: str, told: str) -> None:
    wrong = write(tmp_path, "w.asl-test.yaml", "machine: m\nmocks: {A: {calls: 'mine:f'}}")
    file = write(tmp_path, "mine.py", module)
    for _ in range(2):  # it is told again, not found half imported
        with pytest.raises(CaseError) as refusal:
            cases.read(wrong)
        assert str(refusal.value) == f"{wrong}:2:20: {told.format(file=file)}"


def test_mocks_by_payload_by_item_and_by_frame(folder: Path) -> None:
    write(
        folder, "e.asl.json", machine("Each", Each={"Type": "Map", "ItemProcessor": machine("T", T=task())})
    )
    text = """
        machine: e.asl.json
        input: [{k: a}, {k: b}, {k: c}, {k: d}]
        mocks:
          T:
            first_of:
              - {when: {k: a}, returns: by payload}
              - {item: 1, returns: by item}
              - {returns: other}
          /Each/2/T: {returns: by frame}
        expect:
          output: [by payload, by item, by frame, other]
          path: {/: [Each], /Each/3: [T]}
          states: {T: {visits: 4}, /Each/2/T: {output: by frame}}
        """
    assert only(folder, text).problems == ()


# ---------------------------------------------------------------------- what fails


def failing(folder: Path, expect: str, mock: str = "{returns: {ok: true}}", n: int = 1) -> list[str]:
    text = f"machine: m.asl.json\ninput: {{n: {n}}}\nmocks: {{Call: {mock}}}\nexpect: {expect}\n"
    found = only(folder, text)
    assert found.result == "failed"
    return list(found.problems)


PATH = "  path taken: Check → Call"


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{status: FAILED}", "expected FAILED, got SUCCEEDED"),
        ("{error: Down}", "expected FAILED, got SUCCEEDED"),
        ("{output: {n: 1}}", 'the output differs at /said: expected nothing, got {"ok":true}'),
        ("{output: {n: 1, said: {ok: 1}}}", "the output differs at /said/ok: expected 1, got true"),
        ("{output_has: {m: 1}}", "the output differs at /m: expected 1, got nothing"),
        ("{path: [Check]}", "the path parts at step 2 after 'Check': expected its end, got 'Call'"),
        ("{path: {/Each/0: [A]}}", "there was no frame '/Each/0'; there were '/'"),
        ("{waited: 1}", "expected it to take 1 s, it took 0 s"),
        ("{states: {Call: {attempts: 2}}}", "expected 2 attempts of 'Call', there was 1"),
        ("{states: {Call: {visits: 2}}}", "expected 2 visits of 'Call', there was 1"),
        ("{states: {Reject: {input: 1}}}", "expected a visit of 'Reject', there was none"),
        ("{states: {Call: [{}, {}]}}", "expected 2 visits of 'Call', there was 1"),
        ("{states: {Call: {error: Busy}}}", "the error of 'Call' differs: expected \"Busy\", got null"),
        ("{states: {Call: {input: {n: 2}}}}", "the input of 'Call' differs at /n: expected 2, got 1"),
        ("{states: {Call: {waited: 1s}}}", "expected 'Call' to take 1 s, it took 0 s"),
    ],
)
def test_what_did_not_come(folder: Path, expect: str, told: str) -> None:
    lines = failing(folder, expect)
    assert lines[0] == told
    assert lines[1] == PATH


def test_all_that_did_not_come_is_told(folder: Path) -> None:
    lines = failing(folder, "{output: {}, path: [Call], states: {Check: {visits: 3}}}", n=10)
    assert lines == [
        "expected SUCCEEDED, got FAILED (Rejected: Not today.)",
        "the path parts at step 1: expected 'Call', got 'Check'",
        "expected 3 visits of 'Check', there was 1",
        "  path taken: Check → Reject",
    ]


def test_one_visit_of_several_is_not_as_expected(folder: Path) -> None:
    write(
        folder, "e.asl.json", machine("Each", Each={"Type": "Map", "ItemProcessor": machine("T", T=task())})
    )
    text = (
        "machine: e.asl.json\ninput: [1, 2, 1]\nmocks: {T: {returns: 0}}\nexpect: {states: {T: {input: 1}}}\n"
    )
    assert only(folder, text).problems[0] == "the input of 'T' (visit 2) differs: expected 1, got 2"


# ---------------------------------------------------------------------- what cannot run


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "machine: m.asl.json\nmocks: {Cal: {returns: 1}}",
            "the mock of 'Cal' stands for no Task: no state, resource or function has that name; "
            "the machine has the Tasks 'Call'; did you mean 'Call'?",
        ),
        (
            "machine: m.asl.json\ninput: {n: 1}",
            f"no task function serves the resource '{FUNCTION}' of the state 'Call'; registered: none; "
            "give the Task a mock",
        ),
        (
            "machine: m.asl.json\ninput: {n: 1}\nmocks: {Call: {in_turn: [{raises: Busy}]}}",
            "state 'Call': the mock of 'Call' has no answer to its call number 2 (attempt 1, payload {\"n\":1}); "
            "it has in_turn(raises('Busy'))",
        ),
        ("machine: none.asl.json", "{folder}/none.asl.json: no such file or directory"),
        (
            "machine: m.asl.json\ninput: {n: 1}\nmocks: {Call: {returns: 1}}\nexpect: {states: {Cal: {}}}",
            "{folder}/m.asl-test.yaml:4:19: the machine has no state 'Cal'; it has 'Check', 'Call', 'Reject'",
        ),
        (
            "machine: m.asl.json\nmock_config: none.json#Case",
            "{folder}/none.json: no such file or directory",
        ),
    ],
)
def test_a_case_that_cannot_run_is_an_error(folder: Path, text: str, told: str) -> None:
    found = only(folder, text)
    assert found.result == "error"
    assert found.problems[0] == told.replace("{folder}", str(folder))


def test_a_machine_that_is_not_valid(folder: Path) -> None:
    write(folder, "bad.asl.json", {**MACHINE, "StartAt": "Chek"})
    found = only(folder, "machine: bad.asl.json")
    assert found.result == "error"
    assert found.problems[0] == "the machine cannot be run:"
    assert "Missing 'Next' target: Chek at /StartAt" in found.problems[1]


def test_a_problem_of_several_lines_is_indented_as_one(folder: Path) -> None:
    succeed = {"Type": "Succeed", "QueryLanguage": "JSONata", "Output": "{% 1 + %}"}
    write(folder, "bad.asl.json", {"StartAt": "S", "States": {"S": succeed}})
    _, problem, expression, caret = only(folder, "machine: bad.asl.json").problems
    assert "INVALID_JSONATA_EXPRESSION" in problem
    assert (expression, caret.strip()) == ("       1 +", "^")
    assert caret.index("^") > expression.index("+")


WRONG = json.loads((FIXTURES / "testing" / "wrong-files.json").read_text())


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["told"][:40])
def test_a_file_that_is_wrong_says_where(tmp_path: Path, case: dict[str, str]) -> None:
    file = write(tmp_path, "w.asl-test.yaml", case["text"])
    with pytest.raises(CaseError) as refusal:
        cases.read(file)
    assert str(refusal.value).startswith(f"{file}:{case['told']}")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "w.asl-test.yaml"
    file.write_bytes(b"machine: \xff")
    with pytest.raises(CaseError, match="is not UTF-8: byte 0xff at 9"):
        cases.read(file)


# ---------------------------------------------------------------------- suites


def test_files_are_found_in_folders_each_once(folder: Path) -> None:
    (folder / "sub").mkdir()
    names = ["a.asl-test.yaml", "sub/b.asl-test.yml", "sub/c.asl-test.yaml", "sub/d.yaml"]
    files = [write(folder, name, "machine: m") for name in names]
    assert cases.find([folder, files[0], files[3]]) == files


def test_suites_as_json_and_junit(folder: Path) -> None:
    found = ran(
        folder,
        """
        machine: m.asl.json
        mocks: {Call: {returns: 1}}
        tests:
          good: {input: {n: 1}}
          bad: {input: {n: 10}}
          "<broken>\\u0001": {input: {n: 1}, mocks: {Cal: {returns: 1}}}
        """,
    )
    shown: Any = suite.to_dict(found)
    assert {key: shown[key] for key in ("passed", "failed", "error")} == {
        "passed": 1,
        "failed": 1,
        "error": 1,
    }
    assert shown["tests"][1]["problems"][0] == "expected SUCCEEDED, got FAILED (Rejected: Not today.)"
    assert shown["tests"][1]["path"] == ["Check", "Reject"]
    assert shown["tests"][1]["line"] == 6
    root = ElementTree.fromstring(suite.junit(found))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "1")
    good, bad, broken = root.iter("testcase")
    assert (good.get("name"), len(good)) == ("good", 0)
    failure = bad.find("failure")
    assert failure is not None and failure.text is not None
    assert failure.get("message") == "expected SUCCEEDED, got FAILED (Rejected: Not today.)"
    assert failure.text.splitlines()[1] == "  path taken: Check → Reject"
    assert broken.find("error") is not None
    assert broken.get("name") == "<broken>\\x01"
