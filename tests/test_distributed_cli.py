"""`asl run` with distributed Maps: buckets, workers, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Asl, asl_command, separate, write
from tests.test_distributed import PASS, Document

__all__ = ["asl_command"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A machine that reads a CSV file, calls a task for each row and exports the results."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "in.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(30)))
    write(tmp_path, "tasks.py", "def work(row):\n    return int(row['n']) * 2\n")
    function = "arn:aws:lambda:us-east-1:123456789012:function:work"
    work: Document = {"StartAt": "W", "States": {"W": {"Type": "Task", "Resource": function, "End": True}}}
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}
    state = {
        "Type": "Map",
        "Label": "R",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": "data", "Key": "in.csv"},
        },
        "ItemProcessor": {**config, **work},
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "data", "Prefix": "out"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
        },
        "End": True,
    }
    write(tmp_path, "rows.asl.json", {"StartAt": "Rows", "States": {"Rows": state}})
    write(
        tmp_path,
        "plain.asl.json",
        {"StartAt": "Each", "States": {"Each": {**state, "ItemProcessor": {**config, **PASS}}}},
    )
    return tmp_path


@pytest.mark.parametrize("more", [(), ("--workers", "2"), ("--real-time",)])
def test_a_bucket_is_a_folder(more: tuple[str, ...], folder: Path, asl_command: Asl) -> None:
    said = asl_command("run", folder / "rows.asl.json", "--bucket", f"data={folder / 'data'}", *more)
    assert said.code == 0, said.err
    key = said.json["output"]["ResultWriterDetails"]["Key"]
    results = json.loads((folder / "data" / key).with_name("SUCCEEDED_0.json").read_text())
    assert sorted(results) == [n * 2 for n in range(30)]
    assert "map run Rows: SUCCEEDED after " in said.err
    assert said.err.strip().endswith("children: 30 succeeded")


def test_in_a_process_of_its_own(folder: Path) -> None:
    said = separate("run", "rows.asl.json", "--bucket", "data=data", "--workers", "1", cwd=folder)
    assert said.code == 0, said.err


def test_a_bucket_that_nobody_gave(folder: Path, asl_command: Asl) -> None:
    said = asl_command("run", folder / "rows.asl.json")
    assert said.code == 1
    assert said.json["error"] == "States.ResultWriterFailed"
    assert "--bucket data=FOLDER" in said.json["cause"]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (("--bucket", "data"), "--bucket data: write NAME=FOLDER, or NAME=s3://"),
        (("--bucket", "data=none"), "--bucket data=none: there is no folder none"),
        (("--workers", "2", "--real-time"), "--workers is for virtual time"),
    ],
)
def test_what_cannot_be_meant(option: tuple[str, ...], expected: str, folder: Path, asl_command: Asl) -> None:
    said = asl_command("run", folder / "plain.asl.json", *option)
    assert said.code == 2
    assert expected in said.err


def test_workers_cannot_be_given_mocks(folder: Path, asl_command: Asl) -> None:
    write(folder, "tasks.py", "TASKS = {'work': lambda row: 1}\n")
    bucket = f"data={folder / 'data'}"
    said = asl_command("run", folder / "rows.asl.json", "--bucket", bucket, "--workers", "1")
    assert said.code == 2
    assert "worker processes need task functions that can be imported by name" in said.err
