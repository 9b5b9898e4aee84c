"""Distributed Map: datasets in, children run, results out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.distributed import MapRuns
from asl.distributed.stores import Folder
from asl.drive import atonce
from asl.resources import Resources
from tests import machines

Document = dict[str, Any]

PASS: Document = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}

TASK: Document = machines.machine("Work", Work=machines.task())


def machine(processor: Document = PASS, kind: str = "STANDARD", **fields: Any) -> asl.StateMachine:
    """A machine of one distributed Map."""
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    state = {"Type": "Map", "Label": "Each", "ItemProcessor": {**config, **processor}, "End": True, **fields}
    return asl.load({"StartAt": "Each", "States": {"Each": state}})


def run(
    loaded: asl.StateMachine,
    input: Any,
    buckets: dict[str, Path] | None = None,
    tasks: Any = None,
    keep: bool = False,
) -> tuple[asl.Execution, MapRuns]:
    """The execution at its end, and its map runs."""
    execution = loaded.start(input, name="run")
    runs = MapRuns(buckets, keep=keep)
    atonce.run(execution, Resources(tasks), runs)
    return execution, runs


def reader(kind: str | None, key: str, **config: Any) -> Document:
    """An ItemReader of an object in the bucket `data`."""
    given = {"InputType": kind, **config} if kind else config
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": given,
        "Parameters": {"Bucket": "data", "Key": key},
    }


def test_children_are_executions_of_their_own(tmp_path: Path) -> None:
    context = {"StartAt": "Tell", "States": {"Tell": {"Type": "Pass", "InputPath": "$$", "End": True}}}
    execution, runs = run(machine(context), [7, 8], keep=True)
    assert execution.outcome is not None and execution.outcome.status == "SUCCEEDED"
    first, second = runs.records[0].children
    stem = "arn:aws:states:us-east-1:123456789012"
    assert first.arn == f"{stem}:execution:StateMachine/Each:{first.name}" != second.arn
    assert first.output["Execution"] == {
        "Id": first.arn,
        "Input": 7,
        "StartTime": "2026-01-01T00:00:00Z",
        "Name": first.name,
        "RoleArn": "arn:aws:iam::123456789012:role/StepFunctionsRole",
        "RedriveCount": 0,
    }
    # Observed on the service: the label is in the machine's ARN, not in its name; there is no Map.Item.
    assert first.output["StateMachine"] == {
        "Id": f"{stem}:stateMachine:StateMachine/Each",
        "Name": "StateMachine",
    }
    assert "Map" not in first.output
    assert [event.type for event in first.history] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    types = [event.type for event in execution.history]
    assert types[2:6] == ["MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded"]


def outcome(execution: asl.Execution) -> asl.Outcome:
    """How it ended."""
    assert execution.outcome is not None
    return execution.outcome


def counts(runs: MapRuns, kind: str = "executionCounts") -> dict[str, int]:
    """The counts of the first map run that are not 0."""
    return {key: count for key, count in runs.records[0].to_dict()[kind].items() if count}


def test_csv_to_result_files(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('id,name\n1,Ann\n2,"O\'Neil, Bo"\n3\n')
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "out"}}
    selector = {"n.$": "$$.Map.Item.Index", "row.$": "$$.Map.Item.Value", "from.$": "$$.Map.Item.Source"}
    loaded = machine(
        ItemReader=reader("CSV", "in.csv", CSVHeaderLocation="FIRST_ROW"),
        ItemSelector=selector,
        ResultWriter=writer,
    )
    execution, runs = run(loaded, {}, {"data": tmp_path})
    assert execution.outcome is not None
    output: Any = execution.outcome.output
    arn = runs.records[0].arn
    stem = f"out/{arn.rpartition(':')[2]}"
    assert output == {
        "MapRunArn": arn,
        "ResultWriterDetails": {"Bucket": "data", "Key": f"{stem}/manifest.json"},
    }
    manifest = json.loads((tmp_path / stem / "manifest.json").read_text())
    succeeded = tmp_path / stem / "SUCCEEDED_0.json"
    assert manifest == {
        "DestinationBucket": "data",
        "MapRunArn": arn,
        "ResultFiles": {
            "FAILED": [],
            "PENDING": [],
            "SUCCEEDED": [{"Key": f"{stem}/SUCCEEDED_0.json", "Size": succeeded.stat().st_size}],
        },
    }
    records = json.loads(succeeded.read_text())
    assert [json.loads(record["Output"]) for record in records] == [
        {"n": 0, "row": {"id": "1", "name": "Ann"}, "from": "s3://data/in.csv"},
        {"n": 1, "row": {"id": "2", "name": "O'Neil, Bo"}, "from": "s3://data/in.csv"},
        {"n": 2, "row": {"id": "3", "name": ""}, "from": "s3://data/in.csv"},
    ]
    assert runs.records[0].to_dict()["itemCounts"]["resultsWritten"] == 3


# ------------------------------------------------------------------ what children are given


def test_item_selector_sees_the_item_and_the_state(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"regions": {"eu": 1, "us": 2}}')
    selector = {
        "index.$": "$$.Map.Item.Index",
        "key.$": "$$.Map.Item.Key",
        "value.$": "$$.Map.Item.Value",
        "source.$": "$$.Map.Item.Source",
        "parent.$": "$$.Execution.Name",
        "given.$": "$.given",
    }
    given = reader("JSON", "in.json", ItemsPointer="/regions")
    execution, _ = run(machine(ItemReader=given, ItemSelector=selector), {"given": True}, {"data": tmp_path})
    common = {"source": "s3://data/in.json", "parent": "run", "given": True}
    assert outcome(execution).output == [
        {"index": 0, "key": "eu", "value": 1, **common},
        {"index": 1, "key": "us", "value": 2, **common},
    ]
    # Without ItemSelector the pair is passed.
    execution, _ = run(machine(ItemReader=given), {}, {"data": tmp_path})
    assert outcome(execution).output == [{"Key": "eu", "Value": 1}, {"Key": "us", "Value": 2}]


OBJECTS: list[tuple[dict[str, Any], Any]] = [
    ({}, {"eu": 1, "us": {"n": 2}}),
    ({"ItemsPath": "$.by.region"}, {"by": {"region": {"eu": 1, "us": {"n": 2}}}}),
    ({"QueryLanguage": "JSONata"}, {"eu": 1, "us": {"n": 2}}),
    ({"QueryLanguage": "JSONata", "Items": "{% $states.input.by %}"}, {"by": {"eu": 1, "us": {"n": 2}}}),
    ({"QueryLanguage": "JSONata", "Items": {"eu": "{% 0 + 1 %}", "us": {"n": 2}}}, {}),
]
"""Fields and input of a Map over one object (developer guide, "ItemReader": JSON data from a previous step)."""


@pytest.mark.parametrize(("fields", "input"), OBJECTS, ids=range(len(OBJECTS)))
def test_an_object_in_state_data_is_iterated_over_by_its_pairs(fields: dict[str, Any], input: Any) -> None:
    execution, runs = run(machine(**fields), input)
    assert outcome(execution).output == [{"Key": "eu", "Value": 1}, {"Key": "us", "Value": {"n": 2}}]
    assert runs.records[0].items["total"] == 2
    started = next(event for event in execution.history if event.type == "MapStateStarted")
    assert started.data == 2


def test_the_context_object_has_the_key_of_a_pair() -> None:
    selector = {"item.$": "$$.Map.Item"}
    execution, _ = run(machine(ItemSelector=selector), {"eu": 1, "us": 2})
    assert outcome(execution).output == [
        {"item": {"Index": 0, "Value": 1, "Key": "eu", "Source": "STATE_DATA"}},
        {"item": {"Index": 1, "Value": 2, "Key": "us", "Source": "STATE_DATA"}},
    ]
    execution, _ = run(machine(ItemBatcher={"MaxItemsPerBatch": 2}), {"eu": 1, "us": 2})
    pairs = [{"Key": "eu", "Value": 1}, {"Key": "us", "Value": 2}]
    assert outcome(execution).output == [{"Items": pairs}]


def test_what_is_neither_array_nor_object_is_refused() -> None:
    execution, _ = run(machine(ItemsPath="$.n"), {"n": 7})
    assert outcome(execution).cause == 'Reference path "$.n" must point to array.'
    inline = {"Type": "Map", "ItemProcessor": PASS, "End": True}
    execution, _ = run(asl.load({"StartAt": "Each", "States": {"Each": inline}}), {"eu": 1})
    assert outcome(execution).cause == 'Reference path "$" must point to array.'


def test_item_selector_in_jsonata_and_its_random_numbers() -> None:
    selector = {
        "source": "{% $states.context.Map.Item.Source %}",
        "id": "{% $uuid() %}",
        "at": "{% $now() %}",
    }
    loaded = machine(QueryLanguage="JSONata", Items="{% [1, 2] %}", ItemSelector=selector)
    first: Any = outcome(run(loaded, {})[0]).output
    assert [found["source"] for found in first] == ["STATE_DATA", "STATE_DATA"]
    assert first[0]["id"] != first[1]["id"]
    assert first == outcome(run(loaded, {})[0]).output


def test_an_item_selector_that_fails_fails_the_map_run() -> None:
    loaded = machine(ItemSelector={"x.$": "$$.Map.Item.Value.missing"})
    execution, runs = run(loaded, [{"missing": 1}, {}, {"missing": 2}])
    assert outcome(execution).error == "States.Runtime"
    assert str(outcome(execution).cause).startswith(
        "An error occurred while executing the state 'Each' (entered at the event id #2). The JSONPath "
        "'$$.Map.Item.Value.missing' specified for the field 'x.$' could not be found"
    )
    assert counts(runs) == {"succeeded": 1, "total": 1, "resultsWritten": 1}


def test_children_do_not_see_variables() -> None:
    reads = {"StartAt": "R", "States": {"R": {"Type": "Pass", "Parameters": {"x.$": "$v"}, "End": True}}}
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    set_it = {"Type": "Pass", "Assign": {"v": 1}, "Next": "Each"}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {**config, **PASS}, "End": True}
    selecting = {**each, "ItemSelector": {"x.$": "$v"}}
    loaded = asl.load({"StartAt": "Set", "States": {"Set": set_it, "Each": selecting}})
    assert outcome(run(loaded, {"items": [0]})[0]).output == [{"x": 1}]
    reading = {**each, "ItemProcessor": {**config, **reads}}
    loaded = asl.load({"StartAt": "Set", "States": {"Set": set_it, "Each": reading}})
    execution, runs = run(loaded, {"items": [0]}, keep=True)
    assert outcome(execution).error == "States.ExceedToleratedFailureThreshold"
    assert runs.records[0].children[0].error == "States.Runtime"


def test_batches() -> None:
    execution, runs = run(
        machine(
            ItemBatcher={"MaxItemsPerBatch": 100, "BatchInput": {"when.$": "$.when"}}, ItemsPath="$.items"
        ),
        {"when": "2022", "items": list(range(1130))},
    )
    found: Any = outcome(execution).output
    assert [len(batch["Items"]) for batch in found] == [100] * 11 + [30]  # the guide's example
    assert found[0]["BatchInput"] == {"when": "2022"}
    assert list(found[0]) == ["BatchInput", "Items"]
    assert [item for batch in found for item in batch["Items"]] == list(range(1130))
    assert counts(runs)["succeeded"] == 12
    assert counts(runs, "itemCounts")["succeeded"] == 1130


def test_batches_by_bytes() -> None:
    loaded = machine(ItemBatcher={"MaxInputBytesPerBatch": 40}, ItemSelector={"v.$": "$$.Map.Item.Value"})
    found: Any = outcome(run(loaded, ["a", "b", "c", "d" * 50, "e"])[0]).output
    texts = [json.dumps(batch, separators=(",", ":")) for batch in found]
    assert [len(text) for text in texts] == [31, 21, 70, 21]
    assert texts[0] == '{"Items":[{"v":"a"},{"v":"b"}]}'


@pytest.mark.parametrize("field", ["MaxItemsPerBatch", "MaxInputBytesPerBatch"])
def test_a_limit_of_batches_may_be_none_but_not_negative(field: str) -> None:
    loaded = machine(ItemBatcher={f"{field}Path": "$.n"}, ItemsPath="$.items")
    execution, _ = run(loaded, {"n": 0, "items": [1, 2, 3]})
    assert outcome(execution).output == [{"Items": [1, 2, 3]}]
    assert outcome(run(machine(ItemBatcher={field: 0}), [1, 2])[0]).output == [{"Items": [1, 2]}]
    execution, _ = run(loaded, {"n": -1, "items": [1]})
    assert outcome(execution).error == "States.ItemReaderFailed"
    assert outcome(execution).cause == f"field {field} must be positive"


def test_no_items() -> None:
    execution, runs = run(machine(), [])
    assert outcome(execution).output == []
    assert counts(runs) == {}


# ------------------------------------------------------------------ time and tolerance

WAITING: Document = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Decide"},
        "Decide": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fail", "BooleanEquals": True, "Next": "Broken"}],
            "Default": "Done",
        },
        "Broken": {"Type": "Fail", "Error": "Broken", "Cause": "it is"},
        "Done": {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "End": True},
    },
}


def waiting(*waits: int, fail: set[int] = frozenset()) -> list[Document]:  # type: ignore[assignment]
    """Items of children that wait so many seconds each; some fail then."""
    return [{"n": n, "wait": wait, "fail": n in fail} for n, wait in enumerate(waits)]


@pytest.mark.parametrize(
    ("limit", "seconds", "starts"),
    [
        (0, 9, [0, 0, 0, 0, 0]),
        (1, 20, [0, 5, 14, 15, 18]),
        (2, 11, [0, 0, 5, 6, 9]),
        (5, 9, [0, 0, 0, 0, 0]),
    ],
)
def test_max_concurrency_takes_virtual_time(limit: int, seconds: int, starts: list[int]) -> None:
    execution, runs = run(machine(WAITING, MaxConcurrency=limit), waiting(5, 9, 1, 3, 2), keep=True)
    record = runs.records[0]
    assert record.stopped is not None and record.stopped - record.started == seconds * 1000
    assert execution.now - record.started == seconds * 1000
    found = sorted(record.children, key=lambda child: json.dumps(child.input))
    assert [(child.history[0].at - record.started) // 1000 for child in found] == starts
    assert outcome(execution).output == [{"n": n} for n in range(5)]


def test_a_failure_fails_the_map_run_and_aborts_what_runs() -> None:
    # At most two at a time: 0 runs from 0 to 9 s, 1 fails at 4 s, 2 and 3 never start.
    execution, runs = run(machine(WAITING, MaxConcurrency=2), waiting(9, 4, 1, 1, fail={1}), keep=True)
    assert outcome(execution) == asl.Outcome(
        "FAILED",
        None,
        "States.ExceedToleratedFailureThreshold",
        "The specified tolerated failure threshold was exceeded",
    )
    assert counts(runs) == {"aborted": 1, "failed": 1, "pending": 2, "total": 4, "resultsWritten": 2}
    record = runs.records[0]
    assert record.status == "FAILED"
    assert record.stopped == record.started + 4000 == execution.now
    aborted = next(child for child in record.children if child.status == "ABORTED")
    assert aborted.history[-1].type == "ExecutionAborted"
    assert aborted.history[-1].at == record.stopped
    assert [event.type for event in execution.history][-4:] == [
        "MapRunStarted",
        "MapRunFailed",
        "MapStateFailed",
        "ExecutionFailed",
    ]


def test_express_children_are_not_aborted() -> None:
    express = machine(WAITING, "EXPRESS", MaxConcurrency=2)
    execution, runs = run(express, waiting(9, 4, 1, 1, fail={1}), keep=True)
    assert counts(runs) == {"failed": 1, "succeeded": 1, "pending": 2, "total": 4, "resultsWritten": 2}
    assert execution.now - runs.records[0].started == 9000
    assert (
        runs.records[0]
        .children[0]
        .arn.startswith("arn:aws:states:us-east-1:123456789012:express:StateMachine/Each:")
    )


@pytest.mark.parametrize(
    ("tolerated", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 39.9}, "FAILED"),
        ({"ToleratedFailurePercentage": 40}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 100}, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 100}, "FAILED"),
        ({"ToleratedFailureCount": 2, "ToleratedFailurePercentage": 20}, "FAILED"),
    ],
)
@pytest.mark.parametrize("from_file", [False, True])
def test_tolerated_failures(tolerated: Document, status: str, from_file: bool, tmp_path: Path) -> None:
    items = waiting(1, 1, 1, 1, 1, fail={1, 3})
    fields: Document = {}
    if from_file:
        (tmp_path / "in.json").write_text(json.dumps(items))
        fields["ItemReader"] = reader("JSON", "in.json")
    execution, runs = run(machine(WAITING, **tolerated, **fields), items, {"data": tmp_path})
    assert outcome(execution).status == status
    described = runs.records[0].to_dict()
    assert described["toleratedFailureCount"] == tolerated.get("ToleratedFailureCount", 0)
    assert described["toleratedFailurePercentage"] == tolerated.get("ToleratedFailurePercentage", 0.0)
    if status == "SUCCEEDED":
        output: Any = outcome(execution).output
        assert [found.get("n", found.get("Error")) for found in output] == [0, "Broken", 2, "Broken", 4]
        # A child that failed is told as NONE has it (the guide's note on transformations).
        assert list(output[1]) == [
            "Cause",
            "Error",
            "ExecutionArn",
            "Input",
            "InputDetails",
            "Name",
            "OutputDetails",
            "RedriveCount",
            "RedriveStatus",
            "StartDate",
            "StateMachineArn",
            "Status",
            "StopDate",
        ]


def test_failed_items_count_by_their_batches() -> None:
    tolerating = machine(
        {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}},
        ItemBatcher={"MaxItemsPerBatch": 2},
        ToleratedFailureCount=3,
    )
    _, runs = run(tolerating, list(range(10)))
    assert counts(runs, "itemCounts") == {"failed": 4, "pending": 6, "total": 10, "resultsWritten": 4}
    assert counts(runs) == {"failed": 2, "pending": 3, "total": 5, "resultsWritten": 2}


def test_a_retry_is_a_new_map_run() -> None:
    tries: list[int] = []

    def task(payload: int) -> int:
        tries.append(payload)
        if payload == 2 and len(tries) < 3:
            raise asl.TaskError("Again")
        return payload * 10

    retry = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "IntervalSeconds": 5}]
    execution, runs = run(machine(TASK, Retry=retry), [1, 2], tasks=task)
    assert outcome(execution).output == [10, 20]
    assert [record.status for record in runs.records] == ["FAILED", "SUCCEEDED"]
    assert len({record.arn for record in runs.records}) == 2
    assert tries == [1, 2, 1, 2]


def test_a_catcher_takes_the_errors_of_map_runs() -> None:
    catch = [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Caught"}]
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    state = {
        "Type": "Map",
        "ItemReader": reader("JSON", "none.json"),
        "ItemProcessor": {**config, **PASS},
        "Catch": catch,
        "End": True,
    }
    loaded = asl.load({"StartAt": "Each", "States": {"Each": state, "Caught": {"Type": "Pass", "End": True}}})
    execution, _ = run(loaded, {}, {"data": Path("/nonexistent")})
    output: Any = outcome(execution).output
    assert output["Error"] == "States.ItemReaderFailed"


def test_map_runs_within_map_runs() -> None:
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    inner = {"Type": "Map", "Label": "Inner", "ItemProcessor": {**config, **PASS}, "End": True}
    execution, runs = run(machine({"StartAt": "In", "States": {"In": inner}}), [[1, 2], [3]], keep=True)
    assert outcome(execution).output == [[1, 2], [3]]
    assert len(runs.records) == 1
    child = runs.records[0].children[0]
    assert [record.execution_arn for record in child.map_runs] == [child.arn]
    assert child.map_runs[0].arn.startswith(
        "arn:aws:states:us-east-1:123456789012:mapRun:StateMachine/Inner:"
    )


# ------------------------------------------------------------------ limits


def test_results_larger_than_a_state_may_have(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(json.dumps(["x" * 1000] * 300))
    execution, runs = run(machine(ItemReader=reader("JSON", "in.json")), {}, {"data": tmp_path})
    assert outcome(execution).error == "States.DataLimitExceeded"
    assert outcome(execution).cause == (
        "The state/task 'Each' returned a result with a size exceeding the maximum number of bytes service limit."
    )
    assert counts(runs)["succeeded"] == 300


def test_an_input_larger_than_an_execution_may_have(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(json.dumps([{"a": "x" * 300_000}]))
    given = reader("JSON", "in.json")
    execution, _ = run(machine(ItemReader=given), {}, {"data": tmp_path})
    assert outcome(execution).error == "States.DataLimitExceeded"
    # Up to 8 MB are read where ItemSelector makes less of them.
    small = machine(ItemReader=given, ItemSelector={"n.$": "$$.Map.Item.Index"})
    assert outcome(run(small, {}, {"data": tmp_path})[0]).output == [{"n": 0}]


# ------------------------------------------------------------------ results


def exported(folder: Path, output: Any, lines: bool = False) -> dict[str, Any]:
    """The result files, by their names; `lines` where they hold JSON Lines."""
    manifest = json.loads((folder / output["ResultWriterDetails"]["Key"]).read_text())
    files: dict[str, Any] = {}
    for group in manifest["ResultFiles"].values():
        for file in group:
            data = (folder / file["Key"]).read_bytes()
            assert len(data) == file["Size"]
            name = Path(file["Key"]).name
            files[name] = [json.loads(line) for line in data.splitlines()] if lines else json.loads(data)
    return files


LISTS = {
    "StartAt": "L",
    "States": {"L": {"Type": "Pass", "Parameters": {"n.$": "$"}, "OutputPath": "$.n", "End": True}},
}


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize(
    ("transformation", "expected"),
    [("COMPACT", [[1, 2], [], 3]), ("FLATTEN", [1, 2, 3])],
)
def test_transformations(transformation: str, expected: Any, lines: bool, tmp_path: Path) -> None:
    config = {"Transformation": transformation, "OutputType": "JSONL" if lines else "JSON"}
    place = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "out/"}}
    items = [[1, 2], [], 3]
    execution, _ = run(
        machine(LISTS, ResultWriter={**place, "WriterConfig": config}), items, {"data": tmp_path}
    )
    assert exported(tmp_path, outcome(execution).output, lines) == {"SUCCEEDED_0.json": expected}
    # Without a place the state's output has the results so.
    execution, _ = run(machine(LISTS, ResultWriter={"WriterConfig": config}), items)
    as_text = "".join(f"{json.dumps(value, separators=(',', ':'))}\n" for value in expected)
    assert outcome(execution).output == (as_text if lines else expected)


def test_files_of_a_map_run_that_failed(tmp_path: Path) -> None:
    # As observed on the service: one failed, one aborted, and those that did not start with their input only.
    place = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "out"}}
    loaded = machine(WAITING, MaxConcurrency=2, ResultWriter=place)
    execution, runs = run(loaded, waiting(1, 9, 4, 1, fail={2}), {"data": tmp_path})
    assert outcome(execution).error == "States.ExceedToleratedFailureThreshold"
    arn = runs.records[0].arn
    key = f"out/{arn.rpartition(':')[2]}/manifest.json"
    files = exported(tmp_path, {"ResultWriterDetails": {"Key": key}})
    assert {name: [record["Status"] for record in records] for name, records in files.items()} == {
        "SUCCEEDED_0.json": ["SUCCEEDED"],
        "FAILED_0.json": ["FAILED", "ABORTED"],
        "PENDING_0.json": ["PENDING"],
    }
    stem = "arn:aws:states:us-east-1:123456789012"
    failed = files["FAILED_0.json"][0]
    assert failed == {
        "Cause": "it is",
        "Error": "Broken",
        "ExecutionArn": f"{stem}:execution:StateMachine/Each:{failed['Name']}",
        "Input": '{"n":2,"wait":4,"fail":true}',
        "InputDetails": {"Included": True},
        "Name": failed["Name"],
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "REDRIVABLE_BY_MAP_RUN",
        "StartDate": "2026-01-01T00:00:01Z",
        "StateMachineArn": f"{stem}:stateMachine:StateMachine/Each",
        "Status": "FAILED",
        "StopDate": "2026-01-01T00:00:05Z",
    }
    assert files["PENDING_0.json"] == [
        {"Input": '{"n":3,"wait":1,"fail":false}', "InputDetails": {"Included": True}, "Status": "PENDING"}
    ]
    assert (
        files["SUCCEEDED_0.json"][0]["RedriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    )
    assert files["FAILED_0.json"][1]["StopDate"] == "2026-01-01T00:00:05Z"
    assert counts(runs)["resultsWritten"] == 4


def test_files_grow_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asl.distributed.writer.LARGEST_FILE", 20_000)
    place = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": ""}}
    config = {"Transformation": "COMPACT", "OutputType": "JSON"}
    writer = {**place, "WriterConfig": config}
    execution, _ = run(
        machine(ResultWriter=writer), [{"n": n, "x": "x" * 80} for n in range(500)], {"data": tmp_path}
    )
    output: Any = outcome(execution).output
    files = exported(tmp_path, output)
    assert list(files) == [f"SUCCEEDED_{number}.json" for number in range(len(files))]
    assert len(files) > 2
    assert [item["n"] for records in files.values() for item in records] == list(range(500))
    sizes = [path.stat().st_size for path in tmp_path.glob("*/SUCCEEDED_*")]
    assert max(sizes) <= 20_000


def test_a_reader_that_fails_half_way_loses_nothing_that_was_run(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text("[1, 2, 3, oops")
    place = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "out"}}
    loaded = machine(ItemReader=reader("JSON", "in.json"), ResultWriter=place)
    execution, runs = run(loaded, {}, {"data": tmp_path})
    assert outcome(execution).error == "States.ItemReaderFailed"
    assert outcome(execution).cause == "Expecting value at character 10"
    key = f"out/{runs.records[0].arn.rpartition(':')[2]}/manifest.json"
    files = exported(tmp_path, {"ResultWriterDetails": {"Key": key}})
    assert [record["Input"] for record in files["SUCCEEDED_0.json"]] == ["1", "2", "3"]
    assert counts(runs) == {"succeeded": 3, "total": 3, "resultsWritten": 3}


def test_a_writer_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    monkeypatch.setattr(Folder, "create", lambda self, key: full.open("wb", buffering=1 << 16))
    place = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "out"}}
    for count in (1, 1000):
        execution, runs = run(machine(ResultWriter=place), list(range(count)), {"data": tmp_path})
        assert outcome(execution).error == "States.ResultWriterFailed"
        assert outcome(execution).cause == "The results could not be written: No space left on device"
        assert runs.records[0].status == "FAILED"


def test_a_writer_without_a_place() -> None:
    place = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": "nowhere", "Prefix": "out"},
    }
    execution, _ = run(machine(ResultWriter=place), [1])
    assert outcome(execution).error == "States.ResultWriterFailed"
    assert "no folder is given for the bucket 'nowhere'" in str(outcome(execution).cause)
    place["Parameters"] = {"Bucket": 7, "Prefix": "out"}
    assert outcome(run(machine(ResultWriter=place), [1])[0]).error == "States.ResultWriterFailed"
