"""Answers for any machine, made from its definition: what its paths read is there, of the kind that they want.

One document serves as the input of the execution and as the result of every task: it has a value at every place that
a path of the definition reads. Where the definition compares a place with values, it takes them in turn, call by
call, so that loops come to an end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any

import asl
from asl.values import to_json

NAME = r"(?:\.(?:[A-Za-z_][\w-]*|`[^`]+`)|\[\d+\]|\['[^']+'\]|\[\"[^\"]+\"\])"
PATH = re.compile(rf"(\$\$?)([A-Za-z_]\w*)?((?:{NAME}|\.?\[\d+\]|\[\*\]|\.\*|\[[^\]'\"]*\])+)?")
STEP = re.compile(
    r"\.([A-Za-z_][\w-]*)|\.`([^`]+)`|\['([^']+)'\]|\[\"([^\"]+)\"\]|\[(\d+|\*|[^\]]*)\]|(\.\*)"
)
INTRINSIC = re.compile(r"States\.(\w+)\(")
KINDS = {
    "MathAdd": 1,
    "MathRandom": 1,
    "ArrayPartition": ["a", "b"],
    "ArrayLength": ["a"],
    "ArrayGetItem": ["a", "b"],
    "ArrayContains": ["a"],
    "ArrayUnique": ["a"],
    "Base64Decode": "dGV4dA==",
}
WHEN = "2030-01-01T00:00:00Z"
TEXT = object()
"""What a place has whose text is read as JSON: the document, as text."""

ABSENT = object()
"""What a place has in some of its turns where the definition asks whether it is there."""

DEEPEST = 5
"""How far the document goes down where it stands within itself."""

Steps = list["str | int"]


class Place:
    """What is known of one place in the document. `whole`: the whole document is there, or an array of it."""

    def __init__(self) -> None:
        self.below: dict[str, Place] = {}
        self.item: Place | None = None
        self.values: list[Any] = []
        self.whole = False

    def at(self, steps: Steps) -> Place:
        """The place so many steps down."""
        place = self
        for step in steps:
            if isinstance(step, int):
                place.item = place.item or Place()
                place = place.item
            else:
                place = place.below.setdefault(step, Place())
        return place

    def absorb(self, other: Place) -> None:
        """Have here what is known of another place, besides."""
        for name, below in other.below.items():
            if name not in self.below:
                self.below[name] = below
            elif self.below[name] is not below:
                self.below[name].absorb(below)
        if other.item is not None and self.item is None:
            self.item = other.item
        self.values += [value for value in other.values if value not in self.values]
        self.whole = self.whole or other.whole

    def value(self, turn: int, root: Place, depth: int = 0) -> Any:
        """What stands there at the n-th call."""
        if depth > DEEPEST:
            return {}
        if ABSENT in self.values and (self.item or self.below) and Random(turn).random() < 0.5:
            return ABSENT
        if self.item is not None:
            found = self.item.value(turn, root, depth + 1)
            return [] if found is ABSENT else [found] * 2
        if self.below or self.whole:
            found = self._object(turn, root, depth + 1)
            if self.whole and self is not root:
                found = {**root._object(turn, root, depth + 2), **found}
            return found
        found = Random(turn).choice(self.values) if self.values else "text"
        if found is TEXT:
            return "{}" if depth >= DEEPEST - 2 else to_json(root._object(turn, root, DEEPEST - 2))
        return found

    def _object(self, turn: int, root: Place, depth: int) -> dict[str, Any]:
        values = {name: place.value(turn, root, depth) for name, place in self.below.items()}
        return {name: value for name, value in values.items() if value is not ABSENT}


def steps_of(path: str) -> Steps:
    """The steps of a path. An index and a wildcard are the step 0."""
    found: Steps = []
    for match in STEP.finditer(path):
        name = next((group for group in match.groups()[:4] if group is not None), None)
        found.append(0 if name is None else name)
    return found


class Answers:
    """The document of a definition; `turn` is what the first call counts from.

    In `lists` are the tasks whose result is an array of it, in `texts` those whose result is its text; "" is the
    input of the execution. In `arrays` are the paths where arrays of it are.
    """

    def __init__(
        self,
        definition: dict[str, Any],
        turn: int = 0,
        lists: frozenset[str] = frozenset(),
        texts: frozenset[str] = frozenset(),
        arrays: frozenset[str] = frozenset(),
    ) -> None:
        self.root = Place()
        self.root.whole = True
        self.lists = lists
        self.texts = texts
        self.turn = turn
        self._aliases: list[tuple[str, Place]] = []
        self._shared: list[tuple[Steps, Place]] = []
        self._variables: dict[str, Place] = {}
        for path in sorted(arrays):
            self._path(path).at([0]).whole = True
        for _, state in named(definition):
            self._assigned(state)
        self._machine(definition, definition.get("QueryLanguage", "JSONPath"))
        for steps, place in self._shared:  # what became known of a place holds for the rests of its path
            self.root.at(steps).absorb(place)
        for name, place in self._aliases:
            if name in self.root.below and self.root.below[name] is not place:
                place.absorb(self.root.below[name])

    def input(self) -> Any:
        """The input of the execution."""
        return self.document(self.turn, "")

    def __call__(self, payload: Any, call: asl.Call) -> Any:
        """The result of a task."""
        self.turn += 1
        return self.document(self.turn, call.state)

    def document(self, turn: int, state: str) -> Any:
        """What the task of a state gives at the n-th call."""
        value = self.root.value(turn, self.root)
        if state in self.texts:
            return to_json(value)
        return [value] * 2 if state in self.lists else value

    def _at(self, steps: Steps) -> Place:
        """The place of a path, which may be read wherever its first steps have led to before."""
        while steps and steps[0] == 0:
            steps = steps[1:]
        if not steps:
            return Place()
        place = self.root.at(steps)
        for start in range(1, len(steps)):
            if isinstance(steps[start], str):
                self.root.at(steps[start:]).absorb(place)
                self._shared.append((steps[start:], place))
        return place

    # ------------------------------------------------------------------ reading definitions

    def _machine(self, machine: dict[str, Any], language: str) -> None:
        for state in machine.get("States", {}).values():
            own = state.get("QueryLanguage", language)
            self._state(state, own)
            for inner in (state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", ())):
                if isinstance(inner, dict):
                    self._machine(inner, language)

    def _state(self, state: dict[str, Any], language: str) -> None:
        if language == "JSONata":
            items = state.get("Items")
            if isinstance(items, str) and re.fullmatch(r"\{% *\$[\w.]+ *%\}", items):
                self._at(steps_of(re.sub(r".*\$states\.(input|result)|[ %}]", "", items))).at(
                    [0]
                ).whole = True
            for text in _texts({k: v for k, v in state.items() if k not in _INNER}):
                if text.startswith("{%"):
                    self._jsonata(text)
            return
        if isinstance(state.get("ItemsPath"), str):
            self._path(state["ItemsPath"]).at([0]).whole = True
        for key, value in (("SecondsPath", 1), ("TimeoutSecondsPath", 60), ("HeartbeatSecondsPath", 30)):
            self._typed(state.get(key), value)
        self._typed(state.get("TimestampPath"), WHEN)
        self._typed(state.get("MaxConcurrencyPath"), 1)
        for key in ("InputPath", "OutputPath"):
            if isinstance(state.get(key), str):
                self._path(state[key]).whole = True
        self._result_path(state.get("ResultPath"))
        for catcher in state.get("Catch", ()):
            self._result_path(catcher.get("ResultPath"))
        for rule in state.get("Choices", ()):
            self._rule(rule)
        for key in ("Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials", "ItemReader"):
            self._template(state.get(key))
        self._template({"Error.$": state.get("ErrorPath"), "Cause.$": state.get("CausePath")})

    def _result_path(self, path: Any) -> None:
        if isinstance(path, str) and path != "$":
            self.root.at(steps_of(path)[:-1]).whole = True

    def _typed(self, path: Any, value: Any) -> None:
        if isinstance(path, str):
            self._path(path).values.append(value)

    def _path(self, path: str) -> Place:
        steps = steps_of(path[1:])
        if path.startswith("$$"):
            steps = steps_of(path[2:])
            if steps[:2] == ["Execution", "Input"]:
                steps = steps[2:]
            elif steps[:3] == ["Map", "Item", "Value"]:
                steps = steps[3:]
            else:
                return Place()
        elif variable := re.match(r"\$([A-Za-z_]\w*)", path):
            return self._named(variable.group(), path[variable.end() :])
        return self._at(steps)

    def _template(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self._template(item)
        elif isinstance(value, dict):
            for key, item in value.items():
                if key.endswith(".$") and isinstance(item, str):
                    self._expression(item)
                    if item.startswith("$") and len(item) > 1:
                        self._aliases.append((key.removesuffix(".$"), self._path(item)))
                else:
                    self._template(item)

    def _expression(self, text: str) -> None:
        if text.startswith("$"):
            self._path(text)
            return
        for function, arguments in _calls(text):
            for match in PATH.finditer(re.sub(r"'(?:\\.|[^'\\])*'", "''", arguments)):
                place = self._path(match.group())
                if function == "StringToJson":
                    place.values = [TEXT]
                elif function in KINDS:
                    place.values.append(KINDS[function])
                elif function == "JsonMerge":
                    place.whole = True

    def _rule(self, rule: dict[str, Any]) -> None:
        for key in ("And", "Or"):
            for inner in rule.get(key, ()):
                self._rule(inner)
        if "Not" in rule:
            self._rule(rule["Not"])
        variable = rule.get("Variable")
        if not isinstance(variable, str):
            return
        place = self._path(variable)
        for operator, operand in rule.items():
            if operator.endswith("Path") and isinstance(operand, str):
                value = _default(operator)
                place.values.append(value)
                self._path(operand).values.append(value)
            elif operator.startswith("Numeric") and isinstance(operand, int | float):
                place.values += [operand, operand + 1, operand - 1]
            elif operator == "StringMatches":
                place.values += [operand.replace("*", "x"), "text"]
            elif operator.startswith(("String", "Timestamp")):
                place.values += [operand]
            elif operator == "BooleanEquals":
                place.values += [operand, not operand]
            elif operator == "IsPresent":
                place.values += ["text", ABSENT]
            elif operator in ("IsNumeric", "IsBoolean", "IsTimestamp", "IsString", "IsNull"):
                kinds = {"IsNumeric": 1, "IsBoolean": True, "IsTimestamp": WHEN, "IsNull": None}
                place.values += [kinds.get(operator, "text")]

    def _jsonata(self, text: str) -> None:
        for match in JSONATA.finditer(text):
            place = self._named(match.group(1), match.group(2))
            before, after = text[: match.start()], text[match.end() :]
            if before.endswith("$parse("):
                place.values = [TEXT]
            elif before.endswith("$number(") or re.match(r"\s*[-+*/]\s*[\d$]", after):
                place.values.append(1)
            found = re.match(
                r"\s*(?:!?=|[<>]=?|in)\s*\[?(?:'([^']*)'|\"([^\"]*)\"|(\d+)|(true|false))", after
            )
            if found is None:
                continue
            literal, other, number, truth = found.groups()
            if number is not None:
                place.values += [int(number), int(number) + 1, max(0, int(number) - 1)]
            elif truth is not None:
                place.values += [truth == "true", truth != "true"]
            else:
                place.values.append(literal if literal is not None else other)

    def _named(self, start: str, rest: str) -> Place:
        """The place of a path that begins with the input, the result, or a variable."""
        steps = steps_of(rest)
        if start.startswith("$states."):
            return self._at(steps)
        known = self._variables.get(start[1:])
        return Place() if known is None else known.at(steps)

    def _assigned(self, state: dict[str, Any]) -> None:
        """Learn which places the variables of a state have their values from."""
        for rules in (state, *state.get("Choices", ()), *state.get("Catch", ())):
            for name, value in (rules.get("Assign") or {}).items():
                if not isinstance(value, str):
                    continue
                if name.endswith(".$") and value.startswith("$.") and STEP.fullmatch(value[1:]):
                    self._variables[name[:-2]] = self._path(value)
                found = re.fullmatch(rf"\{{% *\$states\.(?:input|result)((?:{NAME})+) *%\}}", value)
                if found is not None:
                    self._variables[name] = self._at(steps_of(found.group(1)))


JSONATA = re.compile(
    rf"(\$states\.(?:input|result|context\.Execution\.Input)|\$(?!states)[A-Za-z_]\w*)((?:{NAME})*)"
)
_INNER = ("ItemProcessor", "Iterator", "Branches")


def named(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The states of a machine and of those within it, with their names."""
    for name, state in machine.get("States", {}).items():
        yield name, state
        for inner in (state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", ())):
            if isinstance(inner, dict):
                yield from named(inner)


def _default(operator: str) -> Any:
    if operator.startswith("Numeric"):
        return 1
    if operator.startswith("Boolean"):
        return True
    return WHEN if operator.startswith("Timestamp") else "text"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _calls(text: str) -> Iterator[tuple[str, str]]:
    """Each intrinsic function in a text, with its own arguments, those of inner calls left out."""
    for match in INTRINSIC.finditer(text):
        depth, own, place = 1, "", match.end()
        while place < len(text) and depth:
            char = text[place]
            depth += (char == "(") - (char == ")")
            if depth == 1 and char != ")":
                own += char
            place += 1
        yield match.group(1), own


def definitions(text: str) -> dict[str, str]:
    """Values for the `${Name}` placeholders in the text of a definition, of the kind that fits their places."""
    found: dict[str, str] = {}
    for match in re.finditer(r'("?Resource"?\s*:\s*)?("?)\$\{([^}\s"\']+)\}', text):
        resource, quote, name = match.groups()
        if resource is not None:
            found[name] = "arn:aws:lambda:us-east-1:123456789012:function:text"
        elif name not in found:
            bare = not quote and text[: match.start()].rstrip().endswith((":", ","))
            found[name] = "1" if bare else "text"
    return found
