"""The pytest plugin, as its users meet it: fixtures, tests in YAML, snapshots, and every message."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.testing import load, returns
from asl.testing.snapshots import changes, normal
from tests.machines import machine, task

pytest_plugins = ["pytester"]

MACHINE = machine(
    "Check",
    Check={
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 9, "Next": "Reject"}],
        "Default": "Call",
    },
    Call=task(ResultPath="$.said", Retry=[{"ErrorEquals": ["Busy"], "IntervalSeconds": 2}]),
    Reject={"Type": "Fail", "Error": "Rejected", "Cause": "Not today."},
)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a machine in it."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest")  # it takes most of the time
    pytester.path.joinpath("m.asl.json").write_text(json.dumps(MACHINE))
    return pytester


def said(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)


# ---------------------------------------------------------------------- the machine


def test_a_machine_from_a_path_and_from_a_dict(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from asl.testing import in_turn, raises, returns

        def test_path(asl_machine):
            mock = in_turn(raises("Busy"), returns(7, takes="4s"))
            run = asl_machine("m.asl.json").run({"n": 1}, mocks={"Call": mock})
            run.assert_succeeded({"n": 1, "said": 7})
            assert run.status == "SUCCEEDED"
            assert run.path == ["Check", "Call"]
            assert run.waited == 6
            assert run.states["Call"][0].input == {"n": 1}
            assert run.states["Call"][0].attempts == 2
            assert [call.attempt for call in mock.calls] == [0, 1]

        def test_dict(asl_machine):
            definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
            assert asl_machine(definition).run({"a": 1}).output == {"a": 1}

        def test_text(asl_machine):
            asl_machine('{"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}').run().assert_succeeded({})
        """
    )
    project.runpytest("-q").assert_outcomes(passed=3)


def test_a_path_is_looked_for_beside_the_test_and_then_here(project: pytest.Pytester) -> None:
    inner = project.mkdir("inner")
    inner.joinpath("own.asl.json").write_text(json.dumps(machine("P", P={"Type": "Pass"})))
    inner.joinpath("test_inner.py").write_text(
        "def test_both(asl_machine):\n"
        "    asl_machine('own.asl.json').run().assert_succeeded()\n"
        "    asl_machine('m.asl.json').run({'n': 10}).assert_failed('Rejected')\n"
        "    asl_machine('gone.asl.json')\n"
    )
    result = project.runpytest("-q")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FileNotFoundError*'gone.asl.json'"])


