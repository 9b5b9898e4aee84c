"""`asl run`: results, exit codes, task functions, and what it says about bad input."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.commands import HELLO_WORLD, Asl, asl_command, separate, write

__all__ = ["asl_command"]

YES = '{"IsHelloWorldExample": true}'
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"


def states(**found: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(found)), "States": found}


PASS = states(A={"Type": "Pass", "End": True})
TASK = states(Work={"Type": "Task", "Resource": FUNCTION, "End": True})
LOOP = states(
    Round={"Type": "Pass", "Next": "Enough?"},
    **{
        "Enough?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.enough", "IsPresent": True, "Next": "Done"}],
            "Default": "Round",
        }
    },
    Done={"Type": "Succeed"},
)


# ---------------------------------------------------------------------- results


def test_hello_world_both_ways(asl_command: Asl) -> None:
    said = asl_command("run", HELLO_WORLD, "--input", YES)
    assert said.code == 0
    assert said.json == {"status": "SUCCEEDED", "output": [json.loads(YES)] * 2}
    assert said.err == "hello-world: SUCCEEDED after 3 s of virtual time; 8 states entered, 20 events\n"
    said = asl_command("run", HELLO_WORLD, "--input", '{"IsHelloWorldExample": false}')
    assert said.code == 1
    assert said.json == {"status": "FAILED", "cause": "Not Hello World"}


def test_the_result_as_text(asl_command: Asl) -> None:
    path = "path: Pass → Hello World example? → Yes → Wait 3 sec → Parallel State → Hello → World → Hello World\n"
    said = asl_command("run", HELLO_WORLD, "--input", YES, "--output", "text", "--quiet")
    assert said.out == f"SUCCEEDED\n{json.dumps([json.loads(YES)] * 2, indent=2)}\n{path}"
    assert said.err == ""
    said = asl_command("run", HELLO_WORLD, "--input", '{"IsHelloWorldExample": false}', "--output", "text")
    assert said.out == "FAILED\ncause: Not Hello World\npath: Pass → Hello World example? → No\n"


def test_a_time_out_is_a_failure(asl_command: Asl, tmp_path: Path) -> None:
    slow = {**states(A={"Type": "Wait", "Seconds": 9, "End": True}), "TimeoutSeconds": 5}
    said = asl_command("run", write(tmp_path, "m.json", slow))
    assert said.code == 1
    assert said.json == {"status": "TIMED_OUT", "error": "States.Timeout"}
    assert said.err == "m: TIMED_OUT after 5 s of virtual time; 1 state entered, 3 events\n"


@pytest.mark.parametrize("text", [YES, "\ufeff" + YES])
def test_the_input_comes_from_an_argument_a_file_or_stdin(
    asl_command: Asl, tmp_path: Path, text: str
) -> None:
    machine = write(tmp_path, "m.json", PASS)
    file = write(tmp_path, "input.json", text)
    assert asl_command("run", machine, "--input", f"@{file}").json["output"] == json.loads(YES)
    assert asl_command("run", machine, "--input", "-", stdin=text).json["output"] == json.loads(YES)
    assert asl_command("run", machine).json["output"] == {}
    assert asl_command("run", machine, "--input", '[1, 2.5, null, "é"]').json["output"] == [1, 2.5, None, "é"]


def test_start_time_and_seed_decide_what_is_random(asl_command: Asl, tmp_path: Path) -> None:
    machine = write(
        tmp_path,
        "m.json",
        states(
            A={
                "Type": "Pass",
                "Parameters": {"at.$": "$$.Execution.StartTime", "id.$": "States.UUID()"},
                "End": True,
            }
        ),
    )
    first, again, other = (
        asl_command("run", machine, "--start-time", "2030-02-03T04:05:06+01:00", "--seed", seed).json[
            "output"
        ]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first["at"] == other["at"] == "2030-02-03T03:05:06Z"
    assert first["id"] != other["id"]


def test_define_gives_placeholders_values(asl_command: Asl, tmp_path: Path) -> None:
    machine = write(
        tmp_path, "m.json", states(A={"Type": "Pass", "Result": ["${One}", "${Two}"], "End": True})
    )
    values = write(tmp_path, "values.json", {"Two": 2, "One": "file"})
    said = asl_command("run", machine, "--define-file", values, "--define", "One=a=b")
    assert said.json["output"] == ["a=b", "2"]


def test_the_history_is_written_as_the_service_gives_it(asl_command: Asl, tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    said = asl_command("run", HELLO_WORLD, "--input", YES, "--history", file)
    assert said.code == 0
    events = json.loads(file.read_text())["events"]
    assert [event["id"] for event in events] == list(range(1, 21))
    assert events[0]["executionStartedEventDetails"]["input"] == '{"IsHelloWorldExample":true}'
    assert events[-1]["type"] == "ExecutionSucceeded"


def test_waiting_for_what_nobody_brings_is_said(asl_command: Asl, tmp_path: Path) -> None:
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    message = {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}
    task = {"Type": "Task", "Resource": resource, "Parameters": message, "End": True}
    write(tmp_path, "tasks.py", "import asl\ndef ask(p): return asl.Submitted({})\nTASKS = {'Ask': ask}\n")
    said = asl_command("run", write(tmp_path, "m.json", states(Ask=task)))
    assert said.code == 1
    assert said.json == {"status": "RUNNING"}
    summary, waiting = said.err.splitlines()
    assert summary == "m: RUNNING after 0 s of virtual time; 1 state entered, 5 events"
    told = (
        f"/ Ask: still waits for the answer of {resource}; CALLBACKS in {tmp_path / 'tasks.py'} can give it"
    )
    assert waiting == told


# ---------------------------------------------------------------------- task functions


def test_a_tasks_file_beside_the_machine_is_found(asl_command: Asl, tmp_path: Path) -> None:
    write(tmp_path, "helper.py", "def double(n): return 2 * n\n")
    write(
        tmp_path,
        "tasks.py",
        "from helper import double\ndef _no(p): pass\ndef work(p): return double(p['n'])\n",
    )
    machine = write(tmp_path, "m.json", TASK)
    assert asl_command("run", machine, "--input", '{"n": 4}').json["output"] == 8


def test_a_tasks_table_names_functions_as_it_likes(asl_command: Asl, tmp_path: Path) -> None:
    write(tmp_path, "tasks.py", "TASKS = {'Work': lambda p: 'by state', 'arn:*': lambda p: 'by pattern'}\n")
    assert asl_command("run", write(tmp_path, "m.json", TASK)).json["output"] == "by state"


def test_the_task_option_comes_first(
    asl_command: Asl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "tasks.py", "def work(p): return 'file'\n")
    write(tmp_path, "mine.py", "class Mine:\n    @staticmethod\n    def work(p): return 'option'\n")
    monkeypatch.chdir(tmp_path)
    said = asl_command("run", write(tmp_path, "m.json", TASK), "--task", "work=mine:Mine.work")
    assert said.json["output"] == "option"


def test_real_time_runs_tasks_side_by_side(asl_command: Asl, tmp_path: Path) -> None:
    """Each task waits for the other: one after the other they would never end."""
    write(
        tmp_path,
        "tasks.py",
        "import threading\nboth = threading.Barrier(2, timeout=30)\ndef work(p): return both.wait() >= 0\n",
    )
    branches = [states(**{name: TASK["States"]["Work"]}) for name in ("One", "Two")]
    machine = write(tmp_path, "m.json", states(Both={"Type": "Parallel", "Branches": branches, "End": True}))
    said = asl_command("run", machine, "--real-time")
    assert said.json == {"status": "SUCCEEDED", "output": [True, True]}
    assert "s of real time; 3 states entered" in said.err


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": }', '--input, line 1, column 7: not JSON: Expecting value: {"a": }'),
        (
            "{'a': 1}",
            "--input, line 1, column 2: not JSON: Expecting property name enclosed in double quotes: {'a': 1}\n",
        ),
        ("", "--input is empty; give a JSON document, such as {}"),
        ("NaN", "--input: NaN is not JSON"),
        ("[" * 100_000, "--input: the JSON is nested too deep"),
        ("@nowhere.json", "--input: nowhere.json: no such file or directory"),
    ],
)
def test_a_broken_input(asl_command: Asl, text: str, said: str) -> None:
    code, out, err = asl_command("run", HELLO_WORLD, "--input", text)
    assert (code, out) == (2, "")
    assert err.startswith(f"asl: {said}")


def test_a_broken_input_file_shows_the_line(asl_command: Asl, tmp_path: Path) -> None:
    file = write(tmp_path, "input.json", '{\n  "a": 1\n  "b": 2\n}')
    said = asl_command("run", HELLO_WORLD, "--input", f"@{file}")
    assert said.code == 2
    assert said.err == f"asl: {file}, line 3, column 3: not JSON: Expecting ',' delimiter: \"b\": 2\n"


def test_a_file_without_the_at_sign_is_guessed(asl_command: Asl, tmp_path: Path) -> None:
    file = write(tmp_path, "input.json", {})
    said = asl_command("run", HELLO_WORLD, "--input", file)
    assert said.code == 2
    assert f"to read the file, write --input @{file}" in said.err


def test_bytes_that_are_not_utf8(asl_command: Asl) -> None:
    said = asl_command("run", HELLO_WORLD, "--input", "-", stdin=b'{"a": "\xe9"}')
    assert (said.code, said.err) == (2, "asl: standard input is not UTF-8: byte 0xe9 at 7\n")


def test_an_input_over_256_kib(asl_command: Asl) -> None:
    said = asl_command("run", HELLO_WORLD, "--input", "-", stdin=json.dumps("x" * 262_143))
    assert said.code == 2
    assert said.err == "asl: --input: the input has 262,145 bytes; an execution takes 262,144 at most\n"


def test_a_machine_that_cannot_be_read(asl_command: Asl, tmp_path: Path) -> None:
    assert asl_command("run", "gone.json").err == "asl: gone.json: no such file or directory\n"
    assert asl_command("run", tmp_path).err == f"asl: {tmp_path}: is a directory\n"


def test_a_machine_that_is_not_valid(asl_command: Asl, tmp_path: Path) -> None:
    machine = write(tmp_path, "m.json", states(A={"Type": "Pass", "Next": "B"}, C={"Type": "Succeed"}))
    said = asl_command("run", machine)
    assert said.code == 2
    assert said.err.startswith(f"asl: {machine} cannot be run:\n")
    assert "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next" in said.err


def test_a_start_time_that_is_none(asl_command: Asl) -> None:
    said = asl_command("run", HELLO_WORLD, "--start-time", "yesterday")
    assert said.code == 2
    assert "--start-time: the time 'yesterday' is not an RFC 3339 timestamp such as 20" in said.err
    said = asl_command("run", HELLO_WORLD, "--start-time", "2026-01-01T00:00:00Z", "--real-time")
    assert said.code == 2
    assert "with --real-time it starts now" in said.err


def test_a_definition_of_nothing(asl_command: Asl) -> None:
    said = asl_command("run", HELLO_WORLD, "--define", "One")
    assert said.code == 2
    assert "'One' is not NAME=VALUE" in said.err


def test_an_unknown_task_names_what_there_is(asl_command: Asl, tmp_path: Path) -> None:
    write(tmp_path, "tasks.py", "def play(p): pass\ndef rest(p): pass\n")
    said = asl_command("run", write(tmp_path, "m.json", TASK))
    assert said.code == 2
    assert said.err == (
        f"asl: no task function serves the resource '{FUNCTION}' of the state 'Work'; registered: 'play', 'rest'; "
        f"add --task 'NAME=module:function', or a function to {tmp_path / 'tasks.py'}, "
        "where NAME is the state, the resource or the function in its ARN\n"
    )


@pytest.mark.parametrize("more", [(), ("--real-time",)])
@pytest.mark.parametrize("define", ["def", "async def"])
def test_a_task_that_ends_python_does_not_end_the_run_in_silence(
    asl_command: Asl, tmp_path: Path, define: str, more: tuple[str, ...]
) -> None:
    write(tmp_path, "tasks.py", f"import sys\n{define} work(p): sys.exit(3)\n")
    said = asl_command("run", write(tmp_path, "m.json", TASK), "-q", *more)
    assert (said.code, said.out) == (2, "")
    assert said.err == "asl: a task function called sys.exit(3), which ends the run; let it raise an error\n"


def test_a_history_wants_a_file(asl_command: Asl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = asl_command("run", HELLO_WORLD, "--history", "-")
    assert said.code == 2 and "--history takes the name of a file" in said.err
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("work", "--task work: write NAME=module:function"),
        ("work=json", "--task work=json: write NAME=module:function"),
        (
            "work=no_such_module:f",
            "the module no_such_module does not import: ModuleNotFoundError: No module named",
        ),
        ("work=mine:play", "--task work=mine:play: mine has no play; it has rest, work"),
        ("work=mine:NUMBER", "--task work=mine:NUMBER: mine:NUMBER is not a function but int"),
        ("work=broken:f", "the module broken does not import: ZeroDivisionError: division by zero ("),
        ("work=garbled:f", "the module garbled does not import: SyntaxError: "),
    ],
)
def test_a_task_option_that_leads_nowhere(
    asl_command: Asl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    write(tmp_path, "mine.py", "NUMBER = 1\ndef work(p): pass\ndef rest(p): pass\ndef _hidden(p): pass\n")
    write(tmp_path, "broken.py", "x = 1\ny = x / 0\n")
    write(tmp_path, "garbled.py", "def (:\n")
    monkeypatch.chdir(tmp_path)
    code, _, err = asl_command("run", write(tmp_path, "m.json", TASK), "--task", given)
    assert code == 2
    assert err.startswith("asl: --task ")
    assert said in err
    if "broken" in given:
        assert "broken.py:2)" in err
    if "garbled" in given:
        assert "garbled.py:1)" in err


def test_a_task_option_that_stands_for_no_task(
    asl_command: Asl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "tasks.py", "def work(p):\n    return 1\n")
    write(tmp_path, "mine.py", "def two(p):\n    return 2\n")
    monkeypatch.chdir(tmp_path)
    one = write(tmp_path, "m.json", TASK)
    assert asl_command("run", one, "--task", "Wrok=mine:two") == (
        2,
        "",
        "asl: --task Wrok stands for no Task: no state, resource or function has that name; "
        "the machine has the Tasks 'Work'; did you mean 'Work'?\n",
    )
    for name, output in {"Work": 2, "work": 2, FUNCTION: 2, "W*": 1, "*": 1}.items():  # patterns come last
        assert asl_command("run", one, "--task", f"{name}=mine:two", "-q").json["output"] == output, name
    other = write(tmp_path, "other.json", states(Elsewhere=TASK["States"]["Work"]))
    said = asl_command("run", one, "-q", "--machine", f"other={other}", "--task", "Elsewhere=mine:two")
    assert said.json["output"] == 1


def test_a_tasks_file_that_does_not_import(asl_command: Asl, tmp_path: Path) -> None:
    file = write(tmp_path, "tasks.py", "import no_such_module\n")
    said = asl_command("run", write(tmp_path, "m.json", TASK))
    assert said.code == 2
    assert said.err == (
        f"asl: {file} does not import: ModuleNotFoundError: No module named 'no_such_module' ({file}:1)\n"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("TASKS = {'work': 1}", ": TASKS['work'] is not a function"),
        ("TASKS = {1: print}", ": TASKS has the key 1, which is no name"),
        ("TASKS = 'work'", ": TASKS is not a dictionary but str"),
        ("import sys; sys.exit(3)", " does not import: SystemExit: 3 ({file}:1)"),
        ("x = '\0'", " does not import: "),
    ],
)
def test_a_tasks_file_that_has_no_tasks(asl_command: Asl, tmp_path: Path, text: str, told: str) -> None:
    file = write(tmp_path, "tasks.py", f"{text}\n")
    said = asl_command("run", write(tmp_path, "m.json", TASK))
    assert said.code == 2
    assert said.err.startswith(f"asl: {file}{told.format(file=file)}")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("{1}", "$ is of the type set"),
        ("{'a': [b'x']}", "$.a[0] is of the type bytes"),
        ("{'a': float('nan')}", "$.a is nan"),
        ("{'a': [10**5000]}", "$.a[0] is an integer that has too many digits"),
        ("{1: 2}", "$ has the key 1, which is no string"),
        ("CYCLE", "or contains itself"),
    ],
)
def test_a_task_that_returns_no_json(asl_command: Asl, tmp_path: Path, result: str, said: str) -> None:
    write(tmp_path, "tasks.py", f"CYCLE = []\nCYCLE.append(CYCLE)\ndef work(p): return {result}\n")
    code, out, _ = asl_command("run", write(tmp_path, "m.json", TASK))
    assert code == 1
    told = json.loads(out)
    assert (told["status"], told["error"]) == ("FAILED", "States.Runtime")
    assert told["cause"].startswith("The task returned a result that is not JSON: ")
    assert said in told["cause"]


def test_a_task_that_never_returns_is_left_behind_at_its_timeout(tmp_path: Path) -> None:
    write(tmp_path, "tasks.py", "import threading\ndef work(p): threading.Event().wait()\n")
    machine = states(Work={**TASK["States"]["Work"], "TimeoutSeconds": 1})
    said = separate("run", write(tmp_path, "m.json", machine), "--real-time", timeout=30)
    assert said.code == 1
    assert said.json == {"status": "FAILED", "error": "States.Timeout"}


def test_a_machine_that_loops_for_ever(asl_command: Asl, tmp_path: Path) -> None:
    said = asl_command("run", write(tmp_path, "m.json", LOOP))
    assert said.code == 1
    assert said.json == {
        "status": "FAILED",
        "error": "States.Runtime",
        "cause": "The execution reached the maximum number of history events (25000).",
    }
    assert said.err.endswith("25,000 events\n")


# ---------------------------------------------------------------------- what cannot be written, and Ctrl-C


def test_no_room_for_the_history_leaves_the_result(asl_command: Asl) -> None:
    said = asl_command("run", HELLO_WORLD, "--input", YES, "--history", "/dev/full")
    assert said.code == 2
    assert said.json["status"] == "SUCCEEDED"
    assert said.err.endswith(
        "asl: --history: the history could not be written whole: /dev/full: no space left on device\n"
    )


def test_a_folder_that_is_not_there_for_the_history(asl_command: Asl, tmp_path: Path) -> None:
    said = asl_command("run", HELLO_WORLD, "--input", YES, "--history", tmp_path / "no" / "h.json")
    assert said.code == 2
    assert f"{tmp_path / 'no' / 'h.json'}: no such file or directory" in said.err


def test_a_closed_pipe_while_the_history_is_written(tmp_path: Path) -> None:
    """The history is larger than a pipe holds, so the reader that goes away is noticed."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: pipe.open("rb").close())
    reader.start()
    said = separate("run", write(tmp_path, "m.json", LOOP), "--history", pipe, "--quiet")
    reader.join(30)
    assert said.code == 2
    assert said.json["status"] == "FAILED"
    assert said.err == (
        "asl: --history: the history could not be written whole: "
        f"{pipe}: whoever was reading it has closed the pipe\n"
    )


