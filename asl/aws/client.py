"""The resource that calls AWS: what a Task asks for, as one API call of boto3."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from asl.aws import gateway, kubernetes, naming, shapes
from asl.aws.integrations import ACTIONS, SERVICES, Action, Fold, Service
from asl.aws.jobs import JOBS, dig, made
from asl.aws.waiting import Pace, started
from asl.errors import StatesError
from asl.frames import Call
from asl.resources import Submitted, http
from asl.resources.metadata import REQUEST_ID, http_metadata, request_id
from asl.values import Json, to_json

PATTERNS = ("arn:aws:states:::*", "arn:aws:lambda:*")
"""The resources that AWS serves: every integration, and functions by their ARN."""


class Aws:
    """Serves Tasks by AWS, or by what speaks its protocols at `endpoint_url`: `tasks=asl.Aws().tasks`.

    Region, credentials and endpoints come from boto3's own configuration (AWS_DEFAULT_REGION, AWS_PROFILE,
    AWS_ENDPOINT_URL …), or from the boto3 `session` that is given. A Task's Credentials are assumed as a role.
    `poll` is the time in seconds between two looks at a `.sync` task's job. Needs the extra `aws`.
    """

    def __init__(
        self,
        endpoint_url: str | None = None,
        *,
        region: str | None = None,
        session: Any = None,
        poll: float = 2.0,
    ) -> None:
        self.endpoint_url = endpoint_url
        self.region = region
        self.poll = poll
        self._session = session
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.Lock()

    @property
    def tasks(self) -> dict[str, Any]:
        """Task functions for everything that AWS serves, under patterns: whatever else is named comes before."""
        return dict.fromkeys(PATTERNS, self)

    def __getstate__(self) -> dict[str, Any]:
        """For another process: without the clients, which cannot be sent."""
        return {**vars(self), "_clients": {}, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "_lock": threading.Lock()})

    def __call__(self, payload: Any, call: Call) -> Any:
        """Call the API of the Task's resource. Raises `StatesError` as the service names it."""
        target = call.target
        if target.service is None:
            return self._function(payload, call)
        service, action = target.api
        if service == "apigateway" and action == "invoke":
            session = self._boto_session(call)
            first = gateway.invoke(payload, session, self.endpoint_url, self._region(session))
            return Submitted(first) if call.token else first
        pace = Pace.of(call, self.poll)
        if service == "eks" and action in kubernetes.ACTIONS:
            session = self._boto_session(call)
            return kubernetes.serve(action, payload, session, self._region(session), target.sync, pace)
        api = self._api(call, service, action)
        given = payload if isinstance(payload, dict) else {}
        first = api.call(given)
        if target.sync:
            job = JOBS.get((service, action))
            return started(api, job, given, first, target.resource.endswith(".sync:2"), pace)
        return Submitted(first) if call.token else first

    # ------------------------------------------------------------------ APIs

    def _api(self, call: Call, service: str, action: str) -> _Api:
        if service.startswith("aws-sdk:"):
            boto = naming.boto_name(service.removeprefix("aws-sdk:"))
            if boto is not None:
                return _SdkApi(self._client(boto, call), Action(action), call)
        elif service in SERVICES:
            integration = SERVICES[service]
            special = ACTIONS.get((service, action), Action(action))
            return _Optimised(
                self._client(special.service or integration.boto, call), special, call, integration
            )
        raise StatesError("States.Runtime", f"asl knows no integration with the service '{service}'.")

    def _function(self, payload: Json, call: Call) -> Json:
        """A Lambda function by its ARN: the payload is its event, and its answer the result."""
        api = _Optimised(self._client("lambda", call), Action("Invoke"), call, SERVICES["lambda"])
        return api.invoked({"FunctionName": call.resource, "Payload": to_json(payload).encode()})["Payload"]

    def _client(self, service: str, call: Call) -> Any:
        """The client of a service, for the role that the Task's Credentials ask for."""
        key = (service, _role(call))
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._new_client(service, self._boto_session(call))
            return self._clients[key]

    def _new_client(self, service: str, session: Any) -> Any:
        from botocore.config import Config

        # What is wrong with parameters is the service's to say, and the host stays as the endpoint has it.
        config = Config(parameter_validation=False, inject_host_prefix=self.endpoint_url is None)
        keys = {}
        if self.endpoint_url is not None and session.get_credentials() is None:
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}  # emulators take any
        return session.client(
            service, region_name=self._region(session), endpoint_url=self.endpoint_url, config=config, **keys
        )

    def _region(self, session: Any) -> str:
        return self.region or session.region_name or "us-east-1"

    def _boto_session(self, call: Call) -> Any:
        if self._session is None:
            try:
                import boto3
            except ImportError as problem:
                raise ImportError("AWS is reached by boto3: pip install 'asl-interpreter[aws]'") from problem
            self._session = boto3.session.Session()
        role = _role(call)
        return self._session if role is None else self._assumed(role, call)

    def _assumed(self, role: str, call: Call) -> Any:
        """A session with the credentials of a role (recorded: credentials_base, where it is not allowed)."""
        import boto3
        from botocore.exceptions import ClientError

        sts = self._new_client("sts", self._session)
        try:
            answer = sts.assume_role(RoleArn=role, RoleSessionName="asl")["Credentials"]
        except ClientError as problem:
            context = call.context()["Execution"]
            assert isinstance(context, dict)
            said = f"The role {context['RoleArn']} is not authorized to assume the task state's role, {role}."
            raise StatesError("States.TaskFailed", said) from problem
        return boto3.session.Session(
            answer["AccessKeyId"],
            answer["SecretAccessKey"],
            answer["SessionToken"],
            region_name=self._region(self._session),
        )


