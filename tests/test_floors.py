"""Modules depend downwards only: each module of asl imports from its own floor or below."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]

FLOORS = [
    {"values", "errors", "names", "nearest", "times", "quotas", "jsontext", "jsondiff", "documents"},
    {"paths", "intrinsics", "templates", "rules", "jsonata"},
    {"yamltext", "source", "checks", "dataflow", "retry", "states", "program"},
    {
        "events",
        "rendering",
        "history",
        "frames",
        "scope",
        "machine",
        "joining",
        "failing",
        "attempts",
        "mapruns",
        "selection",
        "execution",
        "checkpoint",
        "redriving",
        "telling",
        "variables",
        "refusals",
        "visits",
    },
    {"resources", "drive", "face", "session", "recorded", "comparing", "rebuilding", "distributed"},
    {"stages", "inspection", "teststate", "testing", "graph", "coverage", "aws", "http_task"},
]
ALONE = {"jsonpath_ng": "paths", "jsonschema": "checks", "yaml": "yamltext", "jsonata": "jsonata"}


def _floor(module: str) -> int:
    for number, names in enumerate(FLOORS):
        if module in names:
            return number
    raise AssertionError(f"asl.{module} stands on no floor: give it one in tests/test_floors.py")


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _modules() -> list[tuple[str, Path]]:
    found = sorted((ROOT / "asl").rglob("*.py"))
    return [
        (p.relative_to(ROOT / "asl").parts[0].removesuffix(".py"), p)
        for p in found
        if p.parent.name != "asl" or p.name != "__init__.py"
    ]


def test_modules_import_downwards() -> None:
    tops = {name for names in FLOORS for name in names}
    wrong = [
        f"{path.relative_to(ROOT)} imports asl.{parts[1]}"
        for module, path in _modules()
        for parts in (name.split(".") for name in _imports(path))
        if parts[0] == "asl" and len(parts) > 1 and parts[1] in tops and _floor(parts[1]) > _floor(module)
    ]
    assert wrong == []


def test_libraries_are_imported_in_one_place() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {library}"
        for module, path in _modules()
        for library, home in ALONE.items()
        if library in {name.split(".")[0] for name in _imports(path)} and module != home
    ]
    wrong += [
        f"{path.relative_to(ROOT)} imports rich"
        for path in sorted(ROOT.glob("cli/*.py"))
        if "rich" in {name.split(".")[0] for name in _imports(path)} and path.name != "render.py"
    ]
    assert wrong == []
