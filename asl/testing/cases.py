"""Tests without Python: files named `*.asl-test.yaml`, each with the tests of a machine.

    machine: order.asl.json
    mocks:
      charge: {returns: {receipt: 7}}
    tests:
      paid:
        input: {id: A-1}
        expect: {output_has: {receipt: 7}, path: [Charge, Ship]}
      the bank is busy:
        input: {id: A-1}
        mocks:
          charge: {in_turn: [{raises: BankBusy}, {returns: {receipt: 7}, takes: 4s}]}
        expect: {states: {Charge: {attempts: 2}}}

What stands at the top is for all tests; a test's own fields come over it, its mocks key by key. A file without
`tests` is one test. docs/testing.md has every field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from textwrap import indent
from typing import Any, TypeAlias

from asl.errors import AslError, DefinitionError
from asl.face import milliseconds
from asl.resources import TaskFunction
from asl.testing import mockconfig
from asl.testing.checking import Expected, check, expected
from asl.testing.document import Node, read_yaml
from asl.testing.runs import Machine, Run, load
from asl.testing.scripting import mock_of

PATTERNS = ("*.asl-test.yaml", "*.asl-test.yml")
"""The names of files with tests."""

Script: TypeAlias = "dict[str, TaskFunction]"

_SHARED = (
    "machine", "define", "type", "input", "input_file", "mocks", "mock_config", "strict", "machines", "buckets",
    "start_time", "seed", "expect",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One test of a file: `name` and `line` say where it stands, `run` runs it, `check` says what is wrong with it."""

    name: str
    file: Path
    line: int
    machine: Path
    define: Mapping[str, str]
    type: str
    input: Any
    mocks: Mapping[str, Node]
    mock_config: tuple[Path, str] | None
    strict: bool
    machines: Mapping[str, Path]
    options: Mapping[str, Any]
    expected: Expected = field(repr=False)

    def loaded(self) -> Machine:
        """Its machine, which the tests of a file share. Raises `DefinitionError` and `OSError`."""
        return self._load(self.machine, self.type)

    def _load(self, path: Path, type: str = "STANDARD") -> Machine:
        return _loaded(path, path.stat().st_mtime_ns, tuple(sorted(self.define.items())), type)

    def run(self) -> Run:
        """Run it. Raises `AslError` and `OSError` for what cannot be run."""
        machine = self.loaded()
        script: Script = {}
        if self.mock_config is not None:
            file, case = self.mock_config
            script |= mockconfig.read(file).tasks(case, machine.machine.name, machine.machine.program)
        script |= {key: mock_of(node, self.file.parent) for key, node in self.mocks.items()}
        others = {name: self._load(path) for name, path in self.machines.items()}
        return machine.run(self.input, mocks=script, strict=self.strict, machines=others, **self.options)

    def check(self, run: Run) -> list[str]:
        """What is not as expected, a sentence each, and then what happened; nothing where the test passes."""
        problems = check(self.expected, run)
        return [*problems, *run.summary("\n".join(problems))] if problems else []


@lru_cache(maxsize=64)
def _loaded(path: Path, changed: int, define: tuple[tuple[str, str], ...], type: str) -> Machine:
    return load(path, define=dict(define), type=type)


def failure(problem: Exception) -> list[str] | None:
    """What an exception of `Case.run` means to a test, in lines; None where it is a bug."""
    if isinstance(problem, DefinitionError):
        return ["the machine cannot be run:", *indent(str(problem), "  ").splitlines()]
    if isinstance(problem, AslError):
        return str(problem).splitlines()
    if isinstance(problem, OSError):
        return [f"{problem.filename}: {(problem.strerror or str(problem)).lower()}"]
    return None


def find(paths: Iterable[Path]) -> list[Path]:
    """The files with tests that paths stand for: files as they are, and those within folders, each once."""
    found: dict[Path, None] = {}
    for path in paths:
        inner = [each for pattern in PATTERNS for each in path.rglob(pattern)] if path.is_dir() else [path]
        found.update(dict.fromkeys(sorted(inner)))
    return list(found)


def read(path: str | Path) -> list[Case]:
    """The tests in a file, in their order. Raises `CaseError` with the place of what is wrong, and `OSError`."""
    file = Path(path)
    root = read_yaml(file)
    if isinstance(root.value, dict) and {"StartAt", "States"} <= root.value.keys():
        raise root.wrong(f"a state machine, and no tests; `asl mocks {file}` writes a first test of it")
    top = root.fields(*_SHARED, "tests")
    if "tests" not in top:
        return [_case(file.name.split(".asl-test")[0], file, root, {}, top)]
    tests = top.pop("tests")
    named = tests.mapping()
    if not named:
        raise tests.wrong("there is no test here")
    return [_case(name, file, node, top, node.fields(*_SHARED)) for name, node in named.items()]


def _case(name: str, file: Path, node: Node, top: Mapping[str, Node], own: Mapping[str, Node]) -> Case:
    fields = {**top, **own}
    for one, other in (("input", "input_file"), ("input_file", "input")):
        if one in own and other in top and other not in own:
            del fields[other]  # a test's own input is its input, however the file says its
    if "machine" not in fields:
        raise node.wrong(f"the test {name!r} says no machine: write `machine: file.asl.json`")
    options: dict[str, Any] = {key: fields[key].value for key in ("start_time", "seed") if key in fields}
    if "start_time" in fields:
        fields["start_time"].text()
        try:
            milliseconds(options["start_time"])
        except ValueError as problem:
            raise fields["start_time"].wrong(str(problem)) from None
    if "buckets" in fields:
        options["buckets"] = _paths(fields["buckets"])
    if "seed" in fields and type(options["seed"]) is not int:
        raise fields["seed"].wrong("a seed is a whole number")
    mocks = {**_mapping(top.get("mocks")), **_mapping(own.get("mocks"))}
    for mock in mocks.values():
        mock_of(mock, file.parent)  # refused now, not when it is called
    return Case(
        name,
        file,
        node.line,
        fields["machine"].path(),
        {key: each.text() for key, each in _mapping(fields.get("define")).items()},
        fields["type"].one_of("STANDARD", "EXPRESS") if "type" in fields else "STANDARD",
        _input(fields),
        mocks,
        _mock_config(fields.get("mock_config")),
        fields["strict"].boolean() if "strict" in fields else False,
        _paths(fields.get("machines")),
        options,
        expected(fields.get("expect")),
    )


def _mapping(node: Node | None) -> dict[str, Node]:
    return {} if node is None else node.mapping()


def _paths(node: Node | None) -> dict[str, Path]:
    """Paths beside the file, by name."""
    return {name: each.path() for name, each in _mapping(node).items()}


def _input(fields: Mapping[str, Node]) -> Any:
    if "input_file" not in fields:
        return fields["input"].value if "input" in fields else None
    if "input" in fields:
        raise fields["input_file"].wrong("there is an input besides this input_file")
    return read_yaml(fields["input_file"].path()).value


def _mock_config(node: Node | None) -> tuple[Path, str] | None:
    if node is None:
        return None
    path, hash, case = node.text().partition("#")
    if not hash:
        raise node.wrong("say the test case too: `mock_config: MockConfigFile.json#HappyPath`")
    return replace(node, value=path).path(), case