def _role(call: Call) -> str | None:
    """The role that the Task's Credentials ask for."""
    role = call.credentials.get("RoleArn") if isinstance(call.credentials, Mapping) else None
    return None if role is None else str(role)


# ---------------------------------------------------------------------- one call of an API


class _Api:
    """An API of a service for a call: parameters in, JSON out, errors by the integration's names."""

    def __init__(self, client: Any, action: Action, call: Call) -> None:
        self.client = client
        self.action = action
        self.task = call
        self.model = client.meta.service_model
        self.name = action.operation

    def call(self, given: dict[str, Json]) -> Json:
        """The Task's own call."""
        wanted = given if self.action.renamed is None else made(self.action.renamed, given)
        answer = self.asked(self.action.operation, wanted, metadata=True)
        return self.shown(answer)

    def asked(self, operation: str, given: dict[str, Json], metadata: bool = False) -> dict[str, Json]:
        """The answer of any of the service's APIs; `metadata`: with what the integration tells about HTTP."""
        name = naming.operation_name(operation, self.model.operation_names)
        if name is None:
            said = f"The service {self.model.service_name} has no action '{operation}'."
            raise StatesError("States.Runtime", said)
        model = self.model.operation_model(name)
        try:
            parameters = {} if model.input_shape is None else shapes.request(model.input_shape, given)
        except shapes.MissingField as problem:
            said = (
                f"1 validation error detected: Value null at '{problem.path}' failed to satisfy constraint: "
                "Member must not be null"
            )
            raise self.error("ValidationException", said, 400, request_id(self.task)) from problem
        answer = self.sent(name, parameters)
        told = answer.pop("ResponseMetadata", {})
        shape = model.output_shape
        found = {} if shape is None else self.read(shape, answer)
        assert isinstance(found, dict)
        return {**found, **(self.metadata(told) if metadata else {})}

    def sent(self, name: str, parameters: dict[str, Any]) -> Any:
        """botocore's answer. Raises `StatesError` by the integration's names."""
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self.client, xform_name(name))(**parameters)
        except ClientError as problem:
            raise self.refusal(problem.response) from problem
        except BotoCoreError as problem:
            raise self.client_error(problem) from problem

    def refusal(self, response: Any) -> StatesError:
        """The error for a botocore answer that is one."""
        told, error = response.get("ResponseMetadata", {}), response.get("Error", {})
        said = error.get("Message") or error.get("message") or ""
        id = told.get("RequestId") or request_id(self.task)
        return self.error(
            error.get("Code", ""), said, told.get("HTTPStatusCode", 400), id, told.get("HostId")
        )

    def exception(self, code: str) -> str | None:
        """The exception that the model has for an error's code."""
        for shape in self.model.error_shapes:
            if code in (shape.error_code, shape.name):
                return naming.exception_name(shape.name)
        return None

    def shown(self, answer: dict[str, Json]) -> Json:
        """The result, of the answer."""
        return answer

    def read(self, shape: Any, answer: Any) -> Json:
        """The answer as JSON."""
        raise NotImplementedError

    def metadata(self, told: dict[str, Any]) -> dict[str, Json]:
        """What the result tells about the HTTP answer."""
        return {}

    def error(self, code: str, said: str, status: int, id: str, host: str | None = None) -> StatesError:
        """The error for a code of the service."""
        raise NotImplementedError

    def client_error(self, problem: Exception) -> StatesError:
        """The error for a request that was not answered at all."""
        raise NotImplementedError


