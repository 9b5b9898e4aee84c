"""What Resources can be: sent to another process, and told what it was given wrong."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.resources import Resources
from asl.states import target
from tests import handlers
from tests.machines import FUNCTION, machine, task

ROOT = Path(__file__).parents[1]


def test_resources_can_be_sent_to_another_process() -> None:
    pytest.importorskip("urllib3", reason="the extra 'http' is not installed")
    work = asl.Lambda("tests.handlers:echo", process=True, directory=ROOT)
    tasks = {
        "work": work,
        "own": handlers.echo,
        "http:invoke": asl.HttpTask({"a": {}}),
        **asl.Aws("http://x").tasks,
    }
    child = asl.load(machine("P", P={"Type": "Pass", "Parameters": {"n.$": "$.n"}}))
    found = Resources(tasks, callbacks={"Ask": asl.after(1, 2)}, activities=["a"], machines={"child": child})
    call = asl.load(machine("T", T=task())).start({"n": 1}).take_calls()[0]
    try:
        assert found.function(call).function(call) == {"n": 1}
        again: Any = pickle.loads(pickle.dumps(found))
        assert again.function(call).function(call) == {"n": 1}
        assert again.machines["child"].run({"n": 5}).output == {"n": 5}
        assert again.has_activity("a") and not again.has_activity("b")
        again._named["work"].close()
    finally:
        work.close()


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="the task 'work' is not a function but str"):
        Resources({"work": "orders:handler"})  # type: ignore[dict-item]


def test_a_call_that_nothing_serves_names_the_function_it_invokes() -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "orders:PROD", "Payload": {}},
    }
    with pytest.raises(asl.UnservedCall) as refusal:
        asl.load(machine("T", T=state)).run(tasks={"order": print})
    assert str(refusal.value) == (
        "no task function serves the resource 'arn:aws:states:::lambda:invoke' of the state 'T' "
        "(the function 'orders:PROD'); registered: 'order'"
    )


def test_credentials_reach_the_task_and_the_history() -> None:
    """Recorded: credentials_base.cross_account_lambda_task."""
    role = "arn:aws:iam::222222222222:role/trusted"
    seen = []
    loaded = asl.load(machine("T", T=task(Credentials={"RoleArn.$": "$.role"})))
    result = loaded.run({"role": role}, tasks={"T": lambda payload, call: seen.append(call.credentials)})
    assert seen == [{"RoleArn": role}]
    assert result.history[2].details()["taskCredentials"] == {"roleArn": role}


@pytest.mark.parametrize(
    ("resource", "api"),
    [
        ("arn:aws:states:::lambda:invoke", ("lambda", "invoke")),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", ("lambda", "invoke")),
        ("arn:aws-cn:states:::states:startExecution.sync:2", ("states", "startExecution")),
        ("arn:aws:states:::glue:startJobRun.sync", ("glue", "startJobRun")),
        ("arn:aws:states:::aws-sdk:s3:getObject.waitForTaskToken", ("aws-sdk:s3", "getObject")),
        (FUNCTION, ("", "")),
        ("arn:aws:states:eu-west-1:123456789012:activity:a.sync", ("", "")),
    ],
)
def test_the_api_of_a_resource_is_without_its_pattern(resource: str, api: tuple[str, str]) -> None:
    assert target(resource).api == api


def test_a_task_cannot_scribble_on_what_the_definition_holds() -> None:
    class Mapping(dict):  # type: ignore[type-arg]  # as readers of YAML give, that keep comments
        pass

    given = {"Type": "Pass", "Result": {"inner": Mapping(n=1)}, "Next": "T"}
    loaded = asl.load(machine("A", A=given, T=task()))

    def scribble(payload: Any) -> Any:
        payload["inner"]["n"] += 1
        return payload

    for _ in range(2):
        result = loaded.run({}, tasks={"T": scribble})
        assert result.output == {"inner": {"n": 2}}
        exited = next(event for event in result.history if event.type == "PassStateExited")
        assert exited.data == {"inner": {"n": 1}}
