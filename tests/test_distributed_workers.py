"""Worker processes: the same results as in this process, to the byte, whatever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.distributed import MapRuns
from asl.distributed.processes import Processes, WorkerError
from asl.drive import atonce
from asl.resources import Resources
from tests.test_distributed import TASK, WAITING, Document, machine, outcome, reader, waiting

PLACE = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "r"}}


def tripled(payload: Any) -> Any:
    """A task that workers know by name."""
    return payload * 3


def leaving(payload: Any) -> Any:
    """Calls sys.exit, as a script does."""
    sys.exit(4)


def deadly(payload: Any) -> Any:
    """Kills its process for some items."""
    if payload % 10 == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return payload


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def served(
    loaded: asl.StateMachine, input: Any, tmp_path: Path, workers: int, tasks: Any = None
) -> tuple[Any, dict[str, bytes], Any, list[Any]]:
    """Outcome, files, counts and history of a run with so many workers."""
    folder = tmp_path / f"with-{workers}"
    folder.mkdir(exist_ok=True)
    execution = loaded.start(input, name="run")
    runs = MapRuns({"data": tmp_path, "out": folder}, workers=workers, tasks=tasks)
    atonce.run(execution, Resources(tasks), runs)
    described = [record.to_dict() for record in runs.records]
    return outcome(execution), everything(folder), described, list(execution.history)


SOME_FAIL = [
    {"n": n, "wait": n * 7 % 5, "fail": n % 40 == 39} for n in range(300)
]  # every start depends on earlier ends


ONE_BROKEN: list[Document] = [*({"n": 0} for _ in range(500)), {}, *({"n": 1} for _ in range(500))]


@pytest.mark.parametrize(
    ("name", "fields", "items"),
    [
        ("rows", {"ResultWriter": PLACE}, None),
        ("output", {"MaxConcurrency": 3}, list(range(700))),
        ("batches", {"ItemBatcher": {"MaxItemsPerBatch": 9}, "ResultWriter": PLACE}, None),
        (
            "selected",
            {"ItemSelector": {"id.$": "States.UUID()", "v.$": "$$.Map.Item"}, "ResultWriter": PLACE},
            None,
        ),
        ("waiting", {"MaxConcurrency": 4, "ToleratedFailureCount": 100, "ResultWriter": PLACE}, SOME_FAIL),
        ("exceeded", {"MaxConcurrency": 4, "ToleratedFailureCount": 3, "ResultWriter": PLACE}, SOME_FAIL),
        ("exceeded at once", {"ToleratedFailurePercentage": 1, "ResultWriter": PLACE}, SOME_FAIL),
        ("broken selector", {"ItemSelector": {"v.$": "$$.Map.Item.Value.n"}}, ONE_BROKEN),
    ],
)
def test_workers_give_the_same_to_the_byte(name: str, fields: Document, items: Any, tmp_path: Path) -> None:
    more = dict(fields)
    if items is None:
        (tmp_path / "in.csv").write_text("a,b\n" + "".join(f'{n},"x ""{n}"""\n' for n in range(1000)))
        more["ItemReader"] = reader("CSV", "in.csv", CSVHeaderLocation="FIRST_ROW")
    loaded = machine(WAITING if items is SOME_FAIL else {**TASK} if name == "output" else PASS, **more)
    tasks = {"work": tripled} if name == "output" else None
    alone = served(loaded, items or {}, tmp_path, 0, tasks)
    assert served(loaded, items or {}, tmp_path, 2, tasks) == alone
    if "ResultWriter" in fields:
        assert len(alone[1]) >= 2


PASS: Document = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


def test_a_bad_line_in_the_middle(tmp_path: Path) -> None:
    lines = [json.dumps({"n": n}) for n in range(900)]
    lines[601] = "{oops"
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    loaded = machine(ItemReader=reader("JSONL", "in.jsonl"), ResultWriter=PLACE)
    alone = served(loaded, {}, tmp_path, 0)
    assert alone[0].error == "States.ItemReaderFailed"
    assert alone[0].cause.startswith(
        "The item 601, in s3://data/in.jsonl, cannot be read: Expecting property name"
    )
    assert alone[2][0]["executionCounts"]["succeeded"] == 601
    assert served(loaded, {}, tmp_path, 2) == alone


