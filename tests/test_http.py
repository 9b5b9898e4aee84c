"""HTTP Tasks against a real server on the loopback interface."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import asl
from tests.machines import machine

pytest.importorskip("urllib3", reason="the extra 'http' is not installed")

CONNECTION = "arn:aws:events:us-east-1:123456789012:connection/Shop/81210c42-8af1-456b-9c4a-6ff02fc664ac"


class Handler(BaseHTTPRequestHandler):
    """Echoes what it is sent; `/status/N` and `/type/…` answer so, `/token` gives tokens."""

    protocol_version = "HTTP/1.1"
    tokens = 0

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        status, kind, data = 200, "application/json", b""
        echoed = {
            "method": self.command,
            "path": path,
            "query": query,
            "headers": {key.lower(): self.headers.get_all(key) for key in self.headers},
            "body": body.decode(),
        }
        data = json.dumps(echoed).encode()
        if path.startswith("/status/"):
            status, kind, data = int(path.split("/")[2]), "text/plain", b"as you wish"
        elif path.startswith("/type/"):
            kind, data = path[6:], b"\xff\xfe"
        elif path == "/text":
            kind, data = "text/plain; charset=latin-1", "Grüße".encode("latin-1")
        elif path == "/token":
            type(self).tokens += 1
            data = json.dumps(
                {"access_token": f"t{self.tokens}", "expires_in": 3600, "sent": echoed}
            ).encode()
            type(self).asked = echoed
        elif path == "/guarded" and self.headers["Authorization"] != f"Bearer t{self.tokens}":
            status = 401
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("X-Many", "1")
        self.send_header("X-Many", "2")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = answer
    asked: dict[str, Any] = {}  # noqa: RUF012

    def log_message(self, *args: Any) -> None:
        """Nothing: nobody reads it."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}"
    found.shutdown()
    found.server_close()
    thread.join()


def call(url: str, connections: Any = None, **parameters: Any) -> asl.Result:
    given = {"ApiEndpoint": url, "Method": "GET", **parameters}
    if connections is not None:
        given["InvocationConfig"] = {"ConnectionArn": CONNECTION}
    state = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": given}
    loaded = asl.StateMachine(asl.compile(machine("Call", Call=state)))
    return loaded.run(tasks={"http:invoke": asl.HttpTask(connections, timeout=5)})


def echo(url: str, connections: Any = None, **parameters: Any) -> dict[str, Any]:
    result = call(url, connections, **parameters)
    assert result.status == "SUCCEEDED", (result.error, result.cause)
    output: Any = result.output
    body: dict[str, Any] = output["ResponseBody"]
    return body


def test_the_result_has_the_response(server: str) -> None:
    output: Any = call(f"{server}/a").output
    assert list(output) == ["Headers", "ResponseBody", "StatusCode", "StatusText"]
    assert (output["StatusCode"], output["StatusText"]) == (200, "OK")
    assert output["Headers"]["X-Many"] == ["1", "2"]
    assert output["ResponseBody"]["path"] == "/a"
    sent = output["ResponseBody"]["headers"]
    assert sent["user-agent"] == ["Amazon|StepFunctions|HttpInvoke|us-east-1"]
    assert sent["range"] == ["bytes=0-262144"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_every_method(server: str, method: str) -> None:
    assert echo(server, Method=method)["method"] == method


def test_head_has_no_body(server: str) -> None:
    output: Any = call(server, Method="HEAD").output
    assert list(output) == ["Headers", "StatusCode", "StatusText"], "measured by others, September 2026"
    assert output["StatusCode"] == 200


@pytest.mark.parametrize("method", ["TRACE", "get", "CONNECT"])
def test_other_methods_are_refused(server: str, method: str) -> None:
    assert call(server, Method=method).error == "States.Runtime"


def test_headers_are_sent_and_text_is_read_by_its_charset(server: str) -> None:
    sent = echo(server, Headers={"X-One": "1", "X-Two": ["2", "3"], "X-Number": 4})["headers"]
    assert (sent["x-one"], sent["x-two"], sent["x-number"]) == (["1"], ["2", "3"], ["4"])
    output: Any = call(f"{server}/text").output
    assert output["ResponseBody"] == "Grüße"


@pytest.mark.parametrize(
    "name", ["Authorization", "HOST", "x-amz-date", "X-Forwarded-For", "x-amzn-Trace", "TE"]
)
def test_forbidden_headers_are_refused(server: str, name: str) -> None:
    result = call(server, Headers={name: "x"})
    given = {"ApiEndpoint": server, "Method": "GET", "Headers": {name: "x"}}
    assert (result.error, result.cause) == (  # measured by others, September 2026
        "States.Runtime",
        "An error occurred while executing the state 'Call' (entered at the event id #2). The Parameters "
        f"'{json.dumps(given, separators=(',', ':'))}' could not be used to start the Task: "
        f"[The 'Headers' field contains unsupported values: [{name.lower()}]]",
    )
    assert [event.type for event in result.history[1:]] == ["TaskStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({"a": "b c", "d": 1, "e": ["x", "y"], "f": True}, "a=b%20c&d=1&e=x&e=y&f=true"),
        ("a=b c&d=1", "a=b%20c&d=1"),
        ("?a=1", "a=1"),
        (["a=1", {"b": 2}], "a=1&b=2"),
    ],
)
def test_query_parameters_of_every_kind(server: str, given: Any, query: str) -> None:
    assert echo(server, QueryParameters=given)["query"] == query


