"""Workflow variables: their names, their scopes, and reading one that nothing before has set."""

from __future__ import annotations

from collections.abc import Iterator

from asl.checks import jsonata, jsonpath
from asl.checks.machine import Definition, Object, Scope, State
from asl.checks.shape import near
from asl.errors import Problem
from asl.jsontext import PLACEHOLDER


def names(definition: Definition) -> Iterator[Problem]:
    """Names are Unicode identifiers of at most 80 characters; `states` is reserved; one that an outer scope
    assigns may not be assigned in an inner one. (The executions of a Distributed Map are scopes of their own;
    what a catcher assigns does not count, as recorded: PARALLEL_CATCH_ERROR_VARIABLE_SAMPLING.)
    """
    for scope in definition.scopes:
        outer = _outer_names(scope)
        for location, assign, language in _assignments(scope):
            for key in assign:
                name = _name(key, language)
                place = f"{location}/{key}"
                if PLACEHOLDER.search(name):
                    continue
                if name == "states":
                    message = "Cannot assign to reserved variable '$states'."
                    yield Problem(place, "RESERVED_VARIABLE_NAME", message)
                elif not name.isidentifier():
                    yield _invalid(place, name, "the variable name contains invalid characters.")
                elif len(name) > 80:
                    yield _invalid(place, name, "the variable name exceeds 80 characters.")
                elif name in outer:
                    yield _invalid(place, name, "a variable of this name is assigned in an outer scope.")


def _invalid(place: str, name: str, why: str) -> Problem:
    return Problem(place, "INVALID_VARIABLE_NAME", f"Invalid variable name '{name}': {why}")


def _name(key: str, language: str) -> str:
    return key.removesuffix(".$") if language == "JSONPath" else key


def _assignments(scope: Scope) -> Iterator[tuple[str, Object, str]]:
    for state in scope.states.values():
        holders = [(state.location, state.fields), *state.choices, *state.catchers]
        for location, holder in holders:
            assign = holder.get("Assign")
            if isinstance(assign, dict):
                yield f"{location}/Assign", assign, state.language


def _assigned(scope: Scope) -> set[str]:
    names: set[str] = set()
    for state in scope.states.values():
        for holder in (state.fields, *(rule for _, rule in state.choices)):
            names |= _keys(holder, state.language)
    return names


def assigned(definition: Definition) -> frozenset[str]:
    """The variables that a definition assigns anywhere."""
    return frozenset().union(*map(_assigned, definition.scopes))


def _outer_names(scope: Scope) -> set[str]:
    names: set[str] = set()
    while scope.outer is not None and not scope.distributed:
        scope = scope.outer
        names |= _assigned(scope)
    return names


_GIVEN = {"JSONPath": frozenset[str](), "JSONata": frozenset(("states",))}


def undefined(definition: Definition) -> Iterator[Problem]:
    """Reading a variable that no way to this state can have set: it will fail when it is run. (A warning of
    our own: the service says nothing.)"""
    known: dict[int, dict[str, frozenset[str]]] = {}
    for scope in definition.scopes:
        at_start: frozenset[str] = frozenset()
        if scope.outer is not None and scope.owner is not None and not scope.distributed:
            at_start = known[id(scope.outer)].get(scope.owner.name, frozenset())
        entry = known[id(scope)] = _entry(scope, at_start)
        for state in scope.states.values():
            if state.name in entry:
                yield from _unset(state, entry[state.name])


def _unset(state: State, known: frozenset[str]) -> Iterator[Problem]:
    for location, names in _reads(state):
        for name in sorted(names - known):
            hint = near(f"${name}", [f"${each}" for each in known | _GIVEN[state.language]])
            message = f"Nothing before this state assigns the variable '${name}'"
            yield Problem(location, "ASL_UNDEFINED_VARIABLE", message, "WARNING", hint)


def _reads(state: State) -> Iterator[tuple[str, frozenset[str]]]:
    if state.language == "JSONPath":
        for path in jsonpath.uses(state):
            yield path.location, jsonpath.variables(path)
    elif not state.downgraded:
        for use in jsonata.uses(state):
            if jsonata.is_expression(use.text) and not PLACEHOLDER.search(use.text):
                yield use.location, jsonata.reading(use.text[2:-2]).variables


def _entry(scope: Scope, at_start: frozenset[str]) -> dict[str, frozenset[str]]:
    """The variables that may be set when each state that can be reached is entered."""
    entry: dict[str, frozenset[str]] = {}
    start = scope.fields.get("StartAt")
    ahead = [(start, at_start)] if isinstance(start, str) else []
    while ahead:
        name, known = ahead.pop()
        state = scope.states.get(name)
        if state is None or (name in entry and known <= entry[name]):
            continue
        entry[name] = known = entry.get(name, frozenset()) | known
        ahead += [(target, known | names) for target, names in _ways(state)]
    return entry


def _ways(state: State) -> Iterator[tuple[str, frozenset[str]]]:
    """Where a state leads, and what it assigns on the way."""
    own = _keys(state.fields, state.language)
    for name in ("Next", "Default"):
        if isinstance(target := state.fields.get(name), str):
            yield target, own
    for _, rule in (*state.choices, *state.catchers):
        if isinstance(target := rule.get("Next"), str):
            yield target, _keys(rule, state.language)


def _keys(holder: Object, language: str) -> frozenset[str]:
    assign = holder.get("Assign")
    return frozenset(_name(key, language) for key in assign) if isinstance(assign, dict) else frozenset()
