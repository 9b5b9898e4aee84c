"""Run the machines that people run, with answers made from their definitions.

    python -m tests.real_machines [FOLDER]

Prints how many run to the end that their definition says (they succeed, come to a Fail state, time out), and each of
the others: what its definition reads that no answer can give, since the definition itself made the value without it.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asl
from tests.datasets import Datasets
from tests.generated import Answers, definitions

SHARED = Path(__file__).parents[2] / "shared" / "definitions" / "real"
ROUNDS = 300
TURNS = 40
LONG = 10_000
"""Events of a run that nothing is learnt from: it would take long."""

STANDARD: dict[str, Any] = {"quotas": asl.Quotas(events=5000, payload=None)}
EXPRESS: dict[str, Any] = {
    "quotas": asl.Quotas(events=300_000, payload=None),
    "identity": asl.Identity("execution", "StateMachine", run="0f6c2d5e"),
}
"""Whether a machine is an Express one, its definition does not say: it may have more events, and another ARN."""


class Ended(NamedTuple):
    """How a machine ended: `end` is SUCCEEDED, Fail, TIMED_OUT, another error, or `invalid` for one that is refused.

    `explanation` says of another error what it is in the definition that brings it about; "" where nothing is found.
    """

    file: str
    end: str
    cause: str = ""
    explanation: str = ""


EXPECTED = ("SUCCEEDED", "Fail", "TIMED_OUT")
_RANK = {"Fail": 1, "TIMED_OUT": 2, "SUCCEEDED": 2}


def run(path: Path) -> Ended:
    """Run the machine in a file; try other answers where these end it in another way than its definition says."""
    text = path.read_text(encoding="utf-8")
    machine = _loaded(path, text)
    if isinstance(machine, Ended):
        return machine
    definition = machine.program.definition
    assert isinstance(definition, dict)
    ended = _tried(path.name, machine, Answers(definition), Datasets(definition), STANDARD)
    if ended.end not in EXPECTED:
        other = _tried(path.name, machine, Answers(definition), Datasets(definition), EXPRESS)
        ended = other if other.end in EXPECTED else ended
    return ended


def _tried(
    name: str, machine: asl.StateMachine, answers: Answers, datasets: Datasets, kind: dict[str, Any]
) -> Ended:
    ended = Ended(name, "")
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            datasets.write(Path(folder), answers.document)
            result = machine.run(
                answers.input(), tasks=answers, buckets={"*": folder}, keep_children=True, **kind
            )
        ended = max(_ended(name, result), ended, key=lambda each: _RANK.get(each.end, 0))
        if len(result.history) > LONG:
            break
        if not answers.learn(result, machine) | datasets.learn(result):
            if result.status in ("SUCCEEDED", "TIMED_OUT"):
                break
            answers.turn += 1
            if answers.turn == TURNS:
                break
    if ended.end in EXPECTED or not answers.unmade:
        return ended
    missing = f"{'; '.join(answers.unmade)}: not there, in a value that is from no answer"
    return ended._replace(explanation=missing)


def _loaded(path: Path, text: str) -> asl.StateMachine | Ended:
    problem = ""
    for values in (definitions(text), {}):
        try:
            return asl.load(path, define=values)
        except asl.AslError as refusal:
            problem = problem or str(refusal).splitlines()[0].removeprefix(f"{path}:")
    return Ended(path.name, "invalid", problem)


def _ended(name: str, result: asl.Result) -> Ended:
    if result.status != "FAILED":
        return Ended(name, result.status)
    if any(event.type == "FailStateEntered" for event in result.history[-4:]):
        return Ended(name, "Fail")
    return Ended(name, result.error or "", result.cause or "")


def every(folder: Path = SHARED) -> Iterator[Ended]:
    """How each of the machines in a folder ends."""
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".yaml", ".yml", ".tmpl"):
            yield run(path)


def main() -> int:
    """The command."""
    found = list(every(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED))
    others = [ended for ended in found if ended.end not in (*EXPECTED, "invalid")]
    for ended in found:
        if ended.end == "invalid":
            print(f"{ended.file}: refused: {ended.cause}")
    for ended in others:
        print(f"{ended.file}: {ended.end}: {ended.explanation or 'UNEXPLAINED: ' + ended.cause[:300]}")
    counts = Counter(ended.end for ended in found)
    print(dict(counts.most_common()))
    explained = sum(bool(ended.explanation) for ended in others)
    print(
        f"real machines: {sum(counts[end] for end in EXPECTED)} of {len(found) - counts['invalid']} end as they say, "
        f"{explained} explained, {len(others) - explained} unexplained; {counts['invalid']} refused"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
