"""Callbacks and activities: answered by a token, by a script or by hand, in virtual and in real time."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import asl
from tests.machines import TOKEN, machine

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:build"
SYNC = "arn:aws:states:::ecs:runTask.sync"


def ask(resource: str = TOKEN, **fields: Any) -> asl.StateMachine:
    """A machine that asks and waits."""
    if resource == TOKEN:
        message = {"QueueUrl": "https://sqs/asked", "MessageBody": {"Token.$": "$$.Task.Token"}}
        fields = {"Parameters": message, **fields}
    elif resource == SYNC:
        fields = {"Parameters": {"TaskDefinition": "job"}, **fields}
    return asl.load(machine("Ask", Ask={"Type": "Task", "Resource": resource, **fields}))


def approval(**fields: Any) -> asl.StateMachine:
    return ask(**fields)


def types(result: asl.Result) -> list[str]:
    return [event.type for event in result.history][2:-2]


def seconds(result: asl.Result) -> list[float]:
    start = result.history[0].at
    return [(event.at - start) / 1000 for event in result.history][2:-1]


# ---------------------------------------------------------------------- scripted


@pytest.mark.parametrize("resource", [TOKEN, SYNC])
def test_a_simple_mock_gives_the_result_of_the_whole_task(resource: str) -> None:
    result = ask(resource).run(tasks={"Ask": lambda payload: {"approved": True}})
    assert result.output == {"approved": True}
    assert types(result) == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    later = ask(resource).run(tasks={"Ask": lambda payload: asl.after(60, 1)})
    assert (later.output, seconds(later)) == (1, [0, 0, 0, 60, 60])
    failed = ask(resource).run(tasks={"Ask": lambda payload: 1 / 0})
    assert failed.error == "ZeroDivisionError"
    assert [event.type for event in failed.history][2:] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskFailed",
        "ExecutionFailed",
    ]


def test_a_callback_brings_the_result_and_the_function_the_first_answer() -> None:
    result = approval().run(
        tasks={"Ask": lambda payload: {"MessageId": "m"}}, callbacks={"Ask": asl.after(5, {"approved": True})}
    )
    assert result.output == {"approved": True}
    assert seconds(result) == [0, 0, 0, 5, 5]
    submitted = result.history[4]
    assert (submitted.type, submitted.data) == ("TaskSubmitted", {"MessageId": "m"})


def test_the_first_answer_may_take_its_time_too() -> None:
    result = approval().run(
        tasks={"Ask": lambda payload: asl.after(2, {"MessageId": "m"})}, callbacks={"Ask": asl.after(5, 1)}
    )
    assert seconds(result) == [0, 0, 2, 7, 7]


def test_a_callback_needs_no_task_function() -> None:
    result = approval().run(callbacks={"sqs:*": 1, "*": 2, "Ask": 3})
    assert (result.output, result.history[4].data) == (3, {})


def test_a_script_may_be_a_function_of_the_call() -> None:
    def decide(payload: Any, call: asl.Call) -> Any:
        assert payload["MessageBody"]["Token"] == call.token
        return asl.after(1, asl.TaskError("Refused", "no")) if call.attempt == 0 else "yes"

    retried = approval(Retry=[{"ErrorEquals": ["Refused"], "IntervalSeconds": 10}])
    result = retried.run(callbacks={"Ask": decide})
    assert (result.output, seconds(result)) == ("yes", [0, 0, 0, 1, 11, 11, 11, 11, 11])


def test_nobody_answers_and_the_task_times_out() -> None:
    result = approval(TimeoutSeconds=30).run(callbacks={"Ask": None})
    assert (result.status, result.error, seconds(result)) == ("FAILED", "States.Timeout", [0, 0, 0, 30])
    assert approval().run(callbacks={"Ask": None}).status == "RUNNING"


def test_heartbeats_are_exact() -> None:
    asked = approval(TimeoutSeconds=1000, HeartbeatSeconds=60)
    beats = asl.after(59, asl.HEARTBEAT).then(59, asl.HEARTBEAT)
    kept = asked.run(callbacks={"Ask": beats.then(59, "done")})
    assert (kept.output, seconds(kept)[-1]) == ("done", 177)
    silent = asked.run(callbacks={"Ask": beats.then(60, "done")})
    assert (silent.error, seconds(silent)[-1]) == ("States.Timeout", 178)
    first = asked.run(callbacks={"Ask": asl.after(60, asl.HEARTBEAT).then(1, "done")})
    assert (first.error, seconds(first)[-1]) == ("States.Timeout", 60)


def test_submitted_says_both_answers_in_one() -> None:
    result = approval().run(tasks={"Ask": lambda p: asl.Submitted({"id": 1}, asl.after(3, "done"))})
    assert (result.output, result.history[4].data, seconds(result)) == ("done", {"id": 1}, [0, 0, 0, 3, 3])
    called = approval().run(tasks={"Ask": lambda p: asl.Submitted({"id": 1}, lambda: "done")})
    assert called.output == "done"
    waits = approval().run(tasks={"Ask": lambda p: asl.Submitted({"id": 1})})
    assert (waits.status, [event.type for event in waits.history][-1]) == ("RUNNING", "TaskSubmitted")


def test_a_first_answer_that_is_not_json_fails_the_task() -> None:
    result = approval().run(tasks={"Ask": lambda p: {1}}, callbacks={"Ask": 1})
    assert (result.error, "of the type set" in (result.cause or "")) == ("States.Runtime", True)


def test_a_lambda_that_passes_the_token_on_gives_the_first_answer() -> None:
    loaded = ask(
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        Parameters={"FunctionName": "notify", "Payload": {"token.$": "$$.Task.Token"}},
    )
    result = loaded.run(tasks={"notify": lambda event: len(event["token"])}, callbacks={"Ask": "done"})
    assert result.output == "done"
    assert result.history[4].data["Payload"] == 64
    session = asl.Session(tasks={"notify": lambda event: asl.after(5, "sent")})
    running = session.start(loaded)
    session.advance(5)
    assert running.result.history[-1].data["Payload"] == "sent"
    session.send_task_success(session.waiting[0].token or "", "done")
    assert running.result.output == "done"


def test_a_job_that_nobody_waits_for_any_more_is_cancelled() -> None:
    cancelled = []
    job = asl.Submitted({}, asl.after(100, "done"), cancel=lambda: cancelled.append(1))
    assert ask(SYNC, TimeoutSeconds=10).run(tasks={"Ask": lambda p: job}).error == "States.Timeout"
    assert cancelled == [1]
    assert ask(SYNC, TimeoutSeconds=101).run(tasks={"Ask": lambda p: job}).output == "done"
    assert cancelled == [1]


# ---------------------------------------------------------------------- by hand


def test_a_session_waits_until_it_is_told() -> None:
    session = asl.Session(tasks={"Ask": lambda payload: asl.Submitted({"MessageId": "m"})})
    running = session.start(approval(HeartbeatSeconds=60))
    assert running.status == "RUNNING"
    (call,) = session.waiting
    assert call.token is not None and running.waiting == [call]
    session.advance(59)
    session.send_task_heartbeat(call.token)
    session.advance(59)
    assert running.status == "RUNNING"
    session.send_task_success(call.token, {"approved": True})
    assert (running.status, running.result.output) == ("SUCCEEDED", {"approved": True})
    assert seconds(running.result) == [0, 0, 0, 118, 118]


def test_a_failure_by_token_may_have_no_fields() -> None:
    session = asl.Session(callbacks={"Ask": None})
    caught = machine(
        "Ask",
        Ask={
            "Type": "Task",
            "Resource": TOKEN,
            "Parameters": {"QueueUrl": "https://sqs/asked", "MessageBody.$": "$$.Task.Token"},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}],
        },
        End={"Type": "Succeed"},
    )
    running = session.start(asl.load(caught))
    session.send_task_failure(session.waiting[0].token or "")
    assert running.result.output == {"Error": None, "Cause": None}


def test_tokens_are_refused_as_the_service_does() -> None:
    session = asl.Session(callbacks={"Ask": None})
    running = session.start(approval(TimeoutSeconds=60, Retry=[{"ErrorEquals": ["States.Timeout"]}]))
    late = session.waiting[0].token or ""
    with pytest.raises(asl.InvalidToken, match="Invalid Token: 'Invalid token'"):
        session.send_task_success("unknown", 1)
    session.advance(60)
    with pytest.raises(asl.TaskTimedOut, match="Task Timed Out: 'Provided task does not exist anymore'"):
        session.send_task_heartbeat(late)
    session.advance(1)  # the back-off
    fresh = session.waiting[0].token or ""
    assert fresh != late
    session.send_task_success(fresh, 1)
    with pytest.raises(asl.TaskTimedOut) as repeated:
        session.send_task_failure(fresh, "E")
    assert repeated.value.code == "TaskTimedOut"
    assert running.result.output == 1


def test_an_output_that_is_not_json_is_refused_and_the_task_goes_on() -> None:
    session = asl.Session(callbacks={"Ask": None})
    session.start(approval())
    token = session.waiting[0].token or ""
    with pytest.raises(ValueError, match="not JSON"):
        session.send_task_success(token, {1, 2})  # type: ignore[arg-type]
    session.send_task_success(token)
    assert not session.waiting


def test_stopping_an_execution_of_a_session() -> None:
    session = asl.Session(callbacks={"Ask": None})
    running = session.start(approval())
    session.advance(5)
    running.stop("Enough", "of this")
    result = running.result
    assert (result.status, result.error, result.cause) == ("ABORTED", "Enough", "of this")
    assert result.history[-1].at - result.history[0].at == 5000


def test_executions_of_a_session_share_the_clock_and_find_each_other() -> None:
    """One machine answers the other's token, as a worker machine would."""
    answer = machine(
        "Wait",
        Wait={"Type": "Wait", "Seconds": 30, "Next": "Answer"},
        Answer={
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
            "Parameters": {"TaskToken.$": "$.token", "Output": {"from": "a machine"}},
        },
    )
    session = asl.Session(machines={"answer": asl.load(answer)}, callbacks={"Ask": None})
    asking = session.start(approval())
    answering = session.start("answer", {"token": session.waiting[0].token})
    session.finish()
    assert asking.result.output == {"from": "a machine"}
    assert (answering.result.output, seconds(asking.result)[-1]) == ({}, 30)


