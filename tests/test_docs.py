"""The examples in docs/ do what they show; and the tool that runs them notices when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fenced

PAGES = sorted((fenced.ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples(page: Path, tmp_path: Path) -> None:
    assert fenced.differences(page, tmp_path) == []


@pytest.mark.parametrize("name", ["drivers.md", "tasks.md", "testing.md"])
def test_pages_that_must_have_examples(name: str) -> None:
    runnable = [b for b in fenced.blocks(fenced.ROOT / "docs" / name) if b.language in ("console", "pycon")]
    assert len(runnable) >= 3


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        ("```console\n$ echo a\na\n$ echo b; echo c >&2\nb\nc\n```\n", 0),
        ("```console\n$ echo a b c\na … c\n```\n", 0),
        ("```console\n$ echo a\nb\n```\n", 1),
        ("```console\n$ echo a\n```\n", 1),
        ("```pycon\n>>> n = 1\n```\ntext\n```pycon\n>>> n\n1\n>>> n + 1\n3\n```\n", 1),
        ("`x/m.txt`:\n\n```text\nhello\n```\n```console\n$ cat x/m.txt\nhello\n```\n", 0),
        ("```pycon\n>>> 1 / 0\n```\n", 1),
    ],
)
def test_differences_are_found(tmp_path: Path, page: str, wrong: int) -> None:
    path = tmp_path / "page.md"
    path.write_text(page, encoding="utf-8")
    (tmp_path / "box").mkdir()
    assert len(fenced.differences(path, tmp_path / "box")) == wrong