class _SdkApi(_Api):
    """`aws-sdk:service:action` (recorded: aws_sdk_task_service)."""

    def __init__(self, client: Any, action: Action, call: Call) -> None:
        super().__init__(client, action, call)
        self.sdk = naming.sdk_name(self.model.service_id)

    def read(self, shape: Any, answer: Any) -> Json:
        return shapes.response(shape, answer, naming.sdk_field, shapes.timestamp, False)

    def error(self, code: str, said: str, status: int, id: str, host: str | None = None) -> StatesError:
        extended = f", Extended Request ID: {host}" if host else ""
        told = f"Service: {self.sdk}, Status Code: {status}, Request ID: {id}{extended}"
        # The recordings without the count of attempts are older; measured by others on S3 in September 2026.
        text = f"{said} ({told}) (SDK Attempt Count: 1)"
        return StatesError(f"{self.sdk}.{self.exception(code) or f'{self.sdk}Exception'}", text)

    def client_error(self, problem: Exception) -> StatesError:
        return StatesError(f"{self.sdk}.SdkClientException", str(problem))


class _Optimised(_Api):
    """`service:action` (recorded: the task_service cases of each)."""

    def __init__(self, client: Any, action: Action, call: Call, service: Service) -> None:
        super().__init__(client, action, call)
        self.service = service

    def call(self, given: dict[str, Json]) -> Json:
        if self.service.prefix == "Lambda":
            return self.invoked(self._invocation(given))
        if self.action.session is not None and given.get(self.action.session) is None:
            given = {**given, self.action.session: request_id(self.task)}
        return super().call(given)

    def read(self, shape: Any, answer: Any) -> Json:
        if self.action.folded is not None:
            return self._folded(self.action.folded, answer)
        lists = self.service.empty_lists
        found = shapes.response(shape, answer, naming.pascal, shapes.milliseconds, lists)
        for name in self.action.json:
            if isinstance(found, dict) and isinstance(text := found.get(name), str):
                found[name] = http.body(text)
        return found

    def shown(self, answer: dict[str, Json]) -> Json:
        failed = self.action.failed
        if failed is not None and dig(answer, failed[0]):
            raise StatesError(f"{self.service.prefix}.{failed[1]}", to_json(answer))
        if self.action.shown is None:
            return answer
        kept = {key: value for key, value in answer.items() if key.startswith("Sdk")}
        return {**made(self.action.shown, answer), **kept}

    def _folded(self, fold: Fold, answer: Any) -> Json:
        """The result, of a stream of events, one of which may be an error."""
        from botocore.exceptions import EventStreamError

        try:
            return fold(answer["stream"])
        except EventStreamError as problem:
            error = problem.response.get("Error", {})
            told = {**error, "Code": naming.pascal(error.get("Code", ""))}
            raise self.refusal({**problem.response, "Error": told}) from problem

    def metadata(self, told: dict[str, Any]) -> dict[str, Json]:
        if not self.service.metadata:
            return {}
        headers = {_header(name): text for name, text in (told.get("HTTPHeaders") or {}).items()}
        headers.setdefault(REQUEST_ID, told.get("RequestId") or request_id(self.task))
        return http_metadata(headers, told.get("HTTPStatusCode", 200))

    def error(self, code: str, said: str, status: int, id: str, host: str | None = None) -> StatesError:
        told = self.service.told
        text = f"Service: {told}; Status Code: {status}; Error Code: {code}; Request ID: {id}; Proxy: null"
        return StatesError(
            f"{self.service.prefix}.{self.exception(code) or self.service.base}", f"{said} ({text})"
        )

    def client_error(self, problem: Exception) -> StatesError:
        return StatesError(f"{self.service.prefix}.SdkClientException", str(problem))

    # ------------------------------------------------------------------ Lambda

    def _invocation(self, given: dict[str, Json]) -> dict[str, Any]:
        """The parameters of Invoke: a text in Payload is JSON text already (recorded: invoke_json_values)."""
        payload = given.get("Payload")
        data = payload if isinstance(payload, str) else to_json({} if payload is None else payload)
        rest = {key: value for key, value in given.items() if key != "Payload" and value is not None}
        return {**rest, "Payload": data.encode()}

    def invoked(self, parameters: dict[str, Any]) -> dict[str, Json]:
        """The answer of a function. Raises what it raised, as the integration tells it."""
        answer = self.sent("Invoke", parameters)
        told = answer.pop("ResponseMetadata", {})
        payload = http.body(answer["Payload"].read().decode())
        if answer.get("FunctionError"):
            kind = payload.get("errorType") if isinstance(payload, dict) else None
            raise StatesError(str(kind or "Lambda.Unknown"), to_json(payload))
        return {
            "ExecutedVersion": answer.get("ExecutedVersion", "$LATEST"),
            "Payload": payload,
            **self.metadata(told),
            "StatusCode": answer.get("StatusCode", 200),
        }


def _header(name: str) -> str:
    """A header as the recordings have it: botocore gives them in lower case."""
    if name.startswith("x-amz"):
        return REQUEST_ID if name == REQUEST_ID.lower() else name
    return "-".join(part.capitalize() for part in name.split("-"))