@pytest.mark.parametrize("action", ["sendTaskSuccess", "sendTaskFailure", "sendTaskHeartbeat"])
def test_a_token_that_no_task_was_given_is_an_error_of_the_task_that_sends_it(action: str) -> None:
    """Recorded: aws_sdk_task_service.sfn_send_task_outcome_with_no_such_token."""
    send = ask(
        f"arn:aws:states:::aws-sdk:sfn:{action}", Parameters={"TaskToken": "NoSuchTaskToken", "Output": "{}"}
    )
    result = send.run()
    assert result.error == "Sfn.InvalidTokenException"
    before, _, after = (result.cause or "").partition("Request ID: ")
    assert before == "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, "
    assert after.endswith(") (SDK Attempt Count: 1)")


# ---------------------------------------------------------------------- activities


def test_a_function_is_a_worker_of_the_activity() -> None:
    result = ask(ACTIVITY).run({"n": 1}, tasks={"build": lambda input: asl.after(9, input)})
    assert result.output == {"n": 1}
    assert types(result) == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert seconds(result) == [0, 0, 9, 9]
    assert ask(ACTIVITY).run(callbacks={"build": asl.after(9, 1)}).output == 1


def test_workers_poll_a_session() -> None:
    session = asl.Session()
    running = session.start(ask(ACTIVITY, TimeoutSeconds=60), {"n": 1})
    other = session.start(ask(ACTIVITY), {"n": 2})
    session.advance(10)
    first = session.get_activity_task(ACTIVITY, "worker-1")
    second = session.get_activity_task(ACTIVITY)
    assert first is not None and second is not None
    assert (first.input, second.input, session.get_activity_task(ACTIVITY)) == ({"n": 1}, {"n": 2}, None)
    session.send_task_success(first.token, "built")
    session.send_task_failure(second.token, "Broken", "build")
    assert (running.result.output, other.result.error) == ("built", "Broken")
    with pytest.raises(asl.TaskTimedOut, match=f"^Task Timed Out: '{ACTIVITY}'$"):
        session.send_task_heartbeat(first.token)  # measured on the service by others, September 2026
    started = [event.details() for event in running.result.history if event.type == "ActivityStarted"]
    assert started == [{"workerName": "worker-1"}]
    assert [event.details() for event in other.result.history if event.type == "ActivityStarted"] == [{}]


