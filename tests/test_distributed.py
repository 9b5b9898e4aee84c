"""Distributed Map: datasets in, children run, results out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import asl
from asl.distributed import MapRuns
from asl.drive import virtual
from asl.resources import Resources

Document = dict[str, Any]

PASS: Document = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}


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
    virtual.run(execution, Resources(tasks), runs)
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
