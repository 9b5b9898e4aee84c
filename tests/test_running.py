"""Running a machine with task functions, on the virtual clock and in real time."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

import asl
from tests.machines import FUNCTION, machine, one_task, task


@pytest.mark.parametrize("name", ["T", FUNCTION, "work", "arn:aws:lambda:*:work", "wor*"])
def test_a_task_is_found_by_state_resource_name_and_pattern(name: str) -> None:
    tasks = {name: lambda payload: payload["n"] + 1}
    if name == "wor*":
        with pytest.raises(asl.UnservedCall, match=r"registered: 'wor\*'"):
            one_task().run({"n": 1}, tasks=tasks)
    else:
        assert one_task().run({"n": 1}, tasks=tasks).output == 2


def test_the_most_specific_entry_wins() -> None:
    tasks = {
        "*": lambda p: "any",
        "arn:*": lambda p: "longer",
        "work": lambda p: "name",
        "T": lambda p: "state",
    }
    wins = []
    while tasks:
        wins.append(one_task().run(tasks=tasks).output)
        tasks.popitem()
    assert wins == ["state", "name", "longer", "any"]


def test_one_function_serves_all_and_may_ask_for_the_call() -> None:
    def serve(payload: Any, call: asl.Call) -> Any:
        return [payload, call.state, call.attempt, call.path, call.context()["State"]["Name"]]  # type: ignore[index, call-overload]

    assert one_task().run("p", tasks=serve).output == ["p", "T", 0, "/", "T"]


def test_nobody_serves_the_task() -> None:
    with pytest.raises(asl.UnservedCall) as refusal:
        one_task().run(tasks={"other": print})
    assert str(refusal.value) == (
        f"no task function serves the resource '{FUNCTION}' of the state 'T'; registered: 'other'"
    )


def test_each_run_has_the_tasks_that_it_was_given() -> None:
    machine = one_task()
    tasks = {"T": lambda payload: 1}
    assert machine.run(tasks=tasks).output == 1
    tasks["T"] = lambda payload: 2
    assert machine.run(tasks=tasks).output == 2
    assert machine.run(tasks={"work": lambda payload: 3}).output == 3
    with pytest.raises(asl.UnservedCall):
        machine.run(tasks={})


@dataclass
class Counting:
    """A task that is equal to another that has been called as often."""

    calls: int = 0

    def __call__(self, payload: Any) -> int:
        self.calls += 1
        return self.calls


def test_tasks_that_are_equal_are_not_taken_for_each_other() -> None:
    machine = one_task()
    first, second = Counting(), Counting()
    assert first == second
    machine.run(tasks={"T": first})
    first.calls = 0
    machine.run(tasks={"T": second})
    assert (first.calls, second.calls) == (0, 1)


def test_a_task_that_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="the task 'work' is not a function but int"):
        one_task().run(tasks={"work": 1})  # type: ignore[dict-item]


def test_errors_of_tasks_are_errors_of_the_state() -> None:
    def refuse(payload: Any) -> Any:
        raise asl.TaskError("Refused", "not today")

    def crash(payload: Any) -> Any:
        raise KeyError("n")

    refused, crashed = (one_task().run(tasks={"T": each}) for each in (refuse, crash))
    assert (refused.status, refused.error, refused.cause) == ("FAILED", "Refused", "not today")
    assert (crashed.error, crashed.cause) == ("KeyError", '{"errorMessage":"\'n\'","errorType":"KeyError"}')


class Text(str):
    pass


@pytest.mark.parametrize(
    ("value", "output"),
    [
        ((1, 2), [1, 2]),
        ({"a": (None, True)}, {"a": [None, True]}),
        (Text("x"), "x"),
        (0.5, 0.5),
        (None, None),
    ],
)
def test_results_become_plain_json(value: Any, output: Any) -> None:
    result = one_task().run(tasks={"T": lambda payload: value})
    assert result.output == output
    assert type(result.output) is type(output)


def cycle() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (float("nan"), "not JSON: $ is nan."),
        ({"a": [b"x"]}, "$.a[0] is of the type bytes."),
        ({1: "x"}, "$ has the key 1, which is no string"),
        ([{1, 2}], "$[0] is of the type set."),
        (cycle(), "is nested more than 200 deep, or contains itself"),
    ],
)
def test_results_that_are_not_json_are_errors(value: Any, cause: str) -> None:
    result = one_task().run(tasks={"T": lambda payload: value})
    assert (result.status, result.error) == ("FAILED", "States.Runtime")
    assert cause in (result.cause or "")


def test_a_task_that_scribbles_on_its_input_changes_nothing() -> None:
    def scribble(payload: Any) -> Any:
        payload["n"].append(2)
        return payload

    result = one_task(ResultPath="$.r").run({"n": [1]}, tasks={"T": scribble})
    assert result.output == {"n": [1], "r": {"n": [1, 2]}}


def test_a_task_may_take_its_time_which_nobody_waits_for() -> None:
    result = one_task(TimeoutSeconds=3600).run(tasks={"T": lambda p: asl.after(3599, "done")})
    assert (result.output, result.history[-1].at - result.history[0].at) == ("done", 3_599_000)
    late = one_task(TimeoutSeconds=3600).run(tasks={"T": lambda p: asl.after(3601, "done")})
    assert (late.status, late.error) == ("FAILED", "States.Timeout")
    failing = one_task().run(tasks={"T": lambda p: asl.after(1, asl.TaskError("E", "c"))})
    assert failing.error == "E"


def test_an_async_function_serves_as_well() -> None:
    async def work(payload: Any) -> Any:
        await asyncio.sleep(0)
        return payload

    assert one_task().run(7, tasks={"T": work}).output == 7


def test_the_same_run_gives_the_same_history_byte_for_byte() -> None:
    draw = {"Type": "Pass", "Parameters": {"id.$": "States.UUID()", "n.$": "States.MathRandom(0, 1000000)"}}
    loaded = asl.load(machine("D", D=draw))
    first, second, other = loaded.run(seed=1), loaded.run(seed=1), loaded.run(seed=2)
    assert first.history.to_json() == second.history.to_json()
    assert first.output != other.output


@pytest.mark.parametrize(
    "moment", [1_700_000_000_000, "2023-11-14T22:13:20Z", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)]
)
def test_virtual_time_begins_when_it_is_told_to(moment: Any) -> None:
    result = asl.load(machine("W", W={"Type": "Wait", "Seconds": 31_536_000})).run(start_time=moment)
    shown = result.history.to_dict()["events"]
    assert shown[0]["timestamp"] == "2023-11-14T22:13:20.000000+00:00"
    assert shown[-1]["timestamp"] == "2024-11-13T22:13:20.000000+00:00"


@pytest.mark.parametrize("moment", ["yesterday", datetime(2023, 1, 1)])
def test_a_start_time_that_is_none_is_refused(moment: Any) -> None:
    with pytest.raises(ValueError, match=r"^the time .*(time zone|RFC 3339)"):
        one_task().run(start_time=moment)


def test_an_input_over_the_quota_is_refused_before_it_starts() -> None:
    with pytest.raises(asl.InputError, match=r"has 262,145 bytes; an execution takes 262,144 at most"):
        one_task().run("x" * (262_145 - 2))
    lifted = one_task().run("x" * 300_000, tasks={"T": lambda p: 1}, quotas=asl.Quotas(payload=None))
    assert lifted.status == "SUCCEEDED"


def test_what_waits_for_nobody_is_running_still() -> None:
    token = {
        "Type": "Task",
        "Resource": "arn:aws:states:us-east-1:123456789012:activity:a",
    }
    execution = asl.load(machine("A", A=token)).start()
    assert (execution.outcome, execution.wake_at, len(execution.calls)) == (None, None, 1)


# ---------------------------------------------------------------------- real time


def real(loaded: asl.StateMachine, tasks: Any, input: Any = None) -> asl.Result:
    return asyncio.run(loaded.run_async(input, tasks=tasks))


def test_branches_really_overlap() -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(payload: Any) -> Any:
        both.wait()
        return payload

    branches = [machine("A", A=task()), machine("B", B=task())]
    loaded = asl.load(machine("P", P={"Type": "Parallel", "Branches": branches}))
    assert real(loaded, {"work": meet}, 1).output == [1, 1]


def test_async_functions_overlap_on_the_loop() -> None:
    met: list[asyncio.Event] = []

    async def meet(payload: Any) -> Any:
        met.append(asyncio.Event())
        if len(met) == 2:
            for event in met:
                event.set()
        await asyncio.wait_for(met[0].wait(), 10)
        return payload

    each = {"Type": "Map", "ItemProcessor": machine("T", T=task())}
    assert real(asl.load(machine("M", M=each)), {"work": meet}, [1, 2]).output == [1, 2]


def test_a_task_that_never_returns_is_cut_off() -> None:
    never = threading.Event()
    result = real(one_task(TimeoutSeconds=1), {"T": lambda payload: never.wait()})
    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    elapsed = result.history[-1].at - result.history[0].at
    assert elapsed >= 1000
    never.set()


def test_cancelling_stops_the_execution_and_keeps_its_history() -> None:
    never = threading.Event()
    seen: list[asl.Execution] = []

    async def cancelled() -> None:
        run = asyncio.create_task(
            one_task().run_async(tasks={"T": lambda payload: never.wait()}, watch=seen.append)
        )
        while not seen:
            await asyncio.sleep(0)
        run.cancel()
        await run

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert seen[-1].outcome is not None and seen[-1].outcome.status == "ABORTED"
    assert seen[-1].history[-1].type == "ExecutionAborted"
    never.set()


def test_nobody_serves_the_task_in_real_time_either() -> None:
    with pytest.raises(asl.UnservedCall):
        real(one_task(), {})