INTERRUPTING = "import os, signal\ndef work(p):\n    os.kill(os.getpid(), signal.SIGINT)\n    return 'done'\n"


def test_ctrl_c(tmp_path: Path) -> None:
    write(tmp_path, "tasks.py", INTERRUPTING)
    said = separate("run", write(tmp_path, "m.json", TASK))
    assert (said.code, said.out, said.err) == (130, "", "\nasl: interrupted\n")


def test_ctrl_c_in_real_time_stops_the_execution_and_writes_its_history(tmp_path: Path) -> None:
    write(tmp_path, "tasks.py", INTERRUPTING)
    both = [TASK, states(Long={"Type": "Wait", "Seconds": 600, "End": True})]
    machine = write(tmp_path, "m.json", states(Both={"Type": "Parallel", "Branches": both, "End": True}))
    said = separate("run", machine, "--real-time", "--history", tmp_path / "h.json")
    assert said.code == 130
    assert said.json == {"status": "ABORTED"}
    assert said.err.endswith("asl: interrupted\n")
    events = json.loads((tmp_path / "h.json").read_text())["events"]
    assert events[-1]["type"] == "ExecutionAborted"
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))


def test_a_value_error_of_a_run_is_no_wrong_start_time(
    asl_command: Asl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any, **options: Any) -> None:
        raise ValueError("something else")

    monkeypatch.setattr("asl.StateMachine.run", broken)
    said = asl_command("run", write(tmp_path, "m.json", PASS), "--start-time", "2026-01-01T00:00:00Z")
    assert said.code == 70 and "this is a bug in asl: ValueError: something else" in said.err
