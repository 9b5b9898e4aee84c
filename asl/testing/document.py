"""A YAML document in which every value knows its place, so that whatever is wrong with it can be pointed at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from asl import documents, yamltext
from asl.errors import AslError, DefinitionError
from asl.nearest import nearest
from asl.values import Json, type_name


class CaseError(AslError):
    """A file with tests that cannot be read as one; the message begins with the place."""


@dataclass(frozen=True)
class Node:
    """A value of a document and the steps that lead to it."""

    value: Any
    steps: tuple[str | int, ...]
    file: Path
    source: str

    @cached_property
    def _place(self) -> tuple[int, int]:
        return yamltext.position(self.source, list(self.steps))

    @property
    def line(self) -> int:
        """The line that it stands at, from 1."""
        return self._place[0]

    def wrong(self, told: str) -> CaseError:
        """The error that something is wrong here."""
        line, column = self._place
        return CaseError(f"{self.file}:{line}:{column}: {told}")

    def _inner(self, step: str | int) -> Node:
        return Node(self.value[step], (*self.steps, step), self.file, self.source)

    def mapping(self) -> dict[str, Node]:
        """Its members. Raises `CaseError` where it is no mapping."""
        if not isinstance(self.value, dict):
            raise self.wrong(f"a mapping must stand here, not {self._kind}")
        return {key: self._inner(key) for key in self.value}

    def fields(self, *known: str) -> dict[str, Node]:
        """Its members, which must be of these names."""
        found = self.mapping()
        for key, node in found.items():
            if key not in known:
                near = nearest(key, known)
                meant = f"; there are {', '.join(known)}" if near is None else f"; did you mean {near!r}?"
                raise node.wrong(f"there is no field {key!r} here{meant}")
        return found

    def items(self) -> list[Node]:
        """Its items. Raises `CaseError` where it is no sequence."""
        if not isinstance(self.value, list):
            raise self.wrong(f"a list must stand here, not {self._kind}")
        return [self._inner(index) for index in range(len(self.value))]

    def text(self) -> str:
        """Its text. Raises `CaseError` where it is none."""
        if not isinstance(self.value, str):
            raise self.wrong(f"text must stand here, not {self._kind}")
        return self.value

    def path(self) -> Path:
        """The file beside its own that it names. Raises `CaseError` where it is no text, or none can have that name."""
        name = self.text()
        try:
            if "\0" not in name and os.fsencode(name):
                return self.file.parent / name
        except UnicodeEncodeError:
            pass
        raise self.wrong("the name of a file must stand here")

    def boolean(self) -> bool:
        """Whether it is true. Raises `CaseError` where it is neither true nor false."""
        if not isinstance(self.value, bool):
            raise self.wrong(f"true or false must stand here, not {self._kind}")
        return self.value

    def one_of(self, *known: str) -> str:
        """Its text, one of these. Raises `CaseError`."""
        if self.value not in known:
            raise self.wrong(f"one of {', '.join(known)} must stand here")
        return self.text()

    @property
    def _kind(self) -> str:
        value: Json = self.value
        return type_name(value)


def read_yaml(path: Path) -> Node:
    """The document in a file of YAML or JSON. Raises `CaseError`, and `OSError` where it cannot be read."""
    try:
        text = documents.decode(path.read_bytes(), str(path))
    except documents.DocumentError as problem:
        raise CaseError(str(problem)) from None
    duplicates: Any = []
    try:
        value = yamltext.load(text, duplicates)
    except DefinitionError as problem:
        first = problem.problems[0]
        raise CaseError(f"{path}:{first.line}:{first.column}: {first.message}") from None
    except RecursionError:
        raise CaseError(f"{path}: it is nested too deep") from None
    for _, key, place in duplicates:
        raise CaseError(f"{path}:{place[0]}:{place[1]}: {key!r} stands here twice")
    return Node(value, (), path, text)