def test_an_assertion_that_fails_shows_the_path_and_none_of_our_code(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from asl.testing import returns

        def test_it(asl_machine):
            run = asl_machine("m.asl.json").run({"n": 1}, mocks={"Call": returns({"ok": True})})
            run.assert_succeeded({"n": 1, "said": {"ok": False}})
        """
    )
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       run.assert_succeeded({*",
            "E       AssertionError: the output differs at /said/ok: expected false, got true",
            "E         path taken: Check → Call",
            "E         ended: SUCCEEDED after 0 s",
        ]
    )
    assert "runs.py" not in said(result)


def test_what_cannot_run_shows_none_of_our_code(project: pytest.Pytester) -> None:
    project.path.joinpath("bad.asl.json").write_text(json.dumps({**MACHINE, "StartAt": "Chek"}))
    project.makepyfile(
        """
        from asl.testing import in_turn, raises, returns

        def test_no_file(asl_machine):
            asl_machine("gone.asl.json")

        def test_no_definition(asl_machine):
            asl_machine("bad.asl.json")

        def test_no_mock(asl_machine):
            asl_machine("m.asl.json").run({"n": 1})

        def test_no_task(asl_machine):
            asl_machine("m.asl.json").run({"n": 1}, mocks={"Cal": returns(1)})

        def test_no_answer(asl_machine):
            asl_machine("m.asl.json").run({"n": 1}, mocks={"Call": in_turn(raises("Busy"))})
        """
    )
    result = project.runpytest()
    result.assert_outcomes(failed=5)
    text = said(result)
    for told in (
        "FileNotFoundError: [Errno 2] No such file or directory: 'gone.asl.json'",
        "Missing 'Next' target: Chek at /StartAt (did you mean 'Check'?)",
        "of the state 'Call'; registered: none; give the Task a mock",
        "the mock of 'Cal' stands for no Task",
        "state 'Call': the mock of 'Call' has no answer to its call number 2",
    ):
        assert told in text
    places = [line for line in result.outlines if ".py:" in line and not line.startswith("FAILED")]
    assert places and all(
        line.startswith("test_what_cannot_run_shows_none_of_our_code.py:") for line in places
    )


def test_no_name_without_the_prefix(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("--fixtures", "-q", "-p", "no:cacheprovider")
    ours = [line.split(" -- ")[0] for line in result.outlines if "asl/testing/plugin" in line]
    assert ours and all(name.startswith("asl_") for name in ours)
    shown = pytester.runpytest("--help").outlines
    start = next(i for i, line in enumerate(shown) if line.startswith("state machines (asl)"))
    options = []
    for line in shown[start + 1 :]:
        if line and not line.startswith(" "):
            break
        options += [word for word in line.split() if word.startswith("--")]
    assert "--asl-update" in options
    assert all(option.startswith("--asl-") for option in options)


def test_it_can_be_left_out(project: pytest.Pytester) -> None:
    project.makepyfile("def test_it(asl_machine): pass")
    write(project, "machine: m.asl.json")
    result = project.runpytest("-p", "no:asl")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'asl_machine' not found"])


def test_pytest_starts_without_asl(tmp_path: Path) -> None:
    tmp_path.joinpath("test_nothing.py").write_text(
        "import sys\n\ndef test_it():\n    assert 'asl_pytest' in sys.modules\n"
        "    assert not [name for name in sys.modules if name == 'asl' or name.startswith('asl.')]\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stdout


# ---------------------------------------------------------------------- tests in YAML


def write(project: pytest.Pytester, text: str, name: str = "m.asl-test.yaml") -> None:
    project.path.joinpath(name).write_text(text)


SUITE = """\
machine: m.asl.json
mocks: {Call: {returns: 1}}
tests:
  small:
    input: {n: 1}
    expect: {output: {n: 1, said: 1}}
  large:
    input: {n: 10}
    expect: {path: [Check, Call]}
  no mock for it:
    input: {n: 1}
    mocks: {Cal: {returns: 1}}
"""


def test_files_in_yaml_are_tests(project: pytest.Pytester) -> None:
    write(project, SUITE)
    result = project.runpytest("-v", "--junitxml=out.xml")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["m.asl-test.yaml::small PASSED*", "m.asl-test.yaml::large FAILED*"])
    text = said(result)
    at = f"{project.path / 'm.asl-test.yaml'}"
    assert (
        "expected SUCCEEDED, got FAILED (Rejected: Not today.)\n"
        "the path parts at step 2 after 'Check': expected 'Call', got 'Reject'\n"
        "  path taken: Check → Reject\n"
        f"  test: {at}:7: large\n"
    ) in text
    assert (
        "the mock of 'Cal' stands for no Task: no state, resource or function has that name; "
        "the machine has the Tasks 'Call'; did you mean 'Call'?\n"
        f"  test: {at}:10: no mock for it\n"
    ) in text
    assert "FAILED m.asl-test.yaml::large - expected SUCCEEDED, got FAILED" in text
    assert "Traceback" not in text and "items.py" not in text
    assert project.path.joinpath("out.xml").read_text().count("<failure") == 2


def test_one_of_them_can_be_chosen(project: pytest.Pytester) -> None:
    write(project, SUITE)
    project.runpytest("m.asl-test.yaml::small").assert_outcomes(passed=1)
    project.runpytest("-k", "large").assert_outcomes(failed=1, deselected=2)


def test_a_file_that_is_wrong_is_an_error_with_its_place(project: pytest.Pytester) -> None:
    write(project, "machine: m.asl.json\nexpct: {}\n")
    result = project.runpytest("-q")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*m.asl-test.yaml:2:1: there is no field 'expct' here; did you mean 'expect'?"]
    )
    assert "Traceback" not in said(result)


def test_other_yaml_is_left_alone(project: pytest.Pytester) -> None:
    write(project, "nothing: here", "other.yaml")
    assert project.runpytest("-q").ret == pytest.ExitCode.NO_TESTS_COLLECTED


# ---------------------------------------------------------------------- snapshots


SNAPSHOT = """
    from asl.testing import returns
    import pytest

    @pytest.mark.parametrize("n", [1, 10])
    def test_it(asl_machine, asl_snapshot, n):
        machine = asl_machine("m.asl.json")
        asl_snapshot(machine.run({"n": n}, mocks={"Call": returns(%s)}))
        asl_snapshot(machine.run({"n": 11}), "too much")
"""


def test_snapshots_are_written_compared_and_updated(project: pytest.Pytester) -> None:
    project.makepyfile(test_snap=SNAPSHOT % "{'ok': True}")
    result = project.runpytest("-q")
    result.assert_outcomes(failed=2)
    folder = project.path / "snapshots" / "test_snap"
    result.stdout.fnmatch_lines(
        [f"E*AssertionError: there is no snapshot {folder}/test_it_1.json; --asl-update writes it"]
    )
    assert not folder.exists()
    project.runpytest("-q", "--asl-update").assert_outcomes(passed=2)
    assert sorted(path.name for path in folder.iterdir()) == [
        "test_it_1.json", "test_it_1.too_much.json", "test_it_10.json", "test_it_10.too_much.json",
    ]  # fmt: skip
    events = json.loads((folder / "test_it_1.json").read_text())
    assert [event["type"] for event in events] == [
        "ExecutionStarted", "ChoiceStateEntered", "ChoiceStateExited", "TaskStateEntered", "LambdaFunctionScheduled",
        "LambdaFunctionStarted", "LambdaFunctionSucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert events[6] == {
        "id": 7,
        "previous": 6,
        "at": "0s",
        "type": "LambdaFunctionSucceeded",
        "output": {"ok": True},
    }
    project.runpytest("-q").assert_outcomes(passed=2)
    project.makepyfile(test_snap=SNAPSHOT % "{'ok': False}")
    result = project.runpytest("-q")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*AssertionError: event 7 (LambdaFunctionSucceeded) differs at /output/ok: expected true, got false",
            f"E*snapshot: {folder}/test_it_1.json; --asl-update takes over what came now",
            "E*path taken: Check → Call",
        ]
    )
    project.runpytest("-q", "--asl-update").assert_outcomes(passed=2)
    project.runpytest("-q").assert_outcomes(passed=2)


def test_two_snapshots_of_one_test_need_names(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_it(asl_machine, asl_snapshot):
            run = asl_machine("m.asl.json").run({"n": 10})
            asl_snapshot(run)
            asl_snapshot(run)
        """
    )
    result = project.runpytest("-q", "--asl-update")
    result.stdout.fnmatch_lines(
        ["E*this test has another snapshot of that name: give each one, asl_snapshot(run, 'name')"]
    )


