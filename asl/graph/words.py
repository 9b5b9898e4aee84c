"""What is written on states and edges: Choice rules, errors and resources in a few words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.values import Json, to_json

LONGEST = 60
"""Characters of a text that are shown."""

_ORDERS = {
    "Equals": "=",
    "LessThan": "<",
    "GreaterThan": ">",
    "LessThanEquals": "≤",
    "GreaterThanEquals": "≥",
    "Matches": "matches",
}
_OPERATOR = re.compile(rf"(?:String|Numeric|Boolean|Timestamp)({'|'.join(_ORDERS)})(?:Path)?")
_CHECK = re.compile("Is(Null|Present|Numeric|String|Boolean|Timestamp)")
_TYPES = {"Null": "null", "Present": "present", "Numeric": "a number", "Timestamp": "a timestamp"}
_UNKNOWN = re.compile("[^\\t\\n\\r -\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_AFTER_ARN = re.compile(r"arn:[^:]*:([^:]*):[^:]*:[^:]*:(.+)")


def known(text: str) -> str:
    """The text without the characters that no XML may hold."""
    return _UNKNOWN.sub("�", text)


def cut(text: str, longest: int = LONGEST) -> str:
    """The text on one line, what is too long of it left out in the end."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def rule(choice: Mapping[str, Any]) -> str:
    """A Choice rule as it is said: `$.total > 100`, `not ($.a is present)`, a JSONata condition itself."""
    return cut(_rule(dict(choice)))


def _rule(choice: Json) -> str:
    if not isinstance(choice, dict):
        return "?"
    if "Condition" in choice:
        return expression(choice["Condition"])
    for name, word in (("And", " and "), ("Or", " or ")):
        if isinstance(rules := choice.get(name), list):
            return word.join(_within(each) for each in rules)
    if "Not" in choice:
        return f"not ({_rule(choice['Not'])})"
    variable = choice.get("Variable", "?")
    for name, operand in choice.items():
        if found := _CHECK.fullmatch(name):
            kind = _TYPES.get(found[1], f"a {found[1].lower()}")
            return f"{variable} is {'' if operand is True else 'not '}{kind}"
        if found := _OPERATOR.fullmatch(name):
            shown = operand if name.endswith("Path") else to_json(operand)
            return f"{variable} {_ORDERS[found[1]]} {shown}"
    return str(variable)


def _within(choice: Json) -> str:
    text = _rule(choice)
    return f"({text})" if isinstance(choice, dict) and ("And" in choice or "Or" in choice) else text


def expression(value: Json) -> str:
    """A value; one of JSONata without its `{% %}`."""
    if not isinstance(value, str):
        return to_json(value)
    return value.strip().removeprefix("{%").removesuffix("%}").strip()


def errors(handler: Mapping[str, Any]) -> str:
    """The errors of a Retrier or a Catcher: the first by name, and how many more."""
    names = handler.get("ErrorEquals")
    if not isinstance(names, list) or not names:
        return "?"
    more = f", +{len(names) - 1}" if len(names) > 1 else ""
    return cut(str(names[0]), 40) + more


def retries(state: Mapping[str, Any]) -> Iterator[str]:
    """How often a state is tried again, after which errors. Three times where nothing is said (the specification)."""
    retriers = state.get("Retry")
    for retrier in retriers if isinstance(retriers, list) else ():
        if isinstance(retrier, dict):
            yield f"Retry ×{cut(to_json(retrier.get('MaxAttempts', 3)), 10)} {errors(retrier)}"


def does(kind: str, state: Mapping[str, Any]) -> str:
    """What a state calls, waits for, goes through or fails with."""
    said = {"Task": _task, "Wait": _wait, "Fail": _fail, "Map": _map}.get(kind)
    return cut(", ".join(said(state)), 40) if said else ""


def _task(state: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(resource := state.get("Resource"), str):
        yield _resource(resource)


def _fail(state: Mapping[str, Any]) -> Iterator[str]:
    for field in ("Error", "ErrorPath"):
        if field in state:
            yield expression(state[field])


def _resource(resource: str) -> str:
    found = _AFTER_ARN.fullmatch(resource)
    if found is None:
        return resource
    return found[2] if found[1] == "states" else f"{found[1]}:{found[2].removeprefix('function:')}"


def _wait(state: Mapping[str, Any]) -> Iterator[str]:
    for field in ("Seconds", "SecondsPath"):
        if field in state:
            yield f"{expression(state[field])} s"
    for field in ("Timestamp", "TimestampPath"):
        if field in state:
            yield f"until {expression(state[field])}"


def _map(state: Mapping[str, Any]) -> Iterator[str]:
    for field in ("ItemsPath", "Items"):
        if field in state:
            yield f"each of {expression(state[field])}"
    processor = state.get("ItemProcessor")
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    if isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED":
        yield "distributed"
