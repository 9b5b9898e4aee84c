"""What a state reads, learnt from its definition: the places, and of which kind they must be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from asl.errors import AslError
from asl.intrinsics import grammar
from tests.expressions import Expressions
from tests.places import ABSENT, OTHER, WHEN, Place, steps_of

KINDS = {
    "MathAdd": 1,
    "MathRandom": 1,
    "Base64Decode": "dGV4dA==",
}
"""What the arguments of an intrinsic function must be."""

_ARRAYS = {"ArrayPartition", "ArrayLength", "ArrayGetItem", "ArrayContains", "ArrayUnique"}
_TEMPLATES = {
    "Parameters": "effective",
    "ItemSelector": "effective",
    "ItemReader": "effective",
    "ItemBatcher": "effective",
    "ResultWriter": "effective",
    "Credentials": "effective",
    "ResultSelector": "result",
    "Assign": "selected",
}


class Reads:
    """What a state reads, by where it reads it.

    `wants` has a place for each of: input (raw), effective (after InputPath), result, selected (after ResultSelector),
    merged (after ResultPath), execution (its input), item (of the Map), and each variable, as `$name`.
    """

    def __init__(self, name: str, state: dict[str, Any], language: str) -> None:
        self.wants: dict[str, Place] = {}
        self.lenient = language == "JSONata"
        """A field of an array is that of its elements."""
        if self.lenient:
            Expressions(self.wants, name).state(state)
            return
        self._typed(state)
        self._path(state.get("InputPath"), "input")
        self._path(state.get("OutputPath"), "merged")
        for rule in state.get("Choices", ()):
            self._rule(rule)
            self._template(rule.get("Assign"), "effective")
        for key, root in _TEMPLATES.items():
            self._template(state.get(key), root)
        self._template({"Error.$": state.get("ErrorPath"), "Cause.$": state.get("CausePath")}, "effective")
        for worker in (state, *state.get("Catch", ())):
            path = worker.get("ResultPath")
            if isinstance(path, str) and path != "$":
                self._at("input").at(steps_of(path)[:-1]).object = True

    def path(self, root: str) -> str:
        """How the definition calls a root of what is read."""
        context = {"execution": "Execution.Input", "item": "Map.Item.Value"}
        if root.startswith("$"):
            return root
        if self.lenient:
            return f"$states.context.{context[root]}" if root in context else f"$states.{root}"
        return f"$$.{context[root]}" if root in context else "$"

    def _at(self, root: str) -> Place:
        return self.wants.setdefault(root, Place())

    def _typed(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("ItemsPath"), str):
            self._path(state["ItemsPath"], "effective").element()
        elif state.get("Type") == "Map" and "ItemReader" not in state:
            self._at("effective").element()
        for key, value in (
            ("SecondsPath", 1),
            ("TimeoutSecondsPath", 60),
            ("HeartbeatSecondsPath", 30),
            ("MaxConcurrencyPath", 1),
            ("ToleratedFailureCountPath", 1),
            ("ToleratedFailurePercentagePath", 1),
            ("MaxItemsPath", 1),
            ("MaxItemsPerBatchPath", 1),
            ("TimestampPath", WHEN),
        ):
            for holder in (state, *(each for each in state.values() if isinstance(each, dict))):
                if isinstance(holder.get(key), str):
                    self._path(holder[key], "effective").add(value)

    def _path(self, path: Any, root: str) -> Place:
        """The place of a path, which begins at `root` unless it says something else."""
        if not isinstance(path, str):
            return Place()
        rest = path.removeprefix("$")
        if rest.startswith("$"):
            steps = steps_of(rest[1:])
            if steps[:2] == ["Execution", "Input"]:
                return self._at("execution").at(steps[2:])
            if steps[:3] == ["Map", "Item", "Value"]:
                return self._at("item").at(steps[3:])
            return Place()
        if variable := re.match(r"[A-Za-z_]\w*", rest):
            root, rest = f"${variable.group()}", rest[variable.end() :]
        place = self._at(root).at(steps_of(rest))
        for match in re.finditer(r"(.*?)\[\?\(.*?@((?:\.\w+)+)\s*==\s*'([^']*)'", rest):
            self._at(root).at([*steps_of(match[1]), 0, *steps_of(match[2])]).add(match[3])
        return place

    def _template(self, value: Any, root: str) -> None:
        if isinstance(value, list):
            for item in value:
                self._template(item, root)
        elif isinstance(value, dict):
            for key, item in value.items():
                if key.endswith(".$") and isinstance(item, str):
                    self._expression(item, root)
                else:
                    self._template(item, root)

    def _expression(self, text: str, root: str) -> None:
        if text.startswith("$"):
            self._path(text, root)
            return
        try:
            self._call(grammar.parse(text), root)
        except AslError:
            return

    def _call(self, call: grammar.Call, root: str) -> None:
        places = [self._argument(argument, root) for argument in call.arguments]
        first = places[0] if places else Place()
        if call.name == "StringToJson":
            first.parsed()
        elif call.name == "JsonMerge":
            for place in places:
                place.object = True
        elif call.name in _ARRAYS:
            first.element()
        elif call.name in KINDS:
            for place in places:
                place.add(KINDS[call.name])
        if call.name == "ArrayGetItem":
            self._get(call, first, root)

    def _get(self, call: grammar.Call, first: Place, root: str) -> None:
        array, index = call.arguments[0], call.arguments[-1]
        if not isinstance(index, grammar.Literal) or not isinstance(index.value, int):
            return
        first.element(index.value)
        if isinstance(array, grammar.Call) and array.name == "StringSplit":
            separator = array.arguments[-1]
            if isinstance(separator, grammar.Literal):
                place = self._argument(array.arguments[0], root)
                place.add(str(separator.value).join(["text"] * (index.value + 2)))

    def _argument(self, argument: Any, root: str) -> Place:
        if isinstance(argument, grammar.Call):
            self._call(argument, root)
            return Place()
        return Place() if isinstance(argument, grammar.Literal) else self._path(str(argument.text), root)

    def _rule(self, rule: dict[str, Any]) -> None:
        for key in ("And", "Or"):
            for inner in rule.get(key, ()):
                self._rule(inner)
        if "Not" in rule:
            self._rule(rule["Not"])
        variable = rule.get("Variable")
        if not isinstance(variable, str):
            return
        place = self._path(variable, "effective")
        for operator, operand in rule.items():
            if operator.endswith("Path") and isinstance(operand, str):
                values = _alike(operator)
                place.add(*values)
                self._path(operand, "effective").add(*values)
            elif operator.startswith("Numeric") and isinstance(operand, int | float):
                place.add(operand, operand + 1, operand - 1)
            elif operator == "StringMatches":
                place.add(operand.replace("*", "x"), OTHER)
            elif operator.startswith("String"):
                place.add(operand, OTHER)
            elif operator.startswith("Timestamp"):
                place.add(operand, WHEN)
            elif operator == "BooleanEquals":
                place.add(operand, not operand)
            elif operator == "IsPresent":
                place.add(OTHER, ABSENT)
            elif operator in _TESTS:
                place.add(_TESTS[operator])


_TESTS = {"IsNumeric": 1, "IsBoolean": True, "IsTimestamp": WHEN, "IsNull": None, "IsString": OTHER}


def _alike(operator: str) -> list[Any]:
    """Values that can be compared with each other."""
    if operator.startswith("Numeric"):
        return [1, 2]
    if operator.startswith("Boolean"):
        return [True, False]
    return [WHEN] if operator.startswith("Timestamp") else [OTHER]


def named(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The states of a machine and of those within it, with their names; each says its QueryLanguage."""
    language = machine.get("QueryLanguage", "JSONPath")
    for name, state in machine.get("States", {}).items():
        state = {"QueryLanguage": language, **state}
        yield name, state
        for inner in (state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", ())):
            if isinstance(inner, dict):
                yield from named({"QueryLanguage": language, **inner})