DRAWS = machine(
    "Wait",
    Wait={"Type": "Wait", "Seconds": 90, "Next": "Draw"},
    Draw={
        "Type": "Pass",
        "Parameters": {
            "id.$": "States.UUID()",
            "arn.$": "$$.Execution.Id",
            "started.$": "$$.Execution.StartTime",
            "entered.$": "$$.State.EnteredTime",
            "born": "1815-12-10T00:00:00Z",
        },
    },
)


def test_times_and_ids_are_the_same_in_every_run() -> None:
    tested = load(DRAWS)
    runs = [
        tested.run({"from": "2020-01-01T00:00:00Z"}, start_time=f"2026-0{month}-01T00:00:00Z", seed=month)
        for month in (1, 2)
    ]
    assert runs[0].output != runs[1].output
    first, second = (normal(run) for run in runs)
    assert first == second
    assert (
        first[5]["output"]
        == {
            "id": "<uuid 2>",
            "arn": "arn:aws:states:us-east-1:123456789012:execution:StateMachine:<uuid 1>",
            "started": "<start + 0s>",
            "entered": "<start + 1m30s>",
            "born": "1815-12-10T00:00:00Z",
        }
        or first[5]["output"]["id"] == "<uuid 1>"
    )  # type: ignore[index, call-overload]
    assert first[0]["input"] == {"from": "2020-01-01T00:00:00Z"}, "a time outside the run is data"
    assert [event["at"] for event in first] == ["0s", "0s", "1m30s", "1m30s", "1m30s", "1m30s"]
    assert normal(runs[0].result) == normal(runs[0].history) == normal(runs[0].history.to_dict()) == first


def events(definition: dict[str, Any], **mocks: Any) -> list[dict[str, Any]]:
    return normal(load(definition).run({}, mocks=mocks))


def test_what_changed_is_told_by_its_first_event() -> None:
    one = events(machine("T", T=task()), T=returns(1))
    two = events(machine("T", T=task(Next="U"), U={"Type": "Pass"}), T=returns(1))
    assert changes(one, one) is None
    assert changes(one, two) == ("event 7 differs: expected ExecutionSucceeded, got PassStateEntered 'U'")
    assert (
        changes(one, one[:-1]) == "event 7 differs: expected ExecutionSucceeded, got the end of the history"
    )
    assert (
        changes(one[:-1], one) == "event 7 differs: expected the end of the history, got ExecutionSucceeded"
    )
    slow = events(machine("T", T=task()), T=returns(1, takes="2s"))
    assert changes(one, slow) == ('event 5 (LambdaFunctionSucceeded) differs at /at: expected "0s", got "2s"')


def test_variables_and_tokens_in_snapshots() -> None:
    given = {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    definition = machine(
        "T", T={"Type": "Task", "Resource": resource, "Parameters": given, "Assign": {"x": [1], "y.$": "$"}}
    )
    found = events(definition, T=returns("ok"))
    scheduled = next(event for event in found if event["type"] == "TaskScheduled")
    assert scheduled["parameters"]["MessageBody"] == {"token": "<token 1>"}
    exited = next(event for event in found if event["type"] == "TaskStateExited")
    assert exited["assignedVariables"] == {"x": [1], "y": "ok"}


def test_a_snapshot_of_a_plain_result(tmp_path: Path) -> None:
    from asl.testing.snapshots import Snapshots

    result = asl.load(machine("P", P={"Type": "Pass"})).run({"a": 1})
    Snapshots(tmp_path, "t", update=True)(result)
    Snapshots(tmp_path, "t", update=False)(result)
    other = asl.load(machine("P", P={"Type": "Pass"})).run({"a": 2})
    with pytest.raises(
        AssertionError, match=r"event 1 \(ExecutionStarted\) differs at /input/a: expected 1, got 2"
    ):
        Snapshots(tmp_path, "t", update=False)(other)
