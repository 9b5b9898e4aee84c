"""What is wrong with a definition: all of it at once, with the service's code, message and location.

The shape is a JSON Schema; the rest is a table of rules, each a generator of problems. A rule sees the whole
definition, passes over what is malformed (the shape says so) and knows nothing of the other rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from asl.checks import graph, jsonata, jsonpath, language, lints, shape, tasks, variables
from asl.checks.machine import Definition, survey
from asl.errors import Problem
from asl.values import Json

Rule = Callable[[Definition], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    language.fields,
    language.computed,
    jsonpath.syntax,
    jsonata.syntax,
    tasks.resources,
    tasks.readers,
    tasks.errors,
    tasks.express,
    graph.names,
    graph.transitions,
    graph.reachability,
    variables.names,
    variables.undefined,
    lints.service,
    lints.unwrapped,
    lints.errors,
    lints.endless,
    lints.inline,
)


def check(document: Json, *, type: str = "STANDARD") -> list[Problem]:
    """The problems of a definition, errors and warnings, as ValidateStateMachineDefinition reports them.

    `type` is "STANDARD" or "EXPRESS". Problems of our own (`ASL_…`) are warnings. No problem of severity
    ERROR means that the definition is valid. The document is one that `source.read` gave, which refuses what is
    nested too deep to be walked by recursion.
    """
    definition = survey(document, type)
    found = list(shape.problems(document))
    for rule in RULES:
        found.extend(rule(definition))
    return found


def unresolved(document: Json) -> list[Problem]:
    """Why a definition that `check` has found no errors in cannot be run yet: `${placeholders}` without values stand
    for something that must be known."""
    if "${" not in str(document):
        return []
    return [*shape.unresolved(document), *graph.unresolved(survey(document, "STANDARD"))]
