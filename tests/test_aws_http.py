"""Integrations that speak HTTP to what a Task names, against real local servers: Kubernetes, API Gateway, AgentCore."""

from __future__ import annotations

import base64
import binascii
import datetime
import ipaddress
import json
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import asl
from tests.machines import machine

boto3 = pytest.importorskip("boto3", reason="the extra 'aws' is not installed")

from asl.aws import kubernetes  # noqa: E402
from asl.resources import Submitted  # noqa: E402

Answer = tuple[int, Any]
Answers = dict[str, list[Answer]]


class Server:
    """A server that answers from lists by method and path, the last for ever, and remembers what it was asked."""

    def __init__(self, answers: Answers, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str, dict[str, list[str]], dict[str, str], bytes]] = []
        self._answers = answers
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        self._server = server
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        asked, answers = self.asked, self._answers

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked.append((self.command, url.path, parse_qs(url.query), dict(self.headers), body))
                known = answers.get(f"{self.command} {url.path}") or [(404, {"code": 404})]
                status, value = known.pop(0) if len(known) > 1 else known[0]
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                kind = (
                    "application/vnd.amazon.eventstream" if isinstance(value, bytes) else "application/json"
                )
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    @contextmanager
    def running(self) -> Iterator[Server]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def call(resource: str, parameters: Any, aws: asl.Aws | None = None) -> asl.Result:
    """One Task."""
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters}
    tasks = (aws or asl.Aws(region="us-east-1", poll=0.001)).tasks
    return asl.StateMachine(asl.compile(machine("Call", Call=state))).run(tasks=tasks)


# ---------------------------------------------------------------------- Kubernetes

