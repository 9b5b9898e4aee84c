"""What is installed is whole, and nothing else; the version is the same wherever it stands."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import asl

ROOT = Path(__file__).parents[1]
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = {"asl": ROOT / "asl", "asl_cli": ROOT / "cli", "asl_pytest": ROOT / "asl" / "testing" / "plugin"}

# Where the name on the index is not the name of the module.
MODULES = {"pyyaml": "yaml", "jsonata-python": "jsonata"}


def _files(top: str) -> list[Path]:
    """The files in a folder, but for those in a folder of its own within it."""
    inner = [folder for name, folder in FOLDERS.items() if name != top and FOLDERS[top] in folder.parents]
    return [path for path in FOLDERS[top].rglob("*") if not any(each in path.parents for each in inner)]


def test_every_package_is_installed_and_no_other() -> None:
    found = {
        ".".join((top, *path.parent.relative_to(folder).parts))
        for top, folder in FOLDERS.items()
        for path in _files(top)
        if path.name == "__init__.py"
    }
    assert set(SETTINGS["tool"]["setuptools"]["packages"]) == found


def test_every_data_file_is_installed() -> None:
    data = SETTINGS["tool"]["setuptools"]["package-data"]
    for top, folder in FOLDERS.items():
        files = {
            path
            for path in _files(top)
            if path.is_file() and path.suffix not in (".py", ".pyc") and "/." not in str(path)
        }
        installed = {path for pattern in data.get(top, ()) for path in folder.glob(pattern)}
        assert files == installed


def test_the_version_is_the_same_everywhere() -> None:
    version = SETTINGS["project"]["version"]
    assert importlib.metadata.version(SETTINGS["project"]["name"]) == version
    released = re.findall(
        r"^## \[(\d.*?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert released[0] == version


def test_the_face_has_what_it_says() -> None:
    assert len(asl.__all__) == len(set(asl.__all__))
    assert [name for name in asl.__all__ if not hasattr(asl, name)] == []


def test_what_is_imported_is_required() -> None:
    project = SETTINGS["project"]
    extras = [names for extra, names in project["optional-dependencies"].items() if extra != "dev"]
    required = {
        re.split(r"[^\w.-]", name)[0].lower()
        for names in (project["dependencies"], *extras)
        for name in names
    }
    allowed = {MODULES.get(name, name.replace("-", "_")) for name in required}
    allowed |= {
        "asl",
        "asl_cli",
        "pytest",
        *sys.stdlib_module_names,
    }  # pytest brings itself: it loads the plugin
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for folder in FOLDERS.values()
        for path in folder.rglob("*.py")
        for name in _imports(path)
        if name not in allowed
    }
    assert wrong == set()


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_ci_runs_what_the_readme_says() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
    assert "README.md | sed -n 2p" in text
