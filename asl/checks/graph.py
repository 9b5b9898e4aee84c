"""Transitions: targets that do not exist, states that nothing leads to, a missing end; and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from asl.checks.machine import Definition, Scope, State, not_compiled
from asl.checks.shape import near
from asl.errors import Problem
from asl.jsontext import PLACEHOLDER
from asl.values import Json

MISSING = "MISSING_TRANSITION_TARGET"
_NOT_IN_NAMES = frozenset('<>{}[]?*"#%\\^|~`$&,;:/')


def transitions(definition: Definition) -> Iterator[Problem]:
    """`Next`, `Default` and `StartAt` name states of the same scope (the message says 'Next' for all)."""
    for location, target, names in _astray(definition):
        if not PLACEHOLDER.search(target):
            yield Problem(location, MISSING, f"Missing 'Next' target: {target}", hint=near(target, names))


def unresolved(definition: Definition) -> Iterator[Problem]:
    """Where a placeholder stands for the name of a state."""
    for location, target, _ in _astray(definition):
        if PLACEHOLDER.search(target):
            yield not_compiled(location, f"'{target}' names no state")


def _astray(definition: Definition) -> Iterator[tuple[str, str, Iterable[str]]]:
    """The targets that are no state of their scope: the field's location, the target, the scope's states."""
    for scope in definition.scopes:
        if not isinstance(scope.fields.get("States"), dict):
            continue
        names = cast(dict[str, Json], scope.fields["States"])
        targets = [(f"{scope.location}/StartAt", scope.fields.get("StartAt"))]
        for state in scope.states.values():
            targets += edges(state)
        for location, target in targets:
            if isinstance(target, str) and target not in names:
                yield location, target, names


def edges(state: State) -> Iterator[tuple[str, Json]]:
    """Where a state can lead: the field's location, and what it names."""
    for name in ("Next", "Default"):
        if name in state.fields:
            yield f"{state.location}/{name}", state.fields[name]
    for location, rule in (*state.choices, *state.catchers):
        if "Next" in rule:
            yield f"{location}/Next", rule["Next"]


def reachability(definition: Definition) -> Iterator[Problem]:
    """The outermost machine has a terminal state; every state can be reached from its scope's start.

    Measured on the service: without a terminal state nothing is said about states that are not reached, and
    only the outermost machine must have one. Where a transition is not known (a field of the wrong shape, a
    placeholder), nothing is said either.
    """
    for scope in definition.scopes:
        if (
            not scope.states
            or not scope.complete
            or not all(_is_known(state) for state in scope.states.values())
        ):
            continue
        if scope.outer is None and not any(map(is_terminal, scope.states.values())):
            yield Problem("", "MISSING_END_STATE", "Workflow has no terminal state")
            continue
        start = scope.fields.get("StartAt")
        if isinstance(start, str) and not PLACEHOLDER.search(start):
            for state in _lost(scope, start):
                yield Problem(state.location, MISSING, f'State "{state.name}" is not reachable.')


def _lost(scope: Scope, start: str) -> Iterator[State]:
    """The states that cannot be reached, but those that another lost state would lead to: the service does not tell
    them (aws-cloudformation/cfn-lint 4074 quotes it). In a circle each leads to the other; all are told."""
    reached = _reached(scope, start)
    lost = [state for state in scope.states.values() if state.name not in reached]
    targets = {target for state in lost for _, target in edges(state)}
    for state in lost:
        if state.name not in targets:
            reached |= _reached(scope, state.name) - {state.name}
    return (state for state in lost if state.name not in reached)


def _reached(scope: Scope, start: str) -> set[str]:
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in reached and name in scope.states:
            reached.add(name)
            ahead += [cast(str, target) for _, target in edges(scope.states[name])]
    return reached


def is_terminal(state: State) -> bool:
    """Whether a machine can end in this state."""
    return state.type in ("Succeed", "Fail") or state.fields.get("End") is True


def _is_known(state: State) -> bool:
    targets = [target for _, target in edges(state)]
    if any(not isinstance(target, str) or PLACEHOLDER.search(target) for target in targets):
        return False
    return is_terminal(state) or state.type == "Choice" or "Next" in state.fields


def names(definition: Definition) -> Iterator[Problem]:
    """Names of states are unique in the whole definition, and not too long; so are a Map's labels."""
    states: set[str] = set()
    labels: set[str] = set()
    for _, state in definition.states():
        if state.name in states:
            yield Problem(state.location, "DUPLICATE_STATE_NAME", f"Duplicate State name: {state.name}")
        states.add(state.name)
        if len(state.name) > 80:
            yield _too_long(state, "State", state.name, 80)
        elif not state.name:
            yield Problem(state.location, "INVALID_STATE_NAME", "State name cannot be empty")
        label = state.fields.get("Label")
        if not isinstance(label, str) or PLACEHOLDER.search(label):
            continue
        if label in labels:
            yield Problem(state.location, "DUPLICATE_LABEL_NAME", f"Duplicate Label name: {label}")
        labels.add(label)
        if len(label) > 40:
            yield _too_long(state, "Label", label, 40)
        elif not label or any(each in _NOT_IN_NAMES or each.isspace() or _is_control(each) for each in label):
            message = f"Label '{label}' contains invalid characters"
            yield Problem(state.location, "INVALID_LABEL_NAME", message)


def _too_long(state: State, kind: str, name: str, limit: int) -> Problem:
    """In the service's words for a state (ChristopheBougere/asl-validator 69 and others quote them)."""
    message = (
        f"Invalid {kind} name: {kind} '{name}' exceeds the {limit}-character limit allowed by the service"
    )
    return Problem(state.location, f"INVALID_{kind.upper()}_NAME", message)


def _is_control(character: str) -> bool:
    return character <= "\x1f" or "\x7f" <= character <= "\x9f"