def test_query_parameters_come_after_those_of_the_url(server: str) -> None:
    assert echo(f"{server}/?z=0", QueryParameters={"a": 1})["query"] == "z=0&a=1"


def test_a_body_is_json_unless_something_else_is_said(server: str) -> None:
    sent = echo(server, Method="POST", RequestBody={"a": [1, "ü"]})
    assert sent["body"] == '{"a":[1,"ü"]}'
    assert sent["headers"]["content-type"] == ["application/json; charset=UTF-8"]
    assert echo(server, Method="POST", RequestBody="text")["body"] == '"text"'
    xml = echo(server, Method="POST", RequestBody="<a/>", Headers={"Content-Type": "text/xml"})
    assert (xml["body"], xml["headers"]["content-type"]) == ("<a/>", ["text/xml"])


@pytest.mark.parametrize(
    ("arrays", "encoded"),
    [
        (None, "array%5B0%5D=a&array%5B1%5D=b"),
        ("INDICES", "array%5B0%5D=a&array%5B1%5D=b"),
        ("REPEAT", "array=a&array=b"),
        ("COMMAS", "array=a,b"),
        ("BRACKETS", "array%5B%5D=a&array%5B%5D=b"),
    ],
)
def test_arrays_in_a_form(server: str, arrays: str | None, encoded: str) -> None:
    transform: dict[str, Any] = {"RequestBodyEncoding": "URL_ENCODED"}
    if arrays:
        transform["RequestEncodingOptions"] = {"ArrayFormat": arrays}
    sent = echo(server, Method="POST", RequestBody={"array": ["a", "b"]}, Transform=transform)
    assert sent["body"] == encoded
    assert sent["headers"]["content-type"] == ["application/x-www-form-urlencoded"]


def test_a_form_is_encoded_as_the_guide_shows(server: str) -> None:
    body = {
        "description": "Monthly subscription",
        "metadata": {"order_details": "monthly report data"},
        "customer": 1234567890,
    }
    sent = echo(server, Method="POST", RequestBody=body, Transform={"RequestBodyEncoding": "URL_ENCODED"})
    assert sent["body"] == (
        "description=Monthly%20subscription&metadata%5Border_details%5D=monthly%20report%20data&customer=1234567890"
    )


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
def test_a_status_that_is_no_success_is_an_error(server: str, status: int) -> None:
    """The cause is the status's reason, whatever the body says (measured by others, September 2026)."""
    result = call(f"{server}/status/{status}")
    assert (result.error, result.cause) == (f"States.Http.StatusCode.{status}", HTTPStatus(status).phrase)


def test_a_status_without_a_reason_has_no_cause(server: str) -> None:
    """Measured by others, September 2026, of 418 with a body."""
    result = call(f"{server}/status/799")
    assert (result.error, result.cause) == ("States.Http.StatusCode.799", None)


@pytest.mark.parametrize("kind", ["application/octet-stream", "image/png", "video/mp4", "text/plain"])
def test_a_response_that_is_no_text_is_refused(server: str, kind: str) -> None:
    result = call(f"{server}/type/{kind}")
    assert result.error == "States.Runtime"
    if kind.startswith("application/"):
        assert result.cause == (  # measured by others, September 2026
            "Unsupported response content-type 'application/octet-stream'. Please see documentation for list of "
            "unsupported content-types."
        )


def test_a_server_that_is_not_there_and_one_that_is_silent() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        result = call(f"http://127.0.0.1:{port}")
        assert result.error == "States.Http.Socket"
        listening.listen()
        parameters = {"ApiEndpoint": f"http://127.0.0.1:{port}", "Method": "GET"}
        state = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": parameters}
        silent = asl.StateMachine(asl.compile(machine("Call", Call=state)))
        result = silent.run(tasks={"http:invoke": asl.HttpTask(timeout=0.2)})
        assert (result.error, "timed out" in (result.cause or "")) == ("States.Http.Socket", True)


# ---------------------------------------------------------------------- connections


def test_an_api_key(server: str) -> None:
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "Apikey", "ApiKeyValue": "secret"}}
    for name in ("Shop", CONNECTION):
        connections = {name: {"AuthorizationType": "API_KEY", "AuthParameters": key}}
        assert echo(server, connections)["headers"]["apikey"] == ["secret"]


