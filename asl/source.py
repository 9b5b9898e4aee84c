"""Definitions as they come: a path, text, bytes or a dict, in JSON or YAML, made into plain JSON values.

Loading is the stdlib's `json.loads` and little else. Lines and columns are worked out from the text only
when a problem is shown (`Source.place`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from asl import jsontext
from asl.errors import DefinitionError, Problem
from asl.jsontext import PLACEHOLDER, Duplicates
from asl.values import Json

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 1_048_576
"""The most bytes that the service accepts in a definition (service quotas)."""

DEPTH = 200
"""The most levels of objects and arrays in a definition: what every later step can walk by recursion.
The deepest of 430 real machines has 34."""

_YAML = (".yaml", ".yml")


class Source(NamedTuple):
    """A definition and where it came from.

    `problems` are those that only the text shows: keys that stand twice, placeholders without a value.
    """

    document: Json
    name: str | None = None
    text: str | None = None
    format: str = "object"
    problems: tuple[Problem, ...] = ()

    def position(self, location: str) -> tuple[int, int] | None:
        """Line and column (from 1) of a location as the service writes it (`/States/C/Choices[0]/Next`).

        A key's place for objects and arrays, the value's own for the rest; the nearest enclosing place
        where the location names something missing; None where there is no text.
        """
        if self.text is None:
            return None
        steps = _steps(self.document, location if location != "/" else "")
        if self.format == "yaml":
            from asl import yamltext

            return yamltext.position(self.text, steps)
        return jsontext.position(self.text, steps)

    def place(self, problems: Iterable[Problem]) -> list[Problem]:
        """The same problems with `source`, `line` and `column` filled in, as far as they are known."""
        placed = []
        for problem in problems:
            location = problem.location
            if problem.field is not None:
                location = f"{location.removesuffix('/')}/{problem.field}"
            place = (problem.line, problem.column) if problem.line else self.position(location)
            line, column = place or (None, None)
            placed.append(problem._replace(source=self.name, line=line, column=column))
        return placed


def read(
    source: str | bytes | Path | Mapping[str, Json],
    *,
    define: Mapping[str, str] | None = None,
    format: str | None = None,
    limit: int | None = LIMIT,
) -> Source:
    """The definition in a file, a text, bytes or a dict.

    A string is a path unless it opens with `{` or has more than one line. `format` is "json" or "yaml";
    without it the file's name or the text's first character decides. `define` gives values for
    `${Name}` placeholders; `limit` is in bytes, None for none.

    Raises OSError where the file cannot be read, DefinitionError where it is not a JSON or YAML document.
    """
    if isinstance(source, Mapping):
        document = cast(Json, dict(source))
        _refuse_depth(document, None)
        return Source(document, problems=tuple(_placeholders(document)))
    if isinstance(source, bytes):
        return parse(_decode(source, None), define=define, format=format, limit=limit)
    if isinstance(source, str) and (source.lstrip().startswith("{") or "\n" in source or "\0" in source):
        return parse(source, define=define, format=format, limit=limit)
    name = os.fspath(source)
    with open(name, "rb") as file:
        data = file.read() if limit is None else file.read(limit + 1)
    _refuse_size(len(data), limit, name)
    suffix = os.path.splitext(name)[1].lower()
    if format is None and suffix in (*_YAML, ".json"):
        format = "yaml" if suffix in _YAML else "json"
    return parse(_decode(data, name), name=name, define=define, format=format, limit=limit)


def parse(
    text: str,
    *,
    name: str | None = None,
    define: Mapping[str, str] | None = None,
    format: str | None = None,
    limit: int | None = LIMIT,
) -> Source:
    """The definition in a text; arguments and errors as for `read`."""
    if define:
        text = PLACEHOLDER.sub(lambda found: define.get(found[1].strip(), found[0]), text)
    if limit is not None and len(text) * 4 > limit:
        _refuse_size(len(text.encode("utf-8", "surrogatepass")), limit, name)
    duplicates: Duplicates = []
    bare: list[Problem] = []
    document: Json = None
    try:
        if format == "yaml" or (format is None and text.lstrip()[:1] not in ("{", "[", "")):
            from asl import yamltext  # slow to import, and most definitions are JSON

            document = yamltext.load(text, duplicates)
        # Any words are a YAML string; where nobody said that it is YAML, it is broken JSON.
        if format == "yaml" or isinstance(document, dict):
            format = "yaml"
        else:
            format = "json"
            try:
                document = jsontext.load(text, duplicates)
            except DefinitionError:
                text, bare = jsontext.quote_placeholders(text)
                if not bare:
                    raise
                document = jsontext.load(text, duplicates)
    except DefinitionError as error:
        raise DefinitionError([problem._replace(source=name) for problem in error.problems]) from None
    except RecursionError:
        raise _refusal(_too_deep(), name) from None
    repeated = list(_repeated(document, duplicates))
    if format == "yaml" or '"Fn::' in text or '"Ref"' in text:
        document = _without_functions(document, define or {})
    source = Source(document, name, text, format)
    if document is None:
        missing = Problem("", "MISSING_DESCRIPTION", "Received a null or empty workflow input.")
        raise _refusal(missing, name)
    _refuse_depth(document, name)
    unresolved = {problem.message: problem for problem in (*_placeholders(document), *bare)}
    return source._replace(problems=(*repeated, *unresolved.values()))


def _refusal(problem: Problem, name: str | None) -> DefinitionError:
    return DefinitionError([problem._replace(source=name)])


def _decode(data: bytes, name: str | None) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        hint = "it looks like UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "save the file as UTF-8"
        raise DefinitionError(
            [
                Problem(
                    "",
                    "INVALID_JSON_DESCRIPTION",
                    f"Invalid UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}",
                    hint=hint,
                    source=name,
                    line=before.count(b"\n") + 1,
                    column=error.start - (before.rfind(b"\n") + 1) + 1,
                )
            ]
        ) from None


def _refuse_size(size: int, limit: int | None, name: str | None) -> None:
    if limit is not None and size > limit:
        message = f"The definition is larger than the service's limit of {limit} bytes"
        raise _refusal(Problem("", "ASL_DEFINITION_TOO_LARGE", message), name)


def _refuse_depth(document: Json, name: str | None) -> None:
    level: list[Json] = [document]
    for _ in range(DEPTH + 1):
        level = [item for value in level for item in _children(value) if isinstance(item, dict | list)]
        if not level:
            return
    raise _refusal(_too_deep(), name)


def _too_deep() -> Problem:
    return Problem("", "TOO_DEEPLY_NESTED", f"The definition is nested deeper than {DEPTH} levels")


def _without_functions(value: Json, define: Mapping[str, str]) -> Json:
    """The document with CloudFormation's functions replaced: `Ref` and `Fn::GetAtt` by what is defined for
    their name, `Fn::Sub` by its text, and what cannot be known here by a placeholder."""
    if isinstance(value, list):
        return [_without_functions(item, define) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(name, argument)] = value.items()
        if (name == "Ref" and isinstance(argument, str)) or name.startswith("Fn::"):
            return _function(name, argument, define)
    return {name: _without_functions(item, define) for name, item in value.items()}


def _function(name: str, argument: Json, define: Mapping[str, str]) -> str:
    first = argument[0] if isinstance(argument, list) and argument else argument
    if name == "Fn::Sub" and isinstance(first, str):
        return first
    if (
        isinstance(argument, list)
        and name == "Fn::GetAtt"
        and all(isinstance(part, str) for part in argument)
    ):
        argument = ".".join(map(str, argument))
    if isinstance(argument, str) and name in ("Ref", "Fn::GetAtt"):
        return define.get(argument, f"${{{argument}}}")
    return f"${{{name}}}"


def _children(value: Json) -> Iterable[Json]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


# what only the text shows


def _repeated(document: Json, duplicates: Duplicates) -> Iterator[Problem]:
    """Keys that stand twice in one object: the last one counts, as it does for the service's JSON parser;
    two states of one name it refuses (DUPLICATE_STATE_NAME)."""
    if not duplicates:
        return
    places = {id(value): path for path, value in walk(document) if isinstance(value, dict)}
    for owner, key, place in duplicates:
        path = places.get(id(owner))
        if path is None:  # in a value that was itself replaced by a later one
            continue
        line, column = place or (None, None)
        location = f"{path}/{key}"
        if path.endswith("/States"):
            problem = Problem(location, "DUPLICATE_STATE_NAME", f"Duplicate State name: {key}")
        else:
            message = f"Field '{key}' stands more than once; the last one counts"
            problem = Problem(location, "ASL_DUPLICATE_FIELD", message, severity="WARNING")
        yield problem._replace(line=line, column=column)


def walk(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every value in a document with its location, parents first."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}[{index}]")


def _placeholders(document: Json) -> Iterator[Problem]:
    """The placeholders in strings that nobody defined: each name once, at its first place."""
    seen: set[str] = set()
    ahead: list[tuple[str, Json]] = [("", document)]
    while ahead:
        path, value = ahead.pop()
        if isinstance(value, str):
            for found in PLACEHOLDER.finditer(value) if "${" in value else ():
                if found[0] not in seen:
                    seen.add(found[0])
                    message, hint = f"'{found[0]}' has no value", f"define {found[1].strip()}"
                    yield Problem(path, "ASL_UNRESOLVED_PLACEHOLDER", message, "WARNING", hint)
        elif isinstance(value, dict):
            ahead.extend([(f"{path}/{key}", item) for key, item in reversed(value.items())])
        elif isinstance(value, list):
            ahead.extend([(f"{path}[{index}]", item) for index, item in reversed(list(enumerate(value)))])


# from a location to a place in the text


def _steps(value: Json, location: str) -> list[str | int]:
    """The keys and indices of a location, as far as the document has them.

    Names are not escaped in a location, so that `/` and `[` may be part of one: the way that leads
    furthest is taken.
    """
    best: list[str | int] = []
    least = len(location)
    ways: list[tuple[Json, str, list[str | int]]] = [(value, location, [])]
    while ways:
        here, rest, steps = ways.pop()
        if len(rest) < least:
            best, least = steps, len(rest)
        if not rest:
            return steps
        if isinstance(here, dict) and rest[0] == "/":
            for key, item in here.items():
                tail = rest[1 + len(key) :]
                if rest.startswith(key, 1) and tail[:1] in ("", "/", "["):
                    ways.append((item, tail, [*steps, key]))
        elif isinstance(here, list) and (found := re.match(r"\[(\d+)\]", rest)) and int(found[1]) < len(here):
            index = int(found[1])
            ways.append((here[index], rest[found.end() :], [*steps, index]))
    return best
