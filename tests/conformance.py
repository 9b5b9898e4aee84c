"""Run recorded cases through the library and compare with what the service did.

    python -m tests.conformance [--cases DIR] [--compare FILE] [--kind K] [--json FILE]

Every case of the folder is run, whatever its kind; one that asks for something that asl does not do fails.
Prints each failing id with its first difference and, last, `conformance: PASSED/TOTAL`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import asl
from asl.distributed import MapRunRecord, MapRuns
from asl.face import milliseconds
from tests import scripted

Case = dict[str, Any]

SHARED = Path(__file__).parents[2] / "shared" / "conformance"


class Unsupported(Exception):
    """The case asks for something that asl does not do."""


def identity(case: Case) -> asl.Identity:
    """The names that the recording was made under."""
    environment = case.get("environment") or {}
    arn = environment.get("execution_arn", "")
    parts = arn.split(":")
    return asl.Identity(
        name=environment.get("execution_name") or (parts[7] if len(parts) > 7 else "execution"),
        machine=environment.get("state_machine_name") or (parts[6] if len(parts) > 6 else "machine"),
        account=environment.get("account") or "111111111111",
        region=environment.get("region") or "us-east-1",
        role=environment.get("role_arn") or _recorded_role(case),
        run=parts[8] if parts[5:6] == ["express"] else None,
        synchronous=environment.get("mode") == "StartSyncExecution",
    )


def _recorded_role(case: Case) -> str:
    """The role as the recording shows it, where the environment does not name it."""
    for event in case["expected"].get("history") or []:
        if event["type"] == "ExecutionStarted":
            return str(event["executionStartedEventDetails"]["roleArn"])
    return "arn:aws:iam::111111111111:role/role"


def definition(case: Case) -> Any:
    """The definition as it was sent: text where the recording has text."""
    return case.get("definition_text") or case["definition"]


@contextmanager
def objects(case: Case) -> Iterator[dict[str, str]]:
    """The S3 objects that the case needs, as files; gives the buckets in which they are."""
    setup = case.get("setup") or {}
    with tempfile.TemporaryDirectory() as folder:
        for found in setup.get("s3_objects") or []:
            path = Path(folder, found["Bucket"], found["Key"])
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(found["Body"], str):
                path.write_text(found["Body"], encoding="utf-8", newline="")
        yield {"*": folder}


def execution(case: Case) -> dict[str, Any]:
    """Start, answer as recorded, let time pass unless the recording stops while something waits."""
    kind = case.get("state_machine_type") or "STANDARD"
    machine = asl.load(definition(case), type=kind)
    clock = (case.get("environment") or {}).get("clock")
    run = machine.start(
        case.get("input"),
        identity=identity(case),
        start_time=milliseconds(clock),
        quotas=asl.Quotas(),
        # An activity exists where the recording has a task for it: a worker, or a wait for one.
        activities={task["resource"] for task in case.get("tasks") or []},
    )
    expected = case["expected"].get("status")
    time_passes = expected not in ("RUNNING", "ABORTED")
    with objects(case) as buckets:
        scripted.run(run, case.get("tasks") or [], time_passes, MapRuns(buckets))
    if expected == "ABORTED":  # somebody called StopExecution
        run.stop(at=run.now)
    outcome = run.outcome
    shown: dict[str, Any] = {
        "status": outcome.status if outcome else "RUNNING",
        "history": run.history.to_dict()["events"],
    }
    if outcome is not None:
        if outcome.status == "SUCCEEDED":
            shown["output"] = outcome.output
        for key in ("error", "cause"):
            if getattr(outcome, key) is not None:
                shown[key] = getattr(outcome, key)
    return shown


def map_run(case: Case) -> dict[str, Any]:
    """Run the machine, and tell its map runs as ListMapRuns and, of the first, DescribeMapRun do."""
    machine = asl.load(definition(case))
    with objects(case) as buckets:
        run = machine.start(case.get("input"), identity=identity(case))
        runs = MapRuns(buckets)
        scripted.run(run, [], map_runs=runs)
    described = runs.records[0].to_dict()
    if "redriveCount" not in case["expected"]["describe_map_run"]:  # recorded before there was redrive
        del described["redriveCount"]
        for counts in (described["itemCounts"], described["executionCounts"]):
            del counts["failuresNotRedrivable"], counts["pendingRedrive"]
    shown = {
        "list_map_runs": {"mapRuns": [record.listed() for record in runs.records]},
        "describe_map_run": described,
    }
    made_up: dict[str, Any] = json.loads(_with_recorded_names(json.dumps(shown), runs.records, case))
    return made_up


def _with_recorded_names(text: str, records: list[MapRunRecord], case: Case) -> str:
    """The text with the UUIDs that the service made up in place of ours: of map runs, and of maps without Label."""
    bindings = case["normalised"]["bindings"]
    for number, record in enumerate(records):
        *_, label, run = record.arn.replace("/", ":").split(":")
        text = text.replace(run, bindings.get(f"<MapRunArnPart1_{number}idx>", run))
        if f'"Label": "{label}"' not in json.dumps(case["definition"]):
            text = text.replace(f"/{label}", f"/{bindings.get(f'<MapRunArnPart0_{number}idx>', label)}")
    return text


def validation(case: Case) -> dict[str, Any]:
    """Check the definition; a refusal in CreateStateMachine's words, or diagnostics in Validate's."""
    kind = case.get("state_machine_type") or "STANDARD"
    try:
        problems = asl.check(definition(case), type=kind)
    except asl.DefinitionError as refusal:
        problems = list(refusal.problems)
    errors = [problem for problem in problems if problem.severity == "ERROR"]
    if case["operation"] == "CreateStateMachine":
        said = ", ".join(
            f"{p.code}: {p.message}" + (f" at {p.location}" if p.location else "") for p in errors
        )
        message = f"Invalid State Machine Definition: '{said}'"
        return {
            "result": "FAIL" if errors else "OK",
            "exception": {"code": "InvalidDefinition", "message": message},
        }
    diagnostics = [
        {
            key: value
            for key, value in (
                ("severity", p.severity),
                ("code", p.code),
                ("message", p.message),
                ("location", p.location),
            )
            if value
        }
        for p in problems
        if p.severity == "ERROR" or case.get("request", {}).get("severity") == "WARNING"
    ]
    return {"result": "FAIL" if errors else "OK", "diagnostics": diagnostics, "truncated": False}


def state_test(case: Case) -> dict[str, Any]:
    """Test one state; without a mock, its task answers as recorded."""
    served = (case.get("tasks") or [{}])[0]

    def task(payload: Any) -> Any:
        if "throw" in served:
            raise asl.TaskError(served["throw"].get("Error"), served["throw"].get("Cause"))
        return served["return"]

    request = {re.sub("([A-Z])", r"_\1", key).lower(): value for key, value in case["request"].items()}
    try:
        answer = asl.test_state(definition(case), input=case.get("input"), tasks=task, **request)
    except asl.TestStateError as refusal:
        return {"exception": {"code": refusal.code, "message": refusal.message}}
    return {**answer, "response": answer}


RUNNERS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "execution": execution,
    "express": execution,
    "map_run": map_run,
    "validation": validation,
    "test_state": state_test,
}


def run_case(case: Case, compare: ModuleType) -> str | None:
    """Run one case; None where it is as recorded, else the first difference."""
    runner = RUNNERS.get(case["kind"])
    if runner is None:
        return f"asl has nothing that answers cases of the kind {case['kind']}"
    try:
        actual = runner(case)
    except asl.AslError as problem:
        return f"{type(problem).__name__}: {problem}"
    except Exception as problem:  # a crash is this case's failure, not the run's
        return f"crashed: {traceback.format_exception_only(problem)[-1].strip()}"
    verdict = compare.compare_case(case, json.loads(json.dumps(actual)))
    if verdict["equal"]:
        return None
    first = verdict.get("first_difference") or {}
    return (
        f"{first.get('reason')} at {first.get('path')}: "
        f"expected {_brief(first.get('expected'))}, got {_brief(first.get('actual'))}"
    )


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "…"


def load_compare(path: Path) -> ModuleType:
    """The comparator, imported from its file."""
    spec = importlib.util.spec_from_file_location("compare", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cases(folder: Path, kind: str | None = None) -> list[Case]:
    """The cases of a folder that holds `<kind>/*.json`."""
    found = sorted(folder.glob(f"{kind or '*'}/*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in found]


def main(arguments: list[str] | None = None) -> int:
    """The command. Exit 0 where every case passed, 1 where some did not, 2 where there are none."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cases", type=Path, default=SHARED / "cases")
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--kind")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    beside = options.cases.parent / "compare.py"
    compare = load_compare(options.compare or (beside if beside.exists() else SHARED / "compare.py"))
    found = cases(options.cases, options.kind)
    if not found:
        print(f"no cases in {options.cases}", file=sys.stderr)
        return 2
    failed: dict[str, str] = {}
    total: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for case in found:
        total[case["kind"]] += 1
        difference = run_case(case, compare)
        if difference is None:
            passed[case["kind"]] += 1
        else:
            failed[f"{case['kind']}/{case['id']}"] = difference
            print(f"{case['kind']}/{case['id']}: {difference}")
    for kind in total:
        print(f"{kind}: {passed[kind]}/{total[kind]}")
    print(f"conformance: {passed.total()}/{total.total()}")
    if options.json:
        report = {
            "passed": passed.total(),
            "total": total.total(),
            "kinds": {k: [passed[k], total[k]] for k in total},
            "failed": failed,
        }
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