class Assassin:
    """Kills worker processes in the middle of their work, a few times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: list[int]) -> None:
        self.after = after
        self.killed = 0
        heard = 0
        hear = Processes._hear

        def and_kill(pool: Processes, *message: Any) -> Any:
            nonlocal heard
            heard += 1
            if heard in self.after:
                busy = max(pool._workers, key=lambda worker: len(worker.under_way))
                os.kill(busy.pid, signal.SIGKILL)
                self.killed += 1
            return hear(pool, *message)

        monkeypatch.setattr(Processes, "_hear", and_kill)


def test_a_worker_killed_in_the_middle_of_10_000_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(10_000)))
    loaded = machine(ItemReader=reader("CSV", "in.csv", CSVHeaderLocation="FIRST_ROW"), ResultWriter=PLACE)
    alone = served(loaded, {}, tmp_path, 0)
    assassin = Assassin(monkeypatch, [5, 9, 14])
    assert served(loaded, {}, tmp_path, 2) == alone
    assert assassin.killed == 3
    (succeeded,) = (data for name, data in alone[1].items() if name.endswith("SUCCEEDED_0.json"))
    assert [json.loads(record["Input"])["n"] for record in json.loads(succeeded)] == [
        str(n) for n in range(10_000)
    ]


def test_a_child_that_kills_its_worker_has_failed() -> None:
    loaded = machine(TASK, ToleratedFailureCount=1)
    result = loaded.run(list(range(15)), tasks={"work": deadly}, workers=2)
    output: Any = result.output
    assert [found for found in output if isinstance(found, int)] == [n for n in range(15) if n != 7]
    failed = output[7]
    assert (failed["Input"], failed["Status"], failed["Error"]) == ("7", "FAILED", "States.TaskFailed")
    assert failed["Cause"] == "The worker process that ran the child execution died 3 times (signal 9)."


def test_a_task_that_calls_sys_exit_ends_the_run_as_without_workers() -> None:
    for workers in (0, 1):
        with pytest.raises(SystemExit, match="4"):
            machine(TASK).run([1], tasks={"work": leaving}, workers=workers)


def test_tasks_must_be_importable() -> None:
    loaded = machine(TASK)
    with pytest.raises(WorkerError, match="task functions that can be imported by name"):
        loaded.run([1], tasks={"work": lambda payload: payload}, workers=1)


def test_a_call_that_nothing_serves_is_raised_here() -> None:
    with pytest.raises(asl.UnservedCall, match="no task function serves the resource"):
        machine(TASK).run([1], workers=1)


def test_a_worker_that_cannot_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(WorkerError, match="end before they begin"):
        machine().run([1], workers=1)


def test_no_worker_and_no_thread_is_left(tmp_path: Path) -> None:
    before = threading.active_count()
    machine().run(list(range(100)), workers=2)
    with pytest.raises(asl.UnservedCall):
        machine(TASK).run(list(range(100)), workers=2)
    assert threading.active_count() == before
    found = subprocess.run(["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    assert "asl.distributed.worker" not in found.stdout


def test_what_a_task_prints_does_not_disturb(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = machine(TASK).run([1, 2], tasks={"work": talkative}, workers=1)
    assert result.output == [1, 2]
    assert capfd.readouterr().err.count("working on") == 2


def talkative(payload: Any) -> Any:
    """A task that prints."""
    print("working on", payload, flush=True)
    return payload


def test_waiting_children_give_the_same_kept() -> None:
    loaded = machine(WAITING, MaxConcurrency=2)
    alone, besides = (
        loaded.run(waiting(5, 1, 3, 2), keep_children=True, workers=workers).map_runs[0].children
        for workers in (0, 2)
    )
    assert [(child.name, child.status, child.output) for child in alone] == [
        (child.name, child.status, child.output) for child in besides
    ]
    assert [list(child.history) for child in alone] == [list(child.history) for child in besides]
