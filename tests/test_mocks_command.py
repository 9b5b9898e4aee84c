"""`asl mocks`: first tests of machines, and tests of recorded executions that go the same way again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import asl
from asl import yamltext
from asl.testing import MockError, in_turn, load, raises, recording, returns, skeleton
from asl.testing.writing import to_yaml
from tests import conformance
from tests.commands import FIXTURES, HELLO_WORLD, Asl, asl_command, write
from tests.machines import FUNCTION, TOKEN, machine, task
from tests.recordings import ended, raw

__all__ = ["asl_command"]

ORDER = FIXTURES / "order"
HISTORIES = sorted((ORDER / "histories").glob("*.json"))


# ---------------------------------------------------------------------- from a history


@pytest.mark.parametrize("history", HISTORIES, ids=lambda path: path.stem)
def test_the_test_of_a_history_passes(
    asl_command: Asl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, history: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ORDER / "order.asl.json", tmp_path)
    said = asl_command("mocks", "order.asl.json", "--from-history", history)
    assert (said.code, said.err) == (0, "")
    write(tmp_path, "recorded.asl-test.yaml", said.out)
    ran = asl_command("test", "--output", "json")
    assert ran.code == 0, ran.out
    (test,) = ran.json["tests"]
    assert test["name"] == history.stem
    recorded = json.loads(history.read_text())["events"]
    names = [e["stateEnteredEventDetails"]["name"] for e in recorded if "stateEnteredEventDetails" in e]
    assert test["path"] == names


def test_what_a_test_of_a_history_says(asl_command: Asl) -> None:
    said = asl_command("mocks", "--from-history", ORDER / "histories" / "slow-bank.json")
    assert said.code == 0
    assert (
        said.err
        == "write the place of the definition for machine.asl.json, or name it: asl mocks MACHINE …\n"
    )
    assert said.out == (ORDER / "slow-bank.recorded.yaml").read_text()


def test_a_history_from_stdin_with_placeholders(asl_command: Asl, tmp_path: Path) -> None:
    path = write(tmp_path, "m.json", machine("T", T=task(Resource="${Function}")))
    asl_command(
        "run",
        path,
        "--define",
        f"Function={FUNCTION}",
        "--task",
        "T=builtins:len",
        "--history",
        tmp_path / "h",
    )
    said = asl_command(
        "mocks",
        path,
        "--from-history",
        "-",
        "--define",
        f"Function={FUNCTION}",
        stdin=(tmp_path / "h").read_text(),
    )
    found: Any = yamltext.load(said.out, [])
    assert found["define"] == {"Function": FUNCTION}
    assert list(found["tests"]) == ["recorded"]
    assert found["tests"]["recorded"]["mocks"] == {"T": {"returns": 0}}


def of(definition: dict[str, Any], input: Any, **options: Any) -> recording.Recorded:
    """The test of a run of the machine."""
    tested = load(definition)
    return recording.test_of(tested.run(input, **options).history, tested)


def test_frames_that_were_answered_alike_share_a_mock() -> None:
    each = machine("Each", Each={"Type": "Map", "ItemProcessor": machine("T", T=task())})
    alike = of(each, [1, 2], mocks={"T": returns(0)})
    assert alike.test["mocks"] == {"T": {"returns": 0}}
    apart = of(each, [1, 2], tasks={"T": lambda n: n * 2})
    assert apart.test["mocks"] == {"/Each/0/T": {"returns": 2}, "/Each/1/T": {"returns": 4}}
    assert alike.notes == apart.notes == ()
    assert apart.test["expect"]["path"] == {"/": ["Each"], "/Each/0": ["T"], "/Each/1": ["T"]}


def test_callbacks_errors_without_a_name_and_times_that_matter() -> None:
    given = {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}
    waiting = {"Type": "Task", "Resource": TOKEN, "Parameters": given, "TimeoutSeconds": 60}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]
    two = machine(
        "A", A={**waiting, "Next": "B"}, B=task(TimeoutSeconds=5, Catch=catch, Next="Z"), Z={"Type": "Pass"}
    )
    slow = {"A": returns(1, submitted={"MessageId": "m"}, takes="30s"), "B": returns(2, takes="9s")}
    found = of(two, {}, mocks=slow)
    assert found.notes == ()
    assert found.test["mocks"] == {
        "A": {"returns": 1, "takes": "30s", "submitted": {"MessageId": "m"}},
        "B": {"returns": None, "takes": "6s"},
    }
    nameless = of(machine("T", T=task()), {}, tasks=lambda payload: asl.after(0, asl.TaskError()))
    assert nameless.test["mocks"] == {"T": {"raises": None}}
    assert nameless.notes == ()


INVOKE = "arn:aws:states:::lambda:invoke"


def invoke(function: str = "orders", selects: str | None = "$.Payload", **fields: Any) -> dict[str, Any]:
    """A Task that invokes a Lambda function; its result is what is selected of the answer."""
    selected = {} if selects is None else {"ResultSelector": {"got.$": selects}}
    parameters = {"FunctionName": function, "Payload.$": "$"}
    return {**task(), "Resource": INVOKE, "Parameters": parameters, **selected, **fields}


def test_a_function_is_mocked_with_its_own_answer() -> None:
    one = machine("I", I=invoke("arn:aws:lambda:eu-west-1:123456789012:function:orders:7"))
    found = of(one, {}, mocks={"orders": returns({"id": 7})})
    assert found.test["mocks"] == {"orders": {"returns": {"id": 7}}}
    assert found.test["expect"]["output"] == {"got": {"id": 7}}
    assert found.notes == ()
    retry = [{"ErrorEquals": ["Busy"]}]
    again = of(
        machine("I", I=invoke(Retry=retry)), {}, mocks={"orders": in_turn(raises("Busy"), returns("done"))}
    )
    assert again.test["mocks"] == {"orders": {"in_turn": [{"raises": "Busy"}, {"returns": "done"}]}}
    twice = machine("I", I=invoke(Next="J"), J=invoke())
    alike = of(twice, {}, mocks={"orders": returns(1)})
    assert alike.test["mocks"] == {"orders": {"returns": 1}}


def test_a_state_is_mocked_where_the_mock_of_its_function_would_not_do() -> None:
    def mocked(definition: dict[str, Any], input: Any, mocks: dict[str, Any]) -> dict[str, Any]:
        found = of(definition, input, mocks=mocks)
        assert found.notes == ()
        kept: dict[str, Any] = found.test["mocks"]
        return kept

    answer = {"StatusCode": 200, "Payload": 1}
    whole = machine("I", I=invoke(selects=None))
    assert mocked(whole, {}, {"I": returns(answer)}) == {"I": {"returns": answer}}
    one = machine("I", I=invoke())
    for other in ({**answer, "StatusCode": 202}, {**answer, "FunctionError": "Unhandled"}, {"Payload": 1}):
        assert mocked(one, {}, {"I": returns(other)}) == {"I": {"returns": other}}
    failing = machine(
        "I", I=invoke(Catch=[{"ErrorEquals": ["E"], "Next": "P"}], Next="P"), P={"Type": "Pass"}
    )
    assert mocked(failing, {}, {"orders": raises("E")}) == {"I": {"raises": "E"}}
    named = machine("orders", orders=invoke(selects=None, ResultPath=None))
    assert mocked(named, {}, {"orders": returns(answer)}) == {"orders": {"returns": answer}}
    each = machine("Each", Each={"Type": "Map", "ItemProcessor": one})
    apart = mocked(each, [1, 2], {f"/Each/{n}/I": returns({**answer, "Payload": n}) for n in (0, 1)})
    assert list(apart) == ["/Each/0/I", "/Each/1/I"]
    told: dict[str, Any] = {"Parameters": {"FunctionName.$": "$"}, "ResultSelector": {}}
    either = machine("Each", Each={"Type": "Map", "ItemProcessor": machine("I", I=invoke(**told))})
    assert mocked(either, ["a", "b"], {"I": returns(answer)}) == {"I": {"returns": answer}}
    unseen: dict[str, Any] = {"selects": None, "ResultPath": None}
    twice = machine("I", I=invoke(**unseen, Next="J"), J=invoke(**unseen))
    differing = {name: returns({**answer, "Payload": name}) for name in "IJ"}
    assert list(mocked(twice, {}, differing)) == ["I", "J"]
    retry = [{"ErrorEquals": ["Busy"]}]
    busy = machine("I", I=invoke(Next="J", Retry=retry), J=invoke(Retry=retry))
    turns = {name: in_turn(raises("Busy"), returns(answer)) for name in "IJ"}  # a function's would be one row
    assert list(mocked(busy, {}, turns)) == ["I", "J"]
    waiting = machine("I", I=invoke(selects="$", Resource=f"{INVOKE}.waitForTaskToken"))
    started = returns(answer, submitted=answer)
    assert mocked(waiting, {}, {"I": started}) == {"I": {"returns": answer, "submitted": answer}}


def test_what_cannot_come_the_same_way_is_not_expected() -> None:
    drawn = machine(
        "P", P={"Type": "Pass", "Parameters": {"id.$": "States.UUID()", "n": [1], "deep": {"a": 1}}}
    )
    tested = load(drawn)
    found = recording.test_of(tested.run({}, seed=5).history, tested)
    assert found.test["expect"] == {
        "status": "SUCCEEDED",
        "path": ["P"],
        "output_has": {"n": [1], "deep": {"a": 1}},
    }
    assert found.notes == ("the output cannot come the same way at /id: that is not expected",)


def test_another_machine_is_noticed() -> None:
    found = load(machine("T", T=task()))
    history = found.run(1, mocks={"T": returns(1)}).history
    edited = load(machine("T", T=task(Next="U"), U={"Type": "Pass", "Result": 2}))
    assert recording.test_of(history, edited).notes == (
        "the output cannot come the same way at /: that is not expected",
        "run with these mocks, the path parts at step 2 after 'T': expected its end, got 'U'",
    )


def test_histories_that_have_not_ended_or_lack_their_data() -> None:
    waiting = asl.load(machine("W", W={"Type": "Wait", "Seconds": 9}))
    execution = waiting.start({})
    with pytest.raises(MockError, match="has not ended by itself: its last event is WaitStateEntered"):
        recording.test_of(execution.history)
    execution.stop(at=execution.now)
    with pytest.raises(MockError, match="has not ended by itself: its last event is ExecutionAborted"):
        recording.test_of(execution.history)
    events = json.loads(HISTORIES[0].read_text())["events"]
    del events[0]["executionStartedEventDetails"]["input"]
    with pytest.raises(
        MockError, match=r"event 1 \(ExecutionStarted\) has no input: a test needs the documents"
    ):
        recording.test_of(events)


def test_a_redriven_execution_goes_as_far_as_before() -> None:
    failing = asl.load(machine("T", T=task()))
    execution = failing.run({}, tasks=lambda payload: asl.after(0, asl.TaskError("E"))).execution
    execution.redrive(at=execution.now)
    found = recording.test_of(execution.history, load(failing))
    assert found.test["expect"] == {"status": "FAILED", "error": "E", "path": ["T"]}
    assert found.notes == ("the execution was redriven; the test goes as far as it went before",)


# ---------------------------------------------------------------------- recorded executions of the service

CASES = conformance.SHARED / "cases"
READS_NAMES = "context_object.error_cause_path"  # its cause is the name of the state machine
NOBODY_ANSWERS = "activities.activity_task_on_deleted"  # the activity was deleted: no mock stands for that


@pytest.mark.skipif(not CASES.is_dir(), reason=f"no recorded cases in {CASES}")
def test_recorded_executions_of_the_service_become_tests_that_go_the_same_way() -> None:
    compare: ModuleType = conformance.load_compare(conformance.SHARED / "compare.py")
    good, other = 0, set()
    for case in filter(ended, conformance.cases(CASES, "execution")):
        history = raw(case, compare)
        kinds = {event["type"] for event in history}
        if "MapRunStarted" in kinds or "ExecutionAborted" in kinds:
            continue  # children have histories of their own; nobody aborts a test
        notes = recording.test_of(history, load(conformance.definition(case))).notes
        if any("these mocks" in note for note in notes):
            other.add(case["id"])
        else:
            good += 1
    assert other == {READS_NAMES, NOBODY_ANSWERS}
    assert good > 400


# ---------------------------------------------------------------------- skeletons


def test_a_first_test_has_an_answer_for_every_task(
    asl_command: Asl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ORDER / "order.asl.json", tmp_path)
    said = asl_command("mocks", "order.asl.json")
    assert (said.code, said.err) == (0, "")
    found: Any = yamltext.load(said.out, [])
    assert found["machine"] == "order.asl.json"
    mocks = found["tests"]["happy path"]["mocks"]
    assert set(mocks) == {"Reserve item", "Charge", "Tell customer", "Ship", "Release"}
    write(tmp_path, "order.asl-test.yaml", said.out)
    ran = asl_command("test", "--output", "json")
    (test,) = ran.json["tests"]
    assert test["result"] == "failed", "it runs, and wants its input"
    assert "$.id" in test["problems"][0]


def test_a_first_mock_config_file(asl_command: Asl, tmp_path: Path) -> None:
    pytest.importorskip("botocore")
    path = FIXTURES / "mocks" / "LambdaSQSIntegration.asl.json"
    said = asl_command("mocks", path, "--format", "config")
    config = write(tmp_path, "MockConfigFile.json", said.out)
    assert list(said.json["StateMachines"]["LambdaSQSIntegration"]["TestCases"]) == ["HappyPath"]
    ran = asl_command("run", path, "--mocks", config, "--case", "HappyPath", "--strict-mocks", "--quiet")
    assert ran.code == 0, ran
    assert ran.json["status"] == "SUCCEEDED"
    assert {"MessageId", "MD5OfMessageBody"} <= set(ran.json["output"])


def test_first_answers_fit_their_apis() -> None:
    pytest.importorskip("botocore")
    resources = {
        "sdk": "arn:aws:states:::aws-sdk:dynamodb:listTables",
        "job": "arn:aws:states:::states:startExecution.sync:2",
        "ecs": "arn:aws:states:::ecs:runTask.sync",
        "unknown": "arn:aws:states:::aws-sdk:nothing:atAll",
    }
    names = list(resources)
    states = {
        name: {"Type": "Task", "Resource": resource, "Parameters": {}, **({"Next": after} if after else {})}
        for (name, resource), after in zip(resources.items(), [*names[1:], None], strict=True)
    }
    tested = load(asl.StateMachine(asl.compile(machine(names[0], **states))))
    answers = skeleton.answers(tested.machine.program)
    mocks = {name: returns(answer) for name, answer in answers.items()}
    tested.run({}, mocks=mocks, strict=True).assert_succeeded()
    assert answers["job"]["Status"] == "RUNNING"  # type: ignore[index, call-overload]
    assert answers["unknown"] == {}


def test_a_machine_without_tasks(asl_command: Asl) -> None:
    found: Any = yamltext.load(asl_command("mocks", HELLO_WORLD).out, [])
    assert found["tests"]["happy path"] == {"input": {}, "expect": {"status": "SUCCEEDED"}}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Name a definition, or a history with --from-history, or both."),
        (
            ["--from-history", HISTORIES[0], "--format", "config"],
            "A history gives a test (--format yaml), with its input and its path.",
        ),
        (["--from-history", "gone.json"], "asl: gone.json: no such file or directory"),
    ],
)
def test_what_cannot_be_written(asl_command: Asl, arguments: list[Any], told: str) -> None:
    said = asl_command("mocks", *arguments)
    assert said.code == 2
    assert told in said.err
    assert said.out == ""


def test_the_history_of_another_machine(asl_command: Asl) -> None:
    said = asl_command("mocks", HELLO_WORLD, "--from-history", HISTORIES[-1])
    assert said.code == 0
    assert said.err == (
        "it cannot run with these mocks alone: the mock of 'Reserve item' stands for no Task: "
        "no state, resource or function has that name; the machine has no Task\n"
    )


# ---------------------------------------------------------------------- YAML


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_what_is_written_reads_the_same(value: Any) -> None:
    assert yamltext.load(to_yaml(value), []) == value


def test_what_is_written_can_be_read_by_people() -> None:
    value = {
        "name": "Ada Lovelace",
        "yes": "no",
        "at": "2026-01-01T00:00:00Z",
        "long": ["x" * 60, {"y": ["z" * 60]}],
    }
    assert to_yaml(value) == (
        'name: Ada Lovelace\n"yes": "no"\nat: "2026-01-01T00:00:00Z"\n'
        f'long:\n  - {"x" * 60}\n  - "y": [{"z" * 60}]\n'
    )
