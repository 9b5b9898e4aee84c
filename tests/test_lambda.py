"""Lambda functions as resources: both forms of the integration, errors as the service tells them, processes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asl
from tests import handlers
from tests.machines import machine, task

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
ROOT = Path(__file__).parents[1]


def bare(resource: str = ARN, **fields: Any) -> asl.StateMachine:
    return asl.load(machine("T", T={**task(**fields), "Resource": resource}))


def invoke(name: str = "orders", payload: Any = "$", **fields: Any) -> asl.StateMachine:
    parameters = {"FunctionName": name, **fields}
    parameters |= {"Payload.$": payload} if isinstance(payload, str) else {"Payload": payload}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    return asl.load(machine("T", T=state))


@pytest.fixture
def process() -> Iterator[Any]:
    made: list[asl.Lambda] = []

    def make(name: str, **options: Any) -> asl.Lambda:
        made.append(asl.Lambda(f"tests.handlers:{name}", process=True, **{"directory": ROOT, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_bare_arn_gets_the_payload_and_gives_the_answer() -> None:
    assert bare().run({"n": 1}, tasks={"orders": asl.Lambda(handlers.echo)}).output == {"n": 1}
    assert bare(f"{ARN}:PROD").run([1], tasks={"orders:PROD": asl.Lambda(handlers.echo)}).output == [1]


def test_invoke_wraps_the_answer_as_recorded() -> None:
    result = invoke().run({"n": 1}, tasks={"orders": asl.Lambda(handlers.echo)})
    assert isinstance(result.output, dict)
    assert list(result.output) == [
        "ExecutedVersion",
        "Payload",
        "SdkHttpMetadata",
        "SdkResponseMetadata",
        "StatusCode",
    ]
    assert result.output["Payload"] == {"n": 1}
    assert (result.output["ExecutedVersion"], result.output["StatusCode"]) == ("$LATEST", 200)
    metadata = result.output["SdkHttpMetadata"]
    assert isinstance(metadata, dict) and metadata["HttpStatusCode"] == 200
    assert metadata["HttpHeaders"]["Content-Length"] == "7"  # type: ignore[index, call-overload]
    assert metadata["AllHttpHeaders"]["X-Amz-Executed-Version"] == ["$LATEST"]  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    "name",
    [
        "orders",
        "orders:PROD",
        ARN,
        f"{ARN}:PROD",
        "111122223333:function:orders",
        "111122223333:function:orders:7",
    ],
)
def test_a_function_is_known_by_its_name_in_every_form(name: str) -> None:
    output: Any = invoke(name).run(5, tasks={"orders": lambda event: event + 1}).output
    assert output["Payload"] == 6
    given: Any = invoke(name).run(5, tasks={"*": lambda event: 0, name: lambda event: event + 2}).output
    assert given["Payload"] == 7


def test_a_version_is_told_and_a_qualifier_finds_its_own_entry() -> None:
    tasks = {"orders:7": asl.Lambda(handlers.who), "orders": asl.Lambda(handlers.echo)}
    output: Any = invoke("orders", Qualifier="7").run({}, tasks=tasks).output
    assert output["ExecutedVersion"] == "7"
    assert output["Payload"]["version"] == "7"
    assert output["Payload"]["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:orders:7"


def test_what_the_key_names_is_what_the_function_stands_for() -> None:
    whole: Any = invoke().run({"n": 1}, tasks={"T": lambda parameters: parameters}).output
    assert whole == {"FunctionName": "orders", "Payload": {"n": 1}}
    resource: Any = invoke().run({"n": 1}, tasks={"lambda:invoke": lambda parameters: parameters}).output
    assert resource == whole
    function: Any = invoke().run({"n": 1}, tasks={"orders": lambda event: event}).output
    assert function["Payload"] == {"n": 1}


def test_a_handler_that_asks_for_a_context_is_a_lambda_function_under_any_key() -> None:
    for key in ("T", "lambda:invoke", "orders", "*"):
        output: Any = invoke().run({}, tasks={key: handlers.who}).output
        assert output["Payload"]["name"] == "orders", key
    assert bare().run(3, tasks={"T": handlers.echo}).output == 3


def test_the_context_tells_about_the_invocation() -> None:
    one = asl.Lambda(handlers.who, timeout=30, memory=512)
    told: Any = bare().run({}, tasks={"orders": one}).output
    assert (told["name"], told["arn"], told["version"], told["memory"]) == ("orders", ARN, "$LATEST", "512")
    assert 0 < told["remaining"] <= 30_000
    assert told["request"] == bare().run({}, tasks={"orders": one}).output["request"]  # type: ignore[index, call-overload]
    assert told["request"] != bare().run({}, seed=1, tasks={"orders": one}).output["request"]  # type: ignore[index, call-overload]


@pytest.mark.parametrize("loaded", [bare(), invoke()], ids=["bare", "invoke"])
def test_an_exception_is_told_as_recorded(loaded: asl.StateMachine) -> None:
    result = loaded.run({}, tasks={"orders": asl.Lambda("tests.handlers:fail")})
    assert (result.status, result.error) == ("FAILED", "Exception")
    cause = json.loads(result.cause or "")
    assert list(cause) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert cause["errorMessage"] == "Some exception was raised."
    (frame,) = cause["stackTrace"]
    assert frame.startswith('  File "') and 'handlers.py", line' in frame
    assert frame.endswith(', in fail\n    raise Exception("Some exception was raised.")\n')


@pytest.mark.parametrize(
    ("place", "kind", "said"),
    [
        (
            "tests.nowhere:f",
            "Runtime.ImportModuleError",
            "Unable to import module 'tests.nowhere': No module",
        ),
        (
            "tests.handlers.nobody",
            "Runtime.HandlerNotFound",
            "Handler 'nobody' missing on module 'tests.handlers'",
        ),
        (
            "tests.handlers:not_json",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
    ],
)
def test_a_handler_that_cannot_answer(place: str, kind: str, said: str) -> None:
    result = bare().run({}, tasks={"orders": asl.Lambda(place)})
    assert result.error == kind
    assert json.loads(result.cause or "")["errorMessage"].startswith(said)


@pytest.mark.parametrize(
    ("payload", "event"), [("0.0", 0.0), ('"HelloWorld"', "HelloWorld"), ("{}", {}), (None, {})]
)
def test_a_text_payload_is_json_text(payload: Any, event: Any) -> None:
    output: Any = invoke(payload="$.p").run({"p": payload}, tasks={"orders": lambda given: given}).output
    assert output["Payload"] == event


def test_a_text_payload_that_is_not_json_is_refused() -> None:
    result = invoke(payload="$.p").run({"p": "Hello"}, tasks={"orders": lambda given: given})
    assert result.error == "Lambda.InvalidRequestContentException"
    assert "Error Code: InvalidRequestContentException" in (result.cause or "")


def test_an_event_invocation_does_not_wait_for_the_answer() -> None:
    result: Any = invoke(InvocationType="Event").run({}, tasks={"orders": asl.Lambda(handlers.fail)}).output
    assert (result["StatusCode"], result["Payload"]) == (202, "")


def test_an_answer_may_take_its_time() -> None:
    result = invoke().run({}, tasks={"orders": lambda event: asl.after(60, "late")})
    output: Any = result.output
    assert output["Payload"] == "late"
    assert result.history[-1].at - result.history[0].at == 60_000


def test_an_async_function_is_wrapped_too() -> None:
    async def answer(event: Any) -> Any:
        return [event]

    output: Any = invoke().run(1, tasks={"orders": answer}).output
    assert output["Payload"] == [1]


# ---------------------------------------------------------------------- processes of their own


def test_a_process_is_warm_and_has_its_own_surroundings(
    process: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    one = process("count", environment={"STAGE": "test"}, directory=tmp_path)
    first: Any = bare().run({}, tasks={"orders": one}).output
    second: Any = bare().run({}, tasks={"orders": one}).output
    assert (first["calls"], second["calls"]) == (1, 2)
    assert first["process"] == second["process"] != os.getpid()
    assert (first["stage"], first["folder"]) == ("test", str(tmp_path.resolve()))


def test_errors_and_context_cross_the_border(process: Any) -> None:
    result = bare().run({}, tasks={"orders": process("fail")})
    cause = json.loads(result.cause or "")
    assert (result.error, cause["errorMessage"], len(cause["stackTrace"])) == (
        "Exception",
        "Some exception was raised.",
        1,
    )
    told: Any = bare().run({}, tasks={"orders": process("who", timeout=30)}).output
    assert (told["name"], told["arn"]) == ("orders", ARN)
    assert 0 < told["remaining"] <= 30_000


def test_a_handler_that_ends_its_process_fails_and_the_next_call_has_a_new_one(process: Any) -> None:
    dying = process("die")
    for _ in range(2):
        result = bare().run({}, tasks={"orders": dying})
        assert result.error == "Runtime.ExitError"
        assert (result.cause or "").endswith('Error: Runtime exited with error: exit status 3"}')


def test_a_handler_that_hangs_is_cut_off(process: Any) -> None:
    result = bare().run({}, tasks={"orders": process("hang", timeout=0.3)})
    assert result.error == "Sandbox.Timedout"
    assert (result.cause or "").endswith('Error: Task timed out after 0.30 seconds"}')


def test_a_folder_that_is_not_there_is_an_error_of_the_task(process: Any, tmp_path: Path) -> None:
    result = bare().run({}, tasks={"orders": process("echo", directory=tmp_path / "none")})
    assert result.error == "Lambda.InitError"


def test_options_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TypeError, match="named by its place"):
        asl.Lambda(handlers.echo, process=True)
    with pytest.raises(TypeError, match="process=True"):
        asl.Lambda(handlers.echo, directory=".")
