"""Which machines a report is about: those of files that a pattern names, whether they ran or not."""

from __future__ import annotations

from glob import glob
from pathlib import Path

import asl
from asl.testing.coverage.collecting import Coverage

DEFINITIONS = ("*.asl.json", "*.asl.yaml", "*.asl.yml", "*.asl")
"""The files that are taken from a folder: the names that AWS's toolkits know."""


_TESTS = (".py", ".asl-test.yaml", ".asl-test.yml")


def misfit(pattern: str, option: str) -> str | None:
    """What is wrong with a pattern that names tests: a path behind an option that may have one is taken for it."""
    if "::" in pattern or pattern.endswith(_TESTS):
        return f"{option} {pattern}: these are tests and no state machines; write them before {option}"
    return None


def select(coverage: Coverage, pattern: str, root: Path) -> list[str]:
    """Leave the machines of files that a glob, a file or a folder names, seen from `root`; add those that never ran.

    Says, a sentence each, which files are no definitions. Without a pattern it changes nothing.
    """
    if not pattern:
        return []
    wanted = {str(file.resolve()): file for file in _files(pattern, root)}
    notes = [] if wanted else [f"no file is named by {pattern!r}"]
    for key, machine in list(coverage.machines.items()):
        if machine.source not in wanted:
            del coverage.machines[key]
    for source, file in wanted.items():
        if source not in coverage.machines:
            try:
                coverage.machine(asl.load(file))
            except asl.DefinitionError as problem:
                notes.append(f"{file} is no definition that can run: {problem.problems[0]}")
    return notes


def _files(pattern: str, root: Path) -> list[Path]:
    if (root / pattern).is_dir():
        found = [path for each in DEFINITIONS for path in (root / pattern).rglob(each)]
    else:
        found = [root / name for name in glob(pattern, root_dir=root, recursive=True)]  # noqa: PTH207
    return sorted(path for path in found if path.is_file())
