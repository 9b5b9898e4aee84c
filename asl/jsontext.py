"""The text of a definition in JSON: read strictly, with the service's words where it is broken, and the place
of a value in it."""

from __future__ import annotations

import json
import re
from typing import NoReturn, cast

from asl.errors import DefinitionError, Problem
from asl.values import Json

Duplicates = list[tuple[object, str, tuple[int, int] | None]]
"""Keys that stand twice: the object, the key, and line and column where they are known."""

PLACEHOLDER = re.compile(r"\$\{\s*([A-Za-z_][^{}$]*)\}")
"""`${Name}`: what SAM, Terraform and others fill in before the service sees the definition."""

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = r'"(?:[^"\\]|\\.)*"?'
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_EXPECTED = {
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Illegal trailing comma before end of object": "was expecting double-quote to start field name",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    "Extra data": "was expecting the end of the definition",
}


def load(text: str, duplicates: Duplicates) -> Json:
    """The value of a JSON text; None where it is empty. Raises DefinitionError, and RecursionError where it
    is nested too deeply."""

    def members(items: list[tuple[str, Json]]) -> dict[str, Json]:
        value = dict(items)
        if len(value) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    duplicates.append((value, key, None))
                seen.add(key)
        return value

    if not text.strip():
        return None
    try:
        document: Json = json.loads(
            text, object_pairs_hook=members, parse_constant=_no_constant, parse_float=_float
        )
    except json.JSONDecodeError as error:
        at = error.pos
        if error.msg.startswith(
            "Illegal trailing comma"
        ):  # Python 3.13 stands at the comma, the service after it
            at = _space(text, at + 1)
        raise DefinitionError([_syntax_problem(text, error.msg, at)]) from None
    except _NotJson as error:
        raise DefinitionError([_problem(text, error.reason, _find(text, error.literal))]) from None
    except ValueError as error:  # an integer of more digits than Python converts
        found = re.search(r"\d{4300,}", text)
        raise DefinitionError([_problem(text, str(error), found.start() if found else 0)]) from None
    return document


def quote_placeholders(text: str) -> tuple[str, list[Problem]]:
    """The text with quotes around the placeholders that stand where a number should, and a problem for each
    name: as it is it is not JSON, but the rest of it can be checked."""
    found: dict[str, Problem] = {}

    def quote(token: re.Match[str]) -> str:
        if not token["name"]:
            return token[0]
        line, column = _line_and_column(text, token.start())
        message, hint = f"'{token[0]}' has no value", f"define {token['name'].strip()}"
        problem = Problem("", "ASL_UNRESOLVED_PLACEHOLDER", message, hint=hint, line=line, column=column)
        found.setdefault(message, problem)
        return f'"{token[0]}"'

    return re.sub(_STRING + r"|\$\{\s*(?P<name>[A-Za-z_][^{}$\"]*)\}", quote, text), list(found.values())


def position(text: str, steps: list[str | int]) -> tuple[int, int]:
    """Line and column (from 1) of the value that the steps lead to; of its key where it is a collection.

    The stdlib's own decoder skips the values on the way, so that this costs little more than reading the
    text once per level.
    """
    skip = json.JSONDecoder().raw_decode
    at = key_at = _space(text, 0)
    for step in steps:
        at += 1
        index = 0
        found = None
        while (at := _space(text, at)) < len(text) and text[at] not in "]}":
            member_at = at
            here: str | int = index
            if isinstance(step, str):
                key, at = skip(text, at)
                at = _space(text, _space(text, at) + 1)
                here = cast(str, key)
            if here == step:
                found = (member_at, at)  # of a key that stands twice, the last one counts
                if isinstance(step, int):
                    break
            _, at = skip(text, at)
            at = _space(text, at)
            at += text[at : at + 1] == ","
            index += 1
        if found is None:
            break
        key_at, at = found
    return _line_and_column(text, key_at if text[at : at + 1] in ("{", "[") else at)


class _NotJson(ValueError):
    """A number that Python reads and JSON does not have."""

    def __init__(self, literal: str, reason: str) -> None:
        super().__init__(literal)
        self.literal = literal
        self.reason = reason


def _no_constant(literal: str) -> NoReturn:
    allow = "enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow"
    raise _NotJson(literal, f"Non-standard token '{literal}': {allow}")


def _float(literal: str) -> float:
    value = float(literal)
    if value in (float("inf"), float("-inf")):
        raise _NotJson(literal, f"Number value ({literal}) out of range of double")
    return value


def _find(text: str, token: str) -> int:
    """The first place of a token outside of strings."""
    for found in re.finditer(f"{_STRING}|{re.escape(token)}", text):
        if found[0] == token:
            return found.start()
    return 0


