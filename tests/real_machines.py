"""Run the machines that people run, with answers made from their definitions.

    python -m tests.real_machines [FOLDER]

Prints how many run to the end that their definition says (they succeed, come to a Fail state, time out), and, for each
of the others, where it ends: a place that the answers do not have, or have of another kind than the definition wants.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import asl
from tests.generated import Answers, definitions, named

SHARED = Path(__file__).parents[2] / "shared" / "definitions" / "real"
ATTEMPTS = 16
EVENTS = 5000


class Ended(NamedTuple):
    """How a machine ended: `end` is SUCCEEDED, Fail, TIMED_OUT, another error, or `invalid` for one that is refused."""

    file: str
    end: str
    cause: str = ""


EXPECTED = ("SUCCEEDED", "Fail", "TIMED_OUT")


def run(path: Path) -> Ended:
    """Run the machine in a file; try other answers where these end it in another way than its definition says."""
    text = path.read_text(encoding="utf-8")
    machine = _loaded(path, text)
    if isinstance(machine, Ended):
        return machine
    definition = machine.program.definition
    assert isinstance(definition, dict)
    lists, texts, arrays = frozenset[str](), frozenset[str](), frozenset[str]()
    selected = {name: state.get("OutputPath") for name, state in named(definition)}
    ended = Ended(path.name, "invalid")
    with tempfile.TemporaryDirectory() as folder:
        for attempt in range(ATTEMPTS):
            answers = Answers(definition, attempt * 37, lists, texts, arrays)
            result = machine.run(
                answers.input(),
                tasks=answers,
                quotas=asl.Quotas(events=EVENTS, payload=None),
                buckets={"*": folder},
            )
            ended = _ended(path.name, result)
            if ended.end in EXPECTED:
                break
            producer = _producer(result)
            found = re.search(r'Reference path "(\$.+)" must point to array', ended.cause)
            if found is not None:
                arrays |= {found.group(1)}
            elif "must point to array" in ended.cause and str(selected.get(producer)).startswith("$."):
                arrays |= {str(selected[producer])}
            elif "must point to array" in ended.cause or "only be applied to arrays" in ended.cause:
                lists |= {producer}
            elif "StringToJson($)" in ended.cause:
                texts |= {producer}
            elif ended.end == "States.ItemReaderFailed":
                _provide(ended.cause, text, json.dumps(answers.document(attempt, "")))
    return ended


def _loaded(path: Path, text: str) -> asl.StateMachine | Ended:
    problem = ""
    for values in (definitions(text), {}):
        try:
            return asl.load(path, define=values)
        except asl.AslError as refusal:
            problem = str(refusal)
    return Ended(path.name, "invalid", problem)


def _ended(name: str, result: asl.Result) -> Ended:
    if result.status != "FAILED":
        return Ended(name, result.status)
    if any(event.type == "FailStateEntered" for event in result.history[-4:]):
        return Ended(name, "Fail")
    return Ended(name, result.error or "", result.cause or "")


def _producer(result: asl.Result) -> str:
    """The task whose result the failing state has: the last that ended; "" where it has the input."""
    done = [visit.state for visit in result.visits if visit.type == "Task" and visit.exited_at is not None]
    return done[-1] if done else ""


def _provide(cause: str, text: str, document: str) -> None:
    """Make the dataset that an ItemReader did not find."""
    missing = re.search(r"key does not exist: '([^']*)' in (.*)", cause)
    folder = re.search(r"there is no folder ([^)\n]*)", cause)
    if missing is not None:
        path = Path(missing.group(2)) / missing.group(1)
    elif folder is not None:
        path = Path(folder.group(1)) / "text"
    else:
        return
    kind = re.search(r'"?InputType"?\s*:\s*"?(\w+)', text)
    row = {name: value for name, value in json.loads(document).items() if not isinstance(value, dict | list)}
    table = ",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n"
    contents = {"CSV": table, "JSONL": f"{document}\n"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(contents.get(kind.group(1) if kind else "", f"[{document}]"), encoding="utf-8")


def every(folder: Path = SHARED) -> Iterator[Ended]:
    """How each of the machines in a folder ends."""
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".yaml", ".yml", ".tmpl"):
            yield run(path)


def main() -> int:
    """The command."""
    found = list(every(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED))
    for ended in found:
        if ended.end not in (*EXPECTED, "invalid"):
            print(f"{ended.file}: {ended.end}: {ended.cause[:200]}")
    counts = Counter(ended.end for ended in found)
    print(dict(counts.most_common()))
    valid = len(found) - counts["invalid"]
    print(f"real machines: {sum(counts[end] for end in EXPECTED)}/{valid}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
