"""Kubernetes on Amazon EKS: `eks:call`, a request to a cluster's API, and `eks:runJob`, a Job that it runs.

Source: the developer guide, "Create and manage Amazon EKS clusters with Step Functions". How a request shows who
sends it: aws-iam-authenticator's token, a presigned GetCallerIdentity of STS that is bound to the cluster's name.
"""

from __future__ import annotations

import base64
import ssl
from typing import Any

from asl.aws.waiting import Pace, submitted
from asl.errors import StatesError
from asl.resources import Submitted, http
from asl.values import Json, to_json

ACTIONS = frozenset({"call", "runJob"})
TIMEOUT = 60.0
"""Seconds that the API may take for an answer."""

_TOKEN_LIFE = 60


def serve(action: str, payload: Any, session: Any, region: str, sync: bool, pace: Pace) -> Json | Submitted:
    """Call the API, or run a Job; `sync`: to its end. Raises `EKS.NNN` for a status that is no success."""
    given: dict[str, Any] = payload if isinstance(payload, dict) else {}
    cluster = Cluster(given, session, region)
    if action == "call":
        return cluster.call(
            str(given.get("Method", "GET")),
            str(given.get("Path", "")),
            given.get("QueryParameters"),
            given.get("RequestBody"),
        )
    jobs = f"/apis/batch/v1/namespaces/{_namespace(given)}/jobs"
    first = cluster.call("POST", jobs, None, given.get("Job"))
    if not sync:
        return first
    found: Any = first["ResponseBody"]
    name = found["metadata"]["name"]

    def stop() -> object:
        return cluster.call("DELETE", f"{jobs}/{name}", {"propagationPolicy": ["Background"]})

    return submitted(first, lambda: _ended(cluster, given, f"{jobs}/{name}", name), stop, pace)


class Cluster:
    """The API of a cluster, as a Task's ClusterName, Endpoint and CertificateAuthority name it."""

    def __init__(self, given: dict[str, Any], session: Any, region: str) -> None:
        self._name = str(given.get("ClusterName", ""))
        self._endpoint = str(given.get("Endpoint", "")).rstrip("/")
        self._authority = given.get("CertificateAuthority")
        self._session = session
        self._region = region

    def call(self, method: str, path: str, query: Any = None, body: Any = None) -> dict[str, Json]:
        """The answer, its body read where it is JSON. Raises `EKS.NNN`, with the same as its cause."""
        status, reason, text = self.send(method, path, query, body)
        answer: dict[str, Json] = {
            "ResponseBody": http.body(text),
            "StatusCode": status,
            "StatusText": reason,
        }
        if not 200 <= status < 300:
            raise StatesError(f"EKS.{status}", to_json(answer))
        return answer

    def send(self, method: str, path: str, query: Any = None, body: Any = None) -> tuple[int, str, str]:
        """Status, reason and text of the answer, whatever the status."""
        import urllib3

        headers = {"Accept": "application/json", "Authorization": f"Bearer {self._token()}"}
        data = None
        if body is not None:
            data = (body if isinstance(body, str) else to_json(body)).encode()
            headers["Content-Type"] = _content_type(method, body)
        pairs = [(key, item) for key, items in (query or {}).items() for item in items]
        asked = http.form(pairs)
        url = f"{self._endpoint}{path}{'?' if asked else ''}{asked}"
        try:
            with urllib3.PoolManager(ca_cert_data=self._certificates()) as pool:
                response = pool.request(
                    method, url, body=data, headers=headers, timeout=TIMEOUT, retries=False, redirect=False
                )
        except (urllib3.exceptions.HTTPError, ssl.SSLError, ValueError) as problem:
            raise StatesError("EKS.SdkClientException", f"{type(problem).__name__}: {problem}") from problem
        return response.status, response.reason or "", response.data.decode("utf-8", "replace")

    def _certificates(self) -> str | None:
        return None if self._authority is None else base64.b64decode(str(self._authority)).decode()

    def _token(self) -> str:
        from botocore.model import ServiceId
        from botocore.signers import RequestSigner

        credentials = self._session.get_credentials()
        if credentials is None:
            raise StatesError("EKS.SdkClientException", "Unable to locate credentials")
        signer = RequestSigner(ServiceId("STS"), self._region, "sts", "v4", credentials, self._session.events)
        domain = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        request = {
            "method": "GET",
            "url": f"https://sts.{self._region}.{domain}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": self._name},
            "context": {},
        }
        url = signer.generate_presigned_url(
            request, operation_name="", expires_in=_TOKEN_LIFE, region_name=self._region
        )
        return f"k8s-aws-v1.{base64.urlsafe_b64encode(url.encode()).decode().rstrip('=')}"


def _content_type(method: str, body: Any) -> str:
    """What Kubernetes takes: of a PATCH it wants to know the kind, which only the body tells."""
    if method != "PATCH":
        return "application/json"
    return "application/json-patch+json" if isinstance(body, list) else "application/merge-patch+json"


def _namespace(given: dict[str, Any]) -> str:
    return str(given.get("Namespace") or "default")


# ---------------------------------------------------------------------- Jobs


def _ended(cluster: Cluster, given: dict[str, Any], path: str, name: str) -> Json:
    """The Job, and its logs where they are wanted, when it has ended; None before. Raises States.TaskFailed."""
    job: Any = cluster.call("GET", path)["ResponseBody"]
    conditions = (job.get("status") or {}).get("conditions") or ()
    ends = {each["type"] for each in conditions if each.get("status") == "True"}
    if not ends & {"Complete", "Failed"}:
        return None
    options = given.get("LogOptions") or {}
    if options.get("RetrieveLogs") in (True, "true"):
        job = {**job, "logs": _logs(cluster, _namespace(given), name, options)}
    if "Failed" in ends:
        raise StatesError("States.TaskFailed", to_json(job))
    found: Json = job
    return found


def _logs(cluster: Cluster, namespace: str, name: str, options: dict[str, Any]) -> Json:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    listed: Any = cluster.call("GET", pods, {"labelSelector": [f"job-name={name}"]})["ResponseBody"]
    found: dict[str, Json] = {}
    for pod in listed["items"]:
        path = f"{pods}/{pod['metadata']['name']}/log"
        containers: dict[str, Json] = {
            each["name"]: _log(cluster, path, each["name"], options) for each in pod["spec"]["containers"]
        }
        found[pod["metadata"]["name"]] = {"containers": containers}
    return {"pods": found}


def _log(cluster: Cluster, path: str, container: str, options: dict[str, Any]) -> Json:
    """The log of a container; what went wrong in its place where it cannot be had."""
    query = {"container": [container], **(options.get("LogParameters") or {})}
    try:
        status, reason, text = cluster.send("GET", path, query)
    except StatesError as problem:
        return {"error": problem.error, "cause": problem.cause}
    if status != 200:
        return {"error": f"EKS.{status}", "cause": text or reason}
    return {"log": text if options.get("RawLogs") in (True, "true") else http.body(text)}
