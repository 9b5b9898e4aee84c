"""MockConfigFile.json: AWS's documented example, the whole grammar, what goes beyond it, and every refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.testing import MockError, mockconfig
from tests.commands import FIXTURES, HELLO_WORLD, Asl, asl_command, write
from tests.machines import TOKEN, machine, task

__all__ = ["asl_command"]

MACHINE = FIXTURES / "mocks" / "LambdaSQSIntegration.asl.json"
CONFIG = FIXTURES / "mocks" / "MockConfigFile.json"
SAID = {"StatusCode": 200, "Payload": {"StatusCode": 200, "body": "Good day"}}
QUEUED = {"MD5OfMessageBody": "5eb63bbbe01eeed093cb22bb8f5acdc3", "MessageId": "c1f0"}


# ---------------------------------------------------------------------- AWS's example


def types(path: Path) -> list[str]:
    return [event["type"] for event in json.loads(path.read_text())["events"]]


def test_happy_path(asl_command: Asl, tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    said = asl_command(
        "run", MACHINE, "--mocks", CONFIG, "--case", "HappyPath", "--history", history, "--quiet"
    )
    assert (said.code, said.err) == (0, "")
    assert said.json == {"status": "SUCCEEDED", "output": QUEUED}
    events = json.loads(history.read_text())["events"]
    outputs = [
        json.loads(event["taskSucceededEventDetails"]["output"])
        for event in events
        if event["type"] == "TaskSucceeded"
    ]
    assert outputs == [SAID, QUEUED]
    entered = [e["stateEnteredEventDetails"] for e in events if e["type"] == "TaskStateEntered"]
    assert [each["name"] for each in entered] == ["LambdaState", "SQSState"]
    assert [json.loads(each["input"]) for each in entered] == [{}, SAID], (
        "one's output is the next one's input"
    )


def test_retry_path(asl_command: Asl, tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    said = asl_command("run", MACHINE, "--mocks", CONFIG, "--case", "RetryPath", "--history", history)
    assert said.json == {"status": "SUCCEEDED", "output": QUEUED}
    assert types(history).count("TaskFailed") == 3
    assert types(history).count("TaskScheduled") == 5
    assert "SUCCEEDED after 14 s of virtual time" in said.err, "2 + 4 + 8 seconds of back-off"
    errors = [
        event["taskFailedEventDetails"]["error"]
        for event in json.loads(history.read_text())["events"]
        if event["type"] == "TaskFailed"
    ]
    assert errors == ["Lambda.ResourceNotReadyException", *["Lambda.TimeoutException"] * 2]


def test_hybrid_path_calls_what_is_not_mocked(asl_command: Asl) -> None:
    arguments = ["run", MACHINE, "--mocks", CONFIG, "--case", "HybridPath", "--quiet"]
    said = asl_command(*arguments, "--task", "SQSState=builtins:dict")
    assert said.json["status"] == "SUCCEEDED"
    assert said.json["output"]["MessageBody"] == SAID
    said = asl_command(*arguments)
    assert said.code == 2
    assert (
        "no task function serves the resource 'arn:aws:states:::sqs:sendMessage' of the state 'SQSState'"
        in said.err
    )


def test_a_machine_by_another_file_name_is_the_only_one_in_the_file(asl_command: Asl, tmp_path: Path) -> None:
    copy = write(tmp_path, "machine.json", MACHINE.read_text())
    said = asl_command("run", copy, "--mocks", CONFIG, "--case", "HappyPath", "--quiet")
    assert said.json["output"] == QUEUED
    said = asl_command("run", copy, "--mocks", CONFIG, "--case", "LambdaSQSIntegration#RetryPath", "--quiet")
    assert said.json["output"] == QUEUED


def test_the_environment_names_the_file(
    asl_command: Asl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["run", MACHINE, "--case", "HappyPath", "--quiet"]
    monkeypatch.delenv("SFN_MOCK_CONFIG", raising=False)
    said = asl_command(*arguments)
    assert said == (
        2,
        "",
        "asl: --case HappyPath: no file with mocks: give --mocks FILE, or set SFN_MOCK_CONFIG; "
        "there is no MockConfigFile.json here\n",
    )
    monkeypatch.setenv("SFN_MOCK_CONFIG", str(CONFIG))
    assert asl_command(*arguments).json["output"] == QUEUED
    wrong = write(tmp_path, "MockConfigFile.json", {})
    assert asl_command(*arguments).json["output"] == QUEUED, "the variable comes first"
    monkeypatch.delenv("SFN_MOCK_CONFIG")
    assert (
        "the machine 'LambdaSQSIntegration' is not in StateMachines; there is none"
        in asl_command(*arguments).err
    )
    wrong.write_text(CONFIG.read_text())
    assert asl_command(*arguments).json["output"] == QUEUED


def test_without_a_case_nothing_is_mocked(asl_command: Asl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFN_MOCK_CONFIG", str(CONFIG))
    assert "no task function serves" in asl_command("run", MACHINE).err
    said = asl_command("run", MACHINE, "--mocks", CONFIG)
    assert said == (
        2,
        "",
        f"asl: --mocks {CONFIG}: say which test case with --case; there are LambdaSQSIntegration#HappyPath, "
        "LambdaSQSIntegration#RetryPath, LambdaSQSIntegration#HybridPath\n",
    )


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("file", "case", "told"),
    [
        (
            MACHINE,
            "SadPath",
            "LambdaSQSIntegration has no test case 'SadPath'; there are 'HappyPath', 'RetryPath', 'HybridPath'",
        ),
        (
            MACHINE,
            "Other#HappyPath",
            "the machine 'Other' is not in StateMachines; there is 'LambdaSQSIntegration'",
        ),
        (
            HELLO_WORLD,
            "HappyPath",
            "test case 'HappyPath' of LambdaSQSIntegration mocks the state 'LambdaState', "
            "which hello-world does not have; it has no Task",
        ),
    ],
)
def test_what_is_not_there(asl_command: Asl, file: Path, case: str, told: str) -> None:
    said = asl_command("run", file, "--mocks", CONFIG, "--case", case)
    assert said == (2, "", f"asl: {CONFIG}: {told}\n")


def config(**responses: Any) -> dict[str, Any]:
    """A file whose machine M has a case C in which the state T has the response R."""
    return {
        "StateMachines": {"M": {"TestCases": {"C": {"T": "R"}}}, "N": {"TestCases": {}}},
        "MockedResponses": responses,
    }


def test_a_machine_that_is_not_in_the_file_a_state_that_does_not_exist_and_one_that_is_no_task() -> None:
    found = mockconfig.read(config(R={"0": {"Return": 1}}))
    task_machine = asl.load(machine("T", T=task())).program
    with pytest.raises(MockError) as refusal:
        found.tasks("C", "X", task_machine)
    assert str(refusal.value) == (
        "the mock configuration: the machine 'X' is not in StateMachines; there are 'M', 'N'; "
        "`--case Machine#Case` says which is meant"
    )
    with pytest.raises(MockError, match="which M does not have; its Tasks are 'U'"):
        found.tasks("C", "M", asl.load(machine("U", U=task())).program)
    with pytest.raises(MockError, match="mocks 'T', which is a Pass state of M; its Tasks are 'U'"):
        found.tasks("C", "M", asl.load(machine("U", U=task(Next="T"), T={"Type": "Pass"})).program)
    with pytest.raises(MockError, match="N has no test case 'C'; there is none"):
        found.tasks("C", "N", task_machine)


def ran(input: Any, response: Any, definition: dict[str, Any] | None = None) -> asl.Result:
    loaded = asl.load(definition or machine("T", T=task(Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 9}])))
    tasks = mockconfig.read(config(R=response)).tasks("C", "M", loaded.program)
    return loaded.run(input, tasks=tasks)


BUSY = {"Throw": {"Error": "Busy", "Cause": "Not yet."}}


def test_an_index_that_is_not_covered_fails_the_execution() -> None:
    result = ran({}, {"0": BUSY, "1-2": BUSY, "4": {"Return": 1}})
    assert (result.status, result.error) == ("FAILED", "States.Runtime")
    assert result.cause == (
        'the mocked response \'R\' has no answer for call 3 of the state \'T\'; it has "0", "1-2", "4"'
    )


@pytest.mark.parametrize(
    ("response", "told"),
    [
        ({"0": {}}, "an answer has either Return or Throw at /MockedResponses/R/0"),
        ({"0": {"Return": 1, **BUSY}}, "an answer has either Return or Throw at /MockedResponses/R/0"),
        (
            {"0": {"Retrun": 1}},
            "there is no field 'Retrun' here; there are Return, Throw, Match, MapIndex, DelaySeconds, Callback "
            "at /MockedResponses/R/0",
        ),
        ({"0": {"Throw": {"Cause": "c"}}}, "Error must be a string at /MockedResponses/R/0/Throw"),
        (
            {"0": {"Throw": {"Error": "E", "Cause": 1}}},
            "Cause must be a string at /MockedResponses/R/0/Throw",
        ),
        ({"0": {"Throw": "E"}}, "an object must stand here, not string at /MockedResponses/R/0/Throw"),
        ({"2-1": BUSY}, '\'2-1\' is no range of calls: write "0", "1-2" or "*" at /MockedResponses/R/2-1'),
        (
            {"first": BUSY},
            '\'first\' is no range of calls: write "0", "1-2" or "*" at /MockedResponses/R/first',
        ),
        (
            {"9999999999": BUSY},
            '\'9999999999\' is no range of calls: write "0", "1-2" or "*" at /MockedResponses/R/9999999999',
        ),
        ({"0-2": BUSY, "2": BUSY}, "call 2 is in '0-2' too at /MockedResponses/R/2"),
        ([BUSY], "an object must stand here, not array at /MockedResponses/R"),
        (
            {"*": [BUSY, {"Return": 1, "MapIndex": "a"}]},
            'MapIndex must be an index from 0, not "a" at /MockedResponses/R/*[1]/MapIndex',
        ),
        (
            {"0": {"Return": 1, "DelaySeconds": -1}},
            "DelaySeconds must be a number of seconds, not -1 at /MockedResponses/R/0/DelaySeconds",
        ),
        ({"0": {**BUSY, "Callback": BUSY}}, "a call that throws has no Callback at /MockedResponses/R/0"),
        (
            {"0": {"Return": 1, "Callback": {"Return": 1, "Match": 1}}},
            "there is no field 'Match' here; there are Return, Throw, DelaySeconds at /MockedResponses/R/0/Callback",
        ),
    ],
)
def test_what_is_no_response(response: Any, told: str) -> None:
    with pytest.raises(MockError) as refusal:
        mockconfig.read(config(R=response))
    assert str(refusal.value) == f"the mock configuration: {told}"


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(MockError, match=r"m\.json, line 1, column 2: not JSON: Expecting property name "):
        mockconfig.read(write(tmp_path, "m.json", "{"))
    with pytest.raises(MockError, match=r"m\.json: NaN is not JSON$"):
        mockconfig.read(write(tmp_path, "m.json", '{"a": NaN}'))
    with pytest.raises(MockError, match=r"m\.json: an object must stand here, not array$"):
        mockconfig.read(write(tmp_path, "m.json", []))
    with pytest.raises(
        MockError, match="there is no mocked response 'R'; there is 'S' at /StateMachines/M/TestCases/C/T"
    ):
        mockconfig.read(config(S={}))


def test_strict_mocks_on_the_command_line(asl_command: Asl, tmp_path: Path) -> None:
    pytest.importorskip("botocore")
    arguments = ["run", MACHINE, "--case", "HappyPath", "--strict-mocks", "--quiet", "--mocks"]
    assert asl_command(*arguments, CONFIG).json == {"status": "SUCCEEDED", "output": QUEUED}
    wrong = json.loads(CONFIG.read_text())
    wrong["MockedResponses"]["MockedSQSSuccess"]["0"]["Return"]["MessageId"] = 12
    said = asl_command(*arguments, write(tmp_path, "wrong.json", wrong))
    assert said.code == 1
    assert said.json == {
        "status": "FAILED",
        "error": "States.Runtime",
        "cause": "Mock result schema validation error: Field 'MessageId' must be a string",
    }


# ---------------------------------------------------------------------- beyond Step Functions Local


def test_any_other_index() -> None:
    assert ran({}, {"*": {"Return": "late"}, "0-1": BUSY}).output == "late"
    assert ran({}, {"*": {"Return": "at once"}}).output == "at once"


def test_match_on_input() -> None:
    response = {"*": [{"Return": "vip", "Match": {"who": {"vip": True}}}, {"Return": "other"}]}
    assert ran({"who": {"vip": True, "name": "Ada"}}, response).output == "vip"
    assert ran({"who": {"vip": False}}, response).output == "other"


def test_map_index_counts_the_calls_of_that_iteration() -> None:
    processor = machine("T", T=task(Retry=[{"ErrorEquals": ["Busy"]}]))
    definition = machine("Each", Each={"Type": "Map", "ItemProcessor": processor})
    response = {
        "0": [{**BUSY, "MapIndex": 2}],
        "1": [{"Return": "second try", "MapIndex": 2}],
        "*": {"Return": "any"},
    }
    result = ran([0, 0, 0], response, definition)
    assert result.output == ["any", "any", "second try"]
    alone = ran([0, 0], {"0": {"Return": "none", "MapIndex": 7}}, definition)
    assert alone.cause == (
        "the mocked response 'R' has no answer for call 0 (0 in iteration 0) of the state 'T'; "
        'it has "0" of iteration 7'
    )


def test_without_map_index_the_calls_of_all_iterations_are_counted() -> None:
    definition = machine(
        "Each", Each={"Type": "Map", "ItemProcessor": machine("T", T=task()), "MaxConcurrency": 1}
    )
    assert ran([0, 0], {"0": {"Return": "a"}, "1": {"Return": "b"}}, definition).output == ["a", "b"]


def test_delay() -> None:
    definition = machine("T", T=task(TimeoutSeconds=5))
    assert ran({}, {"0": {"Return": 1, "DelaySeconds": 4.5}}, definition).output == 1
    assert ran({}, {"0": {"Return": 1, "DelaySeconds": 5}}, definition).error == "States.Timeout"


WAITS = {
    "Type": "Task",
    "Resource": TOKEN,
    "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
}


def test_a_task_with_a_token_is_answered_by_the_mock_at_once() -> None:
    assert ran({}, {"0": {"Return": {"ok": True}}}, machine("T", T=WAITS)).output == {"ok": True}


def test_callback() -> None:
    answer = {"Return": {"MessageId": "m"}, "Callback": {"Return": "approved", "DelaySeconds": 60}}
    result = ran({}, {"0": answer}, machine("T", T=WAITS))
    assert result.output == "approved"
    assert [event.data for event in result.history if event.type == "TaskSubmitted"] == [{"MessageId": "m"}]
    assert result.history[-1].at - result.history[0].at == 60_000
    rejected = {"0": {**answer, "Callback": BUSY}}
    assert ran({}, rejected, machine("T", T=WAITS)).error == "Busy"