PODS = "/api/v1/namespaces/default/pods"
JOBS = "/apis/batch/v1/namespaces/default/jobs"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1, signed by itself."""
    x509 = pytest.importorskip("cryptography.x509", reason="cryptography is not installed")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    now = datetime.datetime.now(datetime.UTC)
    addresses = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(addresses, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path: Path = tmp_path_factory.mktemp("cluster") / "cluster.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


Cluster = Callable[[Answers], Any]


@pytest.fixture
def cluster(certificate: Path) -> Iterator[Cluster]:
    """Starts the API of a cluster, over HTTPS: gives the server, and what a Task says to reach it."""
    text = certificate.read_text()
    authority = base64.b64encode(text[text.index("-----BEGIN CERTIFICATE") :].encode()).decode()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    running: list[Any] = []

    def start(answers: Answers) -> tuple[Server, dict[str, str]]:
        server = Server(answers, context)
        running.append(server.running())
        running[-1].__enter__()
        named = {"ClusterName": "mine", "CertificateAuthority": authority, "Endpoint": server.url}
        return server, named

    yield start
    for each in running:
        each.__exit__(None, None, None)


def test_a_call_of_kubernetes(cluster: Cluster) -> None:
    pods = {"kind": "PodList", "items": [{"metadata": {"name": "one"}}]}
    server, named = cluster({f"GET {PODS}": [(200, pods)]})
    query = {"labelSelector": ["job-name=example"]}
    result = call("eks:call", {**named, "Method": "GET", "Path": PODS, "QueryParameters": query})
    assert result.output == {"ResponseBody": pods, "StatusCode": 200, "StatusText": "OK"}
    [(method, path, asked, headers, body)] = server.asked
    assert (method, path, asked, body) == ("GET", PODS, query, b"")
    scheme, _, token = headers["Authorization"].partition(" ")
    assert (scheme, token[:11]) == ("Bearer", "k8s-aws-v1.")
    signed = urlsplit(base64.urlsafe_b64decode(token[11:] + "=" * (-len(token[11:]) % 4)).decode())
    told = parse_qs(signed.query)
    assert signed.netloc == "sts.us-east-1.amazonaws.com"
    assert told["Action"] == ["GetCallerIdentity"]
    assert told["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert told["X-Amz-Credential"][0].startswith("AKIDEXAMPLE/")


@pytest.mark.parametrize(
    ("method", "body", "kind"),
    [
        ("POST", {"kind": "Pod"}, "application/json"),
        ("PATCH", {"metadata": {}}, "application/merge-patch+json"),
        ("PATCH", [{"op": "remove", "path": "/spec"}], "application/json-patch+json"),
        ("PUT", '{"kind":"Pod"}', "application/json"),
    ],
)
def test_a_body_for_kubernetes(cluster: Cluster, method: str, body: Any, kind: str) -> None:
    server, named = cluster({f"{method} {PODS}": [(201, {})]})
    result = call("eks:call", {**named, "Method": method, "Path": PODS, "RequestBody": body})
    assert result.status == "SUCCEEDED", result.cause
    _, _, _, headers, sent = server.asked[0]
    assert headers["Content-Type"] == kind
    assert json.loads(sent) == (json.loads(body) if isinstance(body, str) else body)


def test_what_kubernetes_refuses_is_an_error_of_its_status(cluster: Cluster) -> None:
    """The guide shows it, for 401."""
    status = {"kind": "Status", "status": "Failure", "message": "Unauthorized", "code": 401}
    _, named = cluster({f"GET {PODS}": [(401, status)]})
    result = call("eks:call", {**named, "Method": "GET", "Path": PODS})
    assert result.error == "EKS.401"
    told = {"ResponseBody": status, "StatusCode": 401, "StatusText": "Unauthorized"}
    assert json.loads(result.cause or "") == told


@pytest.mark.parametrize("authority", ["LS0tLS1CRUdJTg==", "no base64!"])
def test_a_cluster_that_its_certificate_does_not_vouch_for(cluster: Cluster, authority: str) -> None:
    server, named = cluster({})
    result = call("eks:call", {**named, "CertificateAuthority": authority, "Method": "GET", "Path": PODS})
    assert result.error == "EKS.SdkClientException"
    assert server.asked == []


def job(condition: str | None) -> dict[str, Any]:
    conditions = [{"type": condition, "status": "True"}] if condition else []
    return {"kind": "Job", "metadata": {"name": "pi"}, "status": {"conditions": conditions}}


LISTED = {"items": [{"metadata": {"name": "pi-1"}, "spec": {"containers": [{"name": "c"}, {"name": "d"}]}}]}


def test_a_job_is_run_to_its_end_and_its_logs_are_read(cluster: Cluster) -> None:
    wanted = {"metadata": {"name": "pi"}, "spec": {}}
    server, named = cluster(
        {
            f"POST {JOBS}": [(201, job(None))],
            f"GET {JOBS}/pi": [(200, job(None)), (200, job("Complete"))],
            f"GET {PODS}": [(200, LISTED)],
            f"GET {PODS}/pi-1/log": [(200, {"pi": 3.14}), (400, {"message": "too old"})],
        }
    )
    options = {"RetrieveLogs": True, "LogParameters": {"tailLines": ["6"]}}
    result = call("eks:runJob.sync", {**named, "Job": wanted, "LogOptions": options})
    assert result.status == "SUCCEEDED", result.cause
    failed = {"error": "EKS.400", "cause": '{"message": "too old"}'}
    logs = {"pods": {"pi-1": {"containers": {"c": {"log": {"pi": 3.14}}, "d": failed}}}}
    assert result.output == {**job("Complete"), "logs": logs}
    assert json.loads(server.asked[0][4]) == wanted
    assert [(method, path) for method, path, *_ in server.asked[1:4]] == [
        ("GET", f"{JOBS}/pi"),
        ("GET", f"{JOBS}/pi"),
        ("GET", PODS),
    ]
    assert server.asked[3][2] == {"labelSelector": ["job-name=pi"]}
    assert server.asked[4][2] == {"container": ["c"], "tailLines": ["6"]}


def test_a_job_that_fails_fails_the_task(cluster: Cluster) -> None:
    _, named = cluster({f"POST {JOBS}": [(201, job(None))], f"GET {JOBS}/pi": [(200, job("Failed"))]})
    result = call("eks:runJob.sync", {**named, "Job": {"metadata": {"name": "pi"}}})
    assert result.error == "States.TaskFailed"
    assert json.loads(result.cause or "") == job("Failed")


def test_a_job_whose_task_ends_before_it_is_deleted(cluster: Cluster) -> None:
    server, named = cluster({f"POST {JOBS}": [(201, job(None))], f"DELETE {JOBS}/pi": [(200, {})]})
    given = {**named, "Job": {"metadata": {"name": "pi"}}}
    running = kubernetes.serve("runJob", given, boto3.session.Session(), "us-east-1", True, 0.001)
    assert isinstance(running, Submitted)
    running.cancel()
    method, path, query, *_ = server.asked[-1]
    assert (method, path, query) == ("DELETE", f"{JOBS}/pi", {"propagationPolicy": ["Background"]})


def test_a_job_that_is_only_started(cluster: Cluster) -> None:
    server, named = cluster({"POST /apis/batch/v1/namespaces/work/jobs": [(201, job(None))]})
    result = call("eks:runJob", {**named, "Namespace": "work", "Job": {"metadata": {"name": "pi"}}})
    assert result.output == {"ResponseBody": job(None), "StatusCode": 201, "StatusText": "Created"}
    assert len(server.asked) == 1


def test_a_job_that_exists_already(cluster: Cluster) -> None:
    _, named = cluster({f"POST {JOBS}": [(409, {"reason": "AlreadyExists"})]})
    result = call("eks:runJob.sync", {**named, "Job": {"metadata": {"name": "pi"}}})
    assert result.error == "EKS.409"


# ---------------------------------------------------------------------- API Gateway


def test_a_call_of_an_api() -> None:
    """What arrives, and the result (recorded: apigetway_task_service)."""
    with Server({"POST /prod/orders/1": [(200, {"total": 12})]}).running() as server:
        parameters = {
            "ApiEndpoint": server.url,
            "Method": "POST",
            "Stage": "prod",
            "Path": "/orders/1",
            "Headers": {"x-one": ["a", "b"]},
            "QueryParameters": {"expand": ["lines", "a&b"]},
            "RequestBody": {"id": 1},
        }
        result = call("apigateway:invoke", parameters)
    assert result.status == "SUCCEEDED", result.cause
    output: Any = result.output
    assert {key: output[key] for key in ("ResponseBody", "StatusCode", "StatusText")} == {
        "ResponseBody": {"total": 12},
        "StatusCode": 200,
        "StatusText": "OK",
    }
    assert output["Headers"]["Content-Type"] == ["application/json"]
    [(_, _, query, headers, body)] = server.asked
    assert (query, json.loads(body)) == ({"expand": ["lines", "a&b"]}, {"id": 1})
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers


def test_a_call_of_an_api_that_wants_to_know_who_calls() -> None:
    with Server({"GET /": [(200, {})]}).running() as server:
        result = call("apigateway:invoke", {"ApiEndpoint": f"{server.url}/", "AuthType": "IAM_ROLE"})
    assert result.status == "SUCCEEDED", result.cause
    signed = server.asked[0][3]["Authorization"]
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/us-east-1/execute-api/aws4_request" in signed


def test_a_call_of_an_api_is_signed_for_the_region_that_is_asked_for() -> None:
    with Server({"GET /": [(200, {})]}).running() as server:
        parameters = {"ApiEndpoint": f"{server.url}/", "AuthType": "IAM_ROLE"}
        result = call("apigateway:invoke", parameters, asl.Aws(region="eu-west-1"))
    assert result.status == "SUCCEEDED", result.cause
    assert "/eu-west-1/execute-api/aws4_request" in server.asked[0][3]["Authorization"]


def test_what_an_api_refuses_is_an_error_of_its_status() -> None:
    with Server({"GET /": [(403, {"message": "no"})]}).running() as server:
        result = call("apigateway:invoke", {"ApiEndpoint": f"{server.url}/", "Method": "GET"})
    assert (result.error, result.cause) == ("ApiGateway.403", '{"message": "no"}')


def test_an_api_by_its_host_is_asked_where_the_emulator_is() -> None:
    with Server({"GET /prod": [(200, {})]}).running() as server:
        parameters = {"ApiEndpoint": "abc.execute-api.us-east-1.amazonaws.com", "Stage": "prod"}
        result = call("apigateway:invoke", parameters, asl.Aws(server.url))
    assert result.status == "SUCCEEDED", result.cause
    assert server.asked[0][3]["Host"] == "abc.execute-api.us-east-1.amazonaws.com"


# ---------------------------------------------------------------------- AgentCore


def event(name: str, value: Any, kind: str = "event") -> bytes:
    """One message of an event stream, as the service frames it."""
    headers = b""
    for key, text in ((f":{kind}-type", name), (":message-type", kind)):
        headers += (
            struct.pack("!B", len(key)) + key.encode() + struct.pack("!BH", 7, len(text)) + text.encode()
        )
    data = json.dumps(value).encode()
    prelude = struct.pack("!II", len(headers) + len(data) + 16, len(headers))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + data
    return message + struct.pack("!I", binascii.crc32(message))


def harness(stream: bytes, **more: Any) -> tuple[asl.Result, Server]:
    answers = {"POST /harnesses/invoke": [(200, stream)]}
    with Server(answers).running() as server:
        parameters = {
            "HarnessArn": "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/h",
            "Messages": [{"Role": "user", "Content": [{"Text": "hello"}]}],
            **more,
        }
        result = call("bedrockagentcore:invokeHarness", parameters, asl.Aws(server.url, region="us-east-1"))
    return result, server


def message(*texts: str, stop: str, tokens: int) -> bytes:
    deltas = [{"contentBlockIndex": n % 2, "delta": {"text": text}} for n, text in enumerate(texts)]
    usage = {"inputTokens": tokens, "outputTokens": 1, "totalTokens": tokens + 1}
    return b"".join(
        (
            event("messageStart", {"role": "assistant"}),
            *(event("contentBlockDelta", delta) for delta in deltas),
            event("messageStop", {"stopReason": stop}),
            event("metadata", {"usage": usage, "metrics": {"latencyMs": 10}}),
        )
    )


def test_a_harness_gives_its_last_message() -> None:
    """The shape of the result is the guide's."""
    earlier = message("let me look", stop="tool_use", tokens=5)
    last = message("two ", "and", "parts", stop="end_turn", tokens=7)
    result, server = harness(earlier + last, RuntimeSessionId="s" * 33)
    assert result.output == {
        "Output": {
            "Message": {"Role": "assistant", "Content": [{"Text": "two parts"}, {"Text": "and"}]},
        },
        "StopReason": "end_turn",
        "Usage": {"InputTokens": 12, "OutputTokens": 2, "TotalTokens": 14},
        "Metrics": {"LatencyMs": 20},
    }
    assert json.loads(server.asked[0][4])["messages"] == [{"role": "user", "content": [{"text": "hello"}]}]


def test_a_harness_whose_stream_ends_with_an_error() -> None:
    result, _ = harness(event("validationException", {"message": "no such tool"}, "exception"))
    assert result.error == "BedrockAgentCore.ValidationException"
    assert (result.cause or "").startswith("no such tool")
