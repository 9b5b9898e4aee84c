"""What serves calls on the command line: settings, machines, callbacks, AWS and HTTP; and how a run is shown."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.commands import COMMAND, Asl, asl_command, write
from tests.machines import FUNCTION, TOKEN, machine, task

__all__ = ["asl_command"]

WORK = machine("Work", Work=task())
START = {
    "Type": "Task",
    "Resource": "arn:aws:states:::states:startExecution.sync:2",
    "Parameters": {
        "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child",
        "Input.$": "$",
    },
    "OutputPath": "$.Output",
}


def test_settings_of_the_project_name_functions_and_machines(asl_command: Asl, tmp_path: Path) -> None:
    (tmp_path / "machines").mkdir()
    write(tmp_path, "settled.py", "def work(payload):\n    return payload + 1\n")
    write(
        tmp_path,
        "pyproject.toml",
        '[tool.asl.tasks]\nwork = "settled:work"\n[tool.asl.machines]\nchild = "machines/work.json"\n',
    )
    work = write(tmp_path / "machines", "work.json", WORK)
    assert asl_command("run", work, "-i", "1", "-q").json["output"] == 2
    start = write(tmp_path / "machines", "start.json", machine("Start", Start=START))
    assert asl_command("run", start, "-i", "1", "-q").json["output"] == 2
    write(tmp_path / "machines", "tasks.py", "def work(payload):\n    return payload + 10\n")
    assert asl_command("run", work, "-i", "1", "-q").json["output"] == 11
    said = asl_command("run", work, "-i", "1", "-q", "--task", "Work=settled:work")
    assert said.json["output"] == 2


def test_settings_may_say_that_a_function_is_a_lambda_function(asl_command: Asl, tmp_path: Path) -> None:
    code = (
        "import os\ndef handler(event, context):\n    return [os.environ['STAGE'], context.function_name]\n"
    )
    write(tmp_path, "orders_of_mine.py", code)
    write(
        tmp_path,
        "pyproject.toml",
        '[tool.asl.tasks.work]\nhandler = "orders_of_mine:handler"\nprocess = true\nenvironment = { STAGE = "t" }\n',
    )
    said = asl_command("run", write(tmp_path, "m.json", WORK), "-q")
    assert said.json["output"] == ["t", "work"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[tool.asl.tasks]\nwork = 'nowhere:f'\n", "tool.asl.tasks.work work=nowhere:f: the module nowhere"),
        ("[tool.asl.tasks.work]\nprocess = true\n", "tool.asl.tasks.work: write "),
        ("[tool.asl.tasks]\nwork = 3\n", "tool.asl.tasks.work: write "),
        ("[tool.asl.tasks]\nwork = 'm'\n", "tool.asl.tasks.work: 'm' is no function: write module:function"),
        ("[tool.asl.task]\nwork = 'm:f'\n", "tool.asl has no task; it has tasks, machines"),
        ("[tool.asl]\ntasks = 3\n", "pyproject.toml: tool.asl.tasks is no table"),
        ("[tool.asl]\nmachines = 3\n", "pyproject.toml: tool.asl.machines is no table"),
        ("[tool.asl.tasks.work]\nhandler = 'a:b'\nspeed = 1\n", "unexpected keyword argument 'speed'"),
        ("[tool.asl\n", "pyproject.toml is not TOML"),
        ("[tool.asl.machines]\nchild = 'none.json'\n", "none.json"),
    ],
)
def test_settings_that_cannot_be_used(asl_command: Asl, tmp_path: Path, settings: str, said: str) -> None:
    write(tmp_path, "pyproject.toml", settings)
    found = asl_command("run", write(tmp_path, "m.json", WORK))
    assert (found.code, found.out) == (2, "")
    assert said in found.err


def test_other_settings_are_not_ours(asl_command: Asl, tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "[tool.other]\nx = 1\n")
    assert "no task function serves" in asl_command("run", write(tmp_path, "m.json", WORK)).err


def test_machines_are_named_on_the_command_line(asl_command: Asl, tmp_path: Path) -> None:
    child = write(tmp_path, "child.json", machine("P", P={"Type": "Pass", "Result": {"from": "a child"}}))
    start = write(tmp_path, "start.json", machine("Start", Start=START))
    said = asl_command("run", start, "-q", "--machine", f"child={child}")
    assert said.json["output"] == {"from": "a child"}
    assert asl_command("run", start, "--machine", "child").err.endswith("--machine child: write NAME=FILE\n")


def test_callbacks_stand_in_tasks_py(asl_command: Asl, tmp_path: Path) -> None:
    parameters = {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}
    ask = write(
        tmp_path, "ask.json", machine("Ask", Ask={**task(), "Resource": TOKEN, "Parameters": parameters})
    )
    write(tmp_path, "tasks.py", "import asl\nCALLBACKS = {'Ask': asl.after(90, {'approved': True})}\n")
    said = asl_command("run", ask)
    assert said.json["output"] == {"approved": True}
    assert "after 1 min 30 s" in said.err or "after 90 s" in said.err
    write(tmp_path, "tasks.py", "CALLBACKS = [1]\n")
    assert "CALLBACKS is not a dictionary but list" in asl_command("run", ask).err
    write(tmp_path, "tasks.py", "CALLBACKS = {1: None}\n")
    assert "CALLBACKS has the key 1, which is no name" in asl_command("run", ask).err


def test_a_callback_that_stands_for_no_task_is_told(asl_command: Asl, tmp_path: Path) -> None:
    waiting = {**task(), "Resource": TOKEN, "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}}
    both = write(tmp_path, "m.json", machine("Work", Work=task(Next="Ask"), Ask=waiting))
    file = tmp_path / "tasks.py"

    def warned(callbacks: str, *options: str) -> list[str]:
        file.write_text(f"TASKS = {{'Work': dict, 'Ask': dict}}\nCALLBACKS = {callbacks}\n")
        said = asl_command("run", both, *options)
        assert said.code == 0, said.err
        return [line for line in said.err.splitlines() if "warning" in line]

    start = f"asl: warning: {file}: CALLBACKS:"
    assert warned("{'ask': 1}") == [
        f"{start} ask stands for no Task: no state, resource or function has that name; "
        "the machine has the Tasks 'Work', 'Ask'; did you mean 'Ask'?"
    ]
    assert warned("{'Work': 1}") == [f"{start} Work stands for no Task that waits for a token"]
    assert warned("{'ask': 1}", "-q") == []
    for right in ("{'Ask': 1}", "{'A*': 1}", "{'sqs:sendMessage.waitForTaskToken': 1}"):
        assert warned(right) == [], right
    assert warned("{'Ask': 1, 'Of another machine': 1}") == []


def test_http_tasks_call_with_connections_from_a_file(asl_command: Asl, tmp_path: Path) -> None:
    pytest.importorskip("urllib3", reason="the extra 'http' is not installed")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = str(self.headers["X-Key"]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}}
    connections = {"Shop": {"AuthorizationType": "API_KEY", "AuthParameters": key}}
    parameters = {
        "ApiEndpoint": f"http://127.0.0.1:{server.server_port}/",
        "Method": "GET",
        "InvocationConfig": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/Shop/1"},
    }
    state = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": parameters}
    call = write(tmp_path, "call.json", machine("Call", Call={**state, "OutputPath": "$.ResponseBody"}))
    file = write(tmp_path, "connections.json", connections)
    try:
        said = asl_command("run", call, "-q", "--connections", file)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert said.json["output"] == "secret"
    assert "no such file" in asl_command("run", call, "--connections", tmp_path / "none").err.lower()
    wrong = write(tmp_path, "wrong.json", "[1]")
    assert "holds no JSON object" in asl_command("run", call, "--connections", wrong).err


@pytest.mark.parametrize("option", [("--aws",), ("--endpoint-url", "http://localhost:1")])
def test_aws_without_boto3_is_refused_before_the_run(
    asl_command: Asl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    said = asl_command("run", write(tmp_path, "m.json", WORK), *option)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"asl: {option[0]} needs the extra 'aws': pip install 'asl-interpreter[aws]'\n"


def test_aws_is_asked_at_the_endpoint(asl_command: Asl, tmp_path: Path, monkeypatch: Any) -> None:
    server = pytest.importorskip("moto.server", reason="moto's server is not installed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    found = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    found.start()
    host, port = found.get_host_and_port()
    who = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity",
        "OutputPath": "$.Account",
    }
    path = write(tmp_path, "who.json", machine("Who", Who=who))
    try:
        # All of moto's servers in a process have the same buckets: those of other tests go first.
        urlopen(f"http://{host}:{port}/moto-api/reset", data=b"").close()
        said = asl_command("run", path, "-q", "--endpoint-url", f"http://{host}:{port}")
    finally:
        found.stop()
    assert said.json["output"] == "123456789012"


# ---------------------------------------------------------------------- how a run in real time is shown


TWO = machine("First", First={**task(), "Next": "Second"}, Second={"Type": "Pass"})


def test_a_line_for_what_happens_where_nobody_watches(asl_command: Asl, tmp_path: Path) -> None:
    path = write(tmp_path, "two.json", TWO)
    write(tmp_path, "tasks.py", "def work(payload):\n    return 1\n")
    said = asl_command("run", path, "--real-time")
    lines = [line.split("  ")[-1] for line in said.err.splitlines()[:-1]]
    assert lines == ["First: entered", "First: done", "Second: entered", "Second: done"]
    assert asl_command("run", path, "--real-time", "--quiet").err == ""
    write(tmp_path, "tasks.py", "def work(payload):\n    raise KeyError('n')\n")
    assert "LambdaFunctionFailed KeyError: " in asl_command("run", path, "--real-time").err


def test_what_nothing_serves_is_told_before_anybody_waits(asl_command: Asl, tmp_path: Path) -> None:
    wait = {"Type": "Wait", "Seconds": 3600, "Next": "First"}
    path = write(tmp_path, "late.json", machine("Wait", Wait=wait, First=task(Next="Second"), Second=task()))
    said = asl_command("run", path, "--real-time")
    resource = f"no task function serves the resource '{FUNCTION}' of the state"
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"asl: {resource} 'First'; registered: none\n"
        f"asl: {resource} 'Second'; registered: none; add --task 'NAME=module:function', "
        f"or a function to {tmp_path / 'tasks.py'}, where NAME is the state, the resource or the function in its ARN\n"
    )


def test_what_nothing_serves_is_a_warning_where_the_run_may_not_come_to_it(
    asl_command: Asl, tmp_path: Path
) -> None:
    rules = [{"Variable": "$", "IsString": True, "Next": "Work"}]
    which = {"Type": "Choice", "Choices": rules, "Default": "Done"}
    path = write(tmp_path, "m.json", machine("Which", Which=which, Work=task(), Done={"Type": "Succeed"}))
    said = asl_command("run", path, "--real-time", "-i", "1")
    assert (said.code, said.json["output"]) == (0, 1)
    assert said.err.startswith("asl: warning: no task function serves the resource ")
    assert asl_command("run", path, "--real-time", "-i", "1", "-q").err == ""
    assert asl_command("run", path, "--real-time", "-i", '"one"', "-q").code == 2


WATCHED = """
def work(gate):
    with open(gate) as opened:
        return opened.read()
"""


def test_a_live_display_where_a_person_watches(tmp_path: Path) -> None:
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": machine("Inner", Inner=task())}
    path = write(tmp_path, "each.json", machine("Each", Each=each))
    write(tmp_path, "tasks.py", WATCHED)
    gate = tmp_path / "gate"
    os.mkfifo(gate)  # the task waits for what is written there
    terminal, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    process = subprocess.Popen(
        [*COMMAND, "run", str(path), "-i", json.dumps([str(gate)]), "--real-time"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    limit = threading.Timer(30, process.kill)
    limit.start()
    seen, shut = b"", True
    with contextlib.suppress(OSError):  # the other end is closed
        while data := os.read(terminal, 65536):
            seen += data
            if shut and all(each in seen for each in (b"Each", b"Inner", b"0/1")):
                gate.write_text("opened")
                shut = False
    limit.cancel()
    os.close(terminal)
    assert process.wait() == 0, seen
    assert b'"opened"' in seen and b"SUCCEEDED" in seen
