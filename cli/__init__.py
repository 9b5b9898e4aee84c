"""The command line of asl: one command per file, imported only when it is called."""

from __future__ import annotations

import gc
import sys

COMMANDS = {
    "diff": "Show what two executions did differently.",
    "explain": "Explain the states of an execution: stages, rules, retries.",
    "graph": "Draw a state machine, with a run laid over it.",
    "history": "Show the history of an execution.",
    "mocks": "Write a first test of a machine, or the test of a recorded execution.",
    "redrive": "Go on with a failed execution from where it failed.",
    "replay": "Replay a recorded execution with a machine.",
    "run": "Run a state machine on an input.",
    "test": "Run the tests of state machines that stand in YAML files.",
    "test-state": "Test one state with a mock, as TestState does.",
    "validate": "Check state machine definitions.",
}
"""Each command and its one line of help. The module of that name has a click command of that name."""


def main(arguments: list[str] | None = None) -> None:
    """The `asl` command. Every command exits with 2 for what cannot be used, read or written, 130 after Ctrl-C.

    `--debug` is understood before and after the command's name.
    """
    # Modules are no garbage: to look for some among them costs a sixth of a short run. `group` turns it on again.
    gc.disable()
    from . import failure, group

    given = list(sys.argv[1:] if arguments is None else arguments)
    own = given.index("--") if "--" in given else len(given)
    debug = "--debug" in given[:own]
    if debug:
        given.remove("--debug")
    try:
        code = group.commands.main(given, prog_name="asl", standalone_mode=False) or 0
        sys.stdout.flush()
    except BaseException as problem:
        code = failure.report(problem, debug=debug)
    finally:
        gc.enable()
    sys.exit(code)