def _syntax_problem(text: str, reason: str, at: int) -> Problem:
    """What the service says to broken JSON: Jackson's texts, of which one is recorded (the unknown token)."""
    rest = text[at:]
    unexpected = f"Unexpected character ('{rest[:1]}' (code {ord(rest[0]) if rest else 0})): "
    token = re.match(r"[A-Za-z_$][\w$]*", rest)
    end = at + 1
    if not rest.strip():
        message = _unexpected_end(text)
    elif reason.startswith("Unterminated string"):
        message = "Unexpected end-of-input: was expecting closing quote for a string value"
    elif reason.startswith("Invalid control character"):
        message = (
            f"Illegal unquoted character ((CTRL-CHAR, code {ord(rest[0])})): "
            "has to be escaped using backslash to be included in string value"
        )
    elif reason.startswith("Invalid \\"):
        message = f"Unrecognized character escape '{rest[1:2]}' (code {ord(rest[1:2] or ' ')})"
    elif reason in _EXPECTED:
        message = unexpected + _EXPECTED[reason]
    elif reason == "Expecting ',' delimiter":
        kind = "Array" if text[_open(text, at)] == "[" else "Object"
        message = f"{unexpected}was expecting comma to separate {kind} entries"
    elif token:
        message = f"Unrecognized token '{token[0]}': was expecting {_VALUES}"
        end = at + token.end()
    else:
        message = f"{unexpected}expected a valid value {_VALUES}"
    # Jackson's column is where it stands after it has read what it complains about.
    line, column = _line_and_column(text, end)
    location = _jackson_source(text, line, column)
    problem = _problem(text, f"{message}\n at {location}", at)
    return problem._replace(location=location, hint=_hint(text, at, reason))


def _hint(text: str, at: int, reason: str) -> str | None:
    rest = text[at:]
    if not rest.strip():
        return _unclosed(text)
    if placeholder := PLACEHOLDER.match(rest):
        return f"'{placeholder[0]}' has no value: define {placeholder[1].strip()}"
    if rest.startswith(("//", "/*", "#")):
        return "JSON has no comments"
    if rest[:1] in ("}", "]") and text[:at].rstrip().endswith(","):
        return "remove the comma before it"
    if rest.startswith("'"):
        return "strings stand in double quotes"
    if reason == "Expecting ',' delimiter" and rest[0] != ":":
        closing = "']'" if text[_open(text, at)] == "[" else "'}'"
        return f"{closing if rest[0] in '}]' else 'a comma'} is missing before it"
    if reason == "Extra data" and rest[0] in "}]":
        return "one closing bracket is too many"
    word = re.match(r"[A-Za-z_][\w-]*", rest)
    if word and reason.startswith("Expecting property name"):
        return f'write "{word[0]}"'
    if word and at > 0 and reason == "Expecting value":
        return f"write {_PYTHON[word[0]]}" if word[0] in _PYTHON else f'write "{word[0]}" if it is a text'
    return None


_PYTHON = {"True": "true", "False": "false", "None": "null"}


def _unclosed(text: str) -> str | None:
    """The bracket that nobody closes, by its line: the first whose own, it seems, closes another, as it is indented
    otherwise; else the innermost."""
    stack: list[int] = []
    for found in re.finditer(f"{_STRING}|[\\[{{}}\\]]", text):
        if found[0] in "[{":
            stack.append(found.start())
        elif found[0] in "]}" and stack:
            start = stack.pop()
            before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
            if not before.strip() and before != _indent(text, start):
                stack.append(start)
                break
    if not stack or "\n" not in text.strip():
        return None
    kind = "array" if text[stack[-1]] == "[" else "object"
    return f"the {kind} that begins in line {_line_and_column(text, stack[-1])[0]} is not closed, it seems"


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip())]


def _problem(text: str, message: str, at: int) -> Problem:
    line, column = _line_and_column(text, at)
    return Problem("", "INVALID_JSON_DESCRIPTION", message, line=line, column=column)


def _open(text: str, at: int) -> int:
    """The place of the innermost bracket that is open at `at`; 0 where none is."""
    stack: list[int] = []
    for found in re.finditer(f"{_STRING}|[\\[{{}}\\]]", text[:at]):
        if found[0] in "[{":
            stack.append(found.start())
        elif found[0] in "]}" and stack:
            stack.pop()
    return stack[-1] if stack else 0


def _unexpected_end(text: str) -> str:
    start = _open(text, len(text))
    kind = "Array" if text[start] == "[" else "Object"
    marker = _jackson_source(text, *_line_and_column(text, start))
    return f"Unexpected end-of-input: expected close marker for {kind} (start marker at {marker})"


def _jackson_source(text: str, line: int, column: int) -> str:
    more = f"[truncated {len(text) - 500} chars]" if len(text) > 500 else ""
    return f'[Source: (String)"{text[:500]}"{more}; line: {line}, column: {column}]'


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
