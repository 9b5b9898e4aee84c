"""Distributed Map in real time: children that overlap, and what becomes of them when something ends early."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.drive.virtual import Virtual
from asl.resources import Resources
from tests.test_distributed import TASK, Document, counts, exported, machine, reader, run


def finish(running: Coroutine[Any, Any, asl.Result]) -> asl.Result:
    """The result, unless something hangs."""

    async def limited() -> asl.Result:
        return await asyncio.wait_for(running, 20)

    return asyncio.run(limited())


class Crowd:
    """Tasks that wait until so many of them run at one time; counts the most that did."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.inside = 0
        self.most = 0
        self.full = asyncio.Event()

    async def work(self, payload: Any) -> Any:
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside >= self.size:
            self.full.set()
        await self.full.wait()
        self.inside -= 1
        return payload * 10


@pytest.mark.parametrize(("limit", "together"), [(0, 7), (3, 3), (1, 1)])
def test_children_overlap_up_to_max_concurrency(limit: int, together: int) -> None:
    async def go() -> tuple[asl.Result, Crowd]:
        crowd = Crowd(together)
        loaded = machine(TASK, MaxConcurrency=limit)
        return await loaded.run_async(list(range(7)), tasks={"work": crowd.work}), crowd

    async def limited() -> tuple[asl.Result, Crowd]:
        return await asyncio.wait_for(go(), 20)

    result, crowd = asyncio.run(limited())
    assert result.output == [n * 10 for n in range(7)]
    assert crowd.most == together
    (record,) = result.map_runs
    assert record.to_dict()["executionCounts"]["succeeded"] == 7


def test_the_same_as_on_virtual_time(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n" + "".join(f"{n},x\n" for n in range(50)))
    place = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "out"}}
    loaded = machine(
        ItemReader=reader("CSV", "in.csv", CSVHeaderLocation="FIRST_ROW"),
        ItemBatcher={"MaxItemsPerBatch": 7},
        ResultWriter={**place, "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"}},
    )
    result = finish(loaded.run_async({}, buckets={"data": tmp_path}))
    files = exported(tmp_path, result.output)
    virtual = loaded.run({}, buckets={"data": tmp_path})
    assert sorted(files["SUCCEEDED_0.json"], key=str) == sorted(
        exported(tmp_path, virtual.output)["SUCCEEDED_0.json"], key=str
    )
    assert result.map_runs[0].items == virtual.map_runs[0].items
    assert [event.type for event in result.history] == [event.type for event in virtual.history]


def test_a_failure_aborts_the_children_that_run() -> None:
    gone: list[int] = []

    async def work(payload: int) -> int:
        if payload == 1:
            raise asl.TaskError("Broken")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            gone.append(payload)
            raise
        return payload

    loaded = machine(TASK, MaxConcurrency=3)
    result = finish(loaded.run_async([0, 1, 2, 3], tasks={"work": work}, keep_children=True))
    assert result.error == "States.ExceedToleratedFailureThreshold"
    (record,) = result.map_runs
    counted = {key: count for key, count in record.executions.items() if count}
    assert counted == {"failed": 1, "aborted": 2, "pending": 1, "total": 4, "resultsWritten": 3}
    assert sorted(gone) == [0, 2]
    assert sorted(child.status for child in record.children) == ["ABORTED", "ABORTED", "FAILED"]


def test_a_parent_that_ends_aborts_its_children() -> None:
    async def go() -> asl.Result:
        begun: list[int] = []
        all_begun = asyncio.Event()

        async def work(payload: int) -> int:
            begun.append(payload)
            if len(begun) == 3:
                all_begun.set()
            await asyncio.Event().wait()
            return payload

        async def breaks(payload: Any) -> Any:
            await all_begun.wait()
            raise asl.TaskError("Other")

        config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
        each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {**config, **TASK}, "End": True}
        function = "arn:aws:lambda:us-east-1:123456789012:function:breaks"
        broken = {"Type": "Task", "Resource": function, "End": True}
        both = {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Each", "States": {"Each": each}},
                {"StartAt": "F", "States": {"F": broken}},
            ],
            "End": True,
        }
        loaded = asl.load({"StartAt": "Both", "States": {"Both": both}})
        return await loaded.run_async({"items": [1, 2, 3]}, tasks={"work": work, "breaks": breaks})

    result = finish(go())
    assert result.error == "Other"
    (record,) = result.map_runs
    assert record.status == "ABORTED"
    assert record.executions["aborted"] == 3


def test_an_item_selector_that_fails_in_real_time() -> None:
    loaded = machine(ItemSelector={"x.$": "$$.Map.Item.Value.x"})
    result = finish(loaded.run_async([{"x": 1}, {}, {"x": 3}]))
    assert result.error == "States.Runtime"
    assert result.map_runs[0].status == "FAILED"


def test_no_items_in_real_time() -> None:
    assert finish(machine().run_async([])).output == []


def test_a_writer_without_a_place_in_real_time() -> None:
    place = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "none", "Prefix": ""}}
    result = finish(machine(ResultWriter=place).run_async([1]))
    assert result.error == "States.ResultWriterFailed"


WAITS: Document = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:us-east-1:123456789012:activity:ask",
            "End": True,
        }
    },
}


def test_children_answered_by_a_worker_that_polls() -> None:
    # Stepped by hand: the activity tasks of the children wait for get_activity_task, and the Map for them.
    execution = machine(WAITS).start([1, 2])
    hub = Virtual(Resources(), at=execution.now, polled=True)
    hub.add(execution)
    hub.finish()
    assert execution.outcome is None
    for expected in (1, 2):
        task = hub.get_activity_task("arn:aws:states:us-east-1:123456789012:activity:ask")
        assert task is not None and task.input == expected
        hub.send_task_success(task.token, {"told": expected})
        hub.finish()
    assert execution.outcome is not None
    assert execution.outcome.output == [{"told": 1}, {"told": 2}]


def test_a_child_that_waits_for_ever_leaves_the_map_run_running() -> None:
    waits = {
        "StartAt": "T",
        "States": {
            "T": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"},
                "End": True,
            }
        },
    }
    result = machine(waits).run([1], tasks=lambda payload: {}, callbacks={"T": None})
    assert result.status == "RUNNING"
    assert result.map_runs[0].status == "RUNNING"


@pytest.mark.parametrize("keep", [False, True])
def test_map_runs_within_map_runs(keep: bool) -> None:
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    inner = {"Type": "Map", "Label": "Inner", "ItemProcessor": {**TASK, **config}, "End": True}
    loaded = machine({"StartAt": "In", "States": {"In": inner}})
    tasks = {"work": lambda payload: payload * 10}
    result = finish(loaded.run_async([[1, 2], [3]], tasks=tasks, keep_children=keep))
    assert result.output == [[10, 20], [30]]
    (record,) = result.map_runs
    children = sorted(record.children, key=lambda child: len(child.map_runs[0].children))
    assert [len(child.map_runs[0].children) for child in children] == ([1, 2] if keep else [])
    assert all(child.map_runs[0].execution_arn == child.arn for child in children)


def test_records_of_the_run() -> None:
    result = machine().run([1, 2])
    (record,) = result.map_runs
    assert record.children == []
    kept = machine().run([1, 2], keep_children=True).map_runs[0].children
    assert [child.output for child in kept] == [1, 2]
    _, runs = run(machine(), [1, 2])
    assert counts(runs)["succeeded"] == 2