def test_basic_credentials_from_a_file(server: str, tmp_path: Path) -> None:
    basic = {"BasicAuthParameters": {"Username": "me", "Password": "p:w"}}
    file = tmp_path / "connections.json"
    file.write_text(json.dumps({"Shop": {"AuthorizationType": "BASIC", "AuthParameters": basic}}))
    (header,) = echo(server, file)["headers"]["authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")) == b"me:p:w"


def test_oauth_credentials_get_a_token_once_and_anew_when_it_is_refused(server: str) -> None:
    oauth = {
        "AuthorizationEndpoint": f"{server}/token",
        "HttpMethod": "POST",
        "ClientParameters": {"ClientID": "id", "ClientSecret": "secret"},
        "OAuthHttpParameters": {"BodyParameters": [{"Key": "audience", "Value": "shop api"}]},
    }
    connections = {
        "Shop": {
            "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS",
            "AuthParameters": {"OAuthParameters": oauth},
        }
    }
    invoke = {"ConnectionArn": CONNECTION}
    parameters = {"ApiEndpoint": f"{server}/guarded", "Method": "GET", "InvocationConfig": invoke}
    state = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": parameters}
    loaded = asl.load(machine("Call", Call=state))
    task = asl.HttpTask(connections)
    before = Handler.tokens
    for _ in range(2):
        assert loaded.run(tasks={"http:invoke": task}).status == "SUCCEEDED"
    assert Handler.tokens == before + 1
    assert Handler.asked["body"] == (
        "grant_type=client_credentials&client_id=id&client_secret=secret&audience=shop%20api"
    )
    Handler.tokens += 1  # the token that it has is not valid any more
    assert loaded.run(tasks={"http:invoke": task}).status == "SUCCEEDED"
    assert Handler.tokens == before + 3


def test_an_endpoint_that_gives_no_token(server: str) -> None:
    oauth = {
        "AuthorizationEndpoint": f"{server}/status/500",
        "ClientParameters": {"ClientID": "id", "ClientSecret": "secret"},
    }
    connections = {
        "Shop": {
            "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS",
            "AuthParameters": {"OAuthParameters": oauth},
        }
    }
    assert call(server, connections).error == "Events.ConnectionResource.InvalidConnectionState"


def test_what_the_connection_says_comes_before_what_the_task_says(server: str) -> None:
    """The example of the developer guide, "Merging EventBridge connection and HTTP Task definition data"."""
    connection = {
        "AuthorizationType": "API_KEY",
        "AuthParameters": {
            "ApiKeyAuthParameters": {"ApiKeyName": "ApiKey", "ApiKeyValue": "key_value"},
            "InvocationHttpParameters": {
                "BodyParameters": [{"Key": "BodyParam", "Value": "connection_body_param"}],
                "HeaderParameters": [{"Key": "Header-Param", "Value": "connection_header_param"}],
                "QueryStringParameters": [{"Key": "QueryParam", "Value": "connection_query_param"}],
            },
        },
    }
    sent = echo(
        server,
        {"Shop": connection},
        Method="POST",
        Headers={"Request-Id": "my_request_id", "Header-Param": "state_machine_header_param"},
        RequestBody={"Job": "Engineer", "Company": "Any", "BodyParam": "state_machine_body_param"},
        QueryParameters={"QueryParam": "state_machine_query_param"},
    )
    assert sent["query"] == "QueryParam=connection_query_param"
    assert sent["body"] == '{"Job":"Engineer","Company":"Any","BodyParam":"connection_body_param"}'
    headers = sent["headers"]
    assert (headers["apikey"], headers["header-param"], headers["request-id"]) == (
        ["key_value"],
        ["connection_header_param"],
        ["my_request_id"],
    )
    refused = call(server, {"Shop": connection}, Method="POST", RequestBody="text")
    assert (refused.error, refused.cause) == (  # measured by others, September 2026
        "States.Runtime",
        "Cannot merge connection body authorization parameters with request body.",
    )


def test_a_header_of_another_case_is_sent_beside_the_connection_s(server: str) -> None:
    """Measured by others, September 2026."""
    header = {"Key": "x-shared", "Value": "connection-header"}
    connection = {"AuthParameters": {"InvocationHttpParameters": {"HeaderParameters": [header]}}}
    sent = echo(server, {"Shop": connection}, Headers={"X-Shared": "task-header"})["headers"]
    assert sent["x-shared"] == ["connection-header", "task-header"]


def test_a_connection_that_is_not_known(server: str) -> None:
    result = call(server, {"Other": {}})
    assert result.error == "Events.ConnectionResource.ResourceNotFound"
    assert result.cause == (
        f"The connection '{CONNECTION}' does not exist; the connections that are known: 'Other'."
    )
