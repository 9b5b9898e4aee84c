"""TestState: the guide's own examples, the stages of every kind of state, what is refused, what mocks must be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.teststate import responses
from tests.commands import Asl, asl_command, write  # noqa: F401 - a fixture

FIXTURES = Path(__file__).parents[1] / "fixtures" / "teststate"
INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f"},
    "End": True,
}
LAMBDA = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}
Case = dict[str, Any]


def cases(*names: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{name}: {case['says']}")
        for name in names
        for case in json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    ]


def parsed(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its documents parsed; error and cause are text of their own."""
    shown = {key: json.loads(value) if key == "output" else value for key, value in answer.items()}
    if "inspectionData" in shown:
        shown["inspectionData"] = {
            key: json.loads(value) if isinstance(value, str) else value
            for key, value in shown["inspectionData"].items()
        }
    return shown


@pytest.mark.parametrize("case", cases("guide", "stages", "measured"))
def test_answers(case: Case) -> None:
    answer = parsed(asl.test_state(case["definition"], **case["request"]))
    shown = answer.get("inspectionData", {})
    if "inspectionData" not in case["answer"]:
        answer.pop("inspectionData", None)
    assert answer == case["answer"]
    assert shown.get("errorDetails") == case.get("details")
    assert {key: shown[key] for key in case.get("shows", {})} == case.get("shows", {})


@pytest.mark.parametrize("case", cases("refusals"))
def test_refuses(case: Case) -> None:
    with pytest.raises(asl.TestStateError) as refusal:
        asl.test_state(case["definition"], **case["request"])
    assert [refusal.value.code, refusal.value.message] == case["refusal"]


@pytest.mark.parametrize("case", cases("models"))
def test_mocks_are_checked_against_the_response_model(case: Case) -> None:
    pytest.importorskip("botocore")
    request: Case = {"result": json.dumps(case["mock"]), "fieldValidationMode": case.get("mode", "STRICT")}
    if case["problem"] is None:
        assert asl.test_state(case["definition"], mock=request)["status"] == "SUCCEEDED"
        return
    with pytest.raises(asl.TestStateError) as refusal:
        asl.test_state(case["definition"], mock=request)
    assert refusal.value.message == case["problem"]


def test_without_botocore_the_mock_is_taken_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.loaders", None)
    responses.response.cache_clear()
    with pytest.warns(UserWarning, match="botocore is not installed"):
        answer = asl.test_state(INVOKE, mock={"result": {"StatusCode": "200"}})
    assert answer["status"] == "SUCCEEDED"


def test_polled_apis_exist() -> None:
    pytest.importorskip("botocore")
    from asl.aws.jobs import JOBS
    from asl.states import target

    unknown = [
        (service, action)
        for service, action in JOBS
        if responses.response(target(f"arn:aws:states:::{service}:{action}.sync"))[1] is None
    ]
    assert unknown == []


def test_documents_that_pass_through_keep_their_text() -> None:
    answer = asl.test_state(
        {**LAMBDA, "ResultPath": None}, input='{"a" : 1.50}', mock={"result": "{ }"}, inspection_level="DEBUG"
    )
    assert answer["output"] == answer["inspectionData"]["input"] == '{"a" : 1.50}'
    assert answer["inspectionData"]["result"] == "{ }"


def test_a_task_without_a_mock_is_served_by_a_function() -> None:
    def double(payload: Any) -> Any:
        return payload["n"] * 2

    request: Case = {"input": {"n": 4}, "role_arn": "arn:aws:iam::123456789012:role/r"}
    answer = asl.test_state(LAMBDA, tasks={"f": double}, **request)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "8")
    with pytest.raises(asl.UnservedCall, match=r"function:f.*registered: none"):
        asl.test_state(LAMBDA, **request)


def test_an_error_of_a_function_meets_retry_and_catch() -> None:
    def broken(payload: Any) -> Any:
        raise asl.TaskError("Mine", "because")

    state = {**LAMBDA, "Retry": [{"ErrorEquals": ["Mine"]}]}
    answer = asl.test_state(state, tasks=broken, role_arn="arn:aws:iam::123456789012:role/r")
    assert answer == {"status": "RETRIABLE", "error": "Mine", "cause": "because"}


def test_the_default_context_object_is_that_of_an_express_execution() -> None:
    state = {"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% $states.context %}", "End": True}
    role = "arn:aws:iam::111122223333:role/mine"
    context = json.loads(asl.test_state(state, input={"n": 1}, role_arn=role)["output"])
    execution = context["Execution"]
    machine = context["StateMachine"]["Name"]
    assert execution["Id"] == f"arn:aws:states:us-east-1:111122223333:express:{machine}:{execution['Name']}"
    assert (execution["Input"], execution["RoleArn"]) == ({"n": 1}, role)
    assert context["State"]["Name"] == "StateName"
    assert asl.test_state(state, input={"n": 1}, role_arn=role)["output"] == json.dumps(
        context, separators=(",", ":")
    )


