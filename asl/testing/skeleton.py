"""A first test of a machine: an answer for each of its Tasks, to be filled in."""

from __future__ import annotations

from typing import Any, TypeAlias

from asl.program import Program
from asl.resources.keys import tasks_of
from asl.states import Task
from asl.values import Json

Object: TypeAlias = "dict[str, Any]"

CASE = "HappyPath"
"""The test case in a MockConfigFile.json."""


def answers(program: Program) -> dict[str, Json]:
    """An answer for each Task, by state, in the shape of the API's answer where botocore knows it."""
    return {each.state.name: _answer(each.state) for each in tasks_of(program)}


def test_of(program: Program) -> Object:
    """A test as cases have them."""
    mocks = {state: {"returns": answer} for state, answer in answers(program).items()}
    return {"input": {}, **({"mocks": mocks} if mocks else {}), "expect": {"status": "SUCCEEDED"}}


test_of.__test__ = False  # type: ignore[attr-defined]  # a test module may import it


def config_of(program: Program, machine: str) -> Object:
    """A MockConfigFile.json with one test case."""
    found = answers(program)
    names = {state: f"{state}Success" for state in found}
    return {
        "StateMachines": {machine: {"TestCases": {CASE: names}}},
        "MockedResponses": {names[state]: {"0": {"Return": answer}} for state, answer in found.items()},
    }


def _answer(state: Task) -> Json:
    target = state.target
    if target.kind != "Task" or target.token:
        return {}
    if target.service == "lambda":
        return {"StatusCode": 200, "Payload": {}}
    from asl.teststate import responses

    try:
        shapes, shape = responses.response(target)
    except ImportError:
        return {}
    answer = {} if shape is None else _sample(shapes, shape, 2)
    return answer if responses.problem(state, answer) is None else {}


def _sample(shapes: dict[str, Any], shape: Object, depth: int) -> Any:
    """A value of the shape: of structures the members that are required and, at the top, the plain ones."""
    kind = shape["type"]
    if kind == "structure":
        members = {name: shapes[member["shape"]] for name, member in shape["members"].items()}
        required = shape.get("required", ())
        return {
            name[:1].upper() + name[1:]: _sample(shapes, member, depth - 1)
            for name, member in members.items()
            if name in required or (depth > 1 and member["type"] not in ("structure", "list", "map"))
        }
    if kind in ("list", "map"):
        return [] if kind == "list" else {}
    if kind in ("string", "blob", "timestamp"):
        chosen: str = shape.get("enum", ["x" * shape.get("min", 0) or "…"])[0]
        return chosen
    if kind == "boolean":
        return False
    return shape.get("min", 0)
