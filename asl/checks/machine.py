"""A definition as the rules see it: its machines (the outer one, branches, item processors) and states, with
their locations and query languages. Malformed parts are left out here; the rule of shapes reports them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from asl.errors import Problem
from asl.values import Json

Object: TypeAlias = dict[str, Json]

TYPES = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")
FAILED = "SCHEMA_VALIDATION_FAILED"


class State(NamedTuple):
    """One state: its fields, its type and the query language that holds for it."""

    name: str
    location: str
    fields: Object
    type: str
    language: str
    downgraded: bool
    """Declares JSONPath in a machine of JSONata: refused, and nothing else is said about its language."""
    choices: tuple[tuple[str, Object], ...]
    catchers: tuple[tuple[str, Object], ...]
    """The members of Choices and Catch that are objects, with their locations."""

    def error_names(self) -> Iterator[tuple[str, list[Json], bool]]:
        """The ErrorEquals of each retrier and catcher: its location, the names, whether it is the last of its list."""
        for handlers in ("Retry", "Catch"):
            rules = self.fields.get(handlers)
            if not isinstance(rules, list):
                continue
            for index, rule in enumerate(rules):
                names = rule.get("ErrorEquals") if isinstance(rule, dict) else None
                if isinstance(names, list):
                    yield f"{self.location}/{handlers}[{index}]", names, index == len(rules) - 1


@dataclass(slots=True, eq=False, repr=False)
class Scope:
    """One machine: what a `States` field and a `StartAt` belong to.

    `location` is the machine's own ("" for the outermost); `outer` the scope around it, which a Parallel or
    Map state there, `owner`, opens.
    """

    location: str
    fields: Object
    outer: Scope | None = None
    owner: State | None = None
    distributed: bool = False
    states: dict[str, State] = field(default_factory=dict)
    complete: bool = True
    """Every member of `States` is a state of a known type."""


class Definition(NamedTuple):
    """A whole definition, as the rules get it: the type of machine, and its scopes, outer ones first."""

    document: Json
    type: str
    scopes: tuple[Scope, ...]

    def states(self) -> Iterator[tuple[Scope, State]]:
        """Every state at any depth, with its scope."""
        for scope in self.scopes:
            for state in scope.states.values():
                yield scope, state


def failed(location: str, message: str, hint: str | None = None, field: str | None = None) -> Problem:
    """A problem of the commonest code."""
    return Problem(location, FAILED, message, hint=hint, field=field)


def not_compiled(location: str, message: str) -> Problem:
    """What cannot be run because of a `${placeholder}` that nobody gave a value."""
    return Problem(location, "ASL_NOT_COMPILED", message, hint="give the ${…} placeholders their values")


def survey(document: Json, type: str) -> Definition:
    """The scopes and states of a definition.

    A query language stands at the top or in a state; a Map's or Parallel's own does not reach the states in
    it. Only exactly "JSONPath" means JSONPath: any other value is JSONata (and refused for itself).
    """
    if not isinstance(document, dict):
        return Definition(document, type, ())
    language = _language(document, "JSONPath")
    scopes = [Scope("", document)]
    for scope in scopes:  # grows on the way
        members = scope.fields.get("States")
        if not isinstance(members, dict):
            scope.complete = False
            continue
        for name, fields in members.items():
            kind = fields.get("Type") if isinstance(fields, dict) else None
            if not isinstance(fields, dict) or kind not in TYPES:
                scope.complete = False
                continue
            own = _language(fields, language)
            downgraded = language == "JSONata" and own == "JSONPath"
            location = f"{scope.location}/States/{name}"
            choices = _members(fields.get("Choices"), f"{location}/Choices")
            catchers = _members(fields.get("Catch"), f"{location}/Catch")
            state = State(name, location, fields, str(kind), own, downgraded, choices, catchers)
            scope.states[name] = state
            if kind in ("Parallel", "Map"):
                scopes.extend(_inner(state, scope))
    return Definition(document, type, tuple(scopes))


def _language(fields: Object, inherited: str) -> str:
    if "QueryLanguage" not in fields:
        return inherited
    return "JSONPath" if fields["QueryLanguage"] == "JSONPath" else "JSONata"


def _inner(state: State, outer: Scope) -> Iterator[Scope]:
    branches = state.fields.get("Branches")
    if state.type == "Parallel" and isinstance(branches, list):
        for index, branch in enumerate(branches):
            if isinstance(branch, dict):
                yield Scope(f"{state.location}/Branches[{index}]", branch, outer, state)
    for name in ("ItemProcessor", "Iterator"):
        processor = state.fields.get(name)
        if state.type == "Map" and isinstance(processor, dict):
            config = processor.get("ProcessorConfig")
            distributed = isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"
            yield Scope(f"{state.location}/{name}", processor, outer, state, distributed)


def _members(rules: Json, location: str) -> tuple[tuple[str, Object], ...]:
    if not isinstance(rules, list):
        return ()
    return tuple((f"{location}[{index}]", rule) for index, rule in enumerate(rules) if isinstance(rule, dict))
