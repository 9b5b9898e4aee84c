"""Warnings: what is allowed and is probably not meant. The service's own, and ours (`ASL_…`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeGuard

from asl.checks import jsonata, variables
from asl.checks.graph import is_terminal
from asl.checks.machine import Definition
from asl.checks.shape import near
from asl.errors import Problem
from asl.values import Json

_PATH = re.compile(r"\$\$?(\.[A-Za-z_]|\[['\"0-9*?])")
_FUNCTION = re.compile(r"States\.[A-Z][A-Za-z0-9]*\(")
_OTHER_TEXTS = frozenset(("Comment", "Next", "Default", "Resource", "Error", "Cause", "Label", "Result"))


def service(definition: Definition) -> Iterator[Problem]:
    """The service's three warnings, in JSONPath states. Their texts are not recorded: these say what its
    documentation says of the codes."""
    for _, state in definition.states():
        if state.language != "JSONPath":
            continue
        for name in ("Parameters", "ResultSelector", "ItemSelector", "Assign"):
            yield from _no_dollar(state.fields.get(name), f"{state.location}/{name}")
        for name, value in state.fields.items():
            if name.endswith("Path") or name in _OTHER_TEXTS:
                continue
            if isinstance(value, str) and _looks_dynamic(value):
                message = "Field value looks like a path, but field name does not end with 'Path'."
                yield Problem(f"{state.location}/{name}", "NO_PATH", message, "WARNING")
        if state.type == "Pass" and "Result" in state.fields:
            for location in _dynamic(state.fields["Result"], f"{state.location}/Result"):
                message = "Attempt to use a path in the result of a pass state."
                yield Problem(location, "PASS_RESULT_IS_STATIC", message, "WARNING", "use Parameters")


def _no_dollar(template: Json, location: str) -> Iterator[Problem]:
    if isinstance(template, dict):
        for key, value in template.items():
            place = f"{location}/{key}"
            if isinstance(value, str) and not key.endswith(".$") and _looks_dynamic(value):
                message = "No '.$' on a field that appears to be a JSONPath or Intrinsic Function."
                yield Problem(place, "NO_DOLLAR", message, "WARNING", f"name it '{key}.$'")
            else:
                yield from _no_dollar(value, place)
    elif isinstance(template, list):
        for index, item in enumerate(template):
            yield from _no_dollar(item, f"{location}[{index}]")


def _dynamic(value: Json, location: str) -> Iterator[str]:
    if isinstance(value, str):
        if _looks_dynamic(value):
            yield location
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _dynamic(item, f"{location}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _dynamic(item, f"{location}[{index}]")


def _looks_dynamic(text: str) -> bool:
    return bool(_PATH.match(text) or _FUNCTION.match(text))


_JSONATA = re.compile(r"\$(states\b|[A-Za-z]\w*\()")
_NAME = re.compile(r"\$(\w+)(?=$|[.\[])")
_FIELDS = re.compile(r"\$\$?(\.\w+)+")


def unwrapped(definition: Definition) -> Iterator[Problem]:
    """Texts of JSONata states that read as a path or an expression and stand there as plain texts."""
    assigned = variables.assigned(definition)
    for _, state in definition.states():
        if state.language != "JSONata" or state.downgraded:
            continue
        for use in jsonata.uses(state):
            name = _NAME.match(use.text)
            read = _JSONATA.match(use.text) or (name and name[1] in assigned)
            if (read or _looks_dynamic(use.text)) and not _NOT_HERE.search(use.location):
                message = "A plain text that looks like an expression: it stands in no '{% %}'"
                yield Problem(use.location, "ASL_NO_EXPRESSION", message, "WARNING", _wrapped(use.text))


_NOT_HERE = re.compile(r"Path$|/(Variable|Parameters|ResultSelector|Result)(/|\[|$)")
"""Fields of JSONPath, which are refused in a JSONata state as a whole."""


def _wrapped(text: str) -> str:
    """What was meant, as far as it is no guess."""
    if _looks_dynamic(text):
        if not _FIELDS.fullmatch(text):
            return "JSONPath and intrinsic functions are not read in JSONata"
        within = "context" if text.startswith("$$") else "input"
        text = f"$states.{within}{text.lstrip('$')}"
    return f"write '{{% {text} %}}'"


def endless(definition: Definition) -> Iterator[Problem]:
    """A branch or an item processor that cannot end. The service lets it pass; it runs until it is stopped."""
    for scope in definition.scopes:
        if scope.outer is None or not scope.complete or not scope.states:
            continue
        if not any(map(is_terminal, scope.states.values())):
            message = "No state of this branch or processor is terminal"
            yield Problem(scope.location, "ASL_NO_TERMINAL_STATE", message, "WARNING")


_ERRORS = frozenset(
    f"States.{name}"
    for name in (
        *("ALL", "BranchFailed", "DataLimitExceeded", "ExceedToleratedFailureThreshold", "HeartbeatTimeout"),
        *("Http.Socket", "IntrinsicFailure", "ItemReaderFailed", "NoChoiceMatched", "ParameterPathFailure"),
        *("Permissions", "QueryEvaluationError", "ReferencePathConflict", "ResultPathMatchFailure"),
        *("ResultWriterFailed", "Runtime", "TaskFailed", "Timeout"),
    )
)
_STATUS = "States.Http.StatusCode."


def errors(definition: Definition) -> Iterator[Problem]:
    """Names in ErrorEquals that begin as those of the language do, and are none: no such error will come, unless
    a Fail state brings it."""
    raised = [state.fields.get("Error") for _, state in definition.states() if state.type == "Fail"]
    for _, state in definition.states():
        for location, names, _ in state.error_names():
            for name in names:
                if _is_unknown(name) and name not in raised:
                    place = f"{location}/ErrorEquals"
                    message = f"The language has no error of the name '{name}'"
                    yield Problem(place, "ASL_UNKNOWN_ERROR", message, "WARNING", near(name, _ERRORS))


def _is_unknown(name: Json) -> TypeGuard[str]:
    return (
        isinstance(name, str)
        and name.startswith("States.")
        and name not in _ERRORS
        and not name.startswith(_STATUS)
    )


_DISTRIBUTED = ("ItemReader", "ItemBatcher", "ResultWriter")


def inline(definition: Definition) -> Iterator[Problem]:
    """What only a distributed Map does, asked of an inline one, which passes over it."""
    for scope in definition.scopes:
        owner = scope.owner
        if owner is not None and owner.type == "Map" and not scope.distributed:
            for name in _DISTRIBUTED:
                if name in owner.fields:
                    message = f"Only a distributed Map has a use for '{name}'"
                    hint = 'give its ProcessorConfig the "Mode": "DISTRIBUTED"'
                    yield Problem(f"{owner.location}/{name}", "ASL_NOT_DISTRIBUTED", message, "WARNING", hint)