def test_the_context_object_names_the_state_alike_wherever_it_stands() -> None:
    """Measured by others, September 2026: also that without a role it has none, and the order of its fields."""
    state = {"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% $states.context %}", "End": True}
    machine = {"StartAt": "Mine", "States": {"Mine": state}}
    context = json.loads(asl.test_state(machine, state_name="Mine")["output"])
    assert context["State"]["Name"] == "StateName"
    assert list(context["Execution"]) == ["Id", "Input", "Name", "RoleArn", "StartTime"]
    assert context["Execution"]["RoleArn"] is None


def test_lists_of_a_map_are_lists_of_texts() -> None:
    """Recorded, and measured by others, September 2026."""
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "ItemSelector": {"n.$": "$$.Map.Item.Value"}, "ItemProcessor": inner, "End": True}
    answer = asl.test_state(state, input=[1, 2], mock={"result": [3, 4]}, inspection_level="DEBUG")
    shown = answer["inspectionData"]
    assert (shown["input"], shown["afterItemsPath"]) == ("[1,2]", "[1, 2]")
    assert shown["afterItemSelector"] == '[{"n":1}, {"n":2}]'


def test_a_definition_may_be_a_file_or_text(tmp_path: Path) -> None:
    text = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 1, "End": true}}}'
    file = tmp_path / "machine.asl.json"
    file.write_text(text, encoding="utf-8")
    answers = [asl.test_state(each, state_name="A")["output"] for each in (file, str(file), text)]
    assert answers == ["1", "1", "1"]
    with pytest.raises(asl.TestStateError, match="stateName must say which"):
        asl.test_state(text)


def test_importing_asl_imports_neither_teststate_nor_botocore() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import asl, sys; print([m for m in sys.modules if 'teststate' in m or 'boto' in m])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"
    assert set(asl.__all__) <= {*dir(asl), *asl._ELSEWHERE}


def test_the_command(asl_command: Asl, tmp_path: Path) -> None:  # noqa: F811
    machine = {"StartAt": "Call", "States": {"Call": {**INVOKE, "Retry": [{"ErrorEquals": ["Busy"]}]}}}
    file = write(tmp_path, "m.asl.json", machine)
    arguments = ["test-state", file, "--state-name", "Call", "--inspection-level", "DEBUG"]
    said = asl_command(*arguments, "--input", '{"a": 1}', "--mock", '{"result": "{\\"Payload\\": \\"1\\"}"}')
    assert said.code == 0 and said.err == ""
    assert said.json["output"] == '{"Payload": "1"}', "JSON text, as the service answers"
    assert said.json["inspectionData"]["afterInputPath"] == '{"a":1}'
    said = asl_command(*arguments, "--parsed", "--mock", '{"result": {"Payload": "1"}}')
    assert said.json["output"] == said.json["inspectionData"]["result"] == {"Payload": "1"}
    error = '{"errorOutput": {"error": "Busy", "cause": "later"}}'
    said = asl_command(*arguments, "--mock", error, "--state-configuration", '{"retrierRetryCount": 1}')
    assert (said.code, said.json["status"]) == (0, "RETRIABLE")
    said = asl_command(*arguments, "--mock", error, "--state-configuration", '{"retrierRetryCount": 3}')
    assert (said.code, said.json["status"]) == (1, "FAILED")


def test_the_command_refuses_with_the_services_words(asl_command: Asl, tmp_path: Path) -> None:  # noqa: F811
    file = write(tmp_path, "state.json", {"Type": "Pass", "End": True})
    said = asl_command("test-state", file, "--mock", '{"result": "1"}')
    assert (said.code, said.out) == (2, "")
    assert (
        said.err == "asl: ValidationException: State type 'Pass' is not supported when a mock is specified\n"
    )
    said = asl_command("test-state", file, "--input", "null")
    assert (said.code, said.json["output"]) == (0, "null")
    task = write(tmp_path, "task.json", LAMBDA)
    said = asl_command("test-state", task)
    told = (
        "RoleArn must be specified when testing a Task state; give a --mock, or --task NAME=module:function"
    )
    assert (said.code, said.err) == (2, f"asl: ValidationException: {told}\n")
    whole = write(tmp_path, "whole.json", {"StartAt": "Call", "States": {"Call": INVOKE}})
    said = asl_command("test-state", whole, "--state-name", "Cal")
    assert said.err == "asl: ValidationException: State not found in definition; there are Call\n"
    said = asl_command("test-state", whole, "--state-name", "Call", "--mock", '{"result": {"Payload": {}}}')
    assert said.code == 2 and '"fieldValidationMode": "NONE"' in said.err
    said = asl_command("test-state", task, "--task", "f=json:dumps", "--input", "[1]")
    assert (said.code, said.json["output"]) == (0, '"[1]"')