def test_a_task_waits_for_its_worker_as_long_as_the_execution_may_last() -> None:
    """Measured on the service by others, September 2026: its own limits count from when a worker takes it."""
    definition = machine("Ask", Ask={"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 60})
    session = asl.Session()
    running = session.start(asl.load({**definition, "TimeoutSeconds": 100}))
    session.advance(99)
    assert running.execution.outcome is None
    session.advance(1)
    assert (running.result.status, running.result.error) == ("TIMED_OUT", "States.Timeout")
    assert session.get_activity_task(ACTIVITY) is None


def test_an_activity_that_does_not_exist() -> None:
    """Recorded: activities.activity_task_on_deleted, sfn_api_activities.get_activity_task_deleted."""
    result = ask(ACTIVITY).run(activities=[])
    assert result.error == "States.Runtime"
    assert result.cause == (
        "An error occurred while executing the state 'Ask' (entered at the event id #2). "
        f"The activity {ACTIVITY} does not exist."
    )
    assert [event.type for event in result.history][1:] == ["TaskStateEntered", "ExecutionFailed"]
    with pytest.raises(asl.ActivityDoesNotExist, match=f"Activity Does Not Exist: '{ACTIVITY}'"):
        asl.Session(activities=[]).get_activity_task(ACTIVITY)


def test_nobody_serves_an_activity() -> None:
    with pytest.raises(asl.UnservedCall, match="activity:build"):
        ask(ACTIVITY).run()


def test_parameters_of_an_invalid_format_are_refused_before_the_task_starts() -> None:
    """Recorded: apigetway_task_service.invoke_with_headers.singleStringHeader."""
    call = ask("arn:aws:states:::apigateway:invoke", Parameters={"ApiEndpoint": "x", "Headers": {"a": "b"}})
    result = call.run(tasks=lambda payload: 1)
    assert result.cause == (
        "An error occurred while executing the state 'Ask' (entered at the event id #2). The Parameters "
        """'{"ApiEndpoint":"x","Headers":{"a":"b"}}' could not be used to start the Task: """
        "[The value of the field 'Headers' has an invalid format]"
    )
    assert len(result.history) == 3


# ---------------------------------------------------------------------- real time


def test_a_thread_answers_in_real_time() -> None:
    async def main() -> tuple[asl.Result, type]:
        async with asl.AsyncSession(callbacks={"Ask": None}) as session:
            running = session.start(approval())
            token = session.waiting[0].token or ""
            refused: list[type] = []

            def work() -> None:
                session.send_task_heartbeat(token)
                session.send_task_success(token, "by a thread")
                try:
                    session.send_task_success(token, "again")
                except asl.TaskTimedOut as problem:
                    refused.append(type(problem))

            thread = threading.Thread(target=work)
            thread.start()
            await session.finish(running)
            await asyncio.to_thread(thread.join)
            return running.result, refused[0]

    result, refused = asyncio.run(main())
    assert (result.output, refused) == ("by a thread", asl.TaskTimedOut)


@pytest.mark.parametrize("limit", [{"TimeoutSeconds": 1000}, {}])
def test_what_still_runs_is_stopped_at_the_end_of_a_session(limit: Any) -> None:
    async def main() -> asl.Running:
        async with asl.AsyncSession(callbacks={"Ask": None}) as session:
            return session.start(approval(**limit))

    assert asyncio.run(main()).status == "ABORTED"


def test_scripts_take_their_time_in_real_time() -> None:
    script = asl.after(0.01, asl.HEARTBEAT).then(0.01, "done")
    result = asyncio.run(approval(HeartbeatSeconds=60).run_async(callbacks={"Ask": script}))
    assert result.output == "done"
    assert seconds(result)[-1] >= 0.02


def test_an_unserved_call_ends_an_async_session() -> None:
    async def main() -> None:
        async with asl.AsyncSession() as session:
            session.start(approval())
            await session.finish()

    with pytest.raises(asl.UnservedCall):
        asyncio.run(main())


def test_a_task_function_may_end_a_sibling_and_with_it_itself() -> None:
    message = {"QueueUrl": "https://sqs/asked", "MessageBody": {"Token.$": "$$.Task.Token"}}
    waits = {"Type": "Task", "Resource": TOKEN, "Parameters": message}
    works = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work"}
    branches = [machine("Waits", Waits=waits), machine("Works", Works=works)]
    tokens: list[str] = []

    def ask(payload: Any) -> asl.Submitted:
        tokens.append(payload["MessageBody"]["Token"])
        return asl.Submitted()

    def work(payload: Any) -> dict[str, Any]:
        session.send_task_failure(tokens[0], "Refused")
        return {"too": "late"}

    session = asl.Session({"Waits": ask, "work": work})
    running = session.start(asl.load(machine("Both", Both={"Type": "Parallel", "Branches": branches})), {})
    assert (running.result.status, running.result.error) == ("FAILED", "Refused")
    assert "LambdaFunctionSucceeded" not in [event.type for event in running.result.history]
