"""What serves the calls of an execution: task functions, which of them serves which call, and what they may give."""

from asl.resources.answers import (
    HEARTBEAT,
    NOBODY,
    After,
    NotJson,
    Submitted,
    after,
    copied,
    normalised,
    told,
)
from asl.resources.functions import Served, TaskFunction
from asl.resources.lambdas import Lambda
from asl.resources.matching import Resources, Tasks, UnservedCall

__all__ = [
    "HEARTBEAT",
    "NOBODY",
    "After",
    "Lambda",
    "NotJson",
    "Resources",
    "Served",
    "Submitted",
    "TaskFunction",
    "Tasks",
    "UnservedCall",
    "after",
    "copied",
    "normalised",
    "told",
]
